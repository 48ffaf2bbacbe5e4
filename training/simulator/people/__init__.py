"""Who trades what: symbols, venues, accounts with habits, and people with a plan."""

"""Sources: what brings events from outside, one feed a market of an exchange."""

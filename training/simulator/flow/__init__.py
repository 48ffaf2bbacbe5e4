"""What happens by itself: news, background accounts, market makers, fast takers and arbitrage, in one time order."""

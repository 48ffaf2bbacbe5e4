"""The venue: order books with price-time priority, auctions, icebergs, fees, and the log of every message."""

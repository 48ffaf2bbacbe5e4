"""The order book as it is told by its levels: state, walls, rows."""

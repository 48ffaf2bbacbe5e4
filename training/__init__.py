"""How models are made and compared: simulator, labels, splits, train, evaluate, compare, promote."""

"""Alerts as they are kept: the store, the life of an alert, its record."""

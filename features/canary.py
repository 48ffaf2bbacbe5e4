"""The venue of canaries: synthetic abuse that shows whether the watch is awake, and that must never reach a report."""

CANARY_VENUE = "canary"
"""Reserved: nobody may send events of it, and nothing found on it is an alert."""


def is_canary(venue: str) -> bool:
    """Return whether a venue is that of canaries."""
    return venue == CANARY_VENUE

"""The one total order of a market's events, and the buffer that waits for stragglers.

Order: timestamp, then orders before trades, then source, sequence and arrival row. Equal timestamps are simultaneous
to the rules; the order among them only makes the fold reproducible.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.events import TRADE, Events, concatenate, no_events

_KEYS = ("time", "is_trade", "source", "sequence", "row")


def _sort_keys(events: Events) -> list[NDArray[np.int64]]:
    is_trade = (events.kind == TRADE).astype(np.int64)
    return [is_trade if name == "is_trade" else getattr(events, name) for name in _KEYS]


def is_ordered(events: Events) -> bool:
    """Return whether the events stand in total order."""
    later = np.zeros(max(len(events) - 1, 0), dtype=bool)
    tied = ~later
    for key in _sort_keys(events):
        later |= tied & (key[1:] > key[:-1])
        tied &= key[1:] == key[:-1]
        if not (later | tied).all():
            return False
    return True


def total_order(events: Events) -> Events:
    """Return the events in total order; they are returned as they are where they stand in it already."""
    if is_ordered(events):
        return events
    return events.take(np.lexsort(_sort_keys(events)[::-1]))


class ReorderBuffer:
    """Holds a market's events for the allowed lateness and gives them out in total order.

    The watermark is the time before which no further event is accepted. It moves only with events (latest time seen
    less the lateness) and with explicit ticks, never with a clock. An event before the watermark is late: it is
    refused and counted, because the buckets it belongs to are closed.

    Args:
        lateness_ns: How long to wait for stragglers, ns of event time, >= 0.
    """

    def __init__(self, lateness_ns: int) -> None:
        self.lateness_ns = lateness_ns
        self.watermark = 0
        self.late = 0
        self.held = no_events()

    def add(self, events: Events) -> Events:
        """Take events in any order and return those that are ready, in total order."""
        on_time = events.time >= self.watermark
        refused = len(events) - int(on_time.sum())
        if refused:
            self.late += refused
            events = events.take(np.flatnonzero(on_time))
        self.held = concatenate([self.held, events]) if len(self.held) else events
        latest = int(self.held.time.max()) if len(self.held) else 0
        return self.tick(latest - self.lateness_ns)

    def tick(self, watermark: int) -> Events:
        """Move the watermark forward (never back) and return the events before it, in total order."""
        self.watermark = max(self.watermark, watermark)
        ready = self.held.time < self.watermark
        if not ready.any():
            return no_events()
        out = self.held.take(np.flatnonzero(ready))
        self.held = self.held.take(np.flatnonzero(~ready))
        return total_order(out)

"""What surveillance keeps of one market: its stragglers, fold, open alerts and latest events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from features.events import Events, Vocabulary, concatenate, no_events
from features.fold import Folded, MarketFold, blank_folded, lots_of
from features.order import END_OF_TIME, ReorderBuffer
from models.alerting import AlertFold, Policy
from models.citing import LOOK_BACK_NS, Recent
from models.saved import (
    arrays_from_bytes,
    arrays_to_bytes,
    events_from_bytes,
    events_to_bytes,
    from_json_array,
    json_array,
    open_from_json,
    open_to_json,
)

SLEEPS_AFTER_NS = 7_200_000_000_000
"""Two hours of quiet; what looks further back than any window of buckets, such as days of users, sleeps as well."""
Arrays = dict[str, NDArray[Any]]


class MarketWatch:
    """One market's stragglers, fold, open alerts and latest events.

    Args:
        name: Venue and symbol.
        fold: Its fold.
        lateness_ns: How long stragglers are waited for.
    """

    def __init__(self, name: tuple[str, str], fold: MarketFold, lateness_ns: int) -> None:
        self.buffer = ReorderBuffer(lateness_ns, fold.windows.fast_ns)
        self.fold = fold
        self.alerts = AlertFold(*name)
        self._latest: list[Events] = []
        self._last_ns = 0
        self._horizon = 0

    def refuse_overflow(self, events: Events) -> None:
        """Refuse events that would make the market uncountable, before anything of them is taken.

        Raises:
            SchemaError: They would.
        """
        self.fold.refuse_overflow(lots_of(events))

    def give(self) -> Events:
        """Give out the events that are due, to be folded with `fold_given` and told to others."""
        ready = self.buffer.give()
        if len(ready):
            self._last_ns = int(ready.time[-1])
        if len(cited := ready.without_books()):
            self._latest.append(cited)
        return ready

    def fold_given(self, ready: Events, names: Vocabulary) -> Folded:
        """Fold what was given out and let time pass; return the rows of the buckets that this closed."""
        if not len(ready) and self.fold.nothing_closes(self.buffer.until):
            return blank_folded()
        entity, counter = names.entities(ready.account), names.entities(ready.counter)
        return self.fold.fold_until(ready, entity, counter, self.buffer.until)

    def forget(self, policy: Policy) -> None:
        """Close alerts that have been quiet, and drop events that no later citation can reach."""
        until = self.buffer.until
        if self.alerts.open:
            self.alerts.advance(until, policy)
        self._horizon = until - self.fold.windows.market_ns - LOOK_BACK_NS
        while self._latest and self._latest[0].time[-1] < self._horizon:
            self._latest.pop(0)

    def may_sleep(self) -> bool:
        """Return whether nothing has happened for so long that no window holds anything, and no alert is open."""
        if self.alerts.open or len(self.buffer.held) or self.buffer.until >= END_OF_TIME:
            return False
        quiet_ns, windows = self.buffer.until - self._last_ns, self.fold.windows
        longest_ns = max(windows.fast_ns * windows.fast_buckets, windows.market_ns * windows.market_buckets)
        return quiet_ns >= max(SLEEPS_AFTER_NS, 2 * longest_ns)

    def recent(self, names: Vocabulary) -> Recent:
        """Return the latest events, to cite from."""
        events = self._held()
        return Recent(events, names.entities(events.account), names.entities(events.counter))

    def _held(self) -> Events:
        if len(self._latest) > 1:
            whole = concatenate(self._latest)
            first = int(np.searchsorted(whole.time, self._horizon))
            self._latest = [whole.take(np.arange(first, len(whole)))]
        return self._latest[0] if self._latest else no_events()

    def snapshot(self) -> Arrays:
        """Return the whole state as arrays by name."""
        arrays: Arrays = {f"fold/{name}": array for name, array in self.fold.snapshot().items()}
        arrays["held"], arrays["recent"] = events_to_bytes(self.buffer.held), events_to_bytes(self._held())
        opened = open_to_json(self.alerts.open)
        state = {"watermark": self.buffer.watermark, "late": self.buffer.late, "open": opened, "last": self._last_ns}
        return {**arrays, "state": json_array(state)}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Continue from a snapshot."""
        saved = from_json_array(arrays["state"])
        self.fold.restore({name.removeprefix("fold/"): a for name, a in arrays.items() if name.startswith("fold/")})
        self.buffer.held = events_from_bytes(arrays["held"])
        recent = events_from_bytes(arrays["recent"])
        self._latest = [recent] if len(recent) else []
        self._last_ns = int(saved["last"])
        self.buffer.watermark, self.buffer.late = int(saved["watermark"]), int(saved["late"])
        self.alerts.open = open_from_json(saved["open"])


@dataclass
class Asleep:
    """A market that has long been quiet: its state, packed to a twentieth, as it was; only its watermark moves on.

    Attributes:
        state: The packed state.
        watermark: Time before which no further event is accepted.
        late: Events refused as late so far.
    """

    state: bytes
    watermark: int
    late: int

    @classmethod
    def of(cls, watch: MarketWatch) -> Self:
        """Return a market put to sleep."""
        return cls(arrays_to_bytes(watch.snapshot()), watch.buffer.watermark, watch.buffer.late)

    def wake(self, watch: MarketWatch) -> MarketWatch:
        """Return the market as if it had never slept; `watch` is one of its name of which nothing is known."""
        watch.restore(arrays_from_bytes(self.state))
        watch.buffer.tick(self.watermark)
        return watch

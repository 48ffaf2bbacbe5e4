"""Canaries: sent, looked for, counted. What is known of them is on disk, so that a restart counts none twice."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
import structlog

from features.canary import CANARY_VENUE
from features.errors import StoreError
from features.time_units import SECOND_NS
from serving.engine.wire import Ack, Batch, batch_of
from serving.errors import CanaryWaitsError
from serving.files import write_whole
from serving.monitoring.canary_alerts import Found, read_found
from serving.monitoring.canary_events import SPAN_S, tables_of, tipped_at
from serving.monitoring.wire import Canaries, Canary, Delays, Pattern
from serving.times import iso

SLOTS = 8
QUIET_S = 1800
KEPT = 200
log = structlog.get_logger(__name__)
BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class CanaryRounds:
    """Sends canaries and says whether they were found.

    Args:
        path: JSON of what became of canaries.
        alerts: JSON lines that the engine writes of what they raised.
        submit: Hands a batch to the engine.
        within_s: Seconds within which the alert must be stored.
    """

    def __init__(self, path: Path, alerts: Path, submit: Callable[[Batch], Ack], within_s: float) -> None:
        self._path = path
        self._alerts = alerts
        self._submit = submit
        self._within_s = within_s
        self._sent: set[int] = set()
        self.known = _read(path)

    @property
    def in_flight(self) -> list[Canary]:
        """Canaries of which it is not known whether they are found."""
        return [one for one in self.known.canaries if one.outcome == "in_flight"]

    def begin(self, patterns: Iterable[Pattern], now: int) -> list[Canary]:
        """Take note of a canary of each pattern that is about to be sent, spanning the time before now (ns UTC).

        Raises:
            CanaryWaitsError: Every market of a pattern has a canary so recent that its time would run backwards.
        """
        number = 1 + max((one.number for one in self.known.canaries), default=0)
        start, end = now - SPAN_S * SECOND_NS, now
        wanted = list(dict.fromkeys(patterns))
        symbols = [self._free_market(pattern, start) for pattern in wanted]
        begun = [
            Canary(number + k, pattern, symbol, start, end, now)
            for k, (pattern, symbol) in enumerate(zip(wanted, symbols, strict=True))
        ]
        self._keep([*self.known.canaries, *begun], self.known)
        return begun

    @property
    def unsent(self) -> list[Canary]:
        """Canaries in flight that this process has not sent."""
        return [one for one in self.in_flight if one.number not in self._sent]

    def send(self, one: Canary) -> None:
        """Send a canary; of what the engine has from the process before it takes nothing twice.

        Raises:
            EngineUnavailableError: The engine does not answer; to be called again.
        """
        self._submit(batch_of(tables_of(one), source=CANARY_VENUE, markets=[(CANARY_VENUE, one.symbol)]))
        self._sent.add(one.number)

    def look(self, now: int) -> list[Canary]:
        """Settle the canaries that were found, and those whose time is over; return them."""
        flying = self.in_flight
        if not flying:
            return []
        found = read_found(self._alerts)
        looked = [self._settled(one, found, now) for one in flying]
        settled = {one.number: one for one in looked if one.outcome != "in_flight"}
        for one in settled.values():
            log.info("canary.settled", number=one.number, pattern=one.pattern, what=one.outcome, delay_s=one.delay_s)
        if settled:
            kept = [settled.get(one.number, one) for one in self.known.canaries]
            self._keep(kept, counted(self.known, settled.values()))
        return list(settled.values())

    def told(self, due: int | None) -> Canaries:
        """Return how canaries went, newest first."""
        newest = list(reversed(self.known.canaries))
        return msgspec.structs.replace(self.known, canaries=newest, due=due)

    def _settled(self, one: Canary, found: Sequence[Found], now: int) -> Canary:
        mine = [
            alert
            for alert in found
            if alert.symbol == one.symbol and alert.typology == one.pattern and alert.detected_at > one.start
        ]
        delays = [(alert.stored - one.sent) / SECOND_NS for alert in mine]
        if mine and delays[0] <= self._within_s:
            tipped = tipped_at(one, mine[0].detected_at)
            return msgspec.structs.replace(
                one, outcome="caught", alert_id=mine[0].alert_id, delay_s=delays[0],
                event_delay_s=(mine[0].known_at - tipped) / SECOND_NS,
            )  # fmt: skip
        over = mine or (now - one.sent) / SECOND_NS > self._within_s
        return msgspec.structs.replace(one, outcome="missed") if over else one

    def _free_market(self, pattern: Pattern, start: int) -> str:
        taken = {one.symbol: one.end for one in self.known.canaries if one.pattern == pattern}
        names = [f"{pattern.upper()}-{slot}/CANARY" for slot in range(SLOTS)]
        ready = {name: taken.get(name, 0) + QUIET_S * SECOND_NS for name in names}
        symbol = min(names, key=ready.__getitem__)
        if ready[symbol] >= start:
            at = iso(ready[symbol] + SPAN_S * SECOND_NS)
            raise CanaryWaitsError(f"a {pattern} canary must wait for a market whose time is past, until {at}")
        return symbol

    def _keep(self, canaries: list[Canary], totals: Canaries) -> None:
        self.known = msgspec.structs.replace(totals, canaries=canaries[-KEPT:])
        try:
            write_whole(self._path, msgspec.json.encode(self.known))
        except OSError as error:
            log.warning("canary.not_written", path=str(self._path), why=str(error))


def counted(totals: Canaries, settled: Iterable[Canary]) -> Canaries:
    """Return the totals with more canaries in them."""
    counts, delays, event_delays = dict(totals.counts), totals.delays, totals.event_delays
    for one in settled:
        name = f"{one.pattern} {one.outcome}"
        counts[name] = counts.get(name, 0) + 1
        if one.delay_s is not None and one.event_delay_s is not None:
            delays, event_delays = _with(delays, one.delay_s), _with(event_delays, one.event_delay_s)
    return msgspec.structs.replace(totals, counts=counts, delays=delays, event_delays=event_delays)


def _with(delays: Delays, delay_s: float) -> Delays:
    place = bisect_left(BOUNDS_S, delay_s)
    bound = f"{BOUNDS_S[place]:g}" if place < len(BOUNDS_S) else "inf"
    return Delays(delays.within | {bound: delays.within.get(bound, 0) + 1}, delays.sum_s + delay_s)


def _read(path: Path) -> Canaries:
    if not path.exists():
        return Canaries([])
    try:
        return msgspec.json.decode(path.read_bytes(), type=Canaries)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = f"{path} must be as Tapewatch wrote it: {error}; delete it to begin anew"
        raise StoreError(message) from error

"""When something is wrong with the watch itself: pure functions over what is seen and what time it is.

| alarm | open while |
| --- | --- |
| `feed_gap` | a hole in a feed could not be filled; for `gap_held_s` after the last one |
| `stale_feed` | nothing came, not even a heartbeat, for several times the usual pace |
| `feed_failing` | a feed failed several times in a row |
| `clock_jump` | the wall clock moved otherwise than time did; held for `HELD_S` |
| `engine_unreachable` | the engine has not answered for `ENGINE_S` |
| `alert_silence` | no alert came for longer than the store's own history makes plausible, while events flow |
| `canary_missed` | the last canary of a pattern was not found in time |
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from features.time_units import SECOND_NS
from serving.monitoring.wire import Canary, Kind, Monitored
from serving.settings import Settings
from serving.times import iso

MINUTE_S = 60.0
DAY_S = 86_400.0
HELD_S = 600.0
ENGINE_S = 30.0
LEAST_ALERT_MINUTES = 20
FADES = 0.99
Subject = tuple[Kind, str, str]
Raised = tuple[Subject, str]


@dataclass(frozen=True)
class Rhythm:
    """What a market's arrivals were like, from look to look.

    Attributes:
        arrival: When something last came (ns UTC).
        pace_s: Longest wait between two arrivals, fading by a hundredth with each; None before the second.
        unfilled: Holes that are not filled.
        unfilled_at: When that number last rose (ns UTC).
        since: When it was first looked at (ns UTC); None: not yet.
    """

    arrival: int | None = None
    pace_s: float | None = None
    unfilled: int = 0
    unfilled_at: int | None = None
    since: int | None = None

    def after(self, seen: Monitored, now: int) -> Rhythm:
        """Return the rhythm after one more look at a market, at a time (ns UTC)."""
        pace_s, arrival = self.pace_s, seen.last_arrival
        if arrival is not None and self.arrival is not None and arrival > self.arrival:
            waited_s = (arrival - self.arrival) / SECOND_NS
            pace_s = waited_s if pace_s is None else max(waited_s, pace_s * FADES)
        unfilled = max(seen.gaps - seen.filled, 0)
        at = now if unfilled > self.unfilled else self.unfilled_at
        return Rhythm(arrival, pace_s, unfilled, at, now if self.since is None else self.since)


def of_market(seen: Monitored, rhythm: Rhythm, now: int, settings: Settings) -> Iterator[Raised]:
    """Yield what is wrong with one market.

    Args:
        seen: How its feed is.
        rhythm: What its arrivals were like.
        now: Wall clock, ns UTC.
        settings: The limits.
    """
    where = seen.listed.market
    held_ns = int(settings.gap_held_s * SECOND_NS)
    if rhythm.unfilled and rhythm.unfilled_at is not None and now - rhythm.unfilled_at <= held_ns:
        yield ("feed_gap", *where), f"{rhythm.unfilled} of {seen.gaps} holes could not be filled; alerts may be missing"
    usual_s = seen.listed.interval_s if rhythm.pace_s is None else rhythm.pace_s
    patience_s = max(settings.stale_least_s, settings.stale_times * usual_s)
    waited_s = (now - (seen.last_arrival or rhythm.since or seen.listed.since)) / SECOND_NS
    if waited_s > patience_s:
        yield ("stale_feed", *where), f"nothing came for {waited_s:.0f} s, at most {patience_s:.0f} s are usual"
    if seen.retries >= settings.failing_retries:
        yield ("feed_failing", *where), f"failed {seen.retries} times in a row: {seen.error}"


@dataclass(frozen=True)
class Clocks:
    """Two clocks read at once: the wall clock (ns UTC) and one that only runs forward (s)."""

    wall: int
    monotonic: float

    def jump_s(self, later: Clocks) -> float:
        """Return by how many seconds the wall clock moved more than time did; negative: less."""
        return (later.wall - self.wall) / SECOND_NS - (later.monotonic - self.monotonic)


def of_clock(jump_s: float, ago_s: float, settings: Settings) -> Iterator[Raised]:
    """Yield whether the clock jumped, `ago_s` seconds ago."""
    if abs(jump_s) > settings.clock_jump_s and ago_s <= HELD_S:
        yield ("clock_jump", "", ""), f"the wall clock jumped by {jump_s:+.1f} s; arrival times cannot be compared"


def of_engine(silent_s: float) -> Iterator[Raised]:
    """Yield whether the engine has been silent for too long, in seconds."""
    if silent_s > ENGINE_S:
        yield ("engine_unreachable", "", ""), f"the engine has not answered for {silent_s:.0f} s; nothing is judged"


def of_silence(minutes: Sequence[int], quiet_s: float, now: int, settings: Settings) -> Iterator[Raised]:
    """Yield whether it is too quiet to be true.

    Alerts come in swarms, so minutes with alerts are counted, not alerts. Their mean rate over the history gives the
    chance of so long a quiet (Poisson); and it must be longer than any that the history shows. A history of less than
    a day, or of fewer than 20 such minutes, says nothing.

    Args:
        minutes: Minutes since 1970 in which alerts were detected, ascending, of the last `silence_days`.
        quiet_s: Seconds since the last alert in which events came.
        now: Wall clock, ns UTC.
        settings: The limits.
    """
    if len(minutes) < LEAST_ALERT_MINUTES:
        return
    span_s = now / SECOND_NS - minutes[0] * MINUTE_S
    if span_s < DAY_S:
        return
    longest_s = max(later - earlier for earlier, later in pairwise(minutes)) * MINUTE_S
    chance = math.exp(-len(minutes) / span_s * quiet_s)
    if chance < settings.silence_chance and quiet_s > longest_s:
        says = (
            f"no alert for {quiet_s / 3600:.1f} h of events; {len(minutes) / span_s * DAY_S:.0f} minutes a day bring "
            f"some, so chance explains this once in {1 / max(chance, 1e-99):.0f}"
        )
        yield ("alert_silence", "", ""), says


def of_canaries(canaries: Sequence[Canary]) -> Iterator[Raised]:
    """Yield the patterns whose last canary that is done was missed; canaries are in order of sending."""
    last = {one.pattern: one for one in canaries if one.outcome != "in_flight"}
    for pattern, one in last.items():
        if one.outcome == "missed":
            says = f"the {pattern} canary {one.number} of {iso(one.sent)} was not found in time"
            yield ("canary_missed", "canary", pattern), says

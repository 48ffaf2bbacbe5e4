"""Which span of time a picture shows: the episode with what came before and after, and its densest moment."""

from __future__ import annotations

import numpy as np

from features.time_units import SECOND_NS
from training.pictures.lives import IntArray
from training.pictures.planted import Episode
from training.pictures.recorded import Recorded

Span = tuple[int, int]
LONG_LOOK_ALIKE_NS = 7_200 * SECOND_NS
EXCERPT_NS = 300 * SECOND_NS
_FEWEST_IN_ZOOM, _USUAL_IN_ZOOM, _MOST_IN_ZOOM = 6, 16, 80
_COMMON, _MOST_CYCLES, _MUCH_LONGER = 0.05, 50, 6
CANCELS = 4
_NEEDS_BEFORE = ("spike", "anomaly", "marking", "shock", "cascade", "rebalance")
BOUGHT = 2
_NEVER, _INSTANT = 1 << 62, 1_000_000


def is_throughout(episode: Episode, tape: Span) -> bool:
    """Whether a look-alike goes on for most of a tape, ns, or for hours: a way to trade rather than an event."""
    long = min(LONG_LOOK_ALIKE_NS, 0.8 * (tape[1] - tape[0]))
    return episode.role == "innocent" and episode.end - episode.start >= long


def main_span(episode: Episode, tape: Recorded) -> Span:
    """Return what the wide picture shows, ns: the episode with margins, or five minutes of one that goes on and on."""
    start, end = episode.start, episode.end
    if is_throughout(episode, tape.span):
        accounts = tape.codes(episode.accounts)
        times = [market.events.time[market.rows_of(accounts, start, end)] for market in episode.markets(tape)]
        return busiest(np.sort(np.concatenate(times)), (start, end), EXCERPT_NS)
    before = 1 if any(word in episode.kind for word in _NEEDS_BEFORE) else 4
    margin = min(max((end - start) // before, 2 * SECOND_NS), 900 * SECOND_NS)
    return start - margin, end + margin


def busiest(times: IntArray, span: Span, width: int) -> Span:
    """Return the span of a given width, ns, with the most of some sorted times; the first such; all where shorter."""
    if span[1] - span[0] <= width:
        return span
    if not len(times):
        return span[0], span[0] + width
    inside = np.searchsorted(times, times + width, side="right") - np.arange(len(times))
    first = min(max(int(times[int(inside.argmax())]), span[0]), span[1] - width)
    return first, first + width


def zoom_span(times: IntArray, kinds: IntArray, span: Span) -> Span | None:
    """Return the moment that shows the pattern best, None where the wide picture shows as much.

    Where orders are cancelled it is the shortest span with one of each kind of message, and what goes with it: a
    cycle. Otherwise it is the shortest span that holds several moments.

    Args:
        times: Times of the accounts' messages, sorted, ns.
        kinds: What each message is, as a code >= 0: `BOUGHT` for new buys, then new sells, `CANCELS`, re-pricing.
        span: What the wide picture shows, ns.
    """
    if len(times) < _FEWEST_IN_ZOOM:
        return None
    found = [_shortest(times, int(np.clip(len(times) // 4, _FEWEST_IN_ZOOM, _USUAL_IN_ZOOM)))]
    if np.mean(kinds >= CANCELS) >= _COMMON:
        # Where a cycle of all kinds takes too long, sides do not matter, and taking away is whatever ends an offer.
        sideless = np.where(kinds == BOUGHT, BOUGHT + 1, kinds)
        found = [_cycle(times, each) for each in (kinds, sideless, np.minimum(sideless, CANCELS))] + found
    for first, last in found:
        margin = max(int(times[last] - times[first]) // 4, 500_000)
        zoom = int(times[first]) - margin, int(times[last]) + margin
        if times[last] - times[first] >= _INSTANT and 4 * (zoom[1] - zoom[0]) <= span[1] - span[0]:
            return zoom
    return None


def _cycle(times: IntArray, kinds: IntArray) -> tuple[int, int]:
    """Return first and last row of a cycle: of the shortest spans with every common kind, the one with most in it."""
    spans = _covering(kinds)
    # One sweep is no cycle.
    spans = [rows for rows in spans if times[rows[1]] - times[rows[0]] >= _INSTANT] or spans
    lengths = np.array([times[last] - times[first] for first, last in spans])
    short = np.argsort(lengths, kind="stable")[:_MOST_CYCLES]
    short = short[lengths[short] <= _MUCH_LONGER * lengths[short[0]] + 1_000_000]
    chosen = [spans[number] for number in short.tolist()]
    # Those tell most that end with the taking away of what was laid out.
    chosen = [(first, last) for first, last in chosen if kinds[last] >= CANCELS > kinds[first]] or chosen
    grown = [_with_neighbours(times, *rows) for rows in chosen]
    return max(grown, key=lambda rows: (rows[1] - rows[0], times[rows[0]] - times[rows[1]]))


def _covering(kinds: IntArray) -> list[tuple[int, int]]:
    """Return first and last row of every span that has each common kind and could not be shorter; at least one."""
    counts = np.bincount(kinds)
    common, inside = counts >= _COMMON * len(kinds), np.zeros(len(counts), np.int64)
    spans, first, missing = [], 0, int(common.sum())
    for last, kind in enumerate(kinds.tolist()):
        inside[kind] += 1
        missing -= int(common[kind] and inside[kind] == 1)
        if missing:
            continue
        while not common[kinds[first]] or inside[kinds[first]] > 1:
            inside[kinds[first]] -= 1
            first += 1
        spans.append((first, last))
        inside[kinds[first]] -= 1
        first, missing = first + 1, 1
    return spans


def _with_neighbours(times: IntArray, first: int, last: int) -> tuple[int, int]:
    """Return rows with those before and after that follow within half of the span, until there are many."""
    while last - first < min(_MOST_IN_ZOOM, len(times) - 1):
        length = int(times[last] - times[first])
        before = int(times[first] - times[first - 1]) if first else _NEVER
        after = int(times[last + 1] - times[last]) if last + 1 < len(times) else _NEVER
        if min(before, after) > max(length // 2, 1_000_000):
            break
        first, last = (first - 1, last) if before <= after else (first, last + 1)
    return first, last


def _shortest(times: IntArray, count: int) -> tuple[int, int]:
    """Return first and last row of the shortest span that holds some different times: one sweep is no pattern."""
    different, rows = np.unique(times, return_index=True)
    count = min(count, len(different))
    first = int((different[count - 1 :] - different[: len(different) - count + 1]).argmin())
    return int(rows[first]), int(rows[first + count - 1])

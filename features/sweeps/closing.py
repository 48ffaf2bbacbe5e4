"""Closings: who took what in the last minutes before a reference price was made, and how far that moved it.

Reference prices are made at the moments of a schedule; the end of the tape counts as one. Takes are summed by entity
and half minute, so that any moment can look back.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.events import TRADE
from features.ledger import Ledger, entry, new_ledger
from features.order import END_OF_TIME
from features.schedule import HOURLY, Schedule
from features.seen import Seen
from features.sweeps.base import MOST_MEMBERS, Found, KernelSweep, Out, has_room, nothing_found, together
from features.takes import (
    ENTITY,
    LOTS,
    NEAR,
    SIDE,
    SPREAD,
    TIME,
    WORST,
    Take,
    forget,
    is_complete,
    new_take,
    reached,
    read,
)

SPANS = (2, 4, 10, 20)
"""Half minutes looked back on: 1, 2, 5 and 10 minutes."""
_STEP_NS, _BEFORE, _AFTER = 30_000_000_000, 20, 2
_STEPS = SPANS[-1] + _BEFORE + _AFTER
_HORIZON_NS = (_STEPS + 1) * _STEP_NS
_AFTER_NS, _AGAIN_NS = 45_000_000_000, 120_000_000_000
_GROUP, _LEAST_PART = 3, 0.15
_LEAST_SHARE = 0.15
# Whole figures of an entity's half minute: last touched, lots bought and sold, takes that went up and down; real: log
# advances of its own takes up and down.
_TOUCHED, _BOUGHT, _SOLD, _RISES, _FALLS = range(5)
_UP, _DOWN = 0, 1
# Whole figures of the market: number of the open half minute, time of the last trade, what was done up to.
_NUMBER, _TRADED, _DONE, _JUDGED = range(4)
_SIGMA, _FLOW = range(2)


class Closings(NamedTuple):
    """Takes of the last minutes.

    Attributes:
        ledger: Lots bought and sold, and own advances, by half minute and entity.
        take: The take being read.
        steps: By half minute, the open one last: last price, lots bought, lots sold, shape (43, 3).
        market: Number of the open half minute, time of the last trade, time up to which all is done, latest moment
            judged, shape (4,).
        known: Sigma and lots traded a minute of late, shape (2,).
    """

    ledger: Ledger
    take: Take
    steps: NDArray[np.float64]
    market: NDArray[np.int64]
    known: NDArray[np.float64]


class Takers(NamedTuple):
    """Who took in some half minutes, shape (n_takers,) each.

    Attributes:
        codes: Their codes.
        lots: Lots taken on the side of the move.
        against: Lots taken on the other side.
        steps: Takes that moved the price further.
        advance: Log advances of these.
    """

    codes: NDArray[np.int64]
    lots: NDArray[np.float64]
    against: NDArray[np.float64]
    steps: NDArray[np.float64]
    advance: NDArray[np.float64]


@nb.njit(cache=True)
def _pass_steps(state: Closings, time: int) -> None:
    number, steps = time // _STEP_NS, state.steps
    passed = number - state.market[_NUMBER]
    state.market[_NUMBER] = number
    for _ in range(min(passed, len(steps))):
        steps[:-1] = steps[1:].copy()
        steps[-1, 1:] = 0.0


@nb.njit(cache=True)
def _fold_take(state: Closings, far: float) -> None:
    take, near = state.take.whole, state.take.real[NEAR]
    key = ((take[TIME] // _STEP_NS) << 32) | take[ENTITY]
    slot = entry(state.ledger, key, take[TIME], _HORIZON_NS)
    up = take[SIDE] > 0
    state.ledger.whole[slot, _BOUGHT if up else _SOLD] += take[LOTS]
    if take[SIDE] * (far - near) > 0.0:
        state.ledger.real[slot, _UP if up else _DOWN] += abs(np.log(far / near))
        state.ledger.whole[slot, _RISES if up else _FALLS] += 1


@nb.njit(cache=True)
def _fold(state: Closings, begin: int, seen: Seen, out: Out) -> int:
    for i in range(begin, len(seen.time)):
        if not has_room(state.ledger, out):
            return i
        if is_complete(state.take, seen, i):
            _fold_take(state, reached(state.take, seen, i))
            forget(state.take)
        read(state.take, seen, i)
        if seen.kind[i] == TRADE and seen.lots[i] > 0:
            _pass_steps(state, seen.time[i])
            state.steps[-1, 0] = seen.price[i]
            state.steps[-1, 1 if seen.side[i] > 0 else 2] += seen.lots[i]
            state.market[_TRADED] = seen.time[i]
            if not np.isnan(seen.sigma[i]):
                state.known[_SIGMA], state.known[_FLOW] = seen.sigma[i], seen.flow[i]
    return len(seen.time)


class ClosingSweep(KernelSweep):
    """Finds who dominated the last minutes before a reference price.

    Args:
        schedule: When reference prices are made.
    """

    kind = "closing"
    figures = ("span_s", "share", "own_share", "move", "sigmas", "half_spreads", "one_sided", "lots_to_flow", "steps",
               "before", "after")  # fmt: skip
    horizon_ns = _HORIZON_NS
    kernel = staticmethod(_fold)

    def __init__(self, schedule: Schedule = HOURLY) -> None:
        super().__init__()
        self._schedule = schedule

    def new_state(self) -> Closings:
        """Return the state of a market that nothing is known of."""
        steps = np.zeros((_STEPS + 1, 3))
        steps[:, 0] = np.nan
        return Closings(new_ledger(5, 2), new_take(), steps, np.zeros(4, np.int64), np.full(2, np.nan))

    def fold(self, seen: Seen) -> Found:
        """Take the next events; return what they completed."""
        if not len(seen.time):
            return nothing_found(len(self.figures))
        if self._state.market[_DONE] == 0:
            self._state.market[_DONE] = seen.time[0]
        moments = self._due(int(seen.time[-1]))
        if not moments:
            return super().fold(seen)
        found, done = [], 0
        for moment in moments:
            until = int(np.searchsorted(seen.time, moment + _AFTER_NS))
            super().fold(part(seen, done, until))
            found.append(self._judge(moment))
            done = until
        super().fold(part(seen, done, len(seen.time)))
        return together(found, len(self.figures))

    def advance(self, until_ns: int) -> Found:
        """Judge the moments up to a time, or the end of the tape."""
        market = self._state.market
        if until_ns < END_OF_TIME:
            return together([*map(self._judge, self._due(until_ns))], len(self.figures))
        last = int(market[_TRADED])
        found = [*map(self._judge, self._due(last + _AFTER_NS))]
        if last - market[_JUDGED] > _AGAIN_NS:
            found.append(self._judge(last + 1))
        return together(found, len(self.figures))

    def _due(self, until: int) -> list[int]:
        """Return the moments that have long enough passed by a time and were not judged."""
        market = self._state.market
        after = int(market[_DONE])
        if after == 0 or until <= after:
            return []
        market[_DONE] = until
        return [int(moment) for moment in self._schedule.between(after - _AFTER_NS, until - _AFTER_NS)]

    def _judge(self, moment: int) -> Found:
        """Return who dominated the minutes before a moment; what came right after it is known by now."""
        state, market = self._state, self._state.market
        market[_JUDGED] = moment
        if state.take.whole[LOTS] > 0:
            _fold_take(state, state.take.real[WORST])
            forget(state.take)
        last, now = (moment - 1) // _STEP_NS, (moment + _AFTER_NS - 1) // _STEP_NS
        if market[_TRADED] // _STEP_NS <= last - _STEPS:
            return nothing_found(len(self.figures))
        if moment <= market[_TRADED] or market[_TRADED] < moment - 1:
            _pass_steps(state, now * _STEP_NS)
        return together([self._span(moment, last, steps) for steps in SPANS], len(self.figures))

    def _span(self, moment: int, last: int, steps: int) -> Found:
        """Return who dominated as many half minutes, of which `last` is the number of the last one."""
        state, nothing = self._state, nothing_found(len(self.figures))
        ends = len(state.steps) - int(state.market[_NUMBER] - last)
        before, close = state.steps[ends - steps - 1, 0], state.steps[ends - 1, 0]
        total = float(state.steps[ends - steps : ends, 1:].sum())
        if not before > 0.0 or total == 0.0 or before == close:
            return nothing
        side = 1 if close > before else -1
        takers = self._takers(last - steps + 1, last + 1, side)
        order = _leaders(takers)
        if not len(order) or takers.lots[order].sum() < _LEAST_SHARE * total:
            return nothing
        row = self._figures(takers, order, (before, close, total), steps)
        outside = [(last - steps - _BEFORE + 1, last - steps + 1), (last + 1, last + 1 + _AFTER)]
        for begin, end in outside:
            other = self._takers(begin, end, side)
            lots = other.lots[np.isin(other.codes, takers.codes[order])].sum()
            row.append(lots * steps / ((end - begin) * takers.lots[order].sum()))
        members = np.full((1, MOST_MEMBERS), -1, np.int32)
        members[0, : len(order)] = takers.codes[order]
        # Complete when what followed was known; of the tape's end nothing followed.
        start, end = moment - steps * _STEP_NS, max(moment + _AFTER_NS - 1, 0)
        return Found(np.array([start]), np.array([end]), np.array([side], np.int8), members, np.array([row], float))

    def _figures(
        self, takers: Takers, order: NDArray[np.int64], prices: tuple[float, float, float], steps: int
    ) -> list[float]:
        before, close, total = prices
        sigma, flow = self._state.known
        lots, against, minutes = takers.lots[order].sum(), takers.against[order].sum(), steps * _STEP_NS / 60e9
        move = abs(float(np.log(close / before)))
        with np.errstate(divide="ignore", invalid="ignore"):
            return [
                60.0 * minutes, lots / total, takers.advance[order].sum() / takers.advance.sum(), move,
                move / (sigma * np.sqrt(minutes)), 2.0 * abs(close - before) / self._state.take.real[SPREAD],
                lots / (lots + against), lots / (flow * minutes), takers.steps[order].sum(),
            ]  # fmt: skip

    def _takers(self, begin: int, end: int, side: int) -> Takers:
        """Return who took in the half minutes from `begin` to before `end`."""
        ledger = self._state.ledger
        used = int(ledger.slots.used[0])
        number = ledger.slots.keys[:used] >> 32
        within = (number >= begin) & (number < end)
        codes, which = _by_appearance(ledger.slots.keys[:used][within] & 0xFFFFFFFF)
        whole, real = ledger.whole[:used][within], ledger.real[:used][within]
        columns = (_BOUGHT, _SOLD, _RISES) if side > 0 else (_SOLD, _BOUGHT, _FALLS)
        sums = [np.bincount(which, whole[:, k], len(codes)).astype(np.float64) for k in columns]
        advance = np.bincount(which, real[:, _UP if side > 0 else _DOWN], len(codes)).astype(np.float64)
        return Takers(codes, sums[0], sums[1], sums[2], advance)


def _by_appearance(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # Sums must not depend on codes, which differ with what was read before, to the last bit.
    names, first, which = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return names[order], place[which]


def part(seen: Seen, begin: int, end: int) -> Seen:
    """Return events number `begin` to before `end`."""
    return Seen._make(column[begin:end] for column in seen)


def _leaders(takers: Takers) -> NDArray[np.int64]:
    """Return the few that took one way and made most of the advances, the first first."""
    net = takers.advance * (takers.lots > 2.0 * takers.against)
    order: NDArray[np.int64] = np.argsort(-net, kind="stable")[:_GROUP]
    kept: NDArray[np.int64] = order[(net[order] > 0.0) & (net[order] >= _LEAST_PART * takers.advance.sum())]
    return kept

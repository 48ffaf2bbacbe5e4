"""Shows: what an entity lays out on one side and takes away again, and what fills meanwhile on its other side.

Columns of a ledger's row for one entity, and what is noted in them. Cancels with no more than 3 s between them are one
pull. A pull is a *show* where it was laid out within seconds, left next to nothing on that side and hardly filled: not
what a market maker does, who quotes anew at once, and not what long resting interest looks like.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.seen import Seen
from features.time_units import SECOND_NS

PULL_GAP_NS = FILL_GAP_NS = 3 * SECOND_NS
AFTER_NS = 8 * SECOND_NS
"""From a fill to the first cancel of the pull that follows from it."""
BEFORE_NS = 100_000_000
"""From the last cancel to the fill that it made room for: the flip, where the bait goes first."""
HORIZON_NS = 3_600 * SECOND_NS
TOGETHER_NS = 4 * SECOND_NS
_REQUOTED_NS = 2 * SECOND_NS
_LAID_NS = 10 * SECOND_NS
_ONE_PLAN_NS = SECOND_NS
_LEFT_SHARE, _FILLED_SHARE, REQUOTED_SHARE, _MOST_HELD = 0.1, 0.2, 0.6, 1.2

# Whole figures of each side (sell, then buy): open lots and the fill that the last round answered; the pull that goes
# on, what was open when it began, whether it is over, and the lots that were laid out on the other side with it; the
# run of fills that goes on.
(REST, OF_ROUND, STARTED, LAST, LOTS, ORDERS, FILLED, FIRST_PLACED, LAST_PLACED, LEVELS, WAIT, SHOWN, UNANSWERED,
 HELD, CLOSED, MIRRORED, FILL_STARTED, FILL_LAST, FILL_LOTS, FILL_REST, FILL_PLACED) = range(21)  # fmt: skip
# The ladder of each side: moves and lots moved so far, lots filled, first and last move; the wave that goes on; waves.
MOVES, MOVED, TAKEN, FIRST_MOVE, LAST_MOVE, WAVE_ORDERS, WAVE_LOTS, WAVES = range(21, 29)
# What was placed together of late on each side: first and last time, lots.
PLACED_FIRST, PLACED_LAST, PLACED_LOTS = range(29, 32)
_SIDE = 32
# Whole figures of the entity: first seen, orders sent, runs of fills, shows; lots cancelled, in all, in shows, and
# quoted anew at once; rounds, their levels and orders, and how many were so close. A pair of entities uses the last two
# and its rounds.
(SINCE, SENT, FILLS, SHOWS, CANCELLED, SHOWN_LOTS, REQUOTED, ROUNDS, ROUNDS_LEVELS, ROUNDS_ORDERS, OF_SHOW,
 FILLED_ROUNDS, CLOSE) = range(1 + 2 * _SIDE, 14 + 2 * _SIDE)  # fmt: skip
CLOSE_S = (0.1, 0.5, 2.0, 8.0)
"""How close a show and a fill were, s; rounds are counted for each."""
N_WHOLE = CLOSE + len(CLOSE_S)
# Real figures: up to 8 prices of a pull, and the last of a wave, of each side; digits of a pair.
N_PRICES = 8
_REAL_SIDE = N_PRICES + 1
DIGITS = 2 * _REAL_SIDE
N_REAL = DIGITS + 1
FIGURES = (
    "bait_lots", "bait_orders", "bait_levels", "bait_filled_lots", "laid_s", "genuine_lots", "size_multiple", "pull_s",
    "rounds", "round_share", "surprise", "usual_orders", "usual_levels", "tidy_share", "waves", "one_sided_share",
    "moved_lots",
)  # fmt: skip
(BAIT, N_ORDERS, N_LEVELS, BAIT_FILLED, LAID, GENUINE, SIZE, PULL, N_ROUNDS, ROUND_SHARE, SURPRISE, USUAL_ORDERS,
 USUAL_LEVELS, TIDY, N_WAVES, ONE_SIDED, MOVED_LOTS) = range(len(FIGURES))  # fmt: skip
Whole = NDArray[np.int64]
Real = NDArray[np.float64]


@nb.njit(cache=True)
def of_side(whole: Whole, side: int) -> Whole:
    """Return the figures of a side, a view."""
    begin = 1 if side < 0 else 1 + _SIDE
    return whole[begin : begin + _SIDE]


@nb.njit(cache=True)
def prices_of(real: Real, side: int) -> Real:
    """Return the prices of a side's pull, and the last price of its wave, a view."""
    begin = 0 if side < 0 else _REAL_SIDE
    return real[begin : begin + _REAL_SIDE]


@nb.njit(cache=True)
def note_new(whole: Whole, side: int, time: int, lots: int) -> None:
    """Note a new order."""
    own = of_side(whole, side)
    if own[REST] <= _LEFT_SHARE * own[LOTS]:
        own[CLOSED] = 1
    if own[REST] == 0 or time - own[PLACED_LAST] > _ONE_PLAN_NS:
        own[PLACED_FIRST], own[PLACED_LOTS] = time, 0
    own[PLACED_LAST] = time
    own[PLACED_LOTS] += lots
    own[REST] += lots
    whole[SENT] += 1
    if own[LAST] > 0 and time - own[LAST] <= _REQUOTED_NS:
        back = min(lots, own[UNANSWERED])
        own[UNANSWERED] -= back
        whole[REQUOTED] += back


@nb.njit(cache=True)
def note_rest(whole: Whole, side: int, change: int) -> None:
    """Note that open lots changed; orders that were open before they could be seen never count below zero."""
    own = of_side(whole, side)
    own[REST] = max(own[REST] + change, 0)


@nb.njit(cache=True)
def note_fill(whole: Whole, side: int, time: int, lots: int, placed: int) -> bool:
    """Note a fill; return whether a pull on the other side that went just before could be its bait."""
    own, other = of_side(whole, side), of_side(whole, -side)
    note_rest(whole, side, -lots)
    own[TAKEN] += lots
    begins = own[FILL_LAST] == 0 or time - own[FILL_LAST] > FILL_GAP_NS
    if begins:
        own[FILL_STARTED], own[FILL_LOTS] = time, 0
        whole[FILLS] += 1
    own[FILL_LAST], own[FILL_PLACED] = time, placed
    own[FILL_LOTS] += lots
    own[FILL_REST] = own[REST]
    just_before = other[LAST] > 0 and time - other[LAST] <= BEFORE_NS
    if begins and not just_before:
        # What was pulled until now has nothing to do with this fill; what follows may.
        other[LAST] = 0
    if just_before and other[WAIT] < 0:
        # What is pulled from now on follows this fill.
        other[WAIT] = 0
    return bool(just_before)


@nb.njit(cache=True)
def _begin_pull(whole: Whole, side: int, time: int, placed: int) -> None:
    own, other = of_side(whole, side), of_side(whole, -side)
    own[STARTED:FILL_STARTED] = 0
    own[STARTED], own[HELD] = time, own[REST]
    own[FIRST_PLACED] = own[LAST_PLACED] = placed
    follows = other[FILL_LAST] > 0 and time - other[FILL_LAST] <= AFTER_NS
    own[WAIT] = time - other[FILL_LAST] if follows else -1


@nb.njit(cache=True)
def _note_level(own: Whole, prices: Real, price: float) -> None:
    known = min(own[LEVELS], N_PRICES)
    for k in range(known):
        if prices[k] == price:
            return
    if known < N_PRICES:
        prices[known] = price
    own[LEVELS] += 1


@nb.njit(cache=True)
def _note_mirrored(own: Whole, other: Whole) -> None:
    """Note what was placed on the other side together with what is pulled: who quotes lays out both."""
    before = other[PLACED_LAST] < own[FIRST_PLACED] - _ONE_PLAN_NS
    after = other[PLACED_FIRST] > own[LAST_PLACED] + _ONE_PLAN_NS
    if not before and not after:
        own[MIRRORED] = max(own[MIRRORED], other[PLACED_LOTS])


@nb.njit(cache=True)
def note_pull(whole: Whole, real: Real, i: int, seen: Seen) -> bool:
    """Note a cancel; return whether the pull that it belongs to is a show."""
    side, time, placed = seen.side[i], seen.time[i], seen.placed[i]
    lots, own = seen.left[i] - seen.after[i], of_side(whole, side)
    if own[LAST] == 0 or own[CLOSED] == 1 or time - own[LAST] > PULL_GAP_NS:
        _begin_pull(whole, side, time, placed)
    note_rest(whole, side, -lots)
    own[LAST] = time
    own[LOTS] += lots
    own[UNANSWERED] += lots
    own[ORDERS] += 1
    own[FILLED] += seen.filled[i]
    own[FIRST_PLACED], own[LAST_PLACED] = min(own[FIRST_PLACED], placed), max(own[LAST_PLACED], placed)
    _note_level(own, prices_of(real, side), seen.was[i])
    _note_mirrored(own, of_side(whole, -side))
    whole[CANCELLED] += lots
    if not is_show(whole, side, seen.usual[i]):
        return False
    if own[SHOWN] == 0:
        whole[SHOWS] += 1
    whole[SHOWN_LOTS] += own[LOTS] - own[SHOWN]
    own[SHOWN] = own[LOTS]
    return True


@nb.njit(cache=True)
def is_show(whole: Whole, side: int, usual: float) -> bool:
    """Return whether the pull that goes on is one of at least a usual order, by one who does not quote anew."""
    own = of_side(whole, side)
    return bool(
        (own[LOTS] >= usual or np.isnan(usual))
        and own[LOTS] <= _MOST_HELD * own[HELD]
        and own[REST] <= _LEFT_SHARE * own[LOTS]
        and own[FILLED] <= _FILLED_SHARE * own[LOTS]
        and own[LAST_PLACED] - own[FIRST_PLACED] <= _LAID_NS
        and quotes_anew(whole) <= REQUOTED_SHARE
    )


@nb.njit(cache=True)
def came_together(own: Whole, placed: int) -> bool:
    """Return whether an order was placed within seconds of the show, just before or just after it."""
    return bool(own[FIRST_PLACED] - TOGETHER_NS <= placed <= own[LAST_PLACED] + TOGETHER_NS)


@nb.njit(cache=True)
def together_chance(whole: Whole, time: int, least_s: float) -> float:
    """Return the chance that an entity places an order within seconds of a given moment, from how many it sends."""
    rate = whole[SENT] / known_s(whole, time, least_s)
    return float(1.0 - math.exp(-rate * 2.0 * TOGETHER_NS / SECOND_NS))


@nb.njit(cache=True)
def _moved_both(whole: Whole) -> int:
    # Whoever re-prices orders on both sides quotes; on one side only, it may be a ladder.
    return int(2 * min(of_side(whole, 1)[MOVED], of_side(whole, -1)[MOVED]))


@nb.njit(cache=True)
def quotes_anew(whole: Whole) -> float:
    """Return the share of what it took away that an entity quoted anew: re-priced, or within 2 s on the same side."""
    moved = _moved_both(whole)
    return float((whole[REQUOTED] + moved) / max(whole[CANCELLED] + moved, 1))


@nb.njit(cache=True)
def tidy_share(whole: Whole) -> float:
    """Return the share of what it took away that an entity laid out within seconds and took away whole."""
    return float(whole[SHOWN_LOTS] / max(whole[CANCELLED] + _moved_both(whole), 1))


@nb.njit(cache=True)
def known_s(whole: Whole, time: int, least: float) -> float:
    """Return the seconds since the entity was first seen, at least some."""
    return float(max((time - whole[SINCE]) / SECOND_NS, least))


@nb.njit(cache=True)
def tell_show(figures: Real, whole: Whole, side: int, usual: float) -> None:
    """Fill in the figures of the show that goes on and of how tidy its entity is."""
    own = of_side(whole, side)
    figures[BAIT], figures[N_ORDERS], figures[N_LEVELS], figures[BAIT_FILLED] = (
        own[LOTS], own[ORDERS], own[LEVELS], own[FILLED],
    )  # fmt: skip
    figures[LAID] = (own[LAST_PLACED] - own[FIRST_PLACED]) / SECOND_NS
    figures[SIZE] = own[LOTS] / usual
    figures[TIDY] = tidy_share(whole)

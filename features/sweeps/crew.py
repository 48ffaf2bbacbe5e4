"""Crews: one lays out the bait, another has the order that it is for; or the same one, who lost patience.

Whoever had an order on the other side that appeared with the show and went with it, filled just before the pull or
cancelled right after, is a partner of that round. By chance that happens at a rate that the partner's own orders tell;
the same two, again and again, do not meet by chance. In at least one round the partner's order must have filled.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.chance import choice_digits
from features.ledger import Ledger, entry
from features.seen import Seen
from features.sweeps.base import Out, write
from features.sweeps.shows import (
    AFTER_NS,
    DIGITS,
    FILLED_ROUNDS,
    FIRST_PLACED,
    GENUINE,
    HORIZON_NS,
    LEVELS,
    LOTS,
    MIRRORED,
    N_ROUNDS,
    OF_SHOW,
    ORDERS,
    PULL,
    REQUOTED_SHARE,
    REST,
    ROUND_SHARE,
    ROUNDS,
    SENT,
    SHOWS,
    STARTED,
    SURPRISE,
    USUAL_LEVELS,
    USUAL_ORDERS,
    Real,
    Whole,
    came_together,
    known_s,
    of_side,
    quotes_anew,
    tell_show,
    together_chance,
)
from features.time_units import SECOND_NS

KEPT = 32
"""Fills, and shows, that are remembered for a few seconds."""
TIME, WHO, SIDE, MUCH, PLACED = range(5)
_WENT_NS = 5 * SECOND_NS
_WENT_AFTER_NS = 2 * SECOND_NS
_LEAST_MULTIPLE = 2.0
_MOST = 3
_LEAST_KNOWN_S = 600.0
_WENT_S = 4.0
_PEOPLE_DIGITS = 3.5  # among a thousand accounts one looks like a partner by chance more often than any given one
_LEAST_ROUNDS, _LEAST_ROUNDS_OF_ONE = 3, 2
_PAIR, _WIDE = 1 << 62, 1 << 31
Met = NDArray[np.int64]


def new_met() -> Met:
    """Return room for fills, or shows, of which none is remembered, shape (32, 5)."""
    return np.zeros((KEPT, 5), np.int64)


@nb.njit(cache=True)
def remember_fill(met: Met, time: int, who: int, side: int, lots: int, placed: int) -> None:
    """Remember a fill for some seconds, with when its order was placed (0 unknown); those of one side are summed."""
    at = _oldest(met)
    for k in range(KEPT):
        if met[k, WHO] == who and met[k, SIDE] == side and time - met[k, TIME] <= AFTER_NS:
            at, lots = k, lots + met[k, MUCH]
    met[at, TIME], met[at, WHO], met[at, SIDE], met[at, MUCH], met[at, PLACED] = time, who, side, lots, placed


@nb.njit(cache=True)
def remember_show(met: Met, time: int, who: int, side: int, started: int) -> None:
    """Remember a show for some seconds, with when its pull began."""
    at = _oldest(met)
    for k in range(KEPT):
        if met[k, WHO] == who and met[k, SIDE] == side and met[k, MUCH] == started:
            at = k
    met[at, TIME], met[at, WHO], met[at, SIDE], met[at, MUCH] = time, who, side, started


@nb.njit(cache=True)
def _oldest(met: Met) -> int:
    at = 0
    for k in range(1, KEPT):
        if met[k, TIME] < met[at, TIME]:
            at = k
    return at


@nb.njit(cache=True)
def pairs_of_show(ledger: Ledger, fills: Met, show: Whole, i: int, seen: Seen, out: Out) -> None:
    """Write the pairs that a show makes with those whose orders filled on the other side just before its pull."""
    side, who, begin, told = seen.side[i], seen.entity[i], of_side(show, seen.side[i]), 0
    for k in range(KEPT):
        filled, with_it = fills[k, TIME], fills[k, SIDE] == -side and fills[k, WHO] != who
        if with_it and 0 <= begin[STARTED] - filled <= _WENT_NS and filled >= begin[FIRST_PLACED] and told < _MOST:
            wait_s = (begin[STARTED] - filled) / SECOND_NS
            partner = int(fills[k, WHO])
            told += _pair(ledger, who, partner, side, (1, fills[k, MUCH], fills[k, PLACED], wait_s), i, seen, out)


@nb.njit(cache=True)
def pairs_of_partner(ledger: Ledger, shows: Met, i: int, seen: Seen, out: Out) -> None:
    """Write the pairs that a cancelled order makes with the shows on the other side that went just before it.

    The show may be its own: then the fill that it was for came long before.
    """
    side, who, time, told = seen.side[i], seen.entity[i], seen.time[i], 0
    lots, placed, filled = seen.left[i], seen.placed[i], seen.filled[i] > 0
    for k in range(KEPT):
        other = int(shows[k, WHO])
        if shows[k, SIDE] != -side or time - shows[k, TIME] > _WENT_AFTER_NS or told >= _MOST:
            continue
        slot = entry(ledger, other, time, HORIZON_NS)
        if of_side(ledger.whole[slot], -side)[STARTED] == shows[k, MUCH]:
            wait_s = -(time - shows[k, TIME]) / SECOND_NS
            told += _pair(ledger, other, who, -side, (int(filled), lots, placed, wait_s), i, seen, out)


@nb.njit(cache=True)
def _pair(
    ledger: Ledger, who: int, partner: int, side: int, order: tuple[int, int, int, float], i: int, seen: Seen, out: Out
) -> int:
    """Note a round of two, or of one alone, and write it from the third, or the second, on; return how many were noted.

    Args:
        ledger: Entities and pairs.
        who: Who laid out the show.
        partner: Whose order was on the other side.
        side: Side of the show.
        order: Of the partner's order whether it filled, its lots, when it was placed (0 unknown), and the seconds
            between its end and the pull, negative where that was first.
        i: Number of the event.
        seen: Events.
        out: Where to write.
    """
    filled, lots, placed, wait_s = order
    time = seen.time[i]
    show = ledger.whole[entry(ledger, who, time, HORIZON_NS)]
    friend = ledger.whole[entry(ledger, partner, time, HORIZON_NS)]
    own, other = of_side(show, side), of_side(show, -side)
    if who == partner:
        lots = max(other[LOTS] + other[REST], own[MIRRORED])
    apart = placed > 0 and not came_together(own, placed)
    if apart or own[LOTS] < _LEAST_MULTIPLE * lots or quotes_anew(friend) > REQUOTED_SHARE:
        return 0
    slot = entry(ledger, _PAIR | (who * _WIDE) | partner, time, HORIZON_NS)
    pair, real = ledger.whole[slot], ledger.real[slot]
    if pair[OF_SHOW] != own[STARTED]:
        pair[OF_SHOW] = own[STARTED]
        pair[ROUNDS] += 1
        pair[FILLED_ROUNDS] += filled
        real[DIGITS] += _digits_of_round(friend, time)
    least = _LEAST_ROUNDS_OF_ONE if who == partner else _LEAST_ROUNDS
    if pair[ROUNDS] >= least and pair[FILLED_ROUNDS] > 0:
        row = write(out, own[FIRST_PLACED], time, side, partner)
        if who != partner:
            out.members[row, 1] = who
        out.figures[row, GENUINE], out.figures[row, PULL] = lots, wait_s
        people = 0.0 if who == partner else _PEOPLE_DIGITS
        _tell_pair(out.figures[row], show, side, pair, real[DIGITS] - people, seen.usual[i])
    return 1


@nb.njit(cache=True)
def _tell_pair(figures: Real, show: Whole, side: int, pair: Whole, digits: float, usual: float) -> None:
    own, rounds = of_side(show, side), pair[ROUNDS]
    shows = max(show[SHOWS], rounds)
    tell_show(figures, show, side, usual)
    figures[N_ROUNDS], figures[ROUND_SHARE] = rounds, rounds / shows
    figures[SURPRISE] = max(digits - choice_digits(rounds, shows), 0.0)
    figures[USUAL_ORDERS], figures[USUAL_LEVELS] = own[ORDERS], own[LEVELS]


@nb.njit(cache=True)
def _digits_of_round(friend: Whole, time: int) -> float:
    """Return the digits of the chance that one of the partner's orders comes and goes with a show."""
    went = 1.0 - math.exp(-friend[SENT] / known_s(friend, time, _LEAST_KNOWN_S) * _WENT_S)
    return -math.log10(max(together_chance(friend, time, _LEAST_KNOWN_S) * went, 1e-9))

"""Leads: a small take, a large one of somebody else on its side right after it, and the small one closed again.

Counted by pair of leader and client. Each may have been near the other by chance; how often that would be so follows
from how often both take. Accounts of one owner are one entity; it may lead its own large takes.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.ledger import Ledger, entry, new_ledger
from features.seen import Seen
from features.sweeps.base import KernelSweep, Out, has_room, write
from features.takes import (
    ENTITY,
    LOTS,
    NEAR,
    SIDE,
    SPREAD,
    TIME,
    Take,
    forget,
    is_complete,
    maker_of,
    new_take,
    reached,
    read,
    taker_of,
)
from features.time_units import SECOND_NS

_AHEAD_NS, _CLOSE_NS, _HORIZON_NS = 5 * SECOND_NS // 2, 240 * SECOND_NS, 3_600 * SECOND_NS
_LEAST_ORDERS, _MOST_RATIO = 2.0, 0.25
_LATEST, _MOST_LEADERS = 64, 5
_LEAST_CLOSED, _MOST_CLOSED = 0.5, 2.0
# Whole figures of an entity: last touched; takes and large takes so far; its latest lead: client, time of the large
# take, side, lots, lots traded back since, whether it was judged.
_TOUCHED, _TAKES, _LARGE, _CLIENT, _LED, _SIDE, _LOTS, _BACK, _JUDGED = range(9)
# Whole figures of a pair: leads, how many were closed, large takes of the client and takes of the leader before the
# first, its time.
_LEADS, _CLOSED, _LARGE_BEFORE, _TAKES_BEFORE, _BEGAN = range(1, 6)
# Real figures of a pair: summed over leads: small over large, seconds ahead, half spreads that the large one moved the
# price; large take over the usual order.
_RATIO, _AHEAD, _IMPACT, _SIZE = range(4)


class Leads(NamedTuple):
    """Takes of late, and who led whom.

    Attributes:
        ledger: Figures of each entity, by its code, and of each pair.
        take: The take being read.
        latest: Time, entity, side and lots of the latest takes, a ring, shape (64, 4).
        place: Takes written to the ring so far, shape (1,).
    """

    ledger: Ledger
    take: Take
    latest: NDArray[np.int64]
    place: NDArray[np.int64]


@nb.njit(cache=True)
def _pair(leader: int, client: int) -> int:
    return ((leader + 1) << 32) | client


@nb.njit(cache=True)
def _note_lead(state: Leads, row: int, impact: float, size: float) -> None:
    """Note that the take of a row of the ring came just before the large one just read."""
    take, (time, leader, side, lots) = state.take.whole, state.latest[row]
    now, client = take[TIME], take[ENTITY]
    mine = state.ledger.whole[entry(state.ledger, leader, now, _HORIZON_NS)]
    theirs = state.ledger.whole[entry(state.ledger, client, now, _HORIZON_NS)]
    slot = entry(state.ledger, _pair(leader, client), now, _HORIZON_NS)
    pair, real = state.ledger.whole[slot], state.ledger.real[slot]
    if pair[_LEADS] == 0:
        pair[_LARGE_BEFORE], pair[_TAKES_BEFORE], pair[_BEGAN] = theirs[_LARGE] - 1, mine[_TAKES] - 1, time
    pair[_LEADS] += 1
    real[_RATIO] += lots / take[LOTS]
    real[_AHEAD] += (now - time) * 1e-9
    real[_IMPACT] += impact
    real[_SIZE] += size
    mine[_CLIENT], mine[_LED], mine[_SIDE], mine[_LOTS], mine[_BACK], mine[_JUDGED] = client, now, side, lots, 0, 0


@nb.njit(cache=True)
def _note_leads(state: Leads, impact: float, size: float) -> None:
    take, found = state.take.whole, 0
    for back in range(1, min(state.place[0], _LATEST) + 1):
        row = (state.place[0] - back) % _LATEST
        if take[TIME] - state.latest[row, TIME] > _AHEAD_NS or found == _MOST_LEADERS:
            return
        is_small = state.latest[row, LOTS] <= _MOST_RATIO * take[LOTS]
        if is_small and state.latest[row, SIDE] == take[SIDE] and state.latest[row, TIME] < take[TIME]:
            found += 1
            _note_lead(state, row, impact, size)


@nb.njit(cache=True)
def _fold_take(state: Leads, seen: Seen, i: int) -> None:
    take, real = state.take.whole, state.take.real
    mine = state.ledger.whole[entry(state.ledger, take[ENTITY], take[TIME], _HORIZON_NS)]
    mine[_TAKES] += 1
    if take[LOTS] >= _LEAST_ORDERS * seen.usual[i]:
        mine[_LARGE] += 1
        moved = take[SIDE] * (reached(state.take, seen, i) - real[NEAR])
        _note_leads(state, 2.0 * moved / real[SPREAD], take[LOTS] / seen.usual[i])
    state.latest[state.place[0] % _LATEST] = take
    state.place[0] += 1


@nb.njit(cache=True)
def _fold_back(state: Leads, seen: Seen, i: int, entity: int, side: int, out: Out) -> None:
    """Take a trade of an entity on a side: it may close what it bought or sold just ahead of somebody."""
    slot = entry(state.ledger, entity, seen.time[i], _HORIZON_NS)
    mine = state.ledger.whole[slot]
    if mine[_LED] == 0 or mine[_SIDE] != -side or mine[_JUDGED] or seen.time[i] - mine[_LED] > _CLOSE_NS:
        return
    mine[_BACK] += seen.lots[i]
    if mine[_BACK] < _LEAST_CLOSED * mine[_LOTS]:
        return
    mine[_JUDGED] = 1
    if mine[_BACK] > _MOST_CLOSED * mine[_LOTS]:
        return
    client = mine[_CLIENT]
    state.ledger.whole[entry(state.ledger, _pair(entity, client), seen.time[i], _HORIZON_NS), _CLOSED] += 1
    _write(state, seen, i, entity, client, out)


@nb.njit(cache=True)
def _write(state: Leads, seen: Seen, i: int, leader: int, client: int, out: Out) -> None:
    ledger, time = state.ledger, seen.time[i]
    slot = entry(ledger, _pair(leader, client), time, _HORIZON_NS)
    pair, real = ledger.whole[slot], ledger.real[slot]
    mine = ledger.whole[entry(ledger, leader, time, _HORIZON_NS)]
    theirs = ledger.whole[entry(ledger, client, time, _HORIZON_NS)]
    leads = pair[_LEADS]
    if leads < 2:
        return
    figures = out.figures[write(out, pair[_BEGAN], time, mine[_SIDE], leader)]
    takes, large = mine[_TAKES] - pair[_TAKES_BEFORE], theirs[_LARGE] - pair[_LARGE_BEFORE]
    seconds = max((time - pair[_BEGAN]) * 1e-9, 60.0)
    figures[0], figures[1], figures[2], figures[3] = leads, pair[_CLOSED], large, takes
    figures[4] = 0.5 * large * min(takes / seconds * _AHEAD_NS * 1e-9, 1.0)
    figures[5], figures[6], figures[7] = real[_RATIO] / leads, real[_AHEAD] / leads, real[_IMPACT] / leads
    figures[8], figures[9], figures[10] = real[_SIZE] / leads, leader == client, seconds


@nb.njit(cache=True)
def _fold(state: Leads, begin: int, seen: Seen, out: Out) -> int:
    for i in range(begin, len(seen.time)):
        if not has_room(state.ledger, out):
            return i
        if is_complete(state.take, seen, i):
            _fold_take(state, seen, i)
            forget(state.take)
        read(state.take, seen, i)
        taker, maker = taker_of(seen, i), maker_of(seen, i)
        if taker >= 0:
            _fold_back(state, seen, i, taker, seen.side[i], out)
        if maker >= 0:
            _fold_back(state, seen, i, maker, -seen.side[i], out)
    return len(seen.time)


class LeadSweep(KernelSweep):
    """Finds pairs of whom one takes little just before the other takes much, again and again."""

    kind = "lead"
    scale = "account"
    figures = ("leads", "closed", "client_takes", "leader_takes", "expected", "ratio", "ahead_s", "impact",
               "usual_orders", "is_same_owner", "seconds")  # fmt: skip
    horizon_ns = _HORIZON_NS
    about_named = True
    kernel = staticmethod(_fold)

    def new_state(self) -> Leads:
        """Return the state of a market that nothing is known of."""
        return Leads(new_ledger(9, 4), new_take(), np.zeros((_LATEST, 4), np.int64), np.zeros(1, np.int64))

"""Counterparties: with how many others each entity trades, and how evenly, kept exactly over a trailing window.

Of each pair the trades in the window are counted; an entity's number of pairs and the sum of their squared counts
follow every change of a pair, so that a row needs no pass over pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features import shares as sh
from features.shares import Shares
from features.slots import Slots, find_slot, free, give_slot, new_slots, rebuilt

DISTINCT, SQUARES, TRADES = range(3)
_LOW = 0xFFFFFFFF


class Counterparties(NamedTuple):
    """Pairs of entities, and what they amount to for each entity.

    Attributes:
        pairs: Slots of pairs, the smaller code in the upper half of the key.
        shares: Trades of each pair.
        of: Counterparties of each entity, the sum of its squared trades with each, and its trades, over the window,
            by the entity's slot, shape (capacity, 3).
    """

    pairs: Slots
    shares: Shares
    of: NDArray[np.int64]


def new_counterparties(capacity: int, pairs: int = 64) -> Counterparties:
    """Return the counterparties of nobody, with room for `capacity` entities."""
    return Counterparties(new_slots(pairs), sh.new_shares(pairs, figures=1), np.zeros((capacity, 3), np.int64))


@nb.njit(cache=True)
def meet(met: Counterparties, one: int, other: int) -> None:
    """Note a trade of two entities, which may be the same."""
    sh.touch(met.shares, give_slot(met.pairs, (min(one, other) << 32) | max(one, other)))


@nb.njit(cache=True)
def _shift(met: Counterparties, accounts: Slots, pair: int, change: int) -> None:
    # The count of the pair changes from `before`; the caller changes the pair itself.
    before, key = met.shares.window[pair, 0], met.pairs.keys[pair]
    after = before + change
    for entity in (key >> 32, key & _LOW):
        slot = find_slot(accounts, entity)
        met.of[slot, DISTINCT] += int(after > 0) - int(before > 0)
        met.of[slot, SQUARES] += after * after - before * before
        met.of[slot, TRADES] += change
        if key >> 32 == key & _LOW:
            break


@nb.njit(cache=True)
def close(met: Counterparties, accounts: Slots, bucket: int, span: int) -> None:
    """Move the open bucket into the window, and let what is `span` buckets old leave it."""
    shares = met.shares
    place = sh.oldest(shares, bucket - span)
    while place >= 0:
        _shift(met, accounts, shares.entry_slot[place], -shares.entry[place, 0])
        sh.drop_oldest(shares)
        place = sh.oldest(shares, bucket - span)
    for k in range(sh.n_touched(shares)):
        _shift(met, accounts, shares.touched[k], shares.open[shares.touched[k], 0])
    sh.close(shares, bucket, span)


@nb.njit(cache=True)
def room(met: Counterparties) -> int:
    """Return how many new pairs are sure to fit."""
    return min(free(met.pairs), sh.free_entries(met.shares))


def with_room(met: Counterparties, needed: int = 1) -> Counterparties:
    """Return the same with room for `needed` new pairs."""
    pairs, shares = met.pairs, met.shares
    if free(pairs) < needed:
        live = sh.busy(shares, int(pairs.used[0]))
        capacity = 64
        while capacity < 4 * int(live.sum()) + needed:
            capacity *= 2
        pairs, moved = rebuilt(pairs, live, capacity)
        shares = sh.moved_shares(shares, moved, capacity)
    while sh.free_entries(shares) < needed:
        shares = sh.with_more_entries(shares)
    return met._replace(pairs=pairs, shares=shares)


def moved_counterparties(met: Counterparties, moved: NDArray[np.int32], capacity: int) -> Counterparties:
    """Return the same after the entities moved to new slots (see `slots.rebuilt`)."""
    kept = moved >= 0
    of = np.zeros((capacity, 3), np.int64)
    of[moved[kept]] = met.of[: len(moved)][kept]
    return met._replace(of=of)

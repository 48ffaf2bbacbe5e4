"""Shares: who did how much in a trailing window, exactly.

Figures are whole lots and counts, so the window is kept by adding what enters and subtracting what leaves, without
any rounding. One `Shares` serves one scale and one kind of key (entities, or pairs of entities), with any number of
figures.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

COUNT = 0
"""The figure that counts: more than 0 in every key with figures."""
N_FIGURES = 5
# Of an entity: trades, volume as buyer plus as seller, bought less sold, volume on either side, volume as aggressor.
# Of a pair: trades, common volume, what the entity with the smaller code bought less what it sold.
TRADES, VOLUME, NET, EITHER, TAKEN = range(5)


class Shares(NamedTuple):
    """Figures of each key in the window and in the open bucket.

    Attributes:
        window: Sums over the closed buckets of the window, shape (capacity, figures).
        open: Sums over the open bucket, shape (capacity, figures).
        latest: Number of the last closed bucket with figures of each key, shape (capacity,).
        touched: Slots with figures in the open bucket, in order of appearance, shape (capacity,).
        entry_bucket: Bucket number of each retained bucket entry, a ring, shape (entries,).
        entry_slot: Slot of each entry, shape (entries,).
        entry: Figures of each entry, shape (entries, figures).
        counts: Touched slots, first entry, number of entries, shape (3,).
    """

    window: NDArray[np.int64]
    open: NDArray[np.int64]
    latest: NDArray[np.int64]
    touched: NDArray[np.int32]
    entry_bucket: NDArray[np.int64]
    entry_slot: NDArray[np.int32]
    entry: NDArray[np.int64]
    counts: NDArray[np.int64]


_TOUCHED, _FIRST, _ENTRIES = 0, 1, 2


def new_shares(capacity: int, entries: int = 64, figures: int = N_FIGURES) -> Shares:
    """Return empty shares for `capacity` keys."""
    return Shares(
        window=np.zeros((capacity, figures), np.int64),
        open=np.zeros((capacity, figures), np.int64),
        latest=np.zeros(capacity, np.int64),
        touched=np.zeros(capacity, np.int32),
        entry_bucket=np.zeros(entries, np.int64),
        entry_slot=np.zeros(entries, np.int32),
        entry=np.zeros((entries, figures), np.int64),
        counts=np.zeros(3, np.int64),
    )


@nb.njit(cache=True)
def _mark(shares: Shares, slot: int) -> None:
    if shares.open[slot, COUNT] == 0:
        shares.touched[shares.counts[_TOUCHED]] = slot
        shares.counts[_TOUCHED] += 1


@nb.njit(cache=True)
def touch(shares: Shares, slot: int) -> NDArray[np.int64]:
    """Count once more in a key's open bucket; return its figures there (a view), to which the caller adds."""
    _mark(shares, slot)
    figures: NDArray[np.int64] = shares.open[slot]
    figures[COUNT] += 1
    return figures


@nb.njit(cache=True)
def add(shares: Shares, slot: int, volume: int, net: int, trades: int, either: int, taken: int) -> None:
    """Add trading to a key's open bucket; at least one trade."""
    _mark(shares, slot)
    figures = shares.open[slot]
    figures[TRADES] += trades
    figures[VOLUME] += volume
    figures[NET] += net
    figures[EITHER] += either
    figures[TAKEN] += taken


@nb.njit(cache=True)
def free_entries(shares: Shares) -> int:
    """Return how many keys more can be touched so that the open bucket can still be closed."""
    return int(len(shares.entry_bucket) - shares.counts[_ENTRIES] - shares.counts[_TOUCHED])


@nb.njit(cache=True)
def n_touched(shares: Shares) -> int:
    """Return how many keys have figures in the open bucket."""
    return int(shares.counts[_TOUCHED])


@nb.njit(cache=True)
def pour(shares: Shares, into: Shares) -> None:
    """Add the open bucket to the open bucket of a coarser scale."""
    for k in range(shares.counts[_TOUCHED]):
        slot = shares.touched[k]
        _mark(into, slot)
        for f in range(shares.open.shape[1]):
            into.open[slot, f] += shares.open[slot, f]


@nb.njit(cache=True)
def close(shares: Shares, bucket: int, span: int) -> None:
    """Move the open bucket into the window, and let what is `span` buckets old leave it."""
    expire(shares, bucket - span)
    for k in range(shares.counts[_TOUCHED]):
        slot = shares.touched[k]
        place = (shares.counts[_FIRST] + shares.counts[_ENTRIES]) % len(shares.entry_bucket)
        shares.entry_bucket[place] = bucket
        shares.entry_slot[place] = slot
        for f in range(shares.open.shape[1]):
            shares.entry[place, f] = shares.open[slot, f]
            shares.window[slot, f] += shares.open[slot, f]
            shares.open[slot, f] = 0
        shares.latest[slot] = bucket
        shares.counts[_ENTRIES] += 1
    shares.counts[_TOUCHED] = 0


@nb.njit(cache=True)
def effective_takers(shares: Shares, since: int) -> float:
    """Return how many takers of one size would be as concentrated as those of the buckets from `since` on.

    Returns:
        Inverse of the sum of squared shares of the lots taken, >= 1; NaN where nobody is known to have taken.
    """
    taken, total, squares = np.zeros(len(shares.latest)), 0.0, 0.0
    for again in (False, True):
        for k in range(shares.counts[_ENTRIES] - 1, -1, -1):
            place = (shares.counts[_FIRST] + k) % len(shares.entry_bucket)
            if shares.entry_bucket[place] < since:
                break
            slot = shares.entry_slot[place]
            if again:
                squares += taken[slot] * taken[slot]
                taken[slot] = 0.0
            else:
                taken[slot] += shares.entry[place, TAKEN]
                total += shares.entry[place, TAKEN]
    return total * total / squares if squares > 0.0 else np.nan


@nb.njit(cache=True)
def oldest(shares: Shares, last: int) -> int:
    """Return the place of the window's oldest entry, -1 unless it is of a bucket up to and with `last`."""
    if shares.counts[_ENTRIES] == 0 or shares.entry_bucket[shares.counts[_FIRST]] > last:
        return -1
    return int(shares.counts[_FIRST])


@nb.njit(cache=True)
def drop_oldest(shares: Shares) -> None:
    """Let the oldest entry leave the window."""
    place = shares.counts[_FIRST]
    for f in range(shares.open.shape[1]):
        shares.window[shares.entry_slot[place], f] -= shares.entry[place, f]
    shares.counts[_FIRST] = (place + 1) % len(shares.entry_bucket)
    shares.counts[_ENTRIES] -= 1


@nb.njit(cache=True)
def expire(shares: Shares, last: int) -> None:
    """Let entries of buckets up to and with `last` leave the window."""
    while oldest(shares, last) >= 0:
        drop_oldest(shares)


def busy(shares: Shares, used: int) -> NDArray[np.bool_]:
    """Return which of the first `used` slots have figures in the window or the open bucket."""
    held: NDArray[np.bool_] = (shares.window[:used, COUNT] != 0) | (shares.open[:used, COUNT] != 0)
    return held


def moved_shares(shares: Shares, moved: NDArray[np.int32], capacity: int) -> Shares:
    """Return the shares after their keys moved to new slots (see `slots.rebuilt`), with room for `capacity` keys."""
    kept = moved >= 0
    fresh = new_shares(capacity, len(shares.entry_bucket), shares.open.shape[1])
    fresh.window[moved[kept]] = shares.window[: len(moved)][kept]
    fresh.open[moved[kept]] = shares.open[: len(moved)][kept]
    fresh.latest[moved[kept]] = shares.latest[: len(moved)][kept]
    n_touched, first, entries = (int(count) for count in shares.counts)
    fresh.touched[:n_touched] = moved[shares.touched[:n_touched]]
    places = (first + np.arange(entries)) % len(shares.entry_bucket)
    fresh.entry_bucket[:entries] = shares.entry_bucket[places]
    fresh.entry_slot[:entries] = moved[shares.entry_slot[places]]
    fresh.entry[:entries] = shares.entry[places]
    fresh.counts[:] = (n_touched, 0, entries)
    return fresh


def with_more_entries(shares: Shares) -> Shares:
    """Return the shares with room for twice as many bucket entries."""
    places = (int(shares.counts[_FIRST]) + np.arange(int(shares.counts[_ENTRIES]))) % len(shares.entry_bucket)
    size = 2 * len(shares.entry_bucket)
    fresh = new_shares(len(shares.touched), size, shares.open.shape[1])
    fresh.entry_bucket[: len(places)] = shares.entry_bucket[places]
    fresh.entry_slot[: len(places)] = shares.entry_slot[places]
    fresh.entry[: len(places)] = shares.entry[places]
    fresh.counts[:] = (shares.counts[_TOUCHED], 0, len(places))
    return shares._replace(
        entry_bucket=fresh.entry_bucket, entry_slot=fresh.entry_slot, entry=fresh.entry, counts=fresh.counts
    )

"""Shares: who traded how much in a trailing window, exactly.

Figures are whole lots and counts, so the window is kept by adding what enters and subtracting what leaves, without
any rounding. One `Shares` serves one scale and one kind of key (entities, or pairs of entities).
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

N_FIGURES = 5
# Of an entity: volume as buyer plus as seller, bought less sold, trades, volume on either side, volume as aggressor.
# Of a pair: common volume, what the entity with the smaller code bought less what it sold, trades.
VOLUME, NET, TRADES, EITHER, TAKEN = range(5)


class Shares(NamedTuple):
    """Figures of each key in the window and in the open bucket.

    Attributes:
        window: Sums over the closed buckets of the window, shape (capacity, 5).
        open: Sums over the open bucket, shape (capacity, 5).
        latest: Number of the last closed bucket with figures of each key, shape (capacity,).
        touched: Slots with figures in the open bucket, in order of appearance, shape (capacity,).
        entry_bucket: Bucket number of each retained bucket entry, a ring, shape (entries,).
        entry_slot: Slot of each entry, shape (entries,).
        entry: Figures of each entry, shape (entries, 5).
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


def new_shares(capacity: int, entries: int = 64) -> Shares:
    """Return empty shares for `capacity` keys."""
    return Shares(
        window=np.zeros((capacity, N_FIGURES), np.int64),
        open=np.zeros((capacity, N_FIGURES), np.int64),
        latest=np.zeros(capacity, np.int64),
        touched=np.zeros(capacity, np.int32),
        entry_bucket=np.zeros(entries, np.int64),
        entry_slot=np.zeros(entries, np.int32),
        entry=np.zeros((entries, N_FIGURES), np.int64),
        counts=np.zeros(3, np.int64),
    )


@nb.njit(cache=True)
def add(shares: Shares, slot: int, volume: int, net: int, trades: int, either: int, taken: int) -> None:
    """Add figures to a key's open bucket; at least one trade."""
    figures = shares.open[slot]
    if figures[TRADES] == 0:
        shares.touched[shares.counts[_TOUCHED]] = slot
        shares.counts[_TOUCHED] += 1
    figures[VOLUME] += volume
    figures[NET] += net
    figures[TRADES] += trades
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
        more = shares.open[slot]
        add(into, slot, more[VOLUME], more[NET], more[TRADES], more[EITHER], more[TAKEN])


@nb.njit(cache=True)
def close(shares: Shares, bucket: int, span: int) -> None:
    """Move the open bucket into the window, and let what is `span` buckets old leave it."""
    expire(shares, bucket - span)
    for k in range(shares.counts[_TOUCHED]):
        slot = shares.touched[k]
        place = (shares.counts[_FIRST] + shares.counts[_ENTRIES]) % len(shares.entry_bucket)
        shares.entry_bucket[place] = bucket
        shares.entry_slot[place] = slot
        for f in range(N_FIGURES):
            shares.entry[place, f] = shares.open[slot, f]
            shares.window[slot, f] += shares.open[slot, f]
            shares.open[slot, f] = 0
        shares.latest[slot] = bucket
        shares.counts[_ENTRIES] += 1
    shares.counts[_TOUCHED] = 0


@nb.njit(cache=True)
def expire(shares: Shares, last: int) -> None:
    """Let entries of buckets up to and with `last` leave the window."""
    while shares.counts[_ENTRIES] > 0 and shares.entry_bucket[shares.counts[_FIRST]] <= last:
        place = shares.counts[_FIRST]
        for f in range(N_FIGURES):
            shares.window[shares.entry_slot[place], f] -= shares.entry[place, f]
        shares.counts[_FIRST] = (place + 1) % len(shares.entry_bucket)
        shares.counts[_ENTRIES] -= 1


def busy(shares: Shares, used: int) -> NDArray[np.bool_]:
    """Return which of the first `used` slots have figures in the window or the open bucket."""
    held: NDArray[np.bool_] = (shares.window[:used, TRADES] != 0) | (shares.open[:used, TRADES] != 0)
    return held


def moved_shares(shares: Shares, moved: NDArray[np.int32], capacity: int) -> Shares:
    """Return the shares after their keys moved to new slots (see `slots.rebuilt`), with room for `capacity` keys."""
    kept = moved >= 0
    fresh = new_shares(capacity, len(shares.entry_bucket))
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
    fresh = new_shares(len(shares.touched), size)
    fresh.entry_bucket[: len(places)] = shares.entry_bucket[places]
    fresh.entry_slot[: len(places)] = shares.entry_slot[places]
    fresh.entry[: len(places)] = shares.entry[places]
    fresh.counts[:] = (shares.counts[_TOUCHED], 0, len(places))
    return shares._replace(
        entry_bucket=fresh.entry_bucket, entry_slot=fresh.entry_slot, entry=fresh.entry, counts=fresh.counts
    )

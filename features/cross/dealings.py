"""Dealings: who does what on several venues of a group, found bucket by bucket in its trades."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.cross import pairs as pair_sweep
from features.cross import push as push_sweep
from features.cross import wash as wash_sweep
from features.cross.pairs import match_pairs, no_pairs, pair_of, tell_pair
from features.cross.prints import Prints, joined, no_prints, no_takes, picked, takes_of
from features.cross.push import Pushes, bursts, no_pushes, tell_pushes
from features.cross.wash import match_rounds, no_rounds, round_of, tell_round
from features.saved_state import Arrays, from_arrays, to_arrays
from features.sweeps.base import Found, new_out, nothing_found, written

CROSS_FIGURES: dict[str, tuple[str, ...]] = {
    wash_sweep.KIND: wash_sweep.FIGURES,
    pair_sweep.KIND: pair_sweep.FIGURES,
    push_sweep.KIND: push_sweep.FIGURES,
}
_TAKES_NS = 30_000_000_000


@dataclass(frozen=True)
class Dealt:
    """Episodes of one kind, and the number of the market on which each shows, shape (n,)."""

    found: Found
    slot: NDArray[np.int64]

    def then(self, later: Dealt) -> Dealt:
        """Return these and later ones."""
        return Dealt(self.found.then(later.found), np.concatenate([self.slot, later.slot]))


def nothing_dealt(kind: str) -> Dealt:
    """Return no episodes of a kind."""
    return Dealt(nothing_found(len(CROSS_FIGURES[kind])), np.empty(0, np.int64))


class Dealings:
    """What is remembered of a group's trades by name, and what is found in them.

    Args:
        bucket_ns: Length of a bucket.
    """

    def __init__(self, bucket_ns: int) -> None:
        self._bucket_s = bucket_ns / 1e9
        self._prints, self._takes = no_prints(), no_takes()
        self._rounds, self._pairs, self._pushes = no_rounds(), no_pairs(), no_pushes()

    def take(
        self, fresh: Prints, end: int, rank: NDArray[np.int64], usual_bps: NDArray[np.float64]
    ) -> dict[str, Dealt]:
        """Take the trades of a bucket and return the episodes that they complete, by kind.

        Args:
            fresh: Trades of the bucket, at least one.
            end: End of the bucket, ns.
            rank: Place of each market in the order of names, shape (n_markets,).
            usual_bps: Usual move of a bucket of each market, NaN where unknown, shape (n_markets,).
        """
        self._forget(end)
        if not ((fresh.buyer >= 0) | (fresh.seller >= 0)).any():
            return {}
        begin, takes_begin = len(self._prints.time), len(self._takes.time)
        self._prints = joined(self._prints, fresh)
        self._takes = joined(self._takes, takes_of(fresh))
        return {
            wash_sweep.KIND: self._wash(begin, rank),
            pair_sweep.KIND: self._pairs_of(takes_begin, rank),
            push_sweep.KIND: self._push(begin, takes_begin, end, usual_bps),
        }

    def _wash(self, begin: int, rank: NDArray[np.int64]) -> Dealt:
        prints = self._prints
        legs = np.empty(len(prints.time) - begin, np.int64)
        match_rounds(prints, begin, len(prints.time), legs)
        both = _both_legs(legs, begin)
        if not both:
            return nothing_dealt(wash_sweep.KIND)
        known = len(self._rounds.time)
        self._rounds = joined(self._rounds, *(round_of(prints, i, j) for i, j in both))
        out = new_out(len(wash_sweep.FIGURES), len(both))
        for n, (i, j) in enumerate(both, known + 1):
            tell_round(prints, picked(self._rounds, slice(n)), i, j, out)
        return Dealt(written(out), _first_named(rank, prints.slot[both]))

    def _pairs_of(self, begin: int, rank: NDArray[np.int64]) -> Dealt:
        takes = self._takes
        legs = np.empty(len(takes.time) - begin, np.int64)
        match_pairs(takes, begin, len(takes.time), legs)
        both = _both_legs(legs, begin)
        if not both:
            return nothing_dealt(pair_sweep.KIND)
        known = len(self._pairs.time)
        self._pairs = joined(self._pairs, *(pair_of(takes, i, j) for i, j in both))
        out = new_out(len(pair_sweep.FIGURES), len(both))
        for n, (i, j) in enumerate(both, known + 1):
            tell_pair(takes, picked(self._pairs, slice(n)), i, j, out)
        return Dealt(written(out), _first_named(rank, takes.slot[both]))

    def _push(self, begin: int, takes_begin: int, end: int, usual_bps: NDArray[np.float64]) -> Dealt:
        n = len(self._takes.time) - takes_begin
        if n:
            room = Pushes(*(np.empty(n, column.dtype) for column in no_pushes()))
            filled = bursts(self._takes, takes_begin, self._prints, usual_bps, self._bucket_s, end, room)
            for p in range(filled):
                self._follow(picked(room, slice(p, p + 1)))
        if not len(self._pushes.entity):
            return nothing_dealt(push_sweep.KIND)
        out, slots = new_out(len(push_sweep.FIGURES), len(self._pushes.entity)), np.empty(len(self._pushes.entity), int)
        tell_pushes(self._pushes, self._prints, begin, out, slots)
        return Dealt(written(out), slots[: int(out.filled[0])].astype(np.int64))

    def _follow(self, burst: Pushes) -> None:
        # A burst that goes on through buckets is one: its furthest state counts.
        known = self._pushes
        same = (known.entity == burst.entity[0]) & (known.slot == burst.slot[0]) & (known.side == burst.side[0])
        same &= known.last >= burst.first[0]
        if (known.move[same] > burst.move[0]).any():
            return
        self._pushes = joined(picked(known, ~same), burst)

    def _forget(self, now: int) -> None:
        def kept(table: Any, since: int) -> Any:  # noqa: ANN401 -- any table with `time`, in its order
            first = int(np.searchsorted(table.time, since))
            return picked(table, slice(first, None)) if first else table

        self._prints = kept(self._prints, now - wash_sweep.SHARE_NS - _TAKES_NS)
        self._takes = kept(self._takes, now - _TAKES_NS)
        self._rounds = kept(self._rounds, now - wash_sweep.REMEMBERED_NS - _TAKES_NS)
        self._pairs = kept(self._pairs, now - pair_sweep.REMEMBERED_NS - _TAKES_NS)
        followed = self._pushes.last > now - push_sweep.FOLLOWED_NS
        self._pushes = self._pushes if followed.all() else picked(self._pushes, followed)

    def snapshot(self) -> Arrays:
        """Return the whole state as arrays by name."""
        parts = {name: to_arrays(getattr(self, f"_{name}")) for name in _STATE}
        return {f"{part}/{name}": array for part, arrays in parts.items() for name, array in arrays.items()}

    def restore(self, arrays: Arrays) -> None:
        """Continue from a snapshot."""
        for part in _STATE:
            setattr(self, f"_{part}", from_arrays(getattr(self, f"_{part}"), arrays, f"{part}/"))


_STATE = ("prints", "takes", "rounds", "pairs", "pushes")


def _both_legs(legs: NDArray[np.int64], begin: int) -> list[tuple[int, int]]:
    """Return the rows of what completes something and of its first leg, from where `legs` says the latter."""
    return [(int(at) + begin, int(legs[at])) for at in np.flatnonzero(legs >= 0)]


def _first_named(rank: NDArray[np.int64], slots: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the market on which each pair of legs shows, from those of the legs, shape (n, 2)."""
    # Legs change venues from round to round; one subject is to have one alert.
    first: NDArray[np.int64] = slots[np.arange(len(slots)), np.argmin(rank[slots], axis=1)]
    return first

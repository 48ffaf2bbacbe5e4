"""Rings: few entities that trade mostly among themselves and end where they began.

A ring is looked for where it must be: every member's strongest partners hold its fellow members, so a group is grown
from a pair that trades much with each other, along each member's few strongest partners, and judged at every size.
The whole graph is never searched: on a busy market it is one strongly connected component. Time is linear in the pairs,
memory is a few numbers for each pair and entity.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.flows import NOBODY, Flows, joined, numbered, taken
from features.slots import Slots, find_slot, give_slot, new_slots

MOST = 8
_STRONG = 16
_AS_GOOD = 0.97
_SEED = 0.1
_TIE = 0.12
"""Least part of its volume that an entity must have in common with a group to be tried as a member."""


class Demands(NamedTuple):
    """What makes a group of entities a ring.

    Attributes:
        share: Least share of the members' volume (bought and sold) that is among them.
        open_share: Most of the volume among them that may not have come back.
        legs: How many typical trades may not have come back, whatever their share.
        wander: Most of what chance sides would leave open, times; 0 asks for the return of the rest.
        meets: Least meetings among them.
        each: Least meetings of each member with the others.
    """

    share: float = 0.5
    open_share: float = 0.01
    legs: float = 1.5
    wander: float = 0.0
    meets: int = 4
    each: int = 2


DEMANDS = Demands()


class Rings(NamedTuple):
    """Groups, no entity in two of them, the pairs that bind most first; shape (n_rings,) but for members.

    Attributes:
        members: Entities, padded with -1, shape (n_rings, 8); one alone trades with itself.
        inside: Lots traded among them.
        volume: Lots they bought and sold in all.
        still_open: Lots of those among them that did not come back.
        meets: Meetings among them.
        touched: Meetings of theirs in all.
        quick: Meetings among them that look arranged.
        recent: Meetings among them of late.
        expected: Meetings among them by chance, if all met by activity alone, at most.
    """

    members: NDArray[np.int64]
    inside: NDArray[np.int64]
    volume: NDArray[np.int64]
    still_open: NDArray[np.int64]
    meets: NDArray[np.int64]
    touched: NDArray[np.int64]
    quick: NDArray[np.int64]
    recent: NDArray[np.int64]
    expected: NDArray[np.float64]


class Web(NamedTuple):
    """Who trades with whom.

    Attributes:
        flows: What passed between each pair.
        ends: Numbers of both entities of each pair, -1 for nobody, shape (n_pairs, 2).
        pairs: Number of each pair by its entities.
        volume: Lots of each entity, bought and sold, shape (n_entities,).
        meets: Meetings of each entity, a self-match counts twice.
        strong: Pairs of each entity by falling volume, shape (n_entities, 16).
        held: Their volume, shape (n_entities, 16).
        n_strong: How many of them there are, shape (n_entities,).
        pull: Lots that an entity has in common with the group at hand, -1 for its members, shape (n_entities,).
        taken: Whether an entity is in a ring, shape (n_entities,).
    """

    flows: Flows
    ends: NDArray[np.int64]
    pairs: Slots
    volume: NDArray[np.int64]
    meets: NDArray[np.int64]
    strong: NDArray[np.int32]
    held: NDArray[np.int64]
    n_strong: NDArray[np.int32]
    pull: NDArray[np.int64]
    taken: NDArray[np.bool_]


class Group(NamedTuple):
    """A group as it grows; shape (8,) for members, the first `sums[SIZE]` of which count.

    Attributes:
        members: Numbers of entities.
        net: Lots each bought from the others, less what it sold to them.
        met: Meetings of each with the others.
        ways: 1 where it bought from the others, 2 where it sold to them, 3 for both.
        sums: Members, lots inside, lots in all, meetings inside, in all, arranged, and of late, shape (7,).
    """

    members: NDArray[np.int64]
    net: NDArray[np.int64]
    met: NDArray[np.int64]
    ways: NDArray[np.int64]
    sums: NDArray[np.int64]


SIZE, INSIDE, VOLUME, MEETS, ALL_MEETS, QUICK, RECENT = range(7)


@nb.njit(cache=True)
def _key(one: int, other: int) -> int:
    return (min(one, other) << 32) | max(one, other)


@nb.njit(cache=True)
def _add_strong(web: Web, entity: int, pair: int, lots: int) -> None:
    # Insertion into a short list, strongest first; of equals the one seen first stays ahead.
    n = web.n_strong[entity]
    at = min(n, _STRONG - 1)
    if n == _STRONG and web.held[entity, at] >= lots:
        return
    while at > 0 and web.held[entity, at - 1] < lots:
        web.held[entity, at], web.strong[entity, at] = web.held[entity, at - 1], web.strong[entity, at - 1]
        at -= 1
    web.held[entity, at], web.strong[entity, at] = lots, pair
    web.n_strong[entity] = min(n + 1, _STRONG)


@nb.njit(cache=True)
def _weave(web: Web) -> None:
    flows = web.flows
    for k in range(len(flows.first)):
        a, b = web.ends[k]
        for entity in (a, b):
            if entity != NOBODY:
                web.volume[entity] += flows.lots[k]
                web.meets[entity] += flows.meets[k]
        if NOBODY not in (a, b):
            if a != b:
                _add_strong(web, a, k, flows.lots[k])
                _add_strong(web, b, k, flows.lots[k])
            # Slots are given in order, so the slot is the number of the k-th known pair.
            give_slot(web.pairs, _key(a, b))


@nb.njit(cache=True)
def _other(web: Web, pair: int, entity: int) -> int:
    a, b = web.ends[pair]
    return int(b if a == entity else a)


@nb.njit(cache=True)
def _join(web: Web, group: Group, newcomer: int) -> None:
    """Take a member in, and note what it did with the others and with itself."""
    flows, sums, size = web.flows, group.sums, group.sums[SIZE]
    group.members[size], group.net[size], group.met[size], group.ways[size] = newcomer, 0, 0, 0
    sums[SIZE] += 1
    sums[VOLUME] += web.volume[newcomer]
    sums[ALL_MEETS] += web.meets[newcomer]
    for g in range(size + 1):
        pair = find_slot(web.pairs, _key(group.members[g], newcomer))
        if pair < 0:
            continue
        sums[INSIDE] += flows.lots[pair]
        sums[MEETS] += flows.meets[pair]
        sums[QUICK] += flows.quick[pair]
        sums[RECENT] += flows.recent[pair]
        if g == size:
            continue
        lots, bought = flows.lots[pair], flows.net[pair] if web.ends[pair, 1] == newcomer else -flows.net[pair]
        both = 3 if abs(bought) < lots else 0
        _pass(group, size, bought, flows.meets[pair], both or (1 if bought > 0 else 2))
        _pass(group, g, -bought, flows.meets[pair], both or (2 if bought > 0 else 1))


@nb.njit(cache=True)
def _pass(group: Group, g: int, bought: int, meets: int, ways: int) -> None:
    group.net[g] += bought
    group.met[g] += meets
    group.ways[g] |= ways


@nb.njit(cache=True)
def still_open(group: Group) -> int:
    """Return the lots that passed within a group and did not come back."""
    return int(np.abs(group.net[: group.sums[SIZE]]).sum() // 2)


@nb.njit(cache=True)
def _holds(group: Group, asked: Demands) -> bool:
    size, inside, meets = group.sums[SIZE], group.sums[INSIDE], group.sums[MEETS]
    if meets < asked.meets or 2.0 * inside < asked.share * group.sums[VOLUME]:
        return False
    for g in range(size if size > 1 else 0):
        if group.met[g] < asked.each or group.ways[g] != 3:
            return False
    by_chance = 0.8 * np.sqrt(size / (2.0 * meets))
    return bool(still_open(group) <= inside * max(asked.open_share, asked.legs / meets, asked.wander * by_chance))


@nb.njit(cache=True)
def _strongest_newcomer(web: Web, group: Group) -> int:
    """Return who of the members' strongest partners leaves the group the most closed; -1 for nobody."""
    members, size = group.members, group.sums[SIZE]
    for g in range(size):
        web.pull[members[g]] = -1
    for g in range(size):
        for s in range(web.n_strong[members[g]]):
            other = _other(web, web.strong[members[g], s], members[g])
            if web.pull[other] >= 0 and not web.taken[other]:
                web.pull[other] += web.flows.lots[web.strong[members[g], s]]
    best, best_share = -1, 0.0
    for g in range(size):
        for s in range(web.n_strong[members[g]]):
            other = _other(web, web.strong[members[g], s], members[g])
            pull, volume = web.pull[other], web.volume[other]
            if pull > _TIE * volume:
                share = (group.sums[INSIDE] + pull) / (group.sums[VOLUME] + volume)
                if share > best_share:
                    best, best_share = other, share
            web.pull[other] = min(pull, 0)
    for g in range(size):
        web.pull[members[g]] = 0
    return best


@nb.njit(cache=True)
def _grown(web: Web, pair: int, asked: Demands, group: Group) -> int:
    """Grow a group from a pair; return with how many members it was the most closed ring, 0 for none."""
    group.sums[:] = 0
    _join(web, group, web.ends[pair, 0])
    newcomer = web.ends[pair, 1]
    best, best_share = 0, 0.0
    while newcomer >= 0:
        _join(web, group, newcomer)
        share = group.sums[INSIDE] / group.sums[VOLUME]
        # Of nearly equal ones the larger: members differ, and none is to be left out for that.
        if share > _AS_GOOD * best_share and _holds(group, asked):
            best, best_share = group.sums[SIZE], max(share, best_share)
        newcomer = _strongest_newcomer(web, group) if group.sums[SIZE] < MOST else -1
    return int(best)


@nb.njit(cache=True)
def _write(web: Web, members: NDArray[np.int64], group: Group, found: Rings, at: int) -> None:
    group.sums[:] = 0
    for member in members:
        _join(web, group, member)
        web.taken[member] = True
    found.members[at, : len(members)] = members
    found.inside[at], found.volume[at], found.still_open[at] = group.sums[INSIDE], group.sums[VOLUME], still_open(group)
    found.meets[at], found.quick[at], found.recent[at] = group.sums[MEETS], group.sums[QUICK], group.sums[RECENT]
    found.touched[at] = group.sums[ALL_MEETS] - group.sums[MEETS]


@nb.njit(cache=True)
def _search(web: Web, seeds: NDArray[np.int64], asked: Demands, group: Group, found: Rings) -> int:
    n = 0
    for pair in seeds:
        a, b = web.ends[pair]
        if web.taken[a] or web.taken[b]:
            continue
        if a == b:
            group.sums[:] = 0
            _join(web, group, a)
            size = 1 if _holds(group, asked) else 0
        else:
            size = _grown(web, pair, asked, group)
        if size > 0:
            _write(web, group.members[:size].copy(), group, found, n)
            n += 1
    return n


def _woven(flows: Flows) -> tuple[Web, NDArray[np.int64]]:
    """Return the web of flows, and the code of each number."""
    known = (flows.first >= 0) & (flows.second >= 0)
    # Known pairs first, so that the slot of a pair is its number.
    flows = joined([taken(flows, known), taken(flows, ~known)])
    numbers, ends = new_slots(2 * max(1, len(known))), np.empty((len(known), 2), np.int64)
    numbered(flows, numbers, ends)
    n = int(numbers.used[0])
    counts = [np.zeros(n, np.int64) for _ in range(3)]
    web = Web(
        flows, ends, new_slots(max(1, int(known.sum()))), counts[0], counts[1], np.zeros((n, _STRONG), np.int32),
        np.zeros((n, _STRONG), np.int64), np.zeros(n, np.int32), counts[2], np.zeros(n, np.bool_),
    )  # fmt: skip
    _weave(web)
    return web, numbers.keys[:n]


def _seeds(web: Web) -> NDArray[np.int64]:
    # Weaker ties than a tenth of both would bind rings that go on beside each other into one.
    n = int(web.pairs.used[0])
    ends, lots, meets = web.ends[:n], web.flows.lots[:n], web.flows.meets[:n]
    tie = 2.0 * lots / np.maximum(web.volume[ends].sum(axis=1), 1)
    seeds = np.flatnonzero((meets >= 2) & (tie >= _SEED) & (web.flows.recent[:n] > 0))
    return seeds[np.argsort(-tie[seeds], kind="stable")]


class Searched(NamedTuple):
    """The rings of a span, and what all of its entities did.

    Attributes:
        rings: The rings.
        lots: Lots traded.
        meets: Meetings.
        quick: Meetings that look arranged.
        entities: Entities that traded.
    """

    rings: Rings
    lots: int
    meets: int
    quick: int
    entities: int


def find_rings(flows: Flows, asked: Demands = DEMANDS) -> Searched:
    """Return the rings among the flows of a span.

    Args:
        flows: What passed between each pair, one row a pair; a ring has one that met of late.
        asked: What makes a ring.
    """
    web, codes = _woven(flows)
    seeds = _seeds(web)
    n = min(len(codes), len(seeds))
    counts = (np.zeros(n, np.int64) for _ in range(7))
    found = Rings._make((np.full((n, MOST), NOBODY), *counts, np.zeros(n)))
    scratch = [np.zeros(MOST, np.int64) for _ in range(4)]
    n = _search(web, seeds, asked, Group._make((*scratch, np.zeros(7, np.int64))), found)
    found = Rings._make(column[:n] for column in found)
    _most_by_chance(web, found.members, found.expected)
    found = found._replace(members=_decoded(found.members, codes))
    lots, meets, quick = (int(column.sum()) for column in (flows.lots, flows.meets, flows.quick))
    return Searched(found, lots, meets, quick, len(codes))


def _decoded(members: NDArray[np.int64], codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(members >= 0, codes[members], NOBODY)


@nb.njit(cache=True)
def _most_by_chance(web: Web, members: NDArray[np.int64], expected: NDArray[np.float64]) -> None:
    # They meet most often by activity alone where some of them always take and the others always give.
    total = 0.5 * web.meets.sum()
    for i in range(len(members)):
        pairs, together = 0.0, 0.0
        for member in members[i]:
            if member >= 0:
                pairs += together * web.meets[member]
                together += web.meets[member]
        halves = 0.25 * together * together
        expected[i] = (halves if members[i, 1] < 0 else min(pairs, halves)) / total

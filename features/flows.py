"""Flows between entities: what passed between each two of them in a span, summed from trades or from shorter spans.

Pairs and entities are numbered as they first appear, never by code: codes depend on how a stream was cut.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.slots import Slots, find_slot, give_slot, new_slots

NOBODY = -1


class Flows(NamedTuple):
    """What passed between each two entities, shape (n_pairs,) each, in order of first appearance.

    Attributes:
        first: One entity, -1 unknown.
        second: The other, the same for a self-match, -1 unknown.
        lots: Traded between them, either way.
        net: What the second bought from the first, less what it sold to it.
        meets: Meetings: trades at one timestamp are one meeting.
        quick: Meetings by arrangement, as far as orders tell: same size, moments apart.
        recent: Meetings of late, in the newest part of the span.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    lots: NDArray[np.int64]
    net: NDArray[np.int64]
    meets: NDArray[np.int64]
    quick: NDArray[np.int64]
    recent: NDArray[np.int64]


def no_flows() -> Flows:
    """Return flows with no rows."""
    return Flows(*(np.empty(0, np.int64) for _ in Flows._fields))


@nb.njit(cache=True)
def _key(one: int, other: int) -> int:
    low, high = min(one, other), max(one, other)
    return ((low + 1) << 32) | (high + 1)


@nb.njit(cache=True)
def _sum(slots: Slots, rows: Flows, out: Flows) -> None:
    for i in range(len(rows.first)):
        k = give_slot(slots, _key(rows.first[i], rows.second[i]))
        if out.meets[k] == 0:
            out.first[k], out.second[k] = rows.first[i], rows.second[i]
        same_way = out.first[k] == rows.first[i]
        out.lots[k] += rows.lots[i]
        if rows.first[i] != rows.second[i]:
            out.net[k] += rows.net[i] if same_way else -rows.net[i]
        out.meets[k] += rows.meets[i]
        out.quick[k] += rows.quick[i]
        out.recent[k] += rows.recent[i]


@nb.njit(cache=True)
def _count_meetings(
    slots: Slots, time: NDArray[np.int64], seller: NDArray[np.int64], buyer: NDArray[np.int64], meets: NDArray[np.int64]
) -> None:
    met_at = np.zeros(len(slots.keys), np.int64)
    for i in range(len(time)):
        k = give_slot(slots, _key(seller[i], buyer[i]))
        meets[i] = met_at[k] != time[i]
        met_at[k] = time[i]


def flows_of_trades(
    time: NDArray[np.int64],
    seller: NDArray[Any],
    buyer: NDArray[Any],
    lots: NDArray[np.int64],
    quick: NDArray[Any] | None = None,
) -> Flows:
    """Return the flows of trades.

    Args:
        time: Time of each trade, ns, > 0, ascending, shape (n_trades,).
        seller: Entity that sold, -1 unknown.
        buyer: Entity that bought, -1 unknown.
        lots: Lots that passed.
        quick: Whether each looks arranged; none where left out.
    """
    sold, bought = seller.astype(np.int64), buyer.astype(np.int64)
    meets = np.zeros(len(time), np.int64)
    _count_meetings(new_slots(max(1, len(time))), time, sold, bought, meets)
    arranged = np.zeros(len(time), np.int64) if quick is None else quick.astype(np.int64) * meets
    return summed(Flows(sold, bought, lots, lots, meets, arranged, meets))


def summed(rows: Flows) -> Flows:
    """Return the flows with all rows of a pair as one.

    Args:
        rows: Flows in which a pair may come more than once, with at least one meeting where it comes first.
    """
    slots = new_slots(max(1, len(rows.first)))
    out = Flows(*(np.zeros(len(rows.first), np.int64) for _ in Flows._fields))
    _sum(slots, rows, out)
    return taken(out, slice(int(slots.used[0])))


def taken(flows: Flows, which: NDArray[Any] | slice) -> Flows:
    """Return the given rows."""
    return Flows(*(column[which] for column in flows))


def joined(parts: list[Flows]) -> Flows:
    """Return the rows of all parts, one after the other."""
    return Flows(*(np.concatenate(columns) for columns in zip(no_flows(), *parts, strict=True)))


@nb.njit(cache=True)
def numbered(flows: Flows, slots: Slots, ends: NDArray[np.int64]) -> None:
    """Write the numbers of both entities of each flow, in order of first appearance; -1 for nobody.

    Args:
        flows: The flows.
        slots: Empty slots with room for every entity.
        ends: Output, shape (n_pairs, 2).
    """
    for k in range(len(flows.first)):
        ends[k, 0] = give_slot(slots, flows.first[k]) if flows.first[k] >= 0 else NOBODY
        ends[k, 1] = give_slot(slots, flows.second[k]) if flows.second[k] >= 0 else NOBODY


@nb.njit(cache=True)
def number_of(slots: Slots, entity: int) -> int:
    """Return the number of an entity, -1 if it has none."""
    return find_slot(slots, entity)

"""The fold's kernel: one pass over the events of a market, closing buckets as time passes them."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features import baits as bait
from features import buckets as bk
from features import shares as sh
from features import slots as sl
from features.day import remember
from features.events import CANCEL, NEW, REPLACE, TRADE
from features.market import market_row
from features.state import State, room_left


class Out(NamedTuple):
    """Rows and episodes as they are written, shape (capacity, …); `counts` says how many are filled."""

    values: NDArray[np.float64]
    end: NDArray[np.int64]
    top: NDArray[np.int64]
    pair: NDArray[np.int64]
    coarse_values: NDArray[np.float64]
    coarse_end: NDArray[np.int64]
    coarse_top: NDArray[np.int64]
    coarse_pair: NDArray[np.int64]
    episodes: NDArray[np.int64]
    counts: NDArray[np.int64]


ROWS, COARSE_ROWS, EPISODES = 0, 1, 2
NEVER = -(1 << 62)


@nb.njit(cache=True)
def _close_coarse(s: State, out: Out) -> None:
    bucket = s.coarse.marks[bk.OPEN]
    bk.shut(s.coarse)
    sh.close(s.shares, bucket, bk.ring_size(s.coarse))
    sh.close(s.common, bucket, bk.ring_size(s.coarse))
    k = out.counts[COARSE_ROWS]
    span = s.coarse.span_ns[0]
    out.coarse_top[k], out.coarse_pair[k] = market_row(
        out.coarse_values[k], s.coarse, s.day, s.accounts, s.shares, s.pairs, s.common
    )
    out.coarse_end[k] = (bucket + 1) * span
    out.counts[COARSE_ROWS] += 1
    remember(s.day, s.coarse)
    bk.clear_open(s.coarse)


@nb.njit(cache=True)
def _close_fine(s: State, out: Out) -> None:
    bucket = s.fast.marks[bk.OPEN]
    bk.merge(s.fast, s.coarse)
    sh.pour(s.fast_shares, s.shares)
    sh.pour(s.fast_common, s.common)
    bk.shut(s.fast)
    sh.close(s.fast_shares, bucket, bk.ring_size(s.fast))
    sh.close(s.fast_common, bucket, bk.ring_size(s.fast))
    k = out.counts[ROWS]
    out.top[k], out.pair[k] = market_row(
        out.values[k], s.fast, s.day, s.accounts, s.fast_shares, s.pairs, s.fast_common
    )
    out.end[k] = (bucket + 1) * s.fast.span_ns[0]
    out.counts[ROWS] += 1
    bk.clear_open(s.fast)


@nb.njit(cache=True)
def close_until(s: State, until: int, out: Out) -> None:
    """Close the open buckets that end at or before `until`."""
    fine, coarse = s.fast.marks, s.coarse.marks
    if fine[bk.OPEN] >= 0 and (fine[bk.OPEN] + 1) * s.fast.span_ns[0] <= until:
        _close_fine(s, out)
    if coarse[bk.OPEN] >= 0 and (coarse[bk.OPEN] + 1) * s.coarse.span_ns[0] <= until:
        _close_coarse(s, out)


@nb.njit(cache=True)
def _open_buckets(s: State, time: int) -> int:
    # Returns when the fine bucket ends; the coarse one never ends before it.
    s.fast.marks[bk.OPEN] = time // s.fast.span_ns[0]
    s.coarse.marks[bk.OPEN] = time // s.coarse.span_ns[0]
    return (s.fast.marks[bk.OPEN] + 1) * s.fast.span_ns[0]


@nb.njit(cache=True)
def _add_price(real: NDArray[np.float64], price: float) -> None:
    real[bk.CLOSE] = price
    real[bk.HIGH] = price if np.isnan(real[bk.HIGH]) else max(real[bk.HIGH], price)
    real[bk.LOW] = price if np.isnan(real[bk.LOW]) else min(real[bk.LOW], price)


@nb.njit(cache=True)
def _add_arrival(whole: NDArray[np.int64], real: NDArray[np.float64], last: NDArray[np.int64], time: int) -> None:
    if last[0] > 0:
        gap = (time - last[0]) * 1e-9
        whole[bk.GAPS] += 1
        step = gap - real[bk.GAP_MEAN]
        real[bk.GAP_MEAN] += step / whole[bk.GAPS]
        real[bk.GAP_M2] += step * (gap - real[bk.GAP_MEAN])
    last[0] = time


@nb.njit(cache=True)
def _add_sweep(
    whole: NDArray[np.int64],
    real: NDArray[np.float64],
    last: NDArray[np.int64],
    paid: NDArray[np.float64],
    millisecond: int,
    price: float,
) -> None:
    if millisecond != last[1]:
        last[1], last[2] = millisecond, 1
        paid[:] = price
        return
    low, high = paid[0], paid[1]
    last[2] += 1
    if last[2] == 2:
        whole[bk.RUSH] += 1
    if price < low or price > high:
        paid[0], paid[1] = min(low, price), max(high, price)
        real[bk.SWEEP] += np.log(paid[1] / paid[0]) - np.log(high / low)


@nb.njit(cache=True)
def _add_trade(s: State, time: int, side: int, price: float, lots: int) -> None:
    whole, real = s.fast.open_whole, s.fast.open_real
    whole[bk.VOLUME] += lots
    whole[bk.TRADES] += 1
    _add_price(real, price)
    _add_arrival(whole, real, s.last, time)
    if side != 0:
        whole[bk.KNOWN] += 1
        whole[bk.BUY if side > 0 else bk.SELL] += lots
    if side > 0:
        _add_sweep(whole, real, s.last, s.last_paid, time // 1_000_000, price)


@nb.njit(cache=True)
def _add_entities(
    s: State, time: int, side: int, lots: int, buyer: int, seller: int, buy_order: int, sell_order: int
) -> None:
    whole = s.fast.open_whole
    whole[bk.ATTRIBUTED] += 1
    if buyer >= 0:
        slot = sl.give_slot(s.accounts, buyer)
        bait.note_trade(s.baits, slot, 1, buy_order, time, lots)
        if buyer != seller:
            sh.add(s.fast_shares, slot, lots, lots, 1, lots, lots if side > 0 else 0)
    if seller >= 0:
        slot = sl.give_slot(s.accounts, seller)
        bait.note_trade(s.baits, slot, 0, sell_order, time, lots)
        if buyer == seller:
            whole[bk.SELF] += lots
            sh.add(s.fast_shares, slot, 2 * lots, 0, 1, lots, lots)
        else:
            sh.add(s.fast_shares, slot, lots, -lots, 1, lots, lots if side < 0 else 0)
    if buyer >= 0 and seller >= 0:
        low, high = min(buyer, seller), max(buyer, seller)
        net = 0 if buyer == seller else (lots if buyer == low else -lots)
        sh.add(s.fast_common, sl.give_slot(s.pairs, (low << 32) | high), lots, net, 1, 0, 0)


@nb.njit(cache=True)
def _add_order(
    s: State, time: int, kind: int, side: int, lots: int, leaves: int, entity: int, key: int, out: Out
) -> None:
    whole, real = s.fast.open_whole, s.fast.open_real
    whole[bk.NEW] += kind == NEW
    whole[bk.REPLACED] += kind == REPLACE
    whole[bk.CANCELLED] += kind == CANCEL
    if entity < 0 or key == 0:
        return
    whole[bk.OWNED] += 1
    slot = sl.give_slot(s.accounts, entity)
    ratio = bait.note_order(s.baits, kind, slot, 1 if side > 0 else 0, key, time, lots, leaves)
    if ratio > 0.0:
        real[bk.BAIT] = max(real[bk.BAIT], ratio)
    if ratio >= bait.LEAST_RATIO:
        bait.write_episode(s.baits, key, entity, time, out.episodes[out.counts[EPISODES]])
        out.counts[EPISODES] += 1


@nb.njit(cache=True)
def fold_events(
    s: State,
    begin: int,
    time: NDArray[np.int64],
    kind: NDArray[np.int8],
    side: NDArray[np.int8],
    price: NDArray[np.float64],
    lots: NDArray[np.int64],
    leaves: NDArray[np.int64],
    entity: NDArray[np.int32],
    counter: NDArray[np.int32],
    order: NDArray[np.int64],
    counter_order: NDArray[np.int64],
    out: Out,
) -> int:
    """Fold events in total order from number `begin` on; return the number of the first that found no room.

    Args:
        s: The market's state, changed in place.
        begin: First event to fold.
        time: Times in total order, ns, shape (n_events,); so the other columns, named as in `Events`.
        kind: Kinds.
        side: Sides.
        price: Prices.
        lots: Quantities.
        leaves: Quantities left.
        entity: Entity of the order, or of the buyer.
        counter: Entity of the seller.
        order: Hashes of order ids, or of buy orders.
        counter_order: Hashes of sell orders.
        out: Where rows and episodes go; it has room for all.
    """
    closes, room = NEVER, 0
    for i in range(begin, len(time)):
        if time[i] >= closes:
            close_until(s, time[i], out)
            closes = _open_buckets(s, time[i])
        if room == 0:
            room = room_left(s)
            if room == 0:
                return i
        room -= 1
        if kind[i] == TRADE:
            _add_trade(s, time[i], side[i], price[i], lots[i])
            if entity[i] >= 0 or counter[i] >= 0:
                _add_entities(s, time[i], side[i], lots[i], entity[i], counter[i], order[i], counter_order[i])
        else:
            _add_order(s, time[i], kind[i], side[i], lots[i], leaves[i], entity[i], order[i], out)
    return len(time)

"""The fold's kernel: one pass over the events of a market, closing buckets as time passes them."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features import buckets as bk
from features import shares as sh
from features import slots as sl
from features.buckets import Buckets
from features.day import Day, pass_empty, remember
from features.events import CANCEL, NEW, REPLACE, TRADE
from features.market import market_row
from features.shares import Shares
from features.slots import Slots
from features.state import State, room_left


class Written(NamedTuple):
    """Rows of one scale as they are written, shape (capacity, …); `filled` says how many, shape (1,)."""

    values: NDArray[np.float64]
    end: NDArray[np.int64]
    top: NDArray[np.int64]
    pair: NDArray[np.int64]
    filled: NDArray[np.int64]


class Out(NamedTuple):
    """Rows of both scales."""

    fast: Written
    coarse: Written


NEVER = -(1 << 62)


@nb.njit(cache=True)
def _close(b: Buckets, shares: Shares, common: Shares, accounts: Slots, pairs: Slots, day: Day, out: Written) -> None:
    bucket, k = b.marks[bk.OPEN], out.filled[0]
    bk.shut(b)
    sh.close(shares, bucket, bk.ring_size(b))
    sh.close(common, bucket, bk.ring_size(b))
    out.top[k], out.pair[k] = market_row(out.values[k], b, day, accounts, shares, pairs, common)
    out.end[k] = (bucket + 1) * b.span_ns[0]
    out.filled[0] += 1
    bk.clear_open(b)


@nb.njit(cache=True)
def close_until(s: State, until: int, out: Out) -> None:
    """Close the open buckets that end at or before `until`."""
    fine, coarse = s.fast.marks, s.coarse.marks
    if fine[bk.OPEN] >= 0 and (fine[bk.OPEN] + 1) * s.fast.span_ns[0] <= until:
        bk.merge(s.fast, s.coarse)
        sh.pour(s.fast_shares, s.shares)
        sh.pour(s.fast_common, s.common)
        _close(s.fast, s.fast_shares, s.fast_common, s.accounts, s.pairs, s.day, out.fast)
    if coarse[bk.OPEN] >= 0 and (coarse[bk.OPEN] + 1) * s.coarse.span_ns[0] <= until:
        _close(s.coarse, s.shares, s.common, s.accounts, s.pairs, s.day, out.coarse)
        remember(s.day, s.coarse)


@nb.njit(cache=True)
def _open_buckets(s: State, time: int) -> int:
    # Returns when the fine bucket ends; the coarse one never ends before it.
    s.fast.marks[bk.OPEN] = time // s.fast.span_ns[0]
    s.coarse.marks[bk.OPEN] = time // s.coarse.span_ns[0]
    pass_empty(s.day, s.coarse.marks[bk.OPEN])
    return int((s.fast.marks[bk.OPEN] + 1) * s.fast.span_ns[0])


@nb.njit(cache=True)
def _add_price(real: NDArray[np.float64], price: float) -> None:
    real[bk.CLOSE] = price
    real[bk.HIGH] = price if np.isnan(real[bk.HIGH]) else max(real[bk.HIGH], price)
    real[bk.LOW] = price if np.isnan(real[bk.LOW]) else min(real[bk.LOW], price)


@nb.njit(cache=True)
def _add_arrival(whole: NDArray[np.int64], real: NDArray[np.float64], last: NDArray[np.int64], time: int) -> None:
    whole[bk.MOMENTS] += time != last[0]
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
def _add_rush_sell(whole: NDArray[np.int64], last: NDArray[np.int64], millisecond: int) -> None:
    last[4] = last[4] + 1 if millisecond == last[3] else 1
    last[3] = millisecond
    whole[bk.RUSH_SELL] += last[4] == 2


@nb.njit(cache=True)
def _add_trade(
    whole: NDArray[np.int64],
    real: NDArray[np.float64],
    last: NDArray[np.int64],
    paid: NDArray[np.float64],
    time: int,
    side: int,
    price: float,
    lots: int,
) -> None:
    whole[bk.VOLUME] += lots
    whole[bk.TRADES] += 1
    _add_price(real, price)
    _add_arrival(whole, real, last, time)
    if side != 0:
        whole[bk.KNOWN] += 1
        whole[bk.BUY if side > 0 else bk.SELL] += lots
    if side > 0:
        _add_sweep(whole, real, last, paid, time // 1_000_000, price)
    elif side < 0:
        _add_rush_sell(whole, last, time // 1_000_000)


@nb.njit(cache=True)
def _add_entities(
    whole: NDArray[np.int64],
    accounts: Slots,
    shares: Shares,
    pairs: Slots,
    common: Shares,
    side: int,
    lots: int,
    buyer: int,
    seller: int,
) -> None:
    whole[bk.ATTRIBUTED] += 1
    if buyer >= 0:
        slot = sl.give_slot(accounts, buyer)
        if buyer != seller:
            sh.add(shares, slot, lots, lots, 1, lots, lots if side > 0 else 0)
    if seller >= 0:
        slot = sl.give_slot(accounts, seller)
        if buyer == seller:
            whole[bk.SELF] += lots
            sh.add(shares, slot, 2 * lots, 0, 1, lots, lots)
        else:
            sh.add(shares, slot, lots, -lots, 1, lots, lots if side < 0 else 0)
    if buyer >= 0 and seller >= 0:
        low, high = min(buyer, seller), max(buyer, seller)
        net = 0 if buyer == seller else (lots if buyer == low else -lots)
        sh.add(common, sl.give_slot(pairs, (low << 32) | high), lots, net, 1, 0, 0)


@nb.njit(cache=True)
def fold_events(
    s: State,
    begin: int,
    time: NDArray[np.int64],
    kind: NDArray[np.int8],
    side: NDArray[np.int8],
    price: NDArray[np.float64],
    lots: NDArray[np.int64],
    entity: NDArray[np.int32],
    counter: NDArray[np.int32],
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
        entity: Entity of the order, or of the buyer.
        counter: Entity of the seller.
        out: Where rows go; it has room for all.
    """
    whole, real = s.fast.open_whole, s.fast.open_real
    closes, room = NEVER, 0
    for i in range(begin, len(time)):
        if time[i] >= closes:
            close_until(s, time[i], out)
            closes = _open_buckets(s, time[i])
        room = room - 1 if room > 0 else room_left(s) - 1
        if room < 0:
            return i
        if kind[i] == TRADE:
            _add_trade(whole, real, s.last, s.last_paid, time[i], side[i], price[i], lots[i])
            if entity[i] >= 0 or counter[i] >= 0:
                _add_entities(
                    whole, s.accounts, s.fast_shares, s.pairs, s.fast_common, side[i], lots[i], entity[i], counter[i]
                )
        else:
            whole[bk.NEW] += kind[i] == NEW
            whole[bk.REPLACED] += kind[i] == REPLACE
            whole[bk.CANCELLED] += kind[i] == CANCEL
    return len(time)

"""Hand-made trades of known takers, as sweeps see them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from features.events import TRADE
from features.seen import Seen, blank_seen
from features.sweeps.base import Found, KernelSweep

SECOND_NS = 1_000_000_000
BEGIN_S = 1_767_571_200
"""Midnight UTC, 5 January 2026."""
USUAL, SIGMA, FLOW, HALF_SPREAD = 100.0, 2e-4, 1_000.0, 0.01


class Took(NamedTuple):
    """One trade: when, in seconds after midnight, who took from whom on which side, at what price, how many lots."""

    at_s: float
    taker: int
    side: int
    price: float
    lots: int = 100
    maker: int = 99


def seen_of(trades: list[Took], *, touch: bool = True) -> Seen:
    """Return trades as events of a market with a touch around the last price, or with none."""
    time = np.array([round((BEGIN_S + t.at_s) * SECOND_NS) for t in trades], np.int64)
    side, price = np.array([t.side for t in trades], np.int8), np.array([t.price for t in trades])
    taker, maker = (np.array([t[k] for t in trades], np.int32) for k in (1, 5))
    n, known = len(trades), {"usual": USUAL, "sigma": SIGMA, "flow": FLOW, "pace": 10.0}
    seen = blank_seen(
        {
            "time": time, "kind": np.full(n, TRADE, np.int8), "side": side, "price": price,
            "lots": np.array([t.lots for t in trades], np.int64), "entity": np.where(side > 0, taker, maker),
            "counter": np.where(side > 0, maker, taker), "order": np.zeros(n, np.int64),
            "counter_order": np.zeros(n, np.int64),
        }
    )  # fmt: skip
    # The last price of an earlier moment; of the first moment its own.
    earlier = np.searchsorted(time, time) - 1
    last = np.where(earlier >= 0, price[np.maximum(earlier, 0)], price[0] if n else np.nan)
    seen = seen._replace(last=last, **{name: np.full(n, value) for name, value in known.items()})
    return seen._replace(bid=last - HALF_SPREAD, ask=last + HALF_SPREAD) if touch else seen


def noise(seed: int, count: int, *, begin_s: float = 0.0, every_s: float = 3.0, accounts: int = 20) -> list[Took]:
    """Return trades of many accounts around 100 that go nowhere."""
    rng = np.random.default_rng(seed)
    at = begin_s + np.cumsum(rng.exponential(every_s, count))
    takers, sides = rng.integers(10, 10 + accounts, count), rng.choice([-1, 1], count)
    lots = rng.integers(20, 200, count)
    columns = zip(at.tolist(), takers.tolist(), sides.tolist(), lots.tolist(), strict=True)
    return [Took(t, who, side, 100.0 + side * HALF_SPREAD, size) for t, who, side, size in columns]


def pieces(sweep: KernelSweep, seen: Seen, cuts: list[int], until: int = 2**62) -> Found:
    """Return what a sweep finds in events cut into calls, time passing between them."""
    found = sweep.fold(Seen._make(column[:0] for column in seen))
    for begin, end in zip([0, *cuts], [*cuts, len(seen.time)], strict=True):
        found = found.then(sweep.fold(Seen._make(column[begin:end] for column in seen)))
        if end < len(seen.time):
            found = found.then(sweep.advance(int(seen.time[end])))
    return found.then(sweep.advance(until))


def same(one: Found, other: Found) -> bool:
    """Whether two findings have the same bits."""
    return all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        for a, b in zip(vars(one).values(), vars(other).values(), strict=True)
    )

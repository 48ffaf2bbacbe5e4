"""Buying pressure against a slow oracle, and the day that it is compared with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.day import LAG_NS, LEAST_NS
from features.events import NEW, TRADE, Events, no_events
from features.fold import Folded, MarketFold, Windows
from features.time_units import DAY_NS

SECOND = 1_000_000_000
START = 1_714_521_600 * SECOND
COARSE = 60 * SECOND
BLOCK = 1800 * SECOND
NAN = float("nan")
PRESSURE = (
    "rush_orders", "rush_rate", "sweep", "recent_trades", "trade_surge", "buy_surge", "buy_record",
    "buy_acceleration", "volume_surge", "buy_share_60s", "buy_share_300s", "rise_10s", "rise_120s", "rise_deviation",
    "day_volatility", "above_high", "hour_phase_s", "half_hour_phase_s", "signed_imbalance", "rush_sells", "sell_surge",
    "usual_trades", "usual_return",
)  # fmt: skip
Row = dict[str, float]


def trades_at(time: NDArray[np.int64], seed: int, *, aggressor: bool = True) -> Events:
    random, n = np.random.default_rng(seed), len(time)
    whole, nobody = np.zeros(n, np.int64), np.full(n, -1, np.int32)
    side = random.choice([-1, 0, 1, 1], n) if aggressor else whole
    return replace(
        no_events(), time=time, kind=np.where(random.random(n) < 0.9, TRADE, NEW).astype(np.int8), market=nobody,
        side=side.astype(np.int8), price=50 * np.exp(np.cumsum(random.normal(0, 0.003, n))),
        lots=random.integers(1, 10**8, n), leaves=whole - 1, account=nobody, counter=nobody, order=whole,
        counter_order=whole, source=nobody, sequence=whole, row=whole, ids=pa.nulls(n, pa.string()),
    )  # fmt: skip


def random_tape(seed: int, n: int, hours: float, *, aggressor: bool) -> Events:
    random = np.random.default_rng(seed)
    burst = np.repeat(np.sort(random.integers(0, int(hours * 3600), n // 3 + 1)), 3)[:n]
    return trades_at(START + burst * SECOND, seed, aggressor=aggressor)


def folded(events: Events, windows: Windows) -> Folded:
    fold = MarketFold(0, windows)
    return fold.fold(events, events.account, events.counter).then(fold.advance(2**62))


class Oracle:
    """Rows of one scale, each from all events anew."""

    def __init__(self, events: Events, span_ns: int, n: int) -> None:
        self.e, self.span, self.n = events, span_ns, n
        self.trade = events.kind == TRADE
        self.bucket = events.time // span_ns
        self.coarse = events.time // COARSE
        self.first = int(self.bucket[self.trade][0]) if self.trade.any() else 2**62
        self.rush, self.sweep = self.rushes(1)
        self.rush_sell, _ = self.rushes(-1)

    def rushes(self, side: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        # At the second taker of a side in a millisecond it is a rush order; the sweep is by what prices grew apart.
        rush, sweep = np.zeros(len(self.e), np.bool_), np.zeros(len(self.e))
        paid: dict[int, list[float]] = {}
        for i in np.flatnonzero(self.trade & (self.e.side == side)):
            prices = paid.setdefault(int(self.e.time[i]) // 1_000_000, [])
            before = np.log(max(prices) / min(prices)) if prices else 0.0
            prices.append(float(self.e.price[i]))
            rush[i] = len(prices) == 2
            sweep[i] = np.log(max(prices) / min(prices)) - before
        return rush, sweep

    def rows(self) -> list[Row]:
        return [dict.fromkeys(PRESSURE, NAN) | self.row(int(b)) for b in np.unique(self.bucket)]

    def span_of(self, seconds: int) -> int:
        return max(1, seconds * SECOND // self.span)

    def between(self, first: int, last: int) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = self.trade & (self.bucket >= first) & (self.bucket <= last)
        return inside

    def lots(self, first: int, last: int, side: int | None = None) -> float:
        inside = self.between(first, last)
        return float(self.e.lots[inside if side is None else inside & (self.e.side == side)].sum())

    def high(self, first: int, last: int) -> float:
        return float(self.e.price[self.between(first, last)].max(initial=-np.inf))

    def close(self, bucket: int) -> float:
        return float(self.e.price[self.trade & (self.bucket <= bucket)][-1])

    def row(self, last: int) -> Row:
        if last < self.first:
            return {}
        first = max(self.first, last - self.n + 1)
        begin = max(first, last - self.span_of(30) + 1)
        recent, end = self.between(begin, last), (last + 1) * self.span // SECOND
        out: Row = {"recent_trades": float(recent.sum()), "hour_phase_s": (end + 1800) % 3600 - 1800,
                    "half_hour_phase_s": (end + 900) % 1800 - 900}  # fmt: skip
        if (self.e.side[self.between(first, last)] != 0).any():
            out["rush_orders"], out["sweep"] = float(self.rush[recent].sum()), self.sweep[recent].sum()
            out["rush_sells"] = float(self.rush_sell[recent].sum())
            for seconds in (60, 300):
                since = max(first, last - self.span_of(seconds) + 1)
                bought, sold = self.lots(since, last, 1), self.lots(since, last, -1)
                out[f"buy_share_{seconds}s"] = bought / (bought + sold) if bought + sold else NAN
        bought, sold = self.lots(last, last, 1), self.lots(last, last, -1)
        out["signed_imbalance"] = (bought - sold) / (bought + sold) if bought + sold else NAN
        out["day_volatility"] = self.volatility(last)
        for name, seconds, by in (("rise_10s", 10, 1.0), ("rise_120s", 120, 1.0),
                                  ("rise_deviation", 30, max(2e-4, out["day_volatility"]))):  # fmt: skip
            before = last - self.span_of(seconds)
            if before >= first and self.between(before + 1, last).any():
                out[name] = np.log(self.high(before + 1, last) / self.close(before)) / by
        if np.isnan(out["day_volatility"]):
            out["rise_deviation"] = NAN
        minute = last - self.span_of(60)
        if minute >= first and self.between(first, minute).any():
            out["above_high"] = np.log(self.close(last) / self.high(first, minute))
        return out | self.surges(first, last, begin, out)

    def day(self, last: int) -> tuple[NDArray[np.bool_], int]:
        """Return the trades of the day that ended 5 minutes before, and how many coarse buckets are on record."""
        newest = (last * self.span) // COARSE - 1 - LAG_NS // COARSE
        first = max(int(self.coarse[self.trade][0]), newest - DAY_NS // COARSE + 1)
        return self.trade & (self.coarse >= first) & (self.coarse <= newest), max(0, newest - first + 1)

    def surges(self, first: int, last: int, begin: int, known: Row) -> Row:
        inside, buckets = self.day(last)
        if buckets < LEAST_NS // COARSE:
            return {}
        span = self.span_of(30)
        share = span * self.span / (buckets * COARSE)
        floor = 0.01 * self.e.lots[inside].sum() * share + 1e-9
        out: Row = {"trade_surge": np.log((known["recent_trades"] + 0.006) / (inside.sum() * share + 0.006))}
        out["usual_trades"] = self.usual(inside, np.ones(len(self.e))) * share
        out["usual_return"] = np.sqrt(self.usual_square(last) / buckets)
        if "rush_orders" not in known:
            return out
        bought, traded = self.lots(begin, last, 1), self.lots(begin, last)
        for name, side in (("buy_surge", 1), ("sell_surge", -1)):
            usual = self.usual(inside & (self.e.side == side), self.e.lots) * share
            out[name] = self.lots(begin, last, side) / usual if usual else NAN
        out["rush_rate"] = np.log((known["rush_orders"] + 0.006) / (self.rush[inside].sum() * share + 0.006))
        minute, quiet = last - self.span_of(60), last - self.span_of(300)
        if minute - span >= first:
            largest = max(self.lots(max(first, b - span + 1), b, 1) for b in range(first, minute + 1))
            out["buy_record"] = np.log((bought + floor) / (largest + floor))
        if quiet >= first:
            usual = self.lots(first, quiet) * span / (quiet - first + 1)
            out["volume_surge"] = np.log((traded + floor) / (usual + floor))
            if last - span > quiet:
                usual = self.lots(quiet + 1, last - span, 1) * span / (last - span - quiet)
                out["buy_acceleration"] = np.log((bought + floor) / (usual + floor))
        return out

    def usual(self, inside: NDArray[np.bool_], figure: NDArray[np.generic]) -> float:
        """Return the sum of a figure with every half hour capped at four times the median of those with any."""
        return self.capped(np.bincount(self.e.time[inside] // BLOCK - START // BLOCK, figure[inside]))

    def capped(self, blocks: NDArray[Any]) -> float:
        filled = blocks[blocks > 0]
        return float(np.minimum(filled, 4 * np.median(filled)).sum() if len(filled) >= 3 else filled.sum())

    def usual_square(self, last: int) -> float:
        newest = (last * self.span) // COARSE - 1 - LAG_NS // COARSE
        first = max(int(self.coarse[self.trade][0]), newest - DAY_NS // COARSE + 1)
        minutes = np.arange(first, newest + 1)
        closes = np.array([self.close_of_minute(c) for c in range(first - 1, newest + 1)])
        squares = np.nan_to_num((closes[1:] / closes[:-1] - 1) ** 2)
        return self.capped(np.bincount(minutes * COARSE // BLOCK - START // BLOCK, squares))

    def close_of_minute(self, minute: int) -> float:
        until = self.e.price[self.trade & (self.coarse <= minute)]
        return float(until[-1]) if len(until) else NAN

    def volatility(self, last: int) -> float:
        closed = np.arange(int(self.coarse[self.trade][0]), (last * self.span) // COARSE)
        if len(closed) < 2:
            return NAN
        closes = np.array([self.e.price[self.trade & (self.coarse <= c)][-1] for c in closed])
        weight = (0.5 ** (4 * COARSE / DAY_NS)) ** np.arange(len(closed) - 2, -1, -1.0)
        return float(np.sqrt((weight * (closes[1:] / closes[:-1] - 1) ** 2).sum() / weight.sum()))


def assert_rows(out: Folded, events: Events, windows: Windows) -> None:
    scales = ((out.market, COARSE, windows.market_buckets), (out.fast, windows.fast_ns, windows.fast_buckets))
    for rows, span, n in scales:
        expected = Oracle(events, span, n).rows()
        assert len(rows) == len(expected)
        for name in PRESSURE:
            told = np.array([row[name] for row in expected], float)
            np.testing.assert_allclose(rows[name], told, rtol=1e-8, atol=1e-8, err_msg=f"{rows.scale} {name}")


@given(
    seed=st.integers(0, 10_000), n=st.integers(1, 150), hours=st.sampled_from([0.1, 1.0, 3.0]), aggressor=st.booleans()
)
@settings(max_examples=10)
def test_pressure_of_random_tapes_equals_the_oracle(seed: int, n: int, hours: float, aggressor: bool) -> None:  # noqa: FBT001
    windows = Windows(fast_buckets=100)
    events = random_tape(seed, n, hours, aggressor=aggressor)
    assert_rows(folded(events, windows), events, windows)


@pytest.mark.parametrize("gap_h", [0.2, 23.9, 24.0, 24.2, 60.0])
def test_day_behind_a_gap_holds_only_what_lies_within_it(gap_h: float) -> None:
    windows = Windows(fast_buckets=60)
    before = np.arange(0, 3000, 50)
    after = before[-1] + int(gap_h * 3600) + np.arange(0, 900, 30)
    events = trades_at(START + np.concatenate([before, after]) * SECOND, 7)
    assert_rows(folded(events, windows), events, windows)


def test_buy_surge_after_a_silent_day_is_unknown() -> None:
    time = START + np.array([*range(0, 3000, 50), 3000 + 90_000]) * SECOND
    out = folded(replace(trades_at(time, 1), kind=np.full(len(time), TRADE, np.int8)), Windows())
    assert np.isnan(out.fast["buy_surge"][-1])
    assert not np.isnan(out.fast["trade_surge"][-1])

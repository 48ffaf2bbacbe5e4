"""Rows over venues against a slow, obvious oracle."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from features.cross.fold import CrossFold, CrossSpans
from features.cross.prints import Prints
from features.cross_catalogue import CROSS_FEATURES
from features.rows import Rows

SECOND = 1_000_000_000
BUCKET_S, WINDOW, LAG = 5, 120, 12
START = 1_714_521_600
FEES = {"alpha": 3.0, "beta": 1.0, "gamma": 2.0}


def prints_of(rows: list[tuple[float, int, float, float, int]]) -> Prints:
    """Return trades (second, market, price, quantity, side) as prints, in order."""
    time, slot, price, quantity, side = (np.array(column) for column in zip(*sorted(rows), strict=True))
    nobody = np.full(len(time), -1, np.int32)
    return Prints(
        ((time + START) * SECOND).astype(np.int64), slot.astype(np.int64), price, quantity, side.astype(np.int8),
        nobody, nobody, np.zeros(len(time), np.bool_),
    )  # fmt: skip


def folded(prints: Prints, venues: int = 2) -> dict[int, Rows]:
    """Return the rows of each market."""
    fold = CrossFold(CrossSpans(fee_bps=9.0, fees_bps=FEES))
    for number, venue in enumerate(list(FEES)[:venues]):
        fold.join(number, (venue, "BTC/USD"))
    return {code: one.rows for code, one in fold.fold(prints).items()}


def random_trades(seed: int, venues: int, n: int = 900) -> Prints:
    rng = np.random.default_rng(seed)
    time = np.sort(rng.uniform(0, 1500, n))
    walk = 100.0 * np.exp(np.cumsum(rng.normal(0, 3e-4, n)))
    slot = rng.choice(venues, n, p=np.array([6, 3, 1])[:venues] / np.array([6, 3, 1])[:venues].sum())
    price = walk * (1.0 + rng.normal(0, 2e-4, n) + 6e-4 * ((slot == 0) & (time > 700) & (time < 800)))
    rows = zip(time, slot, price, rng.exponential(2.0, n), rng.choice((1, -1, 0), n), strict=True)
    return prints_of([(float(t), int(s), float(p), float(q), int(d)) for t, s, p, q, d in rows])


class Oracle:
    """The catalogue, read aloud."""

    def __init__(self, prints: Prints, venues: int) -> None:
        self.prints, self.venues = prints, venues
        self.bucket = prints.time // (BUCKET_S * SECOND)
        self.first = int(self.bucket[0])

    def of(self, market: int, bucket: int, what: str) -> float:
        """Return a sum of one bucket of a market: its volume, taker buys, taker sells, or number of trades."""
        mine = (self.prints.slot == market) & (self.bucket == bucket)
        if what == "trades":
            return float(mine.sum())
        side = {"volume": None, "bought": 1, "sold": -1}[what]
        mine &= True if side is None else self.prints.side == side
        return float(self.prints.quantity[mine].sum())

    def close(self, market: int, bucket: int) -> float:
        mine = np.flatnonzero((self.prints.slot == market) & (self.bucket <= bucket))
        return float(self.prints.price[mine[-1]]) if len(mine) else math.nan

    def fresh(self, market: int, bucket: int) -> bool:
        return any(self.of(market, b, "trades") for b in range(bucket - 6, bucket + 1))

    def series(self, market: int, bucket: int, what: str, length: int) -> NDArray[np.float64]:
        return np.array([self.of(market, b, what) for b in range(bucket - length + 1, bucket + 1)])

    def closes(self, market: int, bucket: int) -> NDArray[np.float64]:
        return np.array([self.close(market, b) for b in range(bucket - WINDOW - LAG + 1, bucket + 1)])

    def row(self, market: int, bucket: int) -> dict[str, float]:
        others = [m for m in range(self.venues) if m != market]
        weight = {m: self.series(m, bucket, "volume", WINDOW).sum() for m in range(self.venues)}
        live = [m for m in others if self.fresh(m, bucket) and weight[m] > 0]
        out = {"volume_share": weight[market] / sum(weight.values())}
        if self.fresh(market, bucket) and live:
            level = np.average([self.close(m, bucket) for m in live], weights=[weight[m] for m in live])
            out["price_gap_bps"] = (self.close(market, bucket) / level - 1) * 1e4
            out["return_bps"] = 1e4 * math.log(self.close(market, bucket) / self.close(market, bucket - LAG))
        for name, who in (("signed_imbalance", [market]), ("others_imbalance", others)):
            bought, sold = (sum(self.series(m, bucket, side, LAG).sum() for m in who) for side in ("bought", "sold"))
            out[name] = (bought - sold) / (bought + sold) if bought + sold else math.nan
        theirs = np.sum([self.series(m, bucket, "volume", WINDOW) for m in others], axis=0)
        busy = np.sum([self.series(m, bucket, "trades", WINDOW) for m in others], axis=0)
        own_busy = self.series(market, bucket, "trades", WINDOW)
        if (busy > 0).sum() >= 20 and (own_busy > 0).sum() >= 20:
            out["volume_correlation"] = np.corrcoef(self.series(market, bucket, "volume", WINDOW), theirs)[0, 1]
            steps = {m: np.nan_to_num(np.diff(np.log(self.closes(m, bucket)))) for m in range(self.venues)}
            group = sum(weight[m] * steps[m] for m in others)
            found = {}
            for shift in range(-LAG, LAG + 1):
                n, ahead, behind = len(group), max(shift, 0), max(-shift, 0)
                pair = np.corrcoef(steps[market][behind : n - ahead], group[ahead : n - behind])
                found[shift] = pair[0, 1]
            out["lead_correlation"] = max(found.values())
        closes = self.closes(market, bucket)
        before = closes[:-1][~np.isnan(closes[:-1])]
        if len(before):
            out["price_change"] = closes[-1] / before.mean() - 1
        return out


@pytest.mark.parametrize(("seed", "venues"), [(1, 2), (2, 3)])
def test_rows_over_venues_of_random_trades_are_those_of_the_oracle(seed: int, venues: int) -> None:
    prints = random_trades(seed, venues)
    rows, oracle = folded(prints, venues), Oracle(prints, venues)
    for market, mine in rows.items():
        for number in range(0, len(mine), 37):
            bucket = int(mine.end[number] // (BUCKET_S * SECOND)) - 1
            expected = oracle.row(market, bucket)
            for name, value in expected.items():
                assert mine[name][number] == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True), name


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_rows_over_venues_of_random_trades_are_within_the_ranges_of_the_catalogue(seed: int) -> None:
    for rows in folded(random_trades(seed, 3), 3).values():
        for feature in CROSS_FEATURES:
            values = rows[feature.name][~np.isnan(rows[feature.name])]
            assert feature.low is None or (values >= feature.low - 1e-12).all(), feature.name
            assert feature.high is None or (values <= feature.high + 1e-12).all(), feature.name


def gap_of(here: float, there: float, *, there_until: float = 60.0) -> Rows:
    """Return the rows of market 0, which trades at one price while the other one trades at another, then not."""
    trades = [(t + 0.1, 0, 100.0 if t < 30 else here, 1.0, 1) for t in range(60)]
    trades += [(t + 0.6, 1, 100.0 if t < 30 else there, 2.0, -1) for t in range(60) if t < there_until]
    return folded(prints_of(trades))[0]


def test_net_gap_of_a_venue_that_went_away_counts_fees_time_trades_and_who_moved() -> None:
    rows = gap_of(101.0, 100.0)
    assert rows["net_gap_bps"][-1] == pytest.approx(100.0 - 4.0)
    assert rows["gap_side"][-1] == 1.0
    assert rows["gap_s"].tolist() == [0.0] * 6 + [5.0, 10.0, 15.0, 20.0, 25.0, 30.0]
    assert rows["gap_trades"][-1] == 30.0
    assert rows["moved_share"][-1] == 1.0
    assert rows["gap_size"][-1] == pytest.approx(60.0)
    assert rows["gap_value"][-1] == pytest.approx(60.0 * 101.0 * 96e-4)


def test_net_gap_within_fees_is_below_zero_and_lasts_no_time() -> None:
    rows = gap_of(100.03, 100.0)
    assert rows["net_gap_bps"][-1] == pytest.approx(3.0 - 4.0)
    assert rows["gap_s"][-1] == 0.0


def test_net_gap_to_a_price_at_which_nobody_trades_has_no_trades_and_ends_when_it_is_stale() -> None:
    rows = gap_of(101.0, 100.0, there_until=20.0)
    assert np.nanmax(rows["gap_trades"]) == 0.0
    assert not np.isnan(rows["net_gap_bps"][8])
    assert np.isnan(rows["net_gap_bps"][-1])


def test_lead_of_a_venue_ahead_of_the_other_is_above_zero() -> None:
    rng = np.random.default_rng(0)
    walk = 100.0 * np.exp(np.cumsum(rng.normal(0, 1e-3, 1000)))
    trades = [(t + 0.1, 0, float(walk[t]), 1.0, 1) for t in range(10, 900)]
    trades += [(t + 0.6, 1, float(walk[t - 10]), 1.0, 1) for t in range(10, 900)]
    ahead, behind = folded(prints_of(trades)).values()
    assert ahead["lead_s"][-1] == 10.0
    assert behind["lead_s"][-1] == -10.0
    assert ahead["lead_correlation"][-1] > 0.9


def test_rows_of_a_market_that_has_not_traded_yet_are_none() -> None:
    trades = [(float(t), 0, 100.0, 1.0, 1) for t in range(60)] + [(50.5, 1, 100.0, 1.0, 1)]
    rows = folded(prints_of(trades))
    assert (len(rows[0]), len(rows[1])) == (12, 2)
    assert np.isnan(rows[0]["price_gap_bps"][:10]).all()

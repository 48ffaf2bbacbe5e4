"""Every feature of the market grain against a slow, obvious oracle, at both scales."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from features import buckets as bk
from features.catalogue import COLUMN, MARKET_FEATURES
from features.events import CANCEL, FILL, NEW, REPLACE, TRADE, Events, no_events
from features.fold import Folded, MarketFold, Windows
from features.rows import Rows

SECOND = 1_000_000_000
START = 1_714_521_600 * SECOND
WINDOWS = Windows()
FAR = 2**62
NAN = float("nan")
Row = dict[str, float]


def tape(seed: int, hours: float, n: int, *, accounts: bool = True, aggressor: bool = True) -> Events:
    """Return random events with gaps, equal timestamps, and cells that are unknown here and there."""
    random = np.random.default_rng(seed)
    quiet = random.random(n) < 0.03
    time = START + np.cumsum(random.choice([0, 1, 7], n) * SECOND + quiet * random.integers(0, 900, n) * SECOND)
    time = START + ((time - START) * (hours * 3600 * SECOND / max(1, time[-1] - START))).astype(np.int64)
    kind = random.choice([TRADE, TRADE, NEW, CANCEL, FILL, REPLACE], n).astype(np.int8)
    kind[: n // 20] = NEW
    is_trade = kind == TRADE
    known = aggressor & (random.random(n) < 0.9)
    side = np.where(is_trade & ~known, 0, random.choice([-1, 1], n)).astype(np.int8)
    codes = random.integers(-1, 6, (2, n)).astype(np.int32) if accounts else np.full((2, n), -1, np.int32)
    whole = np.zeros(n, np.int64)
    return replace(
        no_events(), time=time, kind=kind, market=whole.astype(np.int32), side=side,
        price=100.0 * np.exp(np.cumsum(random.normal(0, 0.002, n))), lots=random.integers(1, 10**9, n),
        leaves=np.full(n, -1), account=codes[0], counter=np.where(is_trade, codes[1], -1).astype(np.int32),
        order=np.where(is_trade, 0, random.integers(1, n + 1, n)), counter_order=whole, source=whole.astype(np.int32),
        sequence=whole, row=np.arange(n), ids=pa.nulls(n, pa.string()),
    )  # fmt: skip


def folded(events: Events, windows: Windows = WINDOWS) -> Folded:
    fold = MarketFold(0, windows)
    return fold.fold(events, events.account, events.counter).then(fold.advance(FAR))


def ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else NAN


class Oracle:
    """A market's rows at one scale, each computed from all events anew."""

    def __init__(self, events: Events, span_ns: int, n: int) -> None:
        self.n, self.span_ns = n, span_ns
        self.bucket = events.time // span_ns
        self.events = events
        self.is_trade = events.kind == TRADE
        trades = np.flatnonzero(self.is_trade)
        self.first = int(self.bucket[trades[0]]) if len(trades) else FAR
        self.gap = np.full(len(events), NAN)
        self.gap[trades[1:]] = np.diff(events.time[trades]) * 1e-9
        self.habit: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def rows(self) -> list[Row]:
        return [self.row(int(b)) for b in np.unique(self.bucket)]

    def volumes(self, first: int, last: int) -> NDArray[np.float64]:
        lots = [self.events.lots[(self.bucket == b) & self.is_trade].sum() for b in range(first, last + 1)]
        return np.array(lots, dtype=np.float64)

    def close(self, bucket: int) -> float:
        until = np.flatnonzero(self.is_trade & (self.bucket <= bucket))
        return float(self.events.price[until[-1]]) if len(until) else NAN

    def row(self, last: int) -> Row:
        begin = max(0, last - self.n + 1)
        inside = (self.bucket >= begin) & (self.bucket <= last)
        out = dict.fromkeys(COLUMN, NAN) | self.messages(inside)
        if self.first <= last:
            first = max(self.first, begin)
            out |= self.prices(first, last) | self.arrivals(inside)
            out["trading_frequency"] = out["trade_count"] / ((last - first + 1) * self.span_ns / 60e9)
        return out | self.accounts(inside & self.is_trade, last)

    def messages(self, inside: NDArray[np.bool_]) -> Row:
        counts = {kind: float((inside & (self.events.kind == kind)).sum()) for kind in (TRADE, NEW, CANCEL, REPLACE)}
        messages = counts[NEW] + counts[CANCEL] + counts[REPLACE]
        return {
            "trade_count": counts[TRADE],
            "cancellation_rate": ratio(counts[CANCEL], counts[NEW]),
            "order_to_trade_ratio": ratio(messages, counts[TRADE]) if messages else NAN,
        }

    def prices(self, first: int, last: int) -> Row:
        volumes, closes = self.volumes(first, last), np.array([self.close(b) for b in range(first, last + 1)])
        out: Row = {}
        if len(closes) >= 2:
            out["volume_volatility"] = ratio(volumes.std(), volumes.mean())
            out["price_volatility"] = closes.std() / closes.mean()
            if volumes.std() > 0 and closes.std() > 1e-9:
                out["volume_price_correlation"] = float(np.corrcoef(volumes, closes)[0, 1])
        before, filled = closes[:-1], volumes[:-1][volumes[:-1] > 0]
        here = self.events.price[(self.bucket == last) & self.is_trade]
        if len(before) >= 1:
            out["bucket_return"] = closes[-1] / closes[-2] - 1
            out["rise"] = here.max() / before.mean() - 1 if len(here) else NAN
            out["fall"] = 1 - here.min() / before.mean() if len(here) else NAN
        if len(before) >= 2:
            out["price_change"] = closes[-1] / before.mean() - 1
            out["volume_ratio"] = ratio(volumes[-1], volumes[:-1].mean())
        if len(filled) >= 5:
            out["robust_volume_ratio"] = volumes[-1] / np.median(filled)
        if len(before) >= 10 and self.span_ns >= 30 * SECOND:
            out |= self.spikes(volumes, first, last)
        earlier = [self.close(first - 1), *before]
        moves = np.array([b / a - 1 for a, b in pairwise(earlier) if not np.isnan(a)])
        if len(moves) >= 10 and moves.any():
            out["return_deviation"] = abs(out["bucket_return"]) / np.sqrt((moves**2).mean())
        return out

    def spikes(self, volumes: NDArray[np.float64], first: int, last: int) -> Row:
        trade, time = self.is_trade, self.events.time
        moments = [len(set(time[trade & (self.bucket == b)].tolist())) for b in range(first, last + 1)]
        past = np.array(moments[:-1], float)
        deviation = (moments[-1] - past.mean()) / np.sqrt(max(past.mean(), 1.0) + past.var())
        lasting = ratio(float(volumes[-2:].min()), float(volumes[:-2].mean()))
        return {"count_deviation": deviation, "lasting_volume_ratio": lasting}

    def arrivals(self, inside: NDArray[np.bool_]) -> Row:
        gaps = self.gap[inside & ~np.isnan(self.gap)]
        if len(gaps) < 9 or not gaps.any():
            return {}
        burstiness = (gaps.std() - gaps.mean()) / (gaps.std() + gaps.mean())
        mean, variance, count = self.habit
        out = {"arrival_burstiness": burstiness}
        if count >= 30 and variance > 0:
            out["burstiness_deviation"] = (burstiness - mean) / np.sqrt(variance)
        weight = max(1 / (count + 1), 0.5 / self.n)
        step = burstiness - mean
        self.habit = (mean + weight * step, (1 - weight) * (variance + weight * step**2), count + 1)
        return out

    def accounts(self, inside: NDArray[np.bool_], last: int) -> Row:
        e = self.events
        owned = inside & ((e.account >= 0) | (e.counter >= 0))
        if not owned.any():
            return {}
        volume = float(e.lots[inside].sum())
        traded = {*e.account[owned].tolist(), *e.counter[owned].tolist()}
        # Among equals the one that traded first counts.
        seen = dict.fromkeys(np.stack([e.account, e.counter], 1)[self.is_trade].ravel().tolist())
        codes = [code for code in seen if code in traded and code >= 0]
        bought = {c: float(e.lots[inside & (e.account == c)].sum()) for c in codes}
        sold = {c: float(e.lots[inside & (e.counter == c)].sum()) for c in codes}
        either = {c: float(e.lots[inside & ((e.account == c) | (e.counter == c))].sum()) for c in codes}
        gross = {c: bought[c] + sold[c] for c in codes}
        top = max(codes, key=lambda c: either[c])
        took = inside & (((e.account == top) & (e.side > 0)) | ((e.counter == top) & (e.side < 0)))
        known = bool((e.side[inside] != 0).all())
        known_any = bool((self.is_trade & inside & (e.side != 0)).any())
        own = inside & (e.account == e.counter) & (e.account >= 0)
        lately = self.bucket > last - 300 * 10**9 // self.span_ns
        return self.pairs(inside, lately, either, volume) | {
            "user_concentration": sum((gross[c] / sum(gross.values())) ** 2 for c in codes),
            "top_account_share": either[top] / volume,
            "top_account_net_ratio": abs(bought[top] - sold[top]) / gross[top],
            "top_account_taker_ratio": self.taken(took, own, top) / either[top] if known else NAN,
            "self_match_share": e.lots[own].sum() / volume,
            "account_count": len(codes),
            "crowd": self.crowd(last) if known_any else NAN,
        }

    def crowd(self, last: int) -> float:
        e, since = self.events, last + 1 - max(1, 30 * SECOND // self.span_ns)
        recent = self.is_trade & (self.bucket >= since) & (self.bucket <= last)
        takers = np.select([e.account == e.counter, e.side > 0, e.side < 0], [e.account, e.account, e.counter], -1)
        taken = np.bincount(takers[recent & (takers >= 0)] + 0, e.lots[recent & (takers >= 0)])
        return ratio(float(taken.sum() ** 2), float((taken**2).sum()))

    def taken(self, took: NDArray[np.bool_], own: NDArray[np.bool_], top: int) -> float:
        return float(self.events.lots[took | (own & (self.events.account == top))].sum())

    def pairs(
        self, inside: NDArray[np.bool_], lately: NDArray[np.bool_], either: dict[int, float], volume: float
    ) -> Row:
        e = self.events
        best: tuple[int, float, Row] = (0, 0.0, {})
        for a, b in [(a, b) for a in either for b in either if b >= a]:
            one, other = inside & (e.account == a) & (e.counter == b), inside & (e.account == b) & (e.counter == a)
            if (one | other).sum() < 3 or not ((one | other) & lately).any():
                continue
            lots = float(e.lots[one | other].sum())
            share = lots / (either[a] + (either[b] - lots if a != b else 0))
            net = 0.0 if a == b else abs(float(e.lots[one].sum() - e.lots[other].sum()))
            figures = {"pair_share": share, "pair_net_ratio": net / lots, "pair_trades": float((one | other).sum()),
                       "pair_volume_share": lots / volume}  # fmt: skip
            best = max(best, (int(share >= 0.5), lots if share >= 0.5 else share, figures), key=lambda b: b[:2])
        return best[2]


NOT_HERE = {
    "rush_orders", "rush_rate", "sweep", "recent_trades", "trade_surge", "buy_surge", "buy_record",
    "buy_acceleration", "volume_surge", "buy_share_60s", "buy_share_300s", "rise_10s", "rise_120s", "rise_deviation",
    "day_volatility", "above_high", "hour_phase_s", "half_hour_phase_s", "signed_imbalance", "rush_sells", "sell_surge",
    "usual_trades", "usual_return", "buy_jump", "buy_record_300s", "buy_record_1800s", "trade_jump",
    "trade_record_300s", "trade_record_1800s", "rush_jump", "rush_record_300s", "rush_record_1800s",
    "range_before_300s", "range_before_1800s",
}  # fmt: skip
"""Told by test_pressure and test_onset."""


def assert_rows(rows: Rows, expected: list[Row]) -> None:
    assert len(rows) == len(expected)
    for name in [name for name in COLUMN if name not in NOT_HERE]:
        np.testing.assert_allclose(
            rows[name], np.array([row[name] for row in expected], float), rtol=1e-9, atol=1e-9, err_msg=name
        )


cases = st.tuples(st.integers(0, 10_000), st.sampled_from([0.2, 1.5, 4.0]), st.integers(1, 220), st.booleans(),
                  st.booleans())  # fmt: skip


@given(case=cases)
@settings(max_examples=10)
def test_market_rows_of_random_tapes_equal_the_oracle(case: tuple[int, float, int, bool, bool]) -> None:
    seed, hours, n, accounts, aggressor = case
    events = tape(seed, hours, n, accounts=accounts, aggressor=aggressor)
    assert_rows(folded(events).market, Oracle(events, WINDOWS.market_ns, WINDOWS.market_buckets).rows())


@given(case=cases)
@settings(max_examples=6)
def test_fast_rows_of_random_tapes_equal_the_oracle(case: tuple[int, float, int, bool, bool]) -> None:
    seed, hours, n, accounts, aggressor = case
    windows = replace(WINDOWS, fast_buckets=100)
    events = tape(seed, hours, n, accounts=accounts, aggressor=aggressor)
    assert_rows(folded(events, windows).fast, Oracle(events, windows.fast_ns, 100).rows())


def test_fast_rows_of_the_default_window_equal_the_oracle() -> None:
    events = tape(5, 2.0, 160)
    assert_rows(folded(events).fast, Oracle(events, WINDOWS.fast_ns, WINDOWS.fast_buckets).rows())


def test_coarse_rows_as_merges_of_fine_ones_equal_rows_of_whole_buckets() -> None:
    events = tape(1, 3.0, 2000)
    merged = folded(events).market
    direct = folded(events, Windows(WINDOWS.market_ns, 60, WINDOWS.market_ns, 60)).fast
    np.testing.assert_allclose(merged.values, direct.values, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(merged.pair, direct.pair)


@given(parts=st.lists(st.lists(st.floats(0, 1e3), max_size=6), min_size=3, max_size=3))
def test_gap_moments_merge_in_any_grouping(parts: list[list[float]]) -> None:
    def moments(x: list[float]) -> tuple[int, float, float]:
        return (len(x), float(np.mean(x)), float(np.var(x) * len(x))) if x else (0, 0.0, 0.0)

    def merged(a: tuple[int, float, float], b: tuple[int, float, float]) -> tuple[int, float, float]:
        return (a[0] + b[0], *bk.merge_gaps(*a, *b))

    a, b, c = (moments(part) for part in parts)
    left, right, whole = merged(merged(a, b), c), merged(a, merged(b, c)), moments([x for part in parts for x in part])
    assert left == pytest.approx(right, rel=1e-9, abs=1e-6)
    assert left == pytest.approx(whole, rel=1e-9, abs=1e-6)


@given(seed=st.integers(0, 1000), prices=st.floats(1e-6, 1e6), quantities=st.integers(1, 1000))
@settings(max_examples=8)
def test_features_under_other_units_stay_the_same(seed: int, prices: float, quantities: int) -> None:
    events = tape(seed, 1.5, 300)
    scaled = replace(events, price=events.price * prices, lots=events.lots * quantities)
    for one, other in zip(_scales(folded(events)), _scales(folded(scaled)), strict=True):
        np.testing.assert_allclose(other.values, one.values, rtol=1e-6, atol=1e-7)


@given(seed=st.integers(0, 1000), names=st.permutations(range(6)))
@settings(max_examples=8)
def test_features_under_other_account_codes_have_the_same_bits(seed: int, names: list[int]) -> None:
    events = tape(seed, 1.5, 300)
    other = np.array([*(1000 + 7 * name for name in names), -1], np.int32)
    renamed = replace(events, account=other[events.account], counter=other[events.counter])
    for one, two in zip(_scales(folded(events)), _scales(folded(renamed)), strict=True):
        assert one.values.tobytes() == two.values.tobytes()
        np.testing.assert_array_equal(other[one.top_entity], two.top_entity)
        np.testing.assert_array_equal(np.sort(other[one.pair]), np.sort(two.pair))


def _scales(out: Folded) -> tuple[Rows, Rows]:
    return out.market, out.fast


def arrivals(gaps_s: NDArray[np.float64]) -> float:
    n = len(gaps_s)
    events = replace(tape(0, 1.0, n, accounts=False), kind=np.full(n, TRADE, np.int8),
                     time=START + np.cumsum(np.round(gaps_s * SECOND)).astype(np.int64))  # fmt: skip
    return float(folded(events).market["arrival_burstiness"][-1])


def test_burstiness_of_a_metronome_is_minus_one() -> None:
    assert arrivals(np.full(500, 2.0)) == pytest.approx(-1.0)


def test_burstiness_of_poisson_arrivals_is_about_zero() -> None:
    assert arrivals(np.random.default_rng(0).exponential(1.0, 3000)) == pytest.approx(0.0, abs=0.05)


def test_correlation_of_a_constant_price_is_unknown() -> None:
    events = tape(3, 1.0, 200)
    rows = folded(replace(events, price=np.full(200, 0.1))).market
    assert np.isnan(rows["volume_price_correlation"]).all()
    assert rows["price_volatility"][-1] == pytest.approx(0.0, abs=1e-12)


def test_features_before_the_first_trade_are_unknown() -> None:
    events = tape(2, 0.1, 40)
    rows = folded(replace(events, kind=np.full(40, NEW, np.int8))).market
    needy = [feature.name for feature in MARKET_FEATURES if feature.needs != "orders" and feature.name != "trade_count"]
    assert len(rows) > 2
    assert np.isnan(np.stack([rows[name] for name in needy])).all()
    assert (rows["trade_count"] == 0).all()


def test_values_of_every_feature_stay_in_their_catalogued_range() -> None:
    for seed in range(4):
        for rows in _scales(folded(tape(seed, 3.0, 1500))):
            for feature in MARKET_FEATURES:
                known = rows[feature.name][~np.isnan(rows[feature.name])]
                assert (known >= (-np.inf if feature.low is None else feature.low)).all(), feature.name
                assert (known <= (np.inf if feature.high is None else feature.high)).all(), feature.name


def test_shares_of_hundreds_of_accounts_in_one_bucket_equal_the_oracle() -> None:
    # Tables and rings have to grow in the middle of a bucket, and keys of quiet accounts are dropped.
    random, events = np.random.default_rng(9), tape(9, 3.0, 6000)
    codes = random.integers(0, 400, (2, 6000)) + np.arange(6000) // 1000 * 100
    account = codes[0].astype(np.int32)
    counter = np.where(events.kind == TRADE, codes[1], -1).astype(np.int32)
    rows = folded(replace(events, account=account, counter=counter), replace(WINDOWS, market_buckets=20)).market
    for number in range(20, len(rows), 7):
        inside = (events.time >= rows.end[number] - 20 * WINDOWS.market_ns) & (events.time < rows.end[number])
        traded = inside & (events.kind == TRADE)
        gross = np.bincount(account[traded], events.lots[traded], 2000)
        gross += np.bincount(counter[traded], events.lots[traded], 2000)
        assert rows["user_concentration"][number] == pytest.approx(((gross / gross.sum()) ** 2).sum())
        assert rows["account_count"][number] == np.count_nonzero(gross)

"""Windows told by their totals are judged by the same features as events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from features.events import TRADE, no_events
from features.fold import MarketFold
from features.summary import summary_rows

MINUTE = 60_000_000_000
START = 1_714_521_600_000_000_000
VOLUMES = [10.0, 12.0, 9.0, 0.5, 11.0, 14.0, 60.0]
PRICES = [100.0, 101.0, 100.5, 100.2, 102.0, 101.0, 119.0]
SAME = ("volume_volatility", "price_volatility", "volume_price_correlation", "volume_ratio", "robust_volume_ratio",
        "price_change", "bucket_return", "return_deviation", "rise", "fall")  # fmt: skip


def test_row_of_totals_equals_the_row_of_events_with_the_same_buckets() -> None:
    n = len(VOLUMES)
    whole, nobody = np.zeros(n, np.int64), np.full(n, -1, np.int32)
    events = replace(
        no_events(), time=START + np.arange(n) * MINUTE, kind=np.full(n, TRADE, np.int8), market=nobody,
        side=np.zeros(n, np.int8), price=np.array(PRICES), lots=np.round(np.array(VOLUMES) * 1e8).astype(np.int64),
        leaves=whole, account=nobody, counter=nobody, order=whole, counter_order=whole, source=nobody, sequence=whole,
        row=whole, ids=pa.nulls(n, pa.string()),
    )  # fmt: skip
    fold = MarketFold(0)
    fold.fold(events, nobody, nobody)
    told, counted = summary_rows(VOLUMES, PRICES, 60.0), fold.advance(START + 60 * MINUTE).market
    for name in SAME:
        np.testing.assert_allclose(told[name], counted[name], rtol=1e-12, err_msg=name)


def test_row_of_totals_takes_shares_and_counts_as_they_are() -> None:
    rows = summary_rows(
        [1.0, 2.0], [5.0, 5.0], 30.0, shares={"ann": 3.0, "bob": 1.0}, trades=6, cancels=9, orders=10
    )  # fmt: skip
    assert rows["user_concentration"][0] == pytest.approx(0.75**2 + 0.25**2)
    assert rows["top_account_share"][0] == 0.75
    assert rows.top_entity.tolist() == [0]
    assert rows["account_count"][0] == 2
    assert rows["trading_frequency"][0] == 6.0
    assert rows["cancellation_rate"][0] == pytest.approx(0.9)


def test_row_of_totals_leaves_what_was_not_given_unknown() -> None:
    rows = summary_rows([1.0, 0.0], [5.0, 5.0], 60.0)
    for name in ("trade_count", "cancellation_rate", "user_concentration", "arrival_burstiness", "pair_share"):
        assert np.isnan(rows[name][0]), name
    assert rows.top_entity.tolist() == [-1]


def test_row_of_a_window_without_volume_has_no_ratio() -> None:
    rows = summary_rows([0.0, 0.0, 0.0], [5.0, 5.0, 5.0], 60.0, cancels=1, orders=0)
    assert np.isnan(rows["volume_ratio"][0])
    assert np.isnan(rows["cancellation_rate"][0])
    assert rows["price_change"][0] == 0.0

"""The onset of a burst against a slow oracle, by hand, and where it is unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.events import TRADE, Events
from features.fold import Folded, Windows
from tests.features.test_pressure import COARSE, NAN, SECOND, START, Oracle, folded, random_tape, trades_at

WHAT = ("jump", "record_300s", "record_1800s")
RECORDS = tuple(f"{name}_{what}" for name in ("buy", "trade", "rush") for what in WHAT)
RANGES = ("range_before_300s", "range_before_1800s")


class OnsetOracle(Oracle):
    """Rows of one scale, each from all events anew."""

    def row(self, last: int) -> dict[str, float]:
        out = dict.fromkeys((*RECORDS, *RANGES), NAN)
        if last < self.first:
            return out
        first, burst = max(self.first, last - self.n + 1), self.span_of(25)
        size, inside = last - first + 1, self.between(first, last)
        floor = 0.01 * self.e.lots[inside].sum() / size * burst + 1e-9
        is_known = (self.e.side[inside] != 0).any()
        for name, amount, least in (
            ("trade", np.ones(len(self.e)), 0.006),
            ("buy", np.where(self.e.side == 1, self.e.lots, 0), floor),
            ("rush", self.rush.astype(float), 0.006),
        ):
            if not is_known and name != "trade":
                continue
            for what, spans in (("jump", 1), ("record_300s", self.span_of(300)), ("record_1800s", self.span_of(1800))):
                if size >= 2 * burst + spans - 1:
                    ends = range(last - burst - spans + 1, last - burst + 1)
                    largest = max(self.total(amount, end - burst + 1, end) for end in ends)
                    now = self.total(amount, last - burst + 1, last)
                    out[f"{name}_{what}"] = np.log((now + least) / (largest + least))
        for name, seconds in zip(RANGES, (300, 1800), strict=True):
            span, end = self.span_of(seconds), last - burst
            if size >= span + burst:
                prices = [self.close(bucket) for bucket in range(end - span + 1, end + 1)]
                prices += self.e.price[self.between(end - span + 1, end)].tolist()
                out[name] = np.log(max(prices) / min(prices))
        return out

    def total(self, amount: NDArray[np.generic], first: int, last: int) -> float:
        return float(amount[self.between(first, last)].sum())

    def rows(self) -> list[dict[str, float]]:
        return [self.row(int(b)) for b in np.unique(self.bucket)]


def assert_rows(out: Folded, events: Events, windows: Windows) -> None:
    for rows, span, n in ((out.market, COARSE, windows.market_buckets), (out.fast, SECOND * 5, windows.fast_buckets)):
        expected = OnsetOracle(events, span, n).rows()
        for name in (*RECORDS, *RANGES):
            told = np.array([row[name] for row in expected])
            np.testing.assert_allclose(rows[name], told, rtol=1e-9, atol=1e-9, err_msg=f"{rows.scale} {name}")


@given(
    seed=st.integers(0, 10_000), n=st.integers(1, 60), hours=st.sampled_from([0.1, 0.6, 1.5]), aggressor=st.booleans()
)
@settings(max_examples=8)
def test_onset_of_random_tapes_equals_the_oracle(seed: int, n: int, hours: float, aggressor: bool) -> None:  # noqa: FBT001
    windows = Windows(fast_buckets=400)
    events = random_tape(seed, n, hours, aggressor=aggressor)
    assert_rows(folded(events, windows), events, windows)


def every_ten_seconds(count: int) -> Events:
    """Return one bought lot every ten seconds at one price."""
    events = trades_at(START + np.arange(count) * 10 * SECOND, 1)
    return bought(events, np.ones(count, np.int64))


def bought(events: Events, lots: NDArray[np.int64]) -> Events:
    """Return events as trades at one price that buyers took."""
    kind, side = np.full(len(events), TRADE, np.int8), np.ones(len(events), np.int8)
    return replace(events, kind=kind, side=side, lots=lots, price=np.full(len(events), 50.0))


def test_onset_of_a_burst_stands_out_and_its_continuation_does_not() -> None:
    steady = every_ten_seconds(360)
    # Forty seconds of ten lots a second follow an hour of a tenth of a lot a second.
    extra = START + 3600 * SECOND + np.arange(40) * SECOND
    time = np.concatenate([steady.time, extra])
    events = bought(trades_at(time, 1), np.where(time < START + 3600 * SECOND, 1, 10))
    fast = folded(events, Windows()).fast
    at = {int(end): row for row, end in enumerate((fast.end - START) // SECOND)}
    first, later = at[3625], at[3640]
    assert fast["trade_jump"][first] == pytest.approx(np.log((25 + 0.006) / (2 + 0.006)))
    assert fast["buy_record_1800s"][first] > 4
    assert fast["trade_record_300s"][later] == pytest.approx(np.log((25 + 0.006) / (16 + 0.006)))
    assert fast["rush_jump"][first] == 0.0
    assert fast["range_before_1800s"][first] == 0.0


def test_onset_with_less_of_the_window_is_unknown() -> None:
    fast = folded(every_ten_seconds(200), Windows()).fast
    since = (fast.end - START) // SECOND
    for names, least in (
        (("buy_jump", "trade_jump", "rush_jump"), 50),
        (("buy_record_300s", "trade_record_300s", "rush_record_300s"), 345),
        (("buy_record_1800s", "trade_record_1800s", "rush_record_1800s"), 1845),
        (("range_before_300s",), 325),
        (("range_before_1800s",), 1825),
    ):
        for name in names:
            assert (np.isfinite(fast[name]) == (since >= least)).all(), name


def test_onset_without_takers_sides_knows_trades_and_ranges_only() -> None:
    events = replace(every_ten_seconds(300), side=np.zeros(300, np.int8))
    fast = folded(events, Windows()).fast
    assert np.isfinite(fast["trade_record_1800s"][-1])
    assert np.isnan(fast["buy_jump"][-1])
    assert np.isnan(fast["rush_record_300s"][-1])

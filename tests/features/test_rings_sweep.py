from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.events import TRADE
from features.flows import NOBODY, flows_of_trades, summed
from features.seen import Seen, blank_seen
from features.sweeps.base import Found
from features.sweeps.ring import FIGURES, RingSweep, thinned

SECOND_NS = 1_000_000_000
BEGIN_S = 1_767_571_200
END_OF_TIME = 2**62
Trade = tuple[float, int, int, int]


def seen_of(trades: Sequence[Trade]) -> Seen:
    """Return trades (second, seller, buyer, lots) as seen."""
    n = len(trades)
    table = np.array(sorted(trades)).reshape(n, 4)
    given: dict[str, Any] = {
        "time": (BEGIN_S * SECOND_NS + table[:, 0] * SECOND_NS).astype(np.int64), "kind": np.full(n, TRADE, np.int8),
        "side": np.ones(n, np.int8), "price": np.ones(n), "lots": table[:, 3].astype(np.int64),
        "entity": table[:, 2].astype(np.int32), "counter": table[:, 1].astype(np.int32),
        "order": np.zeros(n, np.int64), "counter_order": np.zeros(n, np.int64),
    }  # fmt: skip
    return blank_seen(given)


def swept(trades: Sequence[Trade]) -> Found:
    sweep = RingSweep()
    return sweep.fold(seen_of(trades)).then(sweep.advance(END_OF_TIME))


def honest(rng: np.random.Generator, seconds: int, a_minute: float = 30.0, accounts: int = 60) -> list[Trade]:
    n = round(seconds / 60 * a_minute)
    pairs = rng.integers(100, 100 + accounts, (n, 2))
    return [(float(at), int(a), int(b), 10) for at, (a, b) in zip(rng.uniform(0, seconds, n), pairs, strict=True)]


def circle(members: Sequence[int], begin_s: float, end_s: float, legs: int) -> list[Trade]:
    n = len(members)
    at = np.linspace(begin_s, end_s, legs)
    return [(float(at[k]), members[k % n], members[(k + 1) % n], 20) for k in range(legs)]


def figure(found: Found, name: str, row: int) -> float:
    return float(found.figures[row, FIGURES.index(name)])


def rows_of(found: Found, members: set[int]) -> list[int]:
    return [row for row, codes in enumerate(found.members) if set(codes[codes >= 0].tolist()) == members]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_ring_of_eight_minutes_in_an_hour_of_honest_trading_is_found_within_its_minute(size: int) -> None:
    members = list(range(size))
    before = [(float(at), one, 100 + k % 60, 30) for k, at in enumerate(range(0, 2000, 40)) for one in members]
    ring = circle(members, 2400.0, 2880.0, 14 * max(size, 3))
    found = swept([*honest(np.random.default_rng(1), 3600), *before, *ring])
    rows = rows_of(found, set(members))
    short = [row for row in rows if figure(found, "window_min", row) == 10.0]
    assert max(figure(found, "share", row) for row in short) > 0.9
    assert max(figure(found, "surprise", row) for row in short) > 10.0
    after_s = found.end[rows] / SECOND_NS - BEGIN_S - 2880
    assert ((after_s >= -60) & (after_s <= 60)).any()


def test_honest_trading_is_no_surprise() -> None:
    found = swept(honest(np.random.default_rng(2), 7200))
    assert found.figures[:, FIGURES.index("surprise")].max(initial=0.0) < 3.0


def test_pair_that_meets_once_in_twenty_minutes_is_found_over_a_day() -> None:
    hours = 30
    slow = [(600.0 + 1200.0 * k, k % 2, (k + 1) % 2, 20) for k in range(hours * 3)]
    found = swept([*honest(np.random.default_rng(3), hours * 3600, a_minute=2.0), *slow])
    rows = [row for row in rows_of(found, {0, 1}) if figure(found, "window_min", row) >= 1440.0]
    assert max(figure(found, "meetings", row) for row in rows) >= 60
    assert max(figure(found, "surprise", row) for row in rows) > 10.0


def test_pair_that_meets_five_times_a_day_is_found_over_a_week() -> None:
    days = 6
    slow = [(7200.0 + 17_280.0 * k, k % 2, (k + 1) % 2, 20) for k in range(days * 5)]
    found = swept([*honest(np.random.default_rng(3), days * 86_400, a_minute=0.5), *slow])
    rows = [row for row in rows_of(found, {0, 1}) if figure(found, "window_min", row) > 1440.0]
    assert max(figure(found, "meetings", row) for row in rows) >= 20


def test_arrangement_is_unknown_without_orders() -> None:
    found = swept(circle([1, 2], 0.0, 300.0, 20))
    assert np.isnan(found.figures[:, FIGURES.index("arranged")]).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 400), max_size=4))
def test_rings_do_not_depend_on_how_events_are_cut_nor_on_restarts(seed: int, cuts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    trades = [*honest(rng, 5400, a_minute=3.0, accounts=8), *circle([1, 2, 3], 3000.0, 4800.0, 60)]
    seen = seen_of(trades)
    whole = RingSweep()
    expected = whole.fold(seen).then(whole.advance(END_OF_TIME))
    sweep, parts, begin = RingSweep(), [], 0
    for end in [*sorted(min(cut, len(trades)) for cut in cuts), len(trades)]:
        parts.append(sweep.fold(Seen._make(column[begin:end] for column in seen)))
        fresh = RingSweep()
        fresh.restore(sweep.snapshot())
        sweep, begin = fresh, end
    parts.append(sweep.advance(END_OF_TIME))
    got = parts[0]
    for part in parts[1:]:
        got = got.then(part)
    for name in ("start", "end", "side", "members", "figures"):
        np.testing.assert_array_equal(getattr(got, name), getattr(expected, name))


def test_thinned_flows_keep_what_everybody_traded() -> None:
    rng = np.random.default_rng(4)
    pairs = rng.integers(0, 30, (500, 2))
    flows = flows_of_trades(np.arange(1, 501), pairs[:, 0], pairs[:, 1], rng.integers(1, 9, 500))
    few = thinned(flows, 40)
    assert (few.first >= 0).sum() <= 70
    for one in range(30):
        both = [sum(f.lots[(f.first == one) | (f.second == one)]) for f in (flows, few)]
        alone = [sum(f.lots[(f.first == one) & (f.second == one)]) for f in (flows, few)]
        assert both[0] + alone[0] == both[1] + alone[1]
    assert len(thinned(flows, 1000).first) == len(flows.first)
    assert len(summed(few).first) == len(few.first)
    assert NOBODY in few.second

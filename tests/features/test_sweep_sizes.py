from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.events import NEW, TRADE
from features.order import END_OF_TIME
from features.seen import Seen, blank_seen
from features.sweeps.base import Found
from features.sweeps.sizes import BENFORD, MOST_TRADES, QUARTER_NS, Sizes, measured_sizes
from features.time_units import HOUR_NS

BEGIN_NS = 1_000 * HOUR_NS
CYCLE = (1, 2, 3, 5, 7, 11)
"""Longer than the trades that are looked back at, so no size repeats."""


def seen_of(lots: list[int], step_ns: int = 4_000_000_000, known: int = -1, **more: Any) -> Seen:
    """Return a trade of each size, `step_ns` apart."""
    n = len(lots)
    nobody, whole = np.full(n, known, np.int32), np.zeros(n, np.int64)
    given: dict[str, Any] = {
        "time": BEGIN_NS + step_ns * np.arange(n), "kind": np.full(n, TRADE, np.int8), "side": np.ones(n, np.int8),
        "price": np.full(n, 10.0), "lots": np.array(lots, np.int64), "entity": nobody, "counter": nobody,
        "order": whole, "counter_order": whole,
    }  # fmt: skip
    return blank_seen(given)._replace(**more)


def cut(seen: Seen, begin: int, end: int) -> Seen:
    return Seen._make(column[begin:end] for column in seen)


def closed(seen: Seen) -> Found:
    sweep = Sizes()
    return sweep.fold(seen).then(sweep.advance(int(seen.time[-1]) + QUARTER_NS))


def figure(found: Found, name: str, row: int = -1) -> float:
    return float(found.figures[row, Sizes.figures.index(name)])


def told(lots: list[int], side: list[int] | None = None, inside: list[int] | None = None) -> dict[str, float]:
    n = len(lots)
    return measured_sizes(np.array(lots), np.array(side or [0] * n), np.array(inside or [-1] * n))


def bits(found: Found) -> tuple[bytes, ...]:
    return tuple(np.ascontiguousarray(column).tobytes() for column in vars(found).values())


def test_sizes_tell_the_market_at_the_quarter_of_which_later_events_show_the_end() -> None:
    seen = seen_of([7] * 400)
    found = Sizes().fold(seen)
    assert found.end.tolist() == [BEGIN_NS + QUARTER_NS]  # at 225 trades; 400 lie in 27 minutes
    assert found.start.tolist() == [BEGIN_NS]
    assert found.side.tolist() == [0]
    assert set(found.members.ravel().tolist()) == {-1}
    assert figure(found, "trades") == 225.0


def test_sizes_keep_an_hour_and_no_more_than_the_latest_trades() -> None:
    assert figure(closed(seen_of([7] * 1_350)), "trades") == 900.0
    many = closed(seen_of([7] * (3 * MOST_TRADES), step_ns=10_000_000))
    assert figure(many, "trades") == float(MOST_TRADES)


def test_sizes_of_few_trades_or_at_the_end_of_a_tape_tell_nothing() -> None:
    assert len(closed(seen_of([7] * 199))) == 0
    sweep = Sizes()
    sweep.fold(seen_of([7] * 220))
    assert len(sweep.advance(END_OF_TIME)) == 0


def test_first_digits_are_held_against_benford() -> None:
    ones = told([1_234] * 300)["benford"]
    assert ones == pytest.approx((1.0 - BENFORD[0] + BENFORD[1:].sum()) / 9.0)
    logarithmic = [int(10 ** (3.0 + k / 1_000.0)) for k in range(1_000)]
    assert told(logarithmic)["benford"] < 0.002


def test_first_digits_round_sizes_and_tail_do_not_depend_on_the_scale() -> None:
    lots = np.random.default_rng(1).integers(1, 5_000, 500).tolist()
    assert told(lots) == told([size * 1_000 for size in lots])


def test_round_sizes_are_held_against_unrounded_neighbours() -> None:
    # Sixty of 100 are round where ten are by chance: 50 over, of a deviation of 3. Two digits tell nothing.
    found = told([200] * 60 + [201] * 40 + [17] * 300)
    assert found["round_share"] == 0.6
    assert found["round_excess"] == pytest.approx(50.0 / 3.0)
    assert found["trades"] == 400.0


def test_round_sizes_of_a_market_that_trades_single_units_are_unknown() -> None:
    found = told([1, 2, 3, 50] * 60)
    assert math.isnan(found["round_share"])
    assert math.isnan(found["round_excess"])


def test_tail_has_hills_exponent_and_none_where_all_are_of_one_size() -> None:
    # Of 200 trades the 20 largest: all twice the next.
    assert told([10] * 180 + [20] * 20)["tail_exponent"] == pytest.approx(1.0 / math.log(2.0))
    assert math.isnan(told([10] * 300)["tail_exponent"])
    pareto = (1_000.0 * np.random.default_rng(2).random(5_000) ** (-1.0 / 1.5)).astype(int).tolist()
    assert told(pareto)["tail_exponent"] == pytest.approx(1.5, abs=0.2)


def test_trades_inside_the_touch_are_counted_where_there_is_one() -> None:
    assert told([7] * 200, inside=[1] * 30 + [0] * 70 + [-1] * 100)["inside_share"] == 0.3
    assert math.isnan(told([7] * 200)["inside_share"])
    booked = seen_of([7] * 300, bid=np.full(300, 9.0), ask=np.where(np.arange(300) % 2, 10.0, 11.0))
    assert figure(closed(booked), "inside_share") == pytest.approx(0.5, abs=0.005)


def test_repeats_are_told_beyond_what_the_frequencies_of_sizes_explain() -> None:
    assert told([7] * 300)["repeat_share"] == 0.0  # one size only: no surprise
    runs = [size for size in range(100, 200) for _ in range(3)]
    assert told(runs)["repeat_share"] == pytest.approx(2.0 / 3.0, abs=0.04)
    assert told(list(CYCLE) * 50)["repeat_share"] < 0.0


def test_alternation_is_told_beyond_the_flips_of_a_coin() -> None:
    assert told([7] * 200, side=[1, -1] * 100)["alternation"] == pytest.approx(0.5)
    assert told([7] * 200, side=[1] * 100 + [-1] * 100)["alternation"] == pytest.approx(1.0 / 199.0 - 0.5)
    assert math.isnan(told([7] * 200, side=[1, 0, 0, 0, 0] * 4 + [0] * 180)["alternation"])


def test_sizes_are_quiet_where_accounts_are_known_of_most_trades() -> None:
    assert len(closed(seen_of([7] * 900, known=3))) == 0
    for known, told_any in ((0.4, True), (0.6, False)):
        some = np.where(np.random.default_rng(3).random(900) < known, 3, -1).astype(np.int32)
        assert (len(closed(seen_of([7] * 900, entity=some))) > 0) == told_any


def test_sizes_need_buyer_and_seller_unknown_and_read_trades_alone() -> None:
    seller = np.full(600, 4, np.int32)
    assert len(closed(seen_of([7] * 600, counter=seller))) == 0
    assert len(closed(seen_of([7] * 600, kind=np.full(600, NEW, np.int8)))) == 0


def busy() -> Seen:
    rng = np.random.default_rng(4)
    n = 1_500
    seen = seen_of(rng.integers(-1, 3_000, n).tolist(), step_ns=3_100_000_000)
    return seen._replace(
        kind=rng.choice([TRADE, TRADE, TRADE, NEW], n).astype(np.int8), side=rng.integers(-1, 2, n).astype(np.int8),
        entity=rng.choice([-1, -1, -1, 5], n).astype(np.int32), bid=rng.choice([9.0, 10.0, np.nan], n),
        ask=rng.choice([10.0, 11.0], n),
    )  # fmt: skip


def in_parts(seen: Seen, cuts: list[int], between: Callable[[Sizes, Seen], tuple[Sizes, Found]]) -> Found:
    ends, sweep, found = [0, *sorted(cuts), len(seen.time)], Sizes(), Sizes().advance(0)
    for begin, end in pairwise(ends):
        part = cut(seen, begin, end)
        found = found.then(sweep.fold(part))
        sweep, more = between(sweep, part)
        found = found.then(more)
    return found


def restored(sweep: Sizes, _part: Seen) -> tuple[Sizes, Found]:
    other = Sizes()
    other.restore(sweep.snapshot())
    return other, other.advance(0)


def waited(sweep: Sizes, part: Seen) -> tuple[Sizes, Found]:
    return sweep, sweep.advance(int(part.time[-1]) if len(part.time) else 0)


@pytest.mark.parametrize("between", [restored, waited])
@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 1_500), max_size=12))
def test_sizes_cut_anywhere_saved_or_told_the_time_give_the_same_bits(
    between: Callable[[Sizes, Seen], tuple[Sizes, Found]], cuts: list[int]
) -> None:
    whole = Sizes().fold(busy())
    assert len(whole) >= 4
    assert bits(in_parts(busy(), cuts, between)) == bits(whole)


def test_sizes_of_quarters_told_by_time_alone_are_those_that_the_next_event_would_tell() -> None:
    seen = seen_of([7] * 225 + [9], step_ns=4_000_000_000)
    later = seen.time.copy()
    later[-1] += 3 * QUARTER_NS
    late = seen._replace(time=later)
    sweep = Sizes()
    parts = sweep.fold(cut(late, 0, 225)).then(sweep.advance(BEGIN_NS + QUARTER_NS))
    parts = parts.then(sweep.advance(BEGIN_NS + 2 * QUARTER_NS)).then(sweep.fold(cut(late, 225, 226)))
    assert bits(parts) == bits(Sizes().fold(late))
    assert len(parts) == 1

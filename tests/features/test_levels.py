"""A book of price levels, against a dictionary."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.levels import best, change, depth, drop_beyond, is_full, new_levels, roomier

CHANGES = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 12), st.integers(-5, 9)), max_size=60)


@given(CHANGES)
def test_levels_hold_what_a_dictionary_holds(changes: list[tuple[int, int, int]]) -> None:
    levels, told = new_levels(), {0: dict[float, int](), 1: dict[float, int]()}
    for side, price, lots in changes:
        change(levels, side, float(price), lots)
        left = told[side].get(float(price), 0) + lots
        if left > 0:
            told[side][float(price)] = left
        else:
            told[side].pop(float(price), None)
    for side, pick in ((0, min), (1, max)):
        prices = sorted(told[side], reverse=side == 1)
        assert best(levels, side) == pick(prices) if prices else np.isnan(best(levels, side))
        assert depth(levels, side, 3) == sum(told[side][price] for price in prices[:3])


def test_levels_when_full_grow_and_stay_the_same() -> None:
    levels = new_levels(4)
    for price in (3.0, 1.0, 2.0, 4.0):
        change(levels, 1, price, 10)
    assert is_full(levels)
    grown = roomier(levels)
    assert not is_full(grown)
    assert (best(grown, 1), depth(grown, 1, 2)) == (4.0, 20)


def test_levels_beyond_a_trade_are_dropped() -> None:
    levels = new_levels()
    for side, price in ((1, 99.0), (1, 101.0), (0, 100.0), (0, 102.0)):
        change(levels, side, price, 5)
    drop_beyond(levels, 100.5)
    assert (best(levels, 1), best(levels, 0)) == (99.0, 102.0)


@pytest.mark.parametrize("lots", [0, 5])
def test_level_without_price_or_lots_is_none(lots: int) -> None:
    levels = new_levels()
    change(levels, 1, np.nan if lots else 1.0, lots)
    assert np.isnan(best(levels, 1))

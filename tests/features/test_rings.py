from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.flows import NOBODY, flows_of_trades, joined, summed
from features.rings import DEMANDS, Demands, Rings, find_rings

Trade = tuple[int, int, int]
TRADES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 50)), min_size=1, max_size=60)
LENIENT = Demands(share=0.3, open_share=0.3, legs=1.5, meets=3, each=1)


def columns(trades: list[Trade]) -> tuple[NDArray[np.int64], ...]:
    """Return time, seller, buyer and lots of trades a second apart."""
    table = np.array(trades, np.int64).reshape(-1, 3)
    return (np.arange(1, len(table) + 1), table[:, 0], table[:, 1], table[:, 2])


def found(trades: list[Trade], asked: Demands = DEMANDS) -> Rings:
    return find_rings(flows_of_trades(*columns(trades)), asked).rings


def groups(rings: Rings) -> set[frozenset[int]]:
    return {frozenset(row[row >= 0].tolist()) for row in rings.members}


def told(trades: list[Trade], group: frozenset[int]) -> dict[str, int]:
    """Return what a group did, counted one trade after the other."""
    out: dict[str, int] = defaultdict(int)
    net: dict[int, int] = defaultdict(int)
    for seller, buyer, lots in trades:
        out["volume"] += lots * ((seller in group) + (buyer in group))
        if seller in group and buyer in group:
            out["inside"] += lots
            out["meets"] += 1
            net[seller] -= lots
            net[buyer] += lots
        elif seller in group or buyer in group:
            out["outside"] += 1
    out["open"] = sum(abs(lots) for lots in net.values()) // 2
    return out


def is_ring(trades: list[Trade], group: frozenset[int], asked: Demands) -> bool:
    """Return whether a group is a ring, by the words of the definition."""
    seen = told(trades, group)
    if seen["meets"] < asked.meets or 2 * seen["inside"] < asked.share * seen["volume"]:
        return False
    for one in group if len(group) > 1 else ():
        sold = [t for t in trades if t[0] == one and t[1] in group - {one}]
        bought = [t for t in trades if t[1] == one and t[0] in group - {one}]
        if not sold or not bought or len(sold) + len(bought) < asked.each:
            return False
    return seen["open"] <= seen["inside"] * max(asked.open_share, asked.legs / seen["meets"])


@given(TRADES)
def test_every_ring_found_is_one_by_the_definition_and_is_told_as_counted(trades: list[Trade]) -> None:
    rings = found(trades, LENIENT)
    for row, inside, volume, still_open, meets, touched in zip(
        rings.members, rings.inside, rings.volume, rings.still_open, rings.meets, rings.touched, strict=True
    ):
        group = frozenset(row[row >= 0].tolist())
        seen = told(trades, group)
        assert is_ring(trades, group, LENIENT)
        assert (inside, volume, still_open, meets) == (seen["inside"], seen["volume"], seen["open"], seen["meets"])
        assert touched == seen["meets"] + seen["outside"]


@given(TRADES)
def test_no_entity_is_in_two_rings(trades: list[Trade]) -> None:
    everybody = [one for row in found(trades, LENIENT).members for one in row[row >= 0].tolist()]
    assert len(everybody) == len(set(everybody))


@given(TRADES)
def test_where_a_pair_is_a_ring_that_met_twice_somebody_of_it_is_found(trades: list[Trade]) -> None:
    asked = LENIENT._replace(share=0.6)
    everybody = {one for group in groups(found(trades, asked)) for one in group}
    for pair in combinations(range(7), 2):
        if is_ring(trades, frozenset(pair), asked):
            assert set(pair) & everybody


@given(TRADES, st.permutations(range(7)), st.integers(1, 1000))
def test_rings_follow_other_codes_and_other_lots(trades: list[Trade], codes: list[int], lot: int) -> None:
    other = [(codes[seller], codes[buyer], lots * lot) for seller, buyer, lots in trades]
    renamed = {frozenset(codes[one] for one in group) for group in groups(found(trades, LENIENT))}
    assert groups(found(other, LENIENT)) == renamed


@given(TRADES, st.integers(0, 60))
def test_flows_of_parts_are_the_flows_of_the_whole(trades: list[Trade], cut: int) -> None:
    time, seller, buyer, lots = columns(trades)
    parts = [flows_of_trades(time[s], seller[s], buyer[s], lots[s]) for s in (slice(cut), slice(cut, None))]
    for ours, whole in zip(summed(joined(parts)), flows_of_trades(time, seller, buyer, lots), strict=True):
        np.testing.assert_array_equal(ours, whole)


@given(
    st.integers(2, 8), st.integers(4, 12), st.floats(0.0, 0.6), st.integers(0, 2**32 - 1)
)  # fmt: skip
def test_a_ring_among_honest_trading_is_found_exactly(size: int, rounds: int, honest: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    trades = [(int(a), int(b), 10) for a, b in rng.integers(100, 200, (2_000, 2)) if a != b]
    for _ in range(rounds):
        for k in range(size):
            trades.append((k, (k + 1) % size, 100))
            if rng.random() < honest:
                trades.append((k, int(rng.integers(100, 200)), 60))
    rng.shuffle(trades)
    assert frozenset(range(size)) in groups(found(trades, Demands(legs=0.0)))


@pytest.mark.parametrize("size", [2, 3, 6])
def test_one_open_leg_does_not_hide_a_ring_and_two_do(size: int) -> None:
    ring = [(k, (k + 1) % size, 100) for _ in range(4) for k in range(size)]
    assert groups(found([*ring, (0, 1, 100)])) == {frozenset(range(size))}
    assert groups(found([*ring, (0, 1, 100), (0, 1, 100)])) == set()


def test_one_that_trades_with_itself_is_a_ring_of_one() -> None:
    assert groups(found([(4, 4, 10)] * 5 + [(4, 5, 10)])) == {frozenset({4})}


def test_one_way_trading_is_no_ring() -> None:
    assert groups(found([(1, 2, 10)] * 50)) == set()


def test_trades_with_nobody_known_count_as_trades_with_others() -> None:
    ring = [(1, 2, 10), (2, 1, 10)] * 5
    assert groups(found([*ring, *[(1, NOBODY, 10), (NOBODY, 2, 10)] * 4])) == {frozenset({1, 2})}
    assert groups(found([*ring, *[(1, NOBODY, 10), (NOBODY, 2, 10)] * 20])) == set()


def test_trades_at_one_time_are_one_meeting() -> None:
    at, one, other, lots = (np.array(x) for x in ([1, 1, 1, 2], [7, 7, 7, 8], [8, 8, 8, 7], [5, 5, 5, 15]))
    flows = flows_of_trades(at, one, other, lots)
    assert (flows.meets.tolist(), flows.lots.tolist(), flows.net.tolist()) == ([2], [30], [0])


def test_an_entity_is_expected_to_meet_by_activity() -> None:
    trades = [(1, 2, 1), (2, 1, 1)] * 10 + [(3, 4, 1), (4, 3, 1)] * 30
    rings = found(trades)
    first = [set(row[row >= 0].tolist()) for row in rings.members].index({1, 2})
    assert rings.expected[first] == pytest.approx(20 * 20 / 80)

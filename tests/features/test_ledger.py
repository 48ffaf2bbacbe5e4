"""A ledger forgets by quiet, whether or not it was rebuilt meanwhile."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from features.ledger import TOUCHED, entry, new_ledger, room, with_room

HORIZON = 10
VISITS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)), max_size=80)


@given(VISITS, st.integers(0, 80))
def test_ledger_rebuilt_at_any_time_counts_the_same(visits: list[tuple[int, int]], rebuilt_at: int) -> None:
    ledger, other, now = new_ledger(2, 1), new_ledger(2, 1), 1
    for number, (key, later) in enumerate(visits):
        now += later
        if number == rebuilt_at:
            other = with_room(other, now, HORIZON, 1)
        counts = []
        for one in (ledger, other):
            slot = entry(one, key, now, HORIZON)
            one.whole[slot, 1] += 1
            counts.append(int(one.whole[slot, 1]))
        assert counts[0] == counts[1]


def test_ledger_after_quiet_beyond_the_horizon_starts_anew() -> None:
    ledger = new_ledger(2, 1)
    slot = entry(ledger, 7, 100, HORIZON)
    ledger.whole[slot, 1], ledger.real[slot, 0] = 5, 0.5
    assert ledger.whole[entry(ledger, 7, 110, HORIZON), 1] == 5
    slot = entry(ledger, 7, 121, HORIZON)
    assert (ledger.whole[slot, 1], ledger.real[slot, 0], ledger.whole[slot, TOUCHED]) == (0, 0.0, 121)


def test_ledger_drops_the_dead_when_room_is_made() -> None:
    ledger = new_ledger(1, 0, capacity=64)
    for key in range(64):
        entry(ledger, key, 1 + key, HORIZON)
    assert room(ledger) == 0
    ledger = with_room(ledger, 64, HORIZON, 8)
    assert room(ledger) == 64 - 11

"""Slots and shares: exact window sums through growth, against dictionaries."""

from __future__ import annotations

from collections import defaultdict, deque

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features import shares as sh
from features.slots import find_slot, free, give_slot, new_slots, rebuilt

SPAN = 4
Bucket = list[tuple[int, int]]
buckets = st.lists(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 2**50)), max_size=12), max_size=25)


def test_slots_of_keys_are_given_in_order_of_appearance() -> None:
    slots = new_slots(4)
    assert [give_slot(slots, key) for key in (9, -5, 9, 2**62)] == [0, 1, 0, 2]
    assert (find_slot(slots, -5), find_slot(slots, 7), free(slots)) == (1, -1, 1)


@given(keys=st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, max_size=60), seed=st.integers(0, 99))
def test_slots_rebuilt_keep_live_keys_in_their_order(keys: list[int], seed: int) -> None:
    slots = new_slots(max(1, len(keys)))
    for key in keys:
        give_slot(slots, key)
    live = np.random.default_rng(seed).random(len(keys)) < 0.5
    fresh, moved = rebuilt(slots, live, len(keys) + 5)
    kept = [key for key, is_live in zip(keys, live, strict=True) if is_live]
    assert [find_slot(fresh, key) for key in kept] == list(range(len(kept)))
    assert [find_slot(fresh, key) for key in keys] == moved.tolist()
    assert free(fresh) == len(keys) + 5 - len(kept)


@given(stream=buckets, gaps=st.lists(st.integers(1, 6), min_size=25, max_size=25))
@settings(max_examples=40)
def test_window_sums_through_growth_equal_a_dictionary(stream: list[Bucket], gaps: list[int]) -> None:
    slots, shares = new_slots(8), sh.new_shares(8, 4)
    window: deque[tuple[int, Bucket]] = deque()
    number = 0
    for bucket, gap in zip(stream, gaps, strict=False):
        number += gap
        for key, lots in bucket:
            if not free(slots):
                slots, moved = rebuilt(slots, sh.busy(shares, len(slots.keys)), 2 * len(slots.keys))
                shares = sh.moved_shares(shares, moved, len(slots.keys))
            while sh.free_entries(shares) < 1:
                shares = sh.with_more_entries(shares)
            sh.add(shares, give_slot(slots, key), lots, -lots, 1, 2 * lots, 3)
        sh.close(shares, number, SPAN)
        window.append((number, bucket))
        while window[0][0] <= number - SPAN:
            window.popleft()
        assert in_window(shares, slots.keys) == expected(window)


def in_window(shares: sh.Shares, keys: np.ndarray[tuple[int], np.dtype[np.int64]]) -> dict[int, list[int]]:
    busy = np.flatnonzero(shares.window[:, sh.TRADES])
    return {int(keys[slot]): shares.window[slot].tolist() for slot in busy}


def expected(window: deque[tuple[int, Bucket]]) -> dict[int, list[int]]:
    sums: defaultdict[int, list[int]] = defaultdict(lambda: [0] * sh.N_FIGURES)
    for _, bucket in window:
        for key, lots in bucket:
            sums[key] = [a + b for a, b in zip(sums[key], (1, lots, -lots, 2 * lots, 3), strict=True)]
    return dict(sums)


def test_open_bucket_poured_into_a_coarser_scale_is_added_there() -> None:
    fine, coarse = sh.new_shares(4), sh.new_shares(4)
    sh.add(coarse, 1, 10, 10, 1, 10, 0)
    sh.add(fine, 1, 5, -5, 1, 5, 5)
    sh.add(fine, 2, 7, 7, 1, 7, 0)
    sh.pour(fine, coarse)
    assert coarse.open[1].tolist() == [2, 15, 5, 15, 5]
    assert coarse.open[2].tolist() == [1, 7, 7, 7, 0]
    assert sh.n_touched(coarse) == 2

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from features.events import Vocabulary
from training.leaks import LeakError, refuse_leaks
from training.markets import MarketTape
from training.splits import Split, split_by_time

MakeMarket = Callable[..., MarketTape]
MakeLabels = Callable[..., pd.DataFrame]


def three(market: MakeMarket, labels: MakeLabels, *accounts: str) -> list[MarketTape]:
    names = Vocabulary()
    names.own([("a", "ann"), ("a2", "ann"), ("b", "bob"), ("c", "carl")])
    return [
        market(
            f"t{n}", start_h=2 * n, end_h=2 * n + 1, names=names,
            labels=labels({"accounts": (account,), "start_s": 7200 * n}),
        )
        for n, account in enumerate(accounts)
    ]  # fmt: skip


def test_leaks_in_a_split_by_time_there_are_none(market: MakeMarket, labels: MakeLabels) -> None:
    refuse_leaks(split_by_time(three(market, labels, "a", "b", "a2")))


def test_leaks_an_owner_accused_in_two_parts_is_refused_by_name(market: MakeMarket, labels: MakeLabels) -> None:
    one, two, last = three(market, labels, "a", "b", "a2")
    with pytest.raises(LeakError, match=r"a is accused in tape t0 \(fit\) and in tape t2 \(test\)"):
        refuse_leaks(Split((one,), (two,), (last,)))
    refuse_leaks(Split((replace(one, labels=one.labels.assign(left_out=True)),), (two,), (last,)))


def test_leaks_a_moment_of_a_market_in_two_parts_is_refused_with_both_tapes(market: MakeMarket) -> None:
    parts = [market("t0", end_h=2), market("t1", start_h=1.5, end_h=3), market("t2", "B", 1, 2)]
    with pytest.raises(LeakError, match=r"x A of tape t0 \(fit\) overlaps tape t1 \(calibrate\) in time"):
        refuse_leaks(Split(*((part,) for part in parts)))


def test_leaks_a_tape_in_two_parts_is_refused_even_for_other_markets(market: MakeMarket) -> None:
    parts = [market("t0", "A"), market("t1", "B", 2, 3), market("t0", "C")]
    with pytest.raises(LeakError, match="tape t0 is in fit and test"):
        refuse_leaks(Split(*((part,) for part in parts)))


def test_leaks_many_are_counted_and_the_first_ones_shown(market: MakeMarket) -> None:
    fit, later = [market(f"t{n}", f"S{n}") for n in range(9)], [market(f"t{n}", f"S{n}") for n in range(9)]
    with pytest.raises(LeakError, match="and 15 more"):
        refuse_leaks(Split(tuple(fit), (market("u", "U"),), tuple(later)))

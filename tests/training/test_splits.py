from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import TapewatchError
from features.events import Vocabulary
from training.leaks import LeakError, refuse_leaks
from training.markets import MarketTape
from training.splits import Split, split_by_time, without_overlap
from training.verdicts import left_out

MakeMarket = Callable[..., MarketTape]
MakeLabels = Callable[..., pd.DataFrame]


def tapes(*parts: tuple[MarketTape, ...]) -> list[list[str]]:
    return [[market.tape for market in part] for part in parts]


def test_split_tapes_one_after_the_other_goes_by_time_not_by_name(market: MakeMarket) -> None:
    markets = [market(f"t{9 - n}", start_h=2 * n, end_h=2 * n + 1) for n in range(10)]
    split = split_by_time(markets[::-1])
    assert tapes(split.fit, split.calibrate, split.test) == [
        ["t4", "t5", "t6", "t7", "t8", "t9"],
        ["t2", "t3"],
        ["t0", "t1"],
    ]
    assert split.counts() == {"fit_tapes": 6, "calibrate_tapes": 2, "test_tapes": 2, "left_out_episodes": 0}


def test_split_three_tapes_gives_one_to_each_part(market: MakeMarket) -> None:
    split = split_by_time([market(f"t{n}", start_h=2 * n, end_h=2 * n + 1) for n in range(3)])
    assert split.counts() == {"fit_tapes": 1, "calibrate_tapes": 1, "test_tapes": 1, "left_out_episodes": 0}


def test_split_all_markets_of_a_tape_stay_together(market: MakeMarket) -> None:
    markets = [market(f"t{n}", s, 2 * n, 2 * n + 1) for n in range(3) for s in "AB"]
    split = split_by_time(markets)
    assert tapes(split.fit, split.calibrate, split.test) == [["t0", "t0"], ["t1", "t1"], ["t2", "t2"]]


def test_split_tape_that_reaches_into_a_later_part_is_left_out_of_the_earlier(market: MakeMarket) -> None:
    markets = [market(f"t{n}", start_h=2 * n, end_h=2 * n + 1) for n in range(9)]
    markets += [market("long", "A", 7.5, 20), market("other", "B", 7.6, 20)]
    split = split_by_time(markets)
    assert "long" not in {name for part in tapes(split.fit, split.calibrate) for name in part}
    assert "other" in {name for part in tapes(split.fit, split.calibrate) for name in part}


def test_without_overlap_a_common_moment_leaks_and_the_next_one_does_not(market: MakeMarket) -> None:
    touching, apart = market("touching", end_h=1), market("apart", end_h=0.999)
    later = [market("later", start_h=1, end_h=2)]
    assert tapes(without_overlap([touching, apart], later)) == [["apart"]]


@settings(max_examples=40)
@given(
    spans=st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 9), st.sampled_from("AB"), st.integers(0, 9)),
        min_size=3,
        max_size=20,
    )
)
def test_split_any_tapes_share_no_moment_of_a_market(
    market: MakeMarket, spans: list[tuple[int, int, str, int]]
) -> None:
    markets = [market(f"t{tape}", symbol, start, start + length) for start, length, symbol, tape in spans]
    try:
        split = split_by_time(markets)
    except TapewatchError:
        return
    parts = (split.fit, split.calibrate, split.test)
    for number, part in enumerate(parts):
        for other in parts[number + 1 :]:
            assert without_overlap(part, other) == part
            assert not {one.tape for one in part} & {two.tape for two in other}


def test_split_two_tapes_is_refused(market: MakeMarket) -> None:
    with pytest.raises(TapewatchError, match="must hold at least 3 tapes to be split by time, was 2"):
        split_by_time([market("a"), market("b")])


def test_split_that_leaves_nothing_to_learn_from_is_refused(market: MakeMarket) -> None:
    with pytest.raises(TapewatchError, match="earliest 1 of 3 tapes must end before later ones"):
        split_by_time([market(name, end_h=9) for name in "abc"])


def accused(market: MakeMarket, labels: MakeLabels, tape: str, start_h: float, *accounts: str) -> MarketTape:
    names = Vocabulary()
    names.own([("a", "ann"), ("a2", "ann"), ("b", "bob"), ("c", "carl")])
    episodes = [{"accounts": (account,), "start_s": 3600 * start_h} for account in accounts]
    return market(tape, start_h=start_h, end_h=start_h + 1, labels=labels(*episodes), names=names)


def test_split_who_is_accused_later_under_another_account_has_the_earlier_episode_left_out(
    market: MakeMarket, labels: MakeLabels
) -> None:
    who = {"t0": ("a", "b"), "t1": ("c",), "t2": ("a2",)}
    tapes_of = [accused(market, labels, tape, 2 * n, *names) for n, (tape, names) in enumerate(who.items())]
    split = split_by_time(tapes_of)
    assert left_out(split.fit[0].labels).tolist() == [True, False]
    assert split.counts()["left_out_episodes"] == 1
    assert split.fit[0].used_accused() == [{"b"}]


def test_split_a_label_that_names_nobody_is_never_left_out(market: MakeMarket, labels: MakeLabels) -> None:
    nobody = [
        market(f"t{n}", start_h=2 * n, end_h=2 * n + 1, labels=labels({"accounts": (), "start_s": 7200 * n}))
        for n in range(3)
    ]
    assert split_by_time(nobody).counts()["left_out_episodes"] == 0


def test_split_a_look_alike_whose_owner_comes_again_is_left_out_of_the_earlier_part(
    market: MakeMarket, labels: MakeLabels
) -> None:
    who = {"t0": ("a", "b"), "t1": ("c",), "t2": ("a2",)}
    tapes_of = [accused(market, labels, tape, 2 * n, *names) for n, (tape, names) in enumerate(who.items())]
    reviewed = replace(tapes_of[0], labels=tapes_of[0].labels.assign(verdict=[False, True]))
    split = split_by_time([reviewed, *tapes_of[1:]])
    assert left_out(split.fit[0].labels).tolist() == [True, False]
    refuse_leaks(split)
    with pytest.raises(LeakError, match="a is accused in tape t0"):
        refuse_leaks(Split((reviewed,), split.calibrate, split.test))

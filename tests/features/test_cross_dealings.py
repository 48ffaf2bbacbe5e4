"""Who deals on several venues: hand-computed figures of rounds, pairs and pushes."""

from __future__ import annotations

import numpy as np
import pytest

from features.cross.dealings import CROSS_FIGURES, Dealings, Dealt
from features.cross.prints import Prints, picked, takes_of

SECOND = 1_000_000_000
BUCKET = 5 * SECOND
HERE, THERE = 0, 1
Trade = tuple[float, int, float, float, int, int, int]


def prints_of(trades: list[Trade]) -> Prints:
    """Return trades (second, market, price, quantity, side, buyer, seller) as prints."""
    time, slot, price, quantity, side, buyer, seller = (
        np.array(column) for column in zip(*sorted(trades), strict=True)
    )
    return Prints(
        (time * SECOND).astype(np.int64), slot.astype(np.int64), price.astype(float), quantity.astype(float),
        side.astype(np.int8), buyer.astype(np.int32), seller.astype(np.int32), np.zeros(len(time), np.bool_),
    )  # fmt: skip


def dealt(kind: str, trades: list[Trade], usual_bps: float = 2.0) -> Dealt:
    """Return what is found of a kind, bucket by bucket."""
    prints, dealings, out = prints_of(trades), Dealings(BUCKET), None
    rank, usual = np.arange(2), np.full(2, usual_bps)
    for bucket in np.unique(prints.time // BUCKET):
        fresh = picked(prints, np.flatnonzero(prints.time // BUCKET == bucket))
        found = dealings.take(fresh, (int(bucket) + 1) * BUCKET, rank, usual).get(kind)
        if found is not None:
            out = found if out is None else out.then(found)
    assert out is not None
    return out


def figures(kind: str, found: Dealt, number: int = -1) -> dict[str, float]:
    return dict(zip(CROSS_FIGURES[kind], found.found.figures[number].tolist(), strict=True))


ROUND: list[Trade] = [(10.0, HERE, 100.0, 4.0, 1, 1, 2), (12.0, THERE, 100.1, 5.0, -1, 2, 1)]


def test_round_of_two_over_two_venues_is_told_with_its_share_and_cost() -> None:
    found = dealt("cross_wash", [*ROUND, (11.0, HERE, 100.0, 1.0, 1, 1, 9)])
    told = figures("cross_wash", found)
    assert told["rounds"] == 1.0
    assert told["volume_share"] == pytest.approx(18.0 / 19.0)
    assert told["net_ratio"] == pytest.approx(1.0 / 9.0)
    assert told["size_ratio"] == pytest.approx(0.8)
    assert told["seconds"] == pytest.approx(2.0)
    assert told["cost_bps"] == pytest.approx(1e4 * np.log(1.001))
    assert found.slot.tolist() == [HERE]
    assert sorted(found.found.members[0, :2].tolist()) == [1, 2]


@pytest.mark.parametrize(
    "back",
    [
        (12.0, HERE, 100.0, 4.0, 1, 2, 1),
        (12.0, THERE, 100.0, 4.0, 1, 1, 2),
        (12.0, THERE, 100.0, 1.0, 1, 2, 1),
        (300.0, THERE, 100.0, 4.0, 1, 2, 1),
        (12.0, THERE, 100.0, 4.0, 1, 2, 3),
    ],
    ids=["same venue", "same way", "other size", "much later", "other party"],
)
def test_trade_that_does_not_take_the_first_one_back_is_no_round(back: Trade) -> None:
    assert len(dealt("cross_wash", [ROUND[0], back]).slot) == 0


def test_first_leg_is_taken_back_once_only() -> None:
    assert len(dealt("cross_wash", [*ROUND, (14.0, THERE, 100.0, 4.0, 1, 2, 1)]).slot) == 1


def test_pair_of_takes_sums_the_levels_that_one_order_took_and_tells_its_gain() -> None:
    trades: list[Trade] = [
        (10.0, HERE, 100.0, 1.0, 1, 7, 2), (10.0, HERE, 100.2, 1.0, 1, 7, 3), (10.4, THERE, 100.5, 2.0, -1, 4, 7),
    ]  # fmt: skip
    told = figures("cross_pairs", dealt("cross_pairs", trades))
    assert (told["pairs"], told["pair_share"], told["others_pairs"], told["gain_share"]) == (1.0, 1.0, 0.0, 1.0)
    assert told["gain_bps"] == pytest.approx(1e4 * np.log(100.5 / 100.1))
    assert told["value"] == pytest.approx(2.0 * 0.4)
    assert told["net_ratio"] == 0.0


def test_pair_of_another_account_halves_the_share() -> None:
    one: list[Trade] = [(10.0, HERE, 100.0, 2.0, 1, 7, 2), (10.4, THERE, 100.5, 2.0, -1, 4, 7)]
    other: list[Trade] = [(20.0, HERE, 100.0, 2.0, 1, 8, 2), (20.4, THERE, 100.5, 2.0, -1, 4, 8)]
    told = figures("cross_pairs", dealt("cross_pairs", one + other))
    assert (told["pair_share"], told["others_pairs"], told["next_pairs"]) == (0.5, 1.0, 1.0)


def test_next_pairs_are_those_of_the_one_who_has_most_of_the_others() -> None:
    trades: list[Trade] = []
    for number, entity in enumerate([8, 9, 8, 7, 8, 9, 7]):
        time = 10.0 * (number + 1)
        trades += [(time, HERE, 100.0, 2.0, 1, entity, 2), (time + 0.4, THERE, 100.5, 2.0, -1, 4, entity)]
    told = figures("cross_pairs", dealt("cross_pairs", trades))
    assert (told["pairs"], told["others_pairs"], told["next_pairs"]) == (2.0, 5.0, 3.0)


def test_fill_of_a_resting_order_is_no_leg_of_a_pair() -> None:
    trades: list[Trade] = [(10.0, HERE, 100.0, 2.0, -1, 7, 2), (10.4, THERE, 100.5, 2.0, -1, 4, 7)]
    assert len(dealt("cross_pairs", trades).slot) == 0


def test_takes_of_trades_without_a_known_taker_are_none() -> None:
    assert len(takes_of(prints_of([(10.0, HERE, 100.0, 1.0, 0, 7, 2), (11.0, HERE, 100.0, 1.0, 1, -1, 2)])).time) == 0


PUSH: list[Trade] = [
    (5.0, HERE, 100.0, 1.0, 1, 3, 4), (5.5, THERE, 100.0, 1.0, 1, 3, 4),
    (20.0, THERE, 100.0, 2.0, 1, 7, 3), (30.0, THERE, 100.1, 2.0, -1, 7, 4),
    (60.0, HERE, 100.1, 3.0, 1, 7, 3), (61.0, HERE, 100.5, 3.0, 1, 7, 4), (61.5, HERE, 100.5, 2.0, 1, 5, 4),
    (63.0, THERE, 100.4, 3.0, -1, 3, 7), (64.0, THERE, 100.4, 1.0, 1, 3, 7),
]  # fmt: skip


def test_push_of_one_venue_tells_the_burst_and_what_became_of_the_position_on_the_other() -> None:
    found = dealt("cross_push", PUSH)
    told = figures("cross_push", found)
    assert found.slot[-1] == HERE
    assert told["move_bps"] == pytest.approx(1e4 * np.log(100.5 / 100.0))
    assert told["sigmas"] == pytest.approx(told["move_bps"] / (2.0 * np.sqrt(1.2)))
    assert (told["takes"], told["taken_share"]) == (2.0, 1.0)
    assert (told["built"], told["exit_share"], told["exit_s"], told["opposed"]) == (4.0, 1.0, 4.0, 0.0)
    assert told["gain_bps"] == pytest.approx(1e4 * np.log(100.4 / 100.05))
    assert told["lift_bps"] == pytest.approx(1e4 * np.log(100.4 / 100.1))
    assert told["size_ratio"] == pytest.approx(4.0 / 6.0)
    assert told["usual_trades"] == pytest.approx(4.0 / np.mean([1.0, 1.0, 2.0]))


def test_push_by_one_who_sells_here_while_it_buys_there_is_opposed() -> None:
    opposed: list[Trade] = [(20.1, HERE, 100.0, 2.0, -1, 3, 7), (30.1, HERE, 100.0, 2.0, -1, 3, 7)]
    assert figures("cross_push", dealt("cross_push", [*PUSH, *opposed]))["opposed"] == pytest.approx(1.0)


def test_burst_without_a_trade_elsewhere_is_not_told() -> None:
    assert len(dealt("cross_push", PUSH[:-2]).slot) == 0

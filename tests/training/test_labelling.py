from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from features.events import Vocabulary
from features.fold import Folded
from features.rows import Rows, blank_rows
from models.alert import Category
from models.rules.base import Rule
from models.rules.concentrated_trading import ConcentratedTrading
from models.rules.pump_and_dump import PumpAndDump
from training.labelling import (
    GOES_ON,
    LEFT_OUT,
    NEAR_NS,
    RIGHT,
    WRONG,
    Suspicions,
    honest_rows,
    inseparable,
    known_episodes,
    overlapping,
    suspicions,
)
from training.markets import MarketTape

MINUTE = 60_000_000_000
MakeMarket = Callable[..., MarketTape]
MakeLabels = Callable[..., pd.DataFrame]
LOUD = {
    "pair_share": 0.95, "pair_net_ratio": 0.0, "pair_trades": 40.0, "pair_volume_share": 0.5, "account_count": 9.0,
    "top_account_share": 0.9, "trade_count": 90.0, "rise": 0.3, "buy_surge": 500.0, "rush_orders": 9.0,
}  # fmt: skip


class Washing(ConcentratedTrading):
    """A manipulation that rows alone show."""

    typology: ClassVar[str] = "wash_trading"
    category: ClassVar[Category] = "manipulation"


def loud(rows: Rows) -> Rows:
    """Return the rows with the patterns of all tested rules, by entity 0, which meets itself."""
    for name, value in LOUD.items():
        rows[name][:] = value
    return replace(rows, top_entity=rows.top_entity * 0, pair=rows.pair * 0)


@pytest.fixture
def suspect(market: MakeMarket) -> Callable[..., Suspicions]:
    """Return what a rule suspects on a market that is loud in each of `n_rows` minutes from START on."""

    def judged(
        rule: Rule, labels: pd.DataFrame, known: pd.DataFrame | None = None, n_rows: int = 240, **names: Any
    ) -> Suspicions:
        vocabulary = Vocabulary()
        vocabulary.own(names.get("owners", [("a", "alone")]))
        quiet = market(n_rows=n_rows, end_h=4)
        fast = replace(blank_rows("fast", n_rows), start=quiet.folded.market.start, end=quiet.folded.market.end)
        folded = Folded(loud(quiet.folded.market), loud(fast), {})
        loud_market = replace(quiet, folded=folded, labels=labels, names=vocabulary)
        return suspicions([loud_market], (rule,), known)[rule.typology]

    return judged


def minutes(found: Suspicions, truth: int) -> list[int]:
    """Return the minutes after START, by their beginning, whose suspicion has this truth."""
    at: list[int] = ((found.end - found.end[0]) // MINUTE)[found.truth == truth].tolist()
    return at


def test_suspicion_within_an_episode_is_right_near_it_left_out_elsewhere_wrong(
    suspect: Callable[..., Suspicions], labels: MakeLabels
) -> None:
    found = suspect(Washing(), labels({"start_s": 3600.0, "end_s": 3900.0}))
    assert minutes(found, RIGHT) == list(range(60, 66))
    assert minutes(found, LEFT_OUT) == [58, 59, *range(66, 126)]
    assert minutes(found, WRONG) == [*range(58), *range(126, 240)]


def test_suspicion_within_an_episode_of_another_pattern_is_wrong_but_an_anomaly_is_left_out(
    suspect: Callable[..., Suspicions], labels: MakeLabels
) -> None:
    other = labels({"typology": "spoofing", "start_s": 3600.0, "end_s": 3900.0})
    assert minutes(suspect(Washing(), other), WRONG) == list(range(240))
    anomaly = suspect(ConcentratedTrading(), other)
    assert minutes(anomaly, LEFT_OUT) == list(range(60, 126))
    assert minutes(anomaly, RIGHT) == []


@pytest.mark.parametrize(
    ("accounts", "n_right"), [(("a",), 2), (("a", "z"), 2), (("a2",), 2), (("z",), 0), (("b",), 0), ((), 2)]
)
def test_suspicion_of_somebody_else_is_not_right(
    suspect: Callable[..., Suspicions], labels: MakeLabels, accounts: tuple[str, ...], n_right: int
) -> None:
    episode = labels({"accounts": accounts, "start_s": 3600.0, "end_s": 3660.0})
    owners = [("a", "firm"), ("b", "alone"), ("a2", "firm")]
    found = suspect(Washing(), episode, owners=owners)
    assert len(minutes(found, RIGHT)) == n_right
    assert not set(minutes(found, WRONG)) & {60, 61}


def test_suspicion_on_a_public_tape_only_the_onset_of_a_pump_is_right_and_the_rest_goes_on(
    suspect: Callable[..., Suspicions], labels: MakeLabels
) -> None:
    episode = {"typology": "pump_and_dump", "start_s": 3600.0, "end_s": 3900.0}
    public = suspect(PumpAndDump(), labels(episode | {"accounts": ()}))
    assert minutes(public, RIGHT) == [60]
    assert minutes(public, GOES_ON) == list(range(61, 126))
    assert minutes(public, LEFT_OUT) == [58, 59]
    assert public.weight[public.truth == GOES_ON].tolist() == [1.0] * 65
    assert minutes(suspect(PumpAndDump(), labels(episode)), RIGHT) == list(range(60, 66))


def test_suspicion_around_an_episode_that_is_known_but_not_labelled_is_left_out(
    suspect: Callable[..., Suspicions], labels: MakeLabels, market: MakeMarket
) -> None:
    time = market().start + 120 * MINUTE
    known = pd.DataFrame({"symbol": ["A", "B"], "time_ns": [time, time + 100 * MINUTE]})
    found = suspect(Washing(), labels(), known)
    assert minutes(found, LEFT_OUT) == list(range(59, 180))


def test_weight_of_every_episode_and_of_every_run_of_wrong_ones_sums_to_one(
    suspect: Callable[..., Suspicions], labels: MakeLabels
) -> None:
    found = suspect(Washing(), labels({"start_s": 6000.0, "end_s": 8880.0}, {"start_s": 14100.0, "end_s": 14160.0}))
    first, second = found.end < found.end[200], found.end >= found.end[200]
    right = found.truth == RIGHT
    assert found.weight[right & first].sum() == pytest.approx(1)
    assert found.weight[right & second].sum() == pytest.approx(1)
    # All rows stand within ten minutes of the next, so the wrong ones are one run; those left out count for nothing.
    assert found.weight[found.truth == WRONG].sum() == pytest.approx(1)
    assert set(found.weight[found.truth == LEFT_OUT].tolist()) == {0.0}


def test_suspicions_of_several_markets_stand_one_after_the_other(market: MakeMarket) -> None:
    quiet = [market(f"t{n}", n_rows=3 + n, start_h=n, end_h=n + 0.9) for n in range(2)]
    markets = [replace(one, folded=replace(one.folded, market=loud(one.folded.market))) for one in quiet]
    found = suspicions(markets, (Washing(), PumpAndDump()))
    assert found["wash_trading"].market.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert found["wash_trading"].group.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert found["wash_trading"].values.shape == (7, markets[0].folded.market.values.shape[1])
    assert len(found["pump_and_dump"]) == 0
    kept = found["wash_trading"].take(found["wash_trading"].market == 1)
    assert (len(kept), kept.typology) == (4, "wash_trading")


def test_overlapping_tapes_of_one_coin_share_a_group(market: MakeMarket) -> None:
    markets = [
        market("a", "A", 0, 2),
        market("b", "B", 1, 3),
        market("c", "A", 1, 5),
        market("d", "A", 4.9, 6),
        market("e", "A", 6.1, 7),
    ]
    assert overlapping(markets).tolist() == [0, 1, 0, 0, 4]
    assert overlapping(markets[::-1]).tolist() == [0, 4, 4, 3, 4]


def test_inseparable_are_overlapping_tapes_and_markets_in_which_one_owner_is_accused(
    market: MakeMarket, labels: MakeLabels
) -> None:
    names = Vocabulary()
    names.own([("a", "ann"), ("a2", "ann"), ("b", "bob")])
    who = {"A": "a", "B": "b", "C": "a2", "D": "", "E": "stranger"}
    markets = [
        market(
            "t0", symbol, names=names,
            labels=labels({"symbol": symbol, "accounts": (account,) if account else ()}),
        )
        for symbol, account in who.items()
    ]  # fmt: skip
    a, b, c, d, e = inseparable(markets).tolist()
    assert a == c
    assert len({a, b, d, e}) == 4
    moments = [market("t1", "A", 0, 2), market("t2", "A", 1, 3), market("t1", "B", 0, 2)]
    assert len(set(inseparable(moments)[:2].tolist())) == 1
    assert len(set(inseparable(moments).tolist())) == 2


def test_known_episodes_of_a_dataset_without_the_file_are_none(tmp_path: Path) -> None:
    assert known_episodes(tmp_path) is None


def test_known_episodes_are_read_in_utc_nanoseconds(tmp_path: Path) -> None:
    (tmp_path / "known_pumps.csv").write_text("symbol,announced\nA,2024-05-01 00:00:00\nB,2024-05-01T01:00:00+01:00\n")
    known = known_episodes(tmp_path)
    assert known is not None
    assert known["time_ns"].tolist() == [1_714_521_600_000_000_000] * 2


def test_honest_rows_hold_nothing_labelled_or_known_of(market: MakeMarket, labels: MakeLabels) -> None:
    blank, one = blank_rows("market", 600), market(labels=labels({"start_s": 3600.0, "end_s": 3660.0}), end_h=10)
    rows = replace(blank, start=blank.start + one.start, end=blank.end + one.start)
    known = pd.DataFrame({"symbol": ["A", "B"], "time_ns": [one.start + 300 * MINUTE, one.start + 540 * MINUTE]})
    # A window of the hour after an episode still holds it; what is known by its time alone may have begun before.
    assert (np.flatnonzero(~honest_rows(rows, one, known)) + 1).tolist() == [*range(61, 123), *range(241, 362)]
    around = honest_rows(rows, one, None, NEAR_NS, NEAR_NS)
    assert (np.flatnonzero(~around) + 1).tolist() == list(range(1, 123))

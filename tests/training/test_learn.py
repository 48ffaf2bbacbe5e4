from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from features.catalogue import COLUMN, MARKET_FEATURES
from features.errors import TapewatchError
from features.fold import Folded
from features.rows import blank_rows
from models.classifier import NONE
from models.combination import combine
from models.rules.spoofing import Spoofing
from models.rules.wash_trading import WashTrading
from training import learn as learning
from training.labelling import LEFT_OUT, RIGHT, WRONG, Suspicions
from training.learn import calibrating, episodes_in, fit_weights, kept_for_learning, labelled, learn, learnable
from training.markets import MarketTape

MakeMarket = Callable[..., MarketTape]
N = len(MARKET_FEATURES)
RNG = np.random.default_rng
SIGNAL = COLUMN["self_match_share"]


def suspicious(
    typology: str, market: list[int], end: list[int], truth: list[int], *, scale: str = "market", seed: int = 0
) -> Suspicions:
    n = len(market)
    values = RNG(seed).random((n, N))
    values[np.array(truth) == RIGHT, SIGNAL] += 1.0
    weight = np.where(np.array(truth) == LEFT_OUT, 0.0, 1.0)
    return Suspicions(
        typology, scale, np.array(market), values, np.array(end), np.full(n, -1, np.int32),
        np.full(n, 0.6), np.full(n, 0.8),
        np.array(truth, np.int8), weight, np.array(market),
    )  # fmt: skip


def many(seed: int = 0, n_markets: int = 8, each: int = 40) -> Suspicions:
    """Return suspicions of wash trading: the first half of each market right, then a tenth left out, then wrong."""
    market = np.repeat(np.arange(n_markets), each).tolist()
    end = np.tile(np.arange(each), n_markets).tolist()
    place = np.tile(np.arange(each), n_markets)
    truth = np.select([place < each // 2, place < each * 6 // 10], [RIGHT, LEFT_OUT], WRONG).tolist()
    return suspicious("wash_trading", market, end, truth, seed=seed)


def test_learnable_episodes_whose_weights_do_not_sum_exactly_count_in_full() -> None:
    found = suspicious("wash_trading", [0, 0, 0], [1, 2, 3], [RIGHT] * 3)
    found = replace(found, weight=np.nextafter(np.ones(3), 0))
    assert found.weight.sum() < 3
    assert episodes_in(found) == 3
    assert learnable({"wash_trading": found, "spoofing": found.take(np.arange(3) < 2)}) == ("wash_trading",)


def test_learn_without_enough_episodes_is_refused_and_says_what_there_was(market: MakeMarket) -> None:
    few = suspicious("wash_trading", [0, 1], [1, 2], [RIGHT, RIGHT])
    with pytest.raises(TapewatchError, match=r"at least 3 labelled episodes .*, was \{'wash_trading': 2\}"):
        learn([market()], {"wash_trading": few}, (WashTrading(),))


def test_kept_for_learning_one_row_that_two_rules_suspect_is_one_and_right_beats_left_out_beats_wrong() -> None:
    one = suspicious("wash_trading", [0, 0, 0, 1], [1, 2, 3, 1], [RIGHT, LEFT_OUT, WRONG, WRONG])
    other = suspicious("concentrated_trading", [0, 0, 0, 1], [1, 2, 3, 2], [LEFT_OUT, WRONG, RIGHT, LEFT_OUT])
    kept = kept_for_learning({"wash_trading": one, "concentrated_trading": other})
    assert kept.tolist() == [0, 6, 3]
    rows = labelled({"wash_trading": one, "concentrated_trading": other})
    assert rows.label.tolist() == ["wash_trading", "concentrated_trading", NONE]
    assert rows.group.tolist() == [0, 0, 1]


def test_labelled_right_and_wrong_weigh_alike() -> None:
    rows = labelled({"wash_trading": many()})
    right = rows.label != NONE
    assert rows.weight[right].sum() == pytest.approx(rows.weight[~right].sum())
    assert (rows.weight > 0).all()


def test_labelled_where_nothing_was_wrong_keeps_what_was_right() -> None:
    rows = labelled({"wash_trading": suspicious("wash_trading", [0, 1], [1, 1], [RIGHT, RIGHT])})
    assert rows.weight.tolist() == [1.0, 1.0]


class Stub:
    """A classifier that was fitted: 0.9 to everything, where the folds had said something else of each row."""

    classes = (NONE, "concentrated_trading", "wash_trading")

    def __init__(self, n: int) -> None:
        self.classifier = self
        self.out_of_fold = np.arange(3.0 * n).reshape(n, 3) / 100

    def by_typology(self, values: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        return {name: np.full(len(values), 0.9) for name in self.classes[1:]}


def test_unseen_probabilities_are_out_of_fold_and_rows_left_out_are_judged_by_the_final_model() -> None:
    one = suspicious("wash_trading", [0, 0, 1], [1, 2, 1], [RIGHT, LEFT_OUT, WRONG])
    other = suspicious("concentrated_trading", [1, 0, 1], [1, 1, 5], [WRONG, WRONG, WRONG])
    mine = {"wash_trading": one, "concentrated_trading": other}
    assert kept_for_learning(mine).tolist() == [0, 2, 5]
    found = learning.unseen_probabilities(mine, Stub(3))  # type: ignore[arg-type]
    assert found["wash_trading"].tolist() == [0.02, 0.9, 0.05]
    assert found["concentrated_trading"].tolist() == [0.04, 0.01, 0.07]


def test_unseen_probabilities_equal_rows_of_two_markets_keep_their_own_folds() -> None:
    one = suspicious("wash_trading", [0, 1], [1, 1], [RIGHT, WRONG])
    alike = replace(one, values=np.full((2, N), np.nan))
    found = learning.unseen_probabilities({"wash_trading": alike}, Stub(2))  # type: ignore[arg-type]
    assert found["wash_trading"].tolist() == [0.02, 0.05]


def test_unseen_probabilities_without_a_classifier_are_unknown() -> None:
    found = learning.unseen_probabilities({"wash_trading": many()}, None)
    assert np.isnan(found["wash_trading"]).all()


@pytest.mark.parametrize(
    ("markets", "expected"),
    [
        ([("t0", "A", 0)], [False]),
        ([("t0", "A", 0), ("t1", "A", 2)], [False, True]),
        ([("t0", "A", 0), ("t0", "B", 0)], [False, True]),
        ([("t0", "A", 0), ("t0", "B", 0), ("t1", "A", 2), ("t1", "B", 2)], [False, True, True, False]),
        ([("t0", "A", 0), ("t1", "A", 0.5), ("t2", "A", 2)], [False, False, True]),
    ],
)
def test_calibrating_alternates_over_symbols_and_tapes(
    market: MakeMarket, markets: list[tuple[str, str, float]], expected: list[bool]
) -> None:
    made = [market(tape, symbol, start, start + 1) for tape, symbol, start in markets]
    assert calibrating(made).tolist() == expected


def test_fit_weights_are_never_negative_and_follow_who_was_right() -> None:
    truth = np.tile([RIGHT, WRONG], 200).astype(np.int8)
    sign = np.where(truth == RIGHT, 1.0, -1.0)
    noise = RNG(1).normal(size=(400, 3))
    x = np.column_stack([sign + 0.5 * noise[:, 0], -sign + 0.5 * noise[:, 1], noise[:, 2]])
    weights = fit_weights(x, truth, np.ones(400))
    assert weights.weight[0] > 1.0
    assert weights.weight[1] == 0.0
    assert weights.weight[2] < 0.2
    assert combine(x, weights)[truth == RIGHT].mean() > 0.8


def test_fit_weights_what_was_left_out_changes_nothing() -> None:
    truth = np.tile([RIGHT, WRONG, LEFT_OUT], 30).astype(np.int8)
    x = RNG(2).normal(size=(90, 3))
    assert fit_weights(x, truth, np.ones(90)) == fit_weights(
        x[truth != LEFT_OUT], truth[truth != LEFT_OUT], np.ones(60)
    )


def test_fit_weights_a_detector_that_always_abstains_keeps_its_prior() -> None:
    truth = np.tile([RIGHT, WRONG], 50).astype(np.int8)
    x = np.column_stack([np.where(truth == RIGHT, 1.0, -1.0), np.full(100, np.nan), np.full(100, np.nan)])
    assert fit_weights(x, truth, np.ones(100)).weight[1:] == pytest.approx((0.5, 0.5), abs=1e-3)


@pytest.mark.slow
def test_learn_tells_the_pattern_from_its_look_alike_on_rows_it_had_not_seen(market: MakeMarket) -> None:
    rng, markets = RNG(3), []
    for number in range(8):
        one = market(f"t{number}", "AB"[number % 2], 2 * number, 2 * number + 1, n_rows=60)
        rows = replace(one.folded.market, values=rng.random((60, N)))
        markets.append(replace(one, folded=Folded(rows, blank_rows("fast", 0), {})))
    suspected = {"wash_trading": many(), "spoofing": many().take(np.zeros(320, dtype=bool))}
    learned = learn(markets, suspected, (WashTrading(), Spoofing()))
    assert set(learned.classifiers) == {"market"}
    assert set(learned.forests) == {"market"}
    assert set(learned.weights) == {"wash_trading"}
    raw, truth = learned.raw["wash_trading"], suspected["wash_trading"].truth
    assert np.quantile(raw[truth == RIGHT], 0.1) > 0.7
    assert np.quantile(raw[truth == WRONG], 0.9) < 0.3
    fresh = many(seed=9)
    judged = learned.judge(fresh)
    assert judged[fresh.truth == RIGHT].mean() > 0.8
    assert judged[fresh.truth == WRONG].mean() < 0.3

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.readers import read_dataset
from models.bundle import Bundle
from models.combination import Weights
from models.parameters import Parameters
from models.rules import build_rules
from models.surveillance import policy_of
from serving.scoring import scan_tape
from training.alerts import alerts_of, judged_with, raise_alerts
from training.labelling import suspicions
from training.learn import Learned
from training.markets import MarketTape, fold_dataset

RULES = Parameters()


@pytest.fixture(scope="module")
def tape(small_dataset: Path) -> Path:
    return read_dataset(small_dataset).tapes[0]


@pytest.fixture(scope="module")
def markets(small_dataset: Path, tape: Path) -> Sequence[MarketTape]:
    return fold_dataset(read_dataset(small_dataset), RULES, tapes=[tape])


def test_alerts_of_a_tape_are_those_that_scan_raises(tape: Path, markets: Sequence[MarketTape]) -> None:
    raised = [alert for one in alerts_of(markets, RULES, None) for alert in one.last]
    scanned = scan_tape(tape, RULES, None).alerts
    assert len(scanned) > 0
    assert sorted(raised, key=lambda alert: (alert.detected_at, alert.alert_id)) == list(scanned)


def test_alerts_of_stored_markets_are_those_of_fresh_ones(
    small_dataset: Path, tape: Path, markets: Sequence[MarketTape], tmp_path: Path
) -> None:
    dataset = read_dataset(small_dataset)
    for _ in range(2):
        stored = fold_dataset(dataset, RULES, tapes=[tape], store=tmp_path)
    fresh = [(one.opened, one.last) for one in alerts_of(markets, RULES, None)]
    assert [(one.opened, one.last) for one in alerts_of(stored, RULES, None)] == fresh
    assert any(last for _, last in fresh)


def test_alerts_of_a_lower_threshold_are_more_and_as_sure_as_asked(markets: Sequence[MarketTape]) -> None:
    usual = [alert for one in alerts_of(markets, RULES, None) for alert in one.last]
    unsure = [alert for one in alerts_of(markets, RULES, None, 0.3) for alert in one.last]
    assert min(alert.confidence for alert in usual) >= 0.7
    assert 0.3 <= min(alert.confidence for alert in unsure) < 0.7


def test_raised_alerts_stand_beside_their_opening(markets: Sequence[MarketTape]) -> None:
    for one in alerts_of(markets, RULES, None, 0.3):
        assert [alert.alert_id for alert in one.opened] == [alert.alert_id for alert in one.last]
        assert {alert.revision for alert in one.opened} <= {1}
        for opened, last in zip(one.opened, one.last, strict=True):
            assert opened.confidence <= last.confidence
            assert opened.detected_at == last.detected_at


BARE = Bundle(
    classifiers={}, isolation_forests={}, combination={}, calibrators={}, parameters="p", calibrated_on="labelled",
    created_from="d",
)  # fmt: skip


def test_judged_with_gives_each_candidate_its_own_probability(markets: Sequence[MarketTape]) -> None:
    suspected = suspicions(markets, build_rules(RULES))
    name = "volume_spike"
    raw = {name: np.linspace(0, 1, len(suspected[name]))}
    learned = Learned({}, {}, {name: Weights(0.0, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))}, raw, raw, raw)
    parts = [judged_with(number, market, RULES, suspected, learned, BARE) for number, market in enumerate(markets)]
    assert [[found.rule.typology for found in part] for part in parts] == [[name]] * len(markets)
    together = np.concatenate([part[0].confidence for part in parts])
    assert together.tolist() == raw[name].tolist()
    policy = replace(policy_of(RULES, None), threshold=0.99)
    assert all(alert.confidence >= 0.99 for alert in raise_alerts(markets[-1], parts[-1], policy).last)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.alert import Alert
from training.hits import by_typology, hit_matrix, jaccard, last_revisions, match, same_pattern

MakeAlert = Callable[..., Alert]
MakeLabels = Callable[..., pd.DataFrame]
A_MINUTE_LATER = {"start_s": 120.0, "end_s": 180.0}


def hits(alert: Alert, labels: pd.DataFrame) -> bool:
    return bool(hit_matrix([alert], labels)[0, 0])


@pytest.mark.parametrize(
    ("start_s", "end_s", "expected"),
    [
        (130, 140, True),  # within
        (0, 300, True),  # around
        (0, 60, True),  # ends exactly 60 s before
        (0, 59.999, False),
        (240, 300, True),  # begins exactly 60 s after
        (240.001, 300, False),
    ],
)
def test_hit_spans_that_overlap_within_60_s_do(
    alert: MakeAlert, labels: MakeLabels, start_s: float, end_s: float, *, expected: bool
) -> None:
    assert hits(alert(start_s, end_s), labels(A_MINUTE_LATER)) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"venue": "y"}, False),
        ({"symbol": "B"}, False),
        ({"typology": "spoofing"}, False),
        ({"accounts": ("b",)}, False),
        ({"accounts": ("b", "a")}, True),
        ({"accounts": ()}, True),
    ],
)
def test_hit_needs_typology_place_and_a_common_account(
    alert: MakeAlert, labels: MakeLabels, changes: dict[str, Any], *, expected: bool
) -> None:
    assert hits(alert(**changes), labels({})) is expected


def test_hit_label_without_accounts_asks_for_none(alert: MakeAlert, labels: MakeLabels) -> None:
    assert hits(alert(), labels({"accounts": ()}))


@pytest.mark.parametrize(("one", "other"), [("spoofing", "layering"), ("layering", "spoofing")])
def test_hit_spoofing_and_layering_count_as_one_another(
    alert: MakeAlert, labels: MakeLabels, one: str, other: str
) -> None:
    assert same_pattern(one) == same_pattern(other)
    assert hits(alert(typology=one), labels({"typology": other}))


def test_match_alert_that_hits_nothing_is_false(alert: MakeAlert, labels: MakeLabels) -> None:
    found = match([alert(), alert(7000, 7060)], labels({})).alerts
    assert found["false"].tolist() == [False, True]
    assert found["hits"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("changes", "false"),
    [
        ({"category": "anomaly", "typology": "volume_spike"}, False),
        ({"category": "anomaly", "typology": "volume_spike", "symbol": "B"}, True),
        ({"category": "manipulation", "typology": "pump_and_dump"}, True),
    ],
)
def test_match_only_an_anomaly_inside_an_episode_of_another_pattern_is_excused(
    alert: MakeAlert, labels: MakeLabels, changes: dict[str, Any], *, false: bool
) -> None:
    found = match([alert(**changes)], labels({})).alerts
    assert (found["hits"].tolist(), found["false"].tolist()) == ([False], [false])


def test_match_anomaly_after_the_episode_is_false(alert: MakeAlert, labels: MakeLabels) -> None:
    late = alert(121, 180, category="anomaly", typology="volume_spike")
    assert match([late], labels({})).alerts["false"].tolist() == [True]


def test_match_several_alerts_on_one_episode_hit_it_once_and_the_first_counts(
    alert: MakeAlert, labels: MakeLabels
) -> None:
    # Given latest first: the order of the alerts does not matter.
    matched = match([alert(60, 120), alert(0, 30)], labels({"end_s": 120.0}))
    assert matched.episodes["hit"].tolist() == [True]
    assert matched.episodes["delay_s"].tolist() == [30.0]
    (row,) = by_typology(matched).to_dict("records")
    assert (row["episodes"], row["recall"], row["alerts"], row["precision"]) == (1, 1, 2, 1)


def test_match_one_alert_on_two_episodes_hits_both(alert: MakeAlert, labels: MakeLabels) -> None:
    matched = match([alert(0, 300)], labels({}, {"start_s": 240.0, "end_s": 300.0}))
    assert matched.episodes["hit"].tolist() == [True, True]
    assert matched.episodes["delay_s"].tolist() == [300.0, 60.0]


@pytest.mark.parametrize(
    ("named", "right"), [(("a",), 1.0), (("a", "c"), 0.0), (("a", "b", "c"), 1.0), (("a", "b"), 1.0), ((), np.nan)]
)
def test_match_accounts_are_right_from_jaccard_one_half(
    alert: MakeAlert, labels: MakeLabels, named: tuple[str, ...], right: float
) -> None:
    matched = match([alert(accounts=named)], labels({"accounts": ("a", "b")}))
    np.testing.assert_equal(matched.episodes["accounts_right"].tolist(), [right])


def test_match_accounts_of_several_alerts_the_best_counts(alert: MakeAlert, labels: MakeLabels) -> None:
    matched = match([alert(accounts=("a", "c", "d")), alert(accounts=("a", "b"))], labels({"accounts": ("a", "b")}))
    assert matched.episodes["accounts_right"].tolist() == [1.0]


def test_match_missed_episode_has_no_delay(labels: MakeLabels) -> None:
    matched = match([], labels({}))
    assert matched.episodes["hit"].tolist() == [False]
    assert matched.episodes[["delay_s", "accounts_right"]].isna().all(axis=None)
    (row,) = by_typology(matched).to_dict("records")
    assert row["recall"] == 0
    assert np.isnan(row["precision"])


def test_match_of_nothing_is_an_empty_table(labels: MakeLabels) -> None:
    table = by_typology(match([], labels()))
    assert len(table) == 0
    assert "accounts_right" in table.columns


def test_by_typology_layering_is_told_with_spoofing(alert: MakeAlert, labels: MakeLabels) -> None:
    spoofing, layering = alert(typology="spoofing"), alert(500, 560, typology="layering")
    planted = labels({"typology": "layering"}, {"typology": "spoofing", "start_s": 5000.0, "end_s": 5060.0})
    table = by_typology(match([spoofing, layering], planted))
    assert table.index.tolist() == ["spoofing"]
    (row,) = table.to_dict("records")
    assert [row[name] for name in ("episodes", "recall", "alerts", "precision", "f1")] == [2, 0.5, 2, 0.5, 0.5]


def test_last_revisions_keeps_the_last_of_each_in_order_of_detection(alert: MakeAlert) -> None:
    late, early = alert(60, 120), alert(0, 60)
    grown = alert(0, 60, revision=2)
    assert last_revisions([late, early, grown]) == [grown, late]


def test_jaccard_of_nobody_is_unknown() -> None:
    assert np.isnan(jaccard((), ("a",)))
    assert jaccard(("a", "b"), ("b", "c")) == pytest.approx(1 / 3)

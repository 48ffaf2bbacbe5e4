from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import models.rules
from features.book.fold import BOOK
from features.catalogue import COLUMNS, GRAINS, grain_of
from features.cross.dealings import CROSS_FIGURES
from features.fold import CROSS, FIGURES, SCALES
from features.rows import Episodes, Rows, blank_rows, no_episodes
from features.sweeps.base import MOST_MEMBERS
from models.findings import Findings
from models.parameters import Parameters, parse_parameters
from models.rules import build_rules, judge_summary
from models.rules.base import AT_THRESHOLD, FLOOR, Rule
from models.rules.rush import SUSPICION
from tests.contracts.cases import CASES, Figures


def rule_of(typology: str, **values: float) -> Rule:
    parameters = parse_parameters({CASES[typology].table or typology: values}) if values else Parameters()
    (rule,) = (rule for rule in build_rules(parameters) if rule.typology == typology)
    return rule


def window(figures: list[Figures], pair: tuple[int, int] = (-1, -1), scale: str = "market") -> Rows:
    """Return a row for each set of features; what is not given is unknown."""
    rows = blank_rows(scale, len(figures))
    for row, values in enumerate(figures):
        for name, value in values.items():
            rows.values[row, COLUMNS[grain_of(scale)][name]] = value
    rows.pair[:] = pair
    rows.top_entity[:] = 5
    rows.values.setflags(write=False)
    return rows


def episodes_of(kind: str, figures: list[Figures], rows: list[int] | None = None) -> Episodes:
    """Return an episode of a kind for each set of figures, in the given rows; what is not given is unknown."""
    names, n = EVERY_FIGURE[kind], len(figures)
    members = np.full((n, MOST_MEMBERS), -1, np.int32)
    members[:, 0] = 5
    return Episodes(
        row=np.asarray(rows if rows is not None else range(n), np.int64), members=members, side=np.ones(n, np.int8),
        start=np.zeros(n, np.int64), end=np.zeros(n, np.int64),
        figures=np.array([[one.get(name, np.nan) for name in names] for one in figures]).reshape(n, len(names)),
        names=names,
    )  # fmt: skip


def judged(rule: Rule, figures: Figures) -> Findings:
    if rule.reads:
        return rule.judge(window([{}]), episodes_of(rule.reads, [figures]))
    return rule.judge(window([figures], CASES[rule.typology].pair, scale_of(rule)), no_episodes())


def scale_of(rule: Rule) -> str:
    """Return a scale of the grain that a rule reads rows of."""
    return rule.scale if rule.scale in {BOOK, CROSS} else "market"


def random_rows(rng: np.random.Generator, n_rows: int, rule: Rule) -> Rows:
    """Return rows of features within their ranges, many of them extreme or unknown; of a book about the pattern's."""
    if rule.scale == BOOK:
        pattern = CASES[rule.typology].pattern
        some = [0.0, 0.3, 1.0, 1.0, 1.0, 3.0, np.nan]
        return window([{k: v * rng.choice(some) for k, v in pattern.items()} for _ in range(n_rows)], scale=BOOK)
    rows = blank_rows(scale_of(rule), n_rows)
    for column, feature in enumerate(GRAINS[grain_of(scale_of(rule))]):
        low = feature.low if feature.low is not None else -10.0
        high = feature.high if feature.high is not None else 10.0 ** rng.uniform(0, 3, n_rows)
        rows.values[:, column] = low + (high - low) * rng.choice([0.0, 1.0, rng.random()], n_rows)
        rows.values[:, column] = np.where(rng.random(n_rows) < 0.1, np.nan, rows.values[:, column])
    rows.pair[:] = rng.integers(-1, 3, (n_rows, 2))
    rows.top_entity[:] = rng.integers(-1, 3, n_rows)
    return rows


def random_episodes(rng: np.random.Generator, kind: str, n_rows: int, count: int) -> Episodes:
    """Return episodes in random rows whose figures are the pattern's, small, large or unknown."""
    if not kind:
        return no_episodes()
    pattern = next(case.pattern for case in CASES.values() if set(case.pattern) <= set(EVERY_FIGURE[kind]))
    figures = [
        {name: value * rng.choice([0.0, 0.3, 1.0, 1.0, 1.0, 3.0]) for name, value in pattern.items()}
        for _ in range(count)
    ]
    return episodes_of(kind, figures, sorted(rng.integers(0, n_rows, count).tolist()))


def one_by_one(rule: Rule, rows: Rows, episodes: Episodes) -> Iterator[tuple[int, Findings]]:
    for row in range(len(rows)):
        mine = episodes.row == row
        single = replace(
            rows,
            **{f.name: getattr(rows, f.name)[row : row + 1] for f in fields(rows) if f.name not in {"scale", "market"}},
        )
        columns = {f.name: getattr(episodes, f.name)[mine] for f in fields(episodes) if f.name != "names"}
        columns["row"] = np.zeros(int(mine.sum()), np.int64)
        yield row, rule.judge(single, Episodes(**columns, names=episodes.names))


def bits(values: NDArray[Any]) -> bytes:
    return bytes(np.ascontiguousarray(values).tobytes())


EVERY_FIGURE = {**FIGURES, **CROSS_FIGURES}
LOOK_ALIKES = [(typology, name) for typology, case in CASES.items() for name in case.look_alikes]
TYPOLOGIES = list(CASES)
MAY_BE_UNKNOWN = [
    (typology, name) for typology, case in CASES.items() for name in case.pattern if name not in case.always_known
]


def test_catalogue_of_rules_has_every_file_and_every_file_a_case() -> None:
    folder = Path(str(models.rules.__file__)).parent
    shared = {"__init__", "bait_rounds", "base", "one_sided", "one_sided_params", "rush"}
    files = {path.stem for path in folder.glob("*.py")} - shared
    assert {rule.typology for rule in build_rules(Parameters())} == files == set(CASES)


@pytest.mark.parametrize("typology", TYPOLOGIES)
def test_rule_of_any_kind_has_one_spelling_and_tells_pattern_innocence_and_source(typology: str) -> None:
    rule = rule_of(typology)
    assert type(rule).__name__ == typology.title().replace("_", "")
    assert type(rule).__module__ == f"models.rules.{typology}"
    assert rule.scale in {"market", "fast", "account", BOOK, CROSS}
    assert not rule.reads or rule.scale == SCALES.get(rule.reads, CROSS)
    text = str(type(rule).__doc__)
    assert all(f"{heading}:\n" in text for heading in ("Pattern", "Innocent explanations", "Source"))


@pytest.mark.parametrize("typology", TYPOLOGIES)
def test_rule_on_its_pattern_fires(typology: str) -> None:
    found = judged(rule_of(typology), CASES[typology].pattern)
    assert len(found) == 1
    assert found.score[0] > AT_THRESHOLD
    assert found.confidence[0] >= 0.5
    assert (found.detector, found.typology, found.kind) == (typology, typology, "rule")


@pytest.mark.parametrize(("typology", "name"), LOOK_ALIKES)
def test_rule_on_an_innocent_look_alike_stays_below_its_threshold(typology: str, name: str) -> None:
    case = CASES[typology]
    assert not (judged(rule_of(typology), {**case.pattern, **case.look_alikes[name]}).score >= AT_THRESHOLD).any()


@pytest.mark.parametrize("typology", TYPOLOGIES)
def test_rule_without_data_abstains(typology: str) -> None:
    rule = rule_of(typology)
    assert len(rule.judge(blank_rows(scale_of(rule), 5), no_episodes())) == 0


@pytest.mark.parametrize("typology", TYPOLOGIES)
def test_rule_without_rows_abstains(typology: str) -> None:
    rule = rule_of(typology)
    assert len(rule.judge(blank_rows(scale_of(rule), 0), no_episodes())) == 0


@pytest.mark.parametrize(("typology", "name"), MAY_BE_UNKNOWN)
def test_rule_with_one_unknown_feature_does_not_score_higher(typology: str, name: str) -> None:
    case = CASES[typology]
    known = judged(rule_of(typology), case.pattern)
    partial = judged(rule_of(typology), {**case.pattern, name: np.nan})
    weight = (partial.score * partial.confidence).sum()
    assert weight <= (known.score * known.confidence).sum()


@pytest.mark.parametrize("typology", TYPOLOGIES)
def test_rule_with_a_stricter_main_threshold_never_scores_higher(typology: str) -> None:
    name, values = CASES[typology].threshold
    rng = np.random.default_rng(11)
    rule = rule_of(typology)
    rows, episodes = random_rows(rng, 400, rule), random_episodes(rng, rule.reads, 400, 400)
    scores = []
    for value in values:
        found = rule_of(typology, **{name: value}).judge(rows, episodes)
        by_row = np.zeros(400)
        np.maximum.at(by_row, found.row, found.score)
        scores.append(by_row)
    assert all((lenient >= strict).all() for lenient, strict in pairwise(scores))


@pytest.mark.parametrize("typology", TYPOLOGIES)
def test_rule_at_a_stricter_main_threshold_lets_its_pattern_fade(typology: str) -> None:
    name, values = CASES[typology].threshold
    scores = [judged(rule_of(typology, **{name: value}), CASES[typology].pattern).score.sum() for value in values]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]


@pytest.mark.parametrize("typology", TYPOLOGIES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rule_on_any_rows_gives_sparse_findings_in_range_and_order(typology: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rule = rule_of(typology)
    found = rule.judge(random_rows(rng, 300, rule), random_episodes(rng, rule.reads, 300, 200))
    assert {len(getattr(found, f.name)) for f in fields(found) if f.name not in {"detector", "typology", "kind"}} == {
        len(found)
    }
    least = SUSPICION if typology in {"pump_and_dump", "dump_and_pump"} else FLOOR
    assert ((found.score >= least) & (found.score <= 1.0)).all()
    assert ((found.confidence >= 0.0) & (found.confidence <= 1.0)).all()
    assert (np.diff(found.row) >= 0).all()


@pytest.mark.parametrize("typology", TYPOLOGIES)
def test_rule_row_by_row_gives_the_bits_of_all_at_once(typology: str) -> None:
    rng = np.random.default_rng(5)
    rule = rule_of(typology)
    rows, episodes = random_rows(rng, 600, rule), random_episodes(rng, rule.reads, 600, 150)
    parts = [(row, found) for row, found in one_by_one(rule, rows, episodes) if len(found)]
    whole = rule.judge(rows, episodes)
    assert len(whole) > 0
    assert np.concatenate([np.full(len(found), row) for row, found in parts]).tolist() == whole.row.tolist()
    for name in ("score", "confidence", "members"):
        assert bits(np.concatenate([getattr(found, name) for _, found in parts])) == bits(getattr(whole, name)), name


@pytest.mark.parametrize("typology", TYPOLOGIES)
def test_evidence_of_a_finding_gives_figures_units_and_sentences(typology: str) -> None:
    case, rule = CASES[typology], rule_of(typology)
    rows = window([{} if rule.reads else case.pattern], case.pair, scale_of(rule))
    episodes = episodes_of(rule.reads, [case.pattern]) if rule.reads else no_episodes()
    found = rule.judge(rows, episodes)
    cited = rule.evidence(rows, int(found.row[0]), episodes, int(found.episode[0]))
    assert len(cited) >= 3
    assert any(figure.threshold is not None for figure in cited)
    for figure in cited:
        assert np.isfinite(figure.value)
        assert figure.unit
        assert figure.says.endswith(".")
        assert "{" not in figure.says
        assert "nan" not in figure.says


def test_rules_on_a_tape_do_not_take_a_cancellation_rate_for_spoofing() -> None:
    rows = window([{"cancellation_rate": 0.99, "order_to_trade_ratio": 20.0, "trade_count": 500.0}])
    rules = [rule for rule in build_rules(Parameters()) if rule.scale not in {BOOK, CROSS}]
    assert all(len(rule.judge(rows, no_episodes())) == 0 for rule in rules)


MISSION = {
    "pump_and_dump": {"price_change": 0.3, "volume_ratio": 6.0},
    "spoofing": {"cancellation_rate": 0.99},
    "volume_spike": {"volume_ratio": 6.0},
    "price_anomaly": {"price_change": 0.3, "trade_count": 100.0},
    "concentrated_trading": {"top_account_share": 0.8, "account_count": 4.0},
}


@pytest.mark.parametrize("typology", MISSION)
def test_summary_of_a_window_in_the_missions_shape_is_found_and_surest_where_it_defines_the_pattern(
    typology: str,
) -> None:
    rules = build_rules(Parameters())
    (found,) = (found for found in judge_summary(rules, window([MISSION[typology]])) if found.typology == typology)
    assert len(found) == 1
    assert found.score[0] > AT_THRESHOLD
    assert found.score[0] * found.confidence[0] >= Parameters().alerts.confidence_threshold
    assert (found.confidence[0] == 1.0) == (typology in {"volume_spike", "price_anomaly"})


def test_summary_of_an_unknown_window_gives_nothing() -> None:
    assert sum(len(found) for found in judge_summary(build_rules(Parameters()), blank_rows("market", 3))) == 0


def test_summary_of_an_ordinary_window_gives_nothing_above_threshold() -> None:
    ordinary = {
        "price_change": 0.01,
        "volume_ratio": 1.2,
        "robust_volume_ratio": 1.3,
        "cancellation_rate": 0.6,
        "order_to_trade_ratio": 4.0,
        "top_account_share": 0.2,
        "account_count": 8.0,
        "trade_count": 100.0,
    }
    found = judge_summary(build_rules(Parameters()), window([ordinary]))
    assert not any((each.score >= AT_THRESHOLD).any() for each in found)

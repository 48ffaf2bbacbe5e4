"""Judging: every detector looks at the rows, and what they say about each subject becomes one confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.fold import Folded
from features.rows import Episodes, Rows
from models.alert import CalibratedOn
from models.bundle import Bundle
from models.combination import DETECTORS, Weights, combine, inputs
from models.findings import Findings
from models.parameters import Alerts
from models.rules import judge_summary
from models.rules.base import Rule


@dataclass(frozen=True)
class Candidates:
    """What is held against each subject in each row of one scale, for one typology, shape (n_candidates,).

    Attributes:
        rule: The rule of the typology.
        rows: Feature rows that were judged.
        episodes: Episodes of those rows.
        row: Row number, ascending.
        members: Entities held suspect, the subject first, -1 where there are no more, shape (n_candidates, 8).
        episode: Episode number, -1 where there is none.
        score: The rule's score.
        evidence: How much evidence the score rests on.
        probability: The classifier's probability, NaN where it abstains.
        onset: How likely the row is the onset of the pattern, NaN where nobody can tell.
        p_value: The isolation forest's p-value, NaN where it abstains.
        alone: What each detector's word by itself has been worth on held-out alerts, NaN where unknown, shape
            (n_candidates, 3), columns as in `combination.DETECTORS`.
        weights: The combination; None where the rule speaks for itself.
        raw: Combined probability before calibration.
        confidence: Combined confidence.
        opens: What the threshold is held against: the confidence, and under a bundle calibrated on simulated markets
            at least what the rule says by itself.
    """

    rule: Rule
    rows: Rows
    episodes: Episodes
    row: NDArray[np.int64]
    members: NDArray[np.int32]
    episode: NDArray[np.int64]
    score: NDArray[np.float64]
    evidence: NDArray[np.float64]
    probability: NDArray[np.float64]
    onset: NDArray[np.float64]
    p_value: NDArray[np.float64]
    alone: NDArray[np.float64]
    weights: Weights | None
    raw: NDArray[np.float64]
    confidence: NDArray[np.float64]
    opens: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.row)

    @property
    def entity(self) -> NDArray[np.int32]:
        """The subjects, -1 for the market."""
        subject: NDArray[np.int32] = self.members[:, 0]
        return subject

    def whom(self, at: int) -> list[int]:
        """Return the codes of the entities of one candidate; none for the market."""
        return [int(code) for code in self.members[at] if code >= 0]

    def part(self, begin: int, end: int) -> Candidates:
        """Return candidates number `begin` to before `end`."""
        return replace(self, **{name: getattr(self, name)[begin:end] for name in _COLUMNS})

    @property
    def calibrated(self) -> bool:
        """Whether the confidence was learned, rather than being the rule's own score."""
        return self.weights is not None


_COLUMNS = (
    "row", "members", "episode", "score", "evidence", "probability", "onset", "p_value", "alone", "raw", "confidence",
    "opens",
)  # fmt: skip


def by_output(judged: list[Candidates], parts: Sequence[Folded], threshold: float) -> list[list[Candidates]]:
    """Return, for each output of a fold, what reaches the threshold, of those rules of which anything does.

    Args:
        judged: What was judged of `features.fold.joined(parts)`.
        parts: The outputs.
        threshold: What `opens` must reach somewhere in an output.
    """
    out: list[list[Candidates]] = [[] for _ in parts]
    lengths = np.array([[len(rows) for rows in part.scales.values()] for part in parts])
    begins = dict(zip(parts[0].scales, np.vstack([np.zeros_like(lengths[:1]), lengths]).cumsum(axis=0).T, strict=True))
    for found in judged:
        above = found.row[found.opens >= threshold]
        if not len(above):
            continue
        begin = begins[found.rule.scale]
        for number in np.unique(np.searchsorted(begin, above, side="right") - 1).tolist():
            first, last = np.searchsorted(found.row, [begin[number], begin[number + 1]])
            out[number].append(found.part(int(first), int(last)))
    return out


def calibrated_on(candidates: Candidates, bundle_says: CalibratedOn) -> CalibratedOn:
    """Return what an alert from these candidates was calibrated on."""
    return bundle_says if candidates.calibrated else "definition"


def _strongest(row: NDArray[np.int64], entity: NDArray[np.int32], score: NDArray[np.float64]) -> NDArray[np.int64]:
    order = np.lexsort((-score, entity, row))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(row[order]) != 0) | (np.diff(entity[order]) != 0)
    return order[first]


@dataclass(frozen=True)
class Opinions:
    """What the learned detectors say of each row of one scale; NaN in rows that no rule suspects."""

    probabilities: dict[str, NDArray[np.float64]]
    onsets: dict[str, NDArray[np.float64]]
    p_values: NDArray[np.float64]


def _opinions(bundle: Bundle | None, rows: Rows, suspected: NDArray[np.int64]) -> Opinions:
    nothing = np.full(len(rows), np.nan)
    if bundle is None or not len(suspected):
        return Opinions({}, {}, nothing)
    asked = rows.take(suspected)
    p_values = nothing.copy()
    p_values[suspected] = bundle.forest_findings(asked)
    told = tuple(
        {name: _spread(found, suspected, nothing) for name, found in said.items()}
        for said in (bundle.class_probabilities(asked), bundle.onset_probabilities(asked))
    )
    return Opinions(told[0], told[1], p_values)


def _spread(found: NDArray[np.float64], rows: NDArray[np.int64], nothing: NDArray[np.float64]) -> NDArray[np.float64]:
    out = nothing.copy()
    out[rows] = found
    return out


def _combined(
    rule: Rule, folded: Folded, found: Findings, opinions: Opinions, bundle: Bundle | None, prevalence: float | None
) -> Candidates:
    keep = _strongest(found.row, found.entity, found.score * found.confidence)
    row, score, evidence = found.row[keep], found.score[keep], found.confidence[keep]
    episode = found.episode[keep] if len(found.episode) else np.full(len(keep), -1, np.int64)
    nothing = np.full(len(opinions.p_values), np.nan)
    probability, p_value = opinions.probabilities.get(rule.typology, nothing)[row], opinions.p_values[row]
    onset = probability * opinions.onsets.get(rule.typology, nothing)[row]
    weights = bundle.weights(rule.typology) if bundle else None
    raw = confidence = against = score * evidence
    alone = np.full((len(keep), len(DETECTORS)), np.nan)
    if bundle and weights:
        raw = combine(inputs(score, evidence, probability, p_value), weights)
        alone = bundle.alone(rule.typology, np.stack([score * evidence, probability, 1.0 - p_value], axis=1))
        confidence = bundle.calibrate(rule.typology, raw, prevalence)
        against = opening_score(confidence, score * evidence, bundle.calibrated_on)
    return Candidates(
        rule=rule, rows=folded.rows_of(rule.scale), episodes=folded.episodes_of(rule.reads), row=row,
        members=found.members[keep], episode=episode, score=score, evidence=evidence,
        probability=probability, onset=onset, p_value=p_value, alone=alone, weights=weights, raw=raw,
        confidence=confidence, opens=against,
    )  # fmt: skip


def opening_score(
    confidence: NDArray[np.float64], of_rule: NDArray[np.float64], calibrated_on: CalibratedOn
) -> NDArray[np.float64]:
    """Return what the threshold is held against, shape (n,).

    What was learned on simulated markets may doubt a rule, and must not silence it on real ones.

    Args:
        confidence: Combined confidence, shape (n,).
        of_rule: The rule's score times its evidence, shape (n,).
        calibrated_on: What the confidence was calibrated on.
    """
    return np.maximum(confidence, of_rule) if calibrated_on == "simulated" else confidence


def judge(
    rules: tuple[Rule, ...], folded: Folded, bundle: Bundle | None, alerts: Alerts | None = None
) -> list[Candidates]:
    """Return what every rule, with the learned detectors, holds against whom.

    The rules look at every row; the learned detectors are asked about the rows that a rule suspects, however weakly.
    That is what they were trained on: to tell the pattern from its look-alikes.

    Args:
        rules: The catalogue of rules.
        folded: Rows and episodes of one market.
        bundle: The learned detectors; None runs the rules alone.
        alerts: What is stated of how common abuse is; by default as common as in the calibration.

    Returns:
        One entry per rule, in the order of the catalogue.
    """
    prevalence = bundle.prevalence(dict(alerts.prevalence.items()), alerts.abuse_ratio) if bundle and alerts else {}
    scales = folded.scales
    found = [rule.judge(scales[rule.scale], folded.episodes_of(rule.reads)) for rule in rules]
    opinions = {}
    for scale, rows in scales.items():
        suspected = [findings.row for rule, findings in zip(rules, found, strict=True) if rule.scale == scale]
        opinions[scale] = _opinions(bundle, rows, np.unique(np.concatenate([np.empty(0, np.int64), *suspected])))
    return [
        _combined(rule, folded, findings, opinions[rule.scale], bundle, prevalence.get(rule.typology))
        for rule, findings in zip(rules, found, strict=True)
    ]


def judge_totals(rules: tuple[Rule, ...], rows: Rows, bundle: Bundle | None) -> list[Candidates]:
    """Return what the rules hold against a window told by its totals; the isolation forest is heard beside them.

    Rules that need more than totals stay silent, those that can judge from totals alone do so with less confidence,
    and no combination was learned for such windows: the rule speaks for itself.
    """
    p_values = bundle.forest_findings(rows) if bundle else np.full(len(rows), np.nan)
    folded = Folded(rows, rows, {}, rows)
    opinions = Opinions({}, {}, p_values)
    return [
        _combined(rule, folded, findings, opinions, None, None)
        for rule, findings in zip(rules, judge_summary(rules, rows), strict=True)
    ]

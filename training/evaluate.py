"""Evaluation: what alerts are worth on tapes that nothing was learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from models.calibration import brier, ece
from training.alerts import Raised
from training.detection import detection
from training.hits import TABLE_COLUMNS, Matched, by_typology, match, same_pattern, truths
from training.intervals import intervals

_LOGGED = tuple(name for name in TABLE_COLUMNS if name not in ("episodes", "alerts"))


@dataclass(frozen=True)
class Evaluation:
    """Results on held-out tapes.

    Attributes:
        table: One row a typology, of the alerts that were raised, see `hits.by_typology`.
        metrics: The same and the rest as flat numbers: `recall.<typology>`, `precision.<typology>`, …,
            `average_precision.<typology>` and `average_precision` (see `average_precisions`), `ece_opening`,
            `ece_close`, `ece_by_chance` (what exact claims would show at the end, see `chance_ece`), `brier`,
            `false_manipulation_per_symbol_hour`; what `detection` gives; and ends of `intervals`. What cannot be
            measured is left out.
        confidence: Confidence of each calibrated alert at its end, however unsure, shape (n_alerts,).
        truth: Whether it was true.
        typology: Its typology.
        episodes: One row a label, see `hits.Matched`.
    """

    table: pd.DataFrame
    metrics: Mapping[str, float]
    confidence: NDArray[np.float64]
    truth: NDArray[np.bool_]
    typology: NDArray[np.str_]
    episodes: pd.DataFrame

    def scored(self) -> dict[str, tuple[NDArray[np.bool_], NDArray[np.float64]]]:
        """Return truth and confidence by typology, for the precision–recall plot."""
        names = [str(name) for name in np.unique(self.typology)]
        return {name: (self.truth[self.typology == name], self.confidence[self.typology == name]) for name in names}


@dataclass(frozen=True)
class _Judged:
    # Alerts of all markets as arrays, shape (n_alerts,) each.
    opening: NDArray[np.float64]
    close: NDArray[np.float64]
    truth: NDArray[np.bool_]
    typology: NDArray[np.str_]
    calibrated: NDArray[np.bool_]


def evaluate(raised: Sequence[Raised], unsure: Sequence[Raised], seed: int = 0) -> Evaluation:
    """Return what alerts were worth.

    Args:
        raised: The alerts that people would see, one entry a market, at least one.
        unsure: The alerts of the same markets down to a confidence that nobody would be shown; a threshold that lies
            lower opens alerts earlier and keeps them open longer, so these are others.
        seed: Seed of the bootstrap.
    """
    matched = matched_over(raised)
    table, judged = by_typology(matched), _judged(unsure)
    calibrated = judged.calibrated
    opening, close, truth = judged.opening[calibrated], judged.close[calibrated], judged.truth[calibrated]
    precisions = average_precisions(unsure)
    metrics = {f"{column}.{name}": float(row[column]) for name, row in table.iterrows() for column in _LOGGED}
    metrics |= {f"average_precision.{name}": value for name, value in precisions.items()}
    metrics |= {
        "average_precision": float(np.mean(list(precisions.values()))) if precisions else np.nan,
        "ece_opening": ece(opening, truth),
        "ece_close": ece(close, truth),
        "ece_by_chance": chance_ece(close),
        "brier": brier(close, truth),
        "false_manipulation_per_symbol_hour": false_rate(raised),
    }
    metrics |= detection(matched, raised) | intervals(raised, unsure, seed=seed)
    known = {name: value for name, value in metrics.items() if np.isfinite(value)}
    return Evaluation(table, known, close, truth, judged.typology[calibrated], matched.episodes)


def chance_ece(probability: NDArray[np.float64], draws: int = 1000, seed: int = 0) -> float:
    """Return the calibration error that exact probabilities show on average, because alerts are few; NaN without any.

    Args:
        probability: Claimed probabilities, shape (n,).
        draws: How often what came true is drawn from them.
        seed: Seed of the draws.
    """
    if len(probability) == 0:
        return float("nan")
    drawn = np.random.default_rng(seed).random((draws, len(probability))) < probability
    return float(np.mean([ece(probability, truth) for truth in drawn]))


def _judged(raised: Sequence[Raised]) -> _Judged:
    judged = [(one, *truths(one.last, one.market.labels)) for one in raised]
    # What nobody has judged is neither true nor false.
    alerts = [
        (opened, last, true)
        for one, is_true, is_known in judged
        for opened, last, true, known in zip(one.opened, one.last, is_true, is_known, strict=True)
        if known
    ]
    return _Judged(
        opening=np.array([opened.confidence for opened, _, _ in alerts]),
        close=np.array([last.confidence for _, last, _ in alerts]),
        truth=np.array([true for _, _, true in alerts], dtype=bool),
        typology=np.array([same_pattern(last.typology) for _, last, _ in alerts], dtype=str),
        calibrated=np.array([last.calibrated_on != "definition" for _, last, _ in alerts], dtype=bool),
    )


def average_precisions(unsure: Sequence[Raised]) -> dict[str, float]:
    """Return the average precision of each labelled typology, in [0, 1].

    Alerts are ranked by their confidence at the end. Recall runs up to the share of the episodes that any alert hit,
    so episodes that nothing suspected cost as much as those ranked last; 0 where no alert is true.
    """
    judged = _judged(unsure)
    episodes = matched_over(unsure).episodes
    names = np.array([same_pattern(name) for name in episodes["typology"]], dtype=str)
    out = {}
    for name in np.unique(names).tolist():
        mine = judged.typology == name
        found = float(episodes["hit"].to_numpy(dtype=bool)[names == name].mean())
        has_true = bool(judged.truth[mine].any())
        out[name] = found * float(average_precision_score(judged.truth[mine], judged.close[mine])) if has_true else 0.0
    return out


def matched_over(raised: Sequence[Raised]) -> Matched:
    """Return hits and false alerts over all markets, at least one."""
    parts = [match(one.last, one.market.labels) for one in raised]
    return Matched(
        pd.concat([part.alerts for part in parts], ignore_index=True),
        pd.concat([part.episodes for part in parts], ignore_index=True),
    )


def false_rate(raised: Sequence[Raised]) -> float:
    """Return false manipulation alerts a symbol-hour; NaN where the markets have no length."""
    hours = sum(one.market.hours for one in raised)
    alerts = matched_over(raised).alerts
    false = alerts["false"] & (alerts["category"] == "manipulation")
    return float(false.sum() / hours) if hours else float("nan")

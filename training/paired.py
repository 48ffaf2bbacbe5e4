"""Two judges on the same tapes: by how much one ranks alerts better, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.alerts import Raised
from training.hits import hit_matrix, same_pattern, truths
from training.verdicts import confirmed

HOUR_NS = 3_600_000_000_000
_Unit = tuple[int, str, int]


@dataclass(frozen=True)
class Paired:
    """How much better the second judge's average precision is, with a bootstrap interval over events.

    Attributes:
        difference: Second minus first, in [-1, 1]; NaN where nothing is labelled.
        low: Lower bound.
        high: Upper bound.
        events: Labelled episodes, and hours of a market with alerts that hit none.
    """

    difference: float
    low: float
    high: float
    events: int


@dataclass(frozen=True)
class _Ranked:
    # Alerts, shape (n_alerts,), and labelled episodes, shape (n_episodes,), of one judge; what belongs to one event
    # is drawn together.
    confidence: NDArray[np.float64]
    truth: NDArray[np.bool_]
    typology: NDArray[np.str_]
    unit: NDArray[np.int64]
    hit: NDArray[np.bool_]
    episode_typology: NDArray[np.str_]
    episode_unit: NDArray[np.int64]


def paired_precision(
    first: Sequence[Raised], second: Sequence[Raised], *, draws: int = 1000, level: float = 0.9, seed: int = 0
) -> Paired:
    """Return by how much the second judge's average precision is above the first's.

    Events are drawn with replacement, the same ones for both judges: a labelled episode with the alerts that hit it,
    or an hour of a market with the alerts that hit none. Average precision is that of `evaluate.average_precisions`.

    Args:
        first: Alerts of the first judge down to any confidence, one entry a market.
        second: Alerts of the second judge on the same markets, in the same order.
        draws: How often events are drawn.
        level: Probability of the interval.
        seed: Seed of the draws.
    """
    codes: dict[_Unit, int] = {}
    one, other = _ranked(first, codes), _ranked(second, codes)
    n = len(codes)
    if not len(one.hit):
        return Paired(float("nan"), float("nan"), float("nan"), n)
    whole = np.ones((1, n))
    difference = float((_precision(other, whole) - _precision(one, whole))[0])
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=draws).astype(float)
    differences = _precision(other, drawn) - _precision(one, drawn)
    tail = (1.0 - level) / 2.0
    low, high = np.nanquantile(differences, [tail, 1.0 - tail])
    return Paired(difference, float(low), float(high), n)


def _ranked(raised: Sequence[Raised], codes: dict[_Unit, int]) -> _Ranked:
    alerts: list[tuple[float, bool, str, int]] = []
    episodes: list[tuple[bool, str, int]] = []
    for number, one in enumerate(raised):
        labels = confirmed(one.market.labels)
        hits = hit_matrix(one.last, labels)
        true, known = truths(one.last, one.market.labels)
        for at, alert in enumerate(one.last):
            if known[at]:
                hour: _Unit = (number, "hour", alert.detected_at // HOUR_NS)
                unit: _Unit = (number, "episode", int(np.argmax(hits[at]))) if true[at] else hour
                code = codes.setdefault(unit, len(codes))
                alerts.append((alert.confidence, bool(true[at]), same_pattern(alert.typology), code))
        for at, (name, hit) in enumerate(zip(labels["typology"], np.any(hits, axis=0).tolist(), strict=True)):
            episodes.append((hit, same_pattern(name), codes.setdefault((number, "episode", at), len(codes))))
    return _Ranked(
        confidence=np.array([row[0] for row in alerts], dtype=float),
        truth=np.array([row[1] for row in alerts], dtype=bool),
        typology=np.array([row[2] for row in alerts], dtype=str),
        unit=np.array([row[3] for row in alerts], dtype=np.int64),
        hit=np.array([row[0] for row in episodes], dtype=bool),
        episode_typology=np.array([row[1] for row in episodes], dtype=str),
        episode_unit=np.array([row[2] for row in episodes], dtype=np.int64),
    )


def _precision(judge: _Ranked, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean average precision over typologies for each draw of events, shape (n_draws,)."""
    names = np.unique(judge.episode_typology)
    total, count = np.zeros(len(drawn)), np.zeros(len(drawn))
    for name in names:
        mine = judge.episode_typology == name
        weight = drawn[:, judge.episode_unit[mine]]
        episodes = weight.sum(axis=1)
        found = np.divide(
            (weight * judge.hit[mine]).sum(axis=1), episodes, where=episodes > 0, out=np.zeros(len(drawn))
        )
        total += found * _average_precision(judge, judge.typology == name, drawn)
        count += episodes > 0
    mean: NDArray[np.float64] = np.divide(total, count, where=count > 0, out=np.full(len(drawn), np.nan))
    return mean


def _average_precision(judge: _Ranked, mine: NDArray[np.bool_], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.argsort(-judge.confidence[mine], kind="stable")
    confidence = judge.confidence[mine][order]
    weight = drawn[:, judge.unit[mine][order]]
    right, seen = np.cumsum(weight * judge.truth[mine][order], axis=1), np.cumsum(weight, axis=1)
    # Equal confidences are one step of the curve.
    step = np.append(np.diff(confidence) != 0, True)[: len(confidence)]
    right, seen = right[:, step], seen[:, step]
    if not right.shape[1]:
        return np.zeros(len(drawn))
    precision = np.divide(right, seen, where=seen > 0, out=np.zeros_like(right))
    gained = np.diff(right, axis=1, prepend=0.0)
    average: NDArray[np.float64] = np.divide(
        (gained * precision).sum(axis=1), right[:, -1], where=right[:, -1] > 0, out=np.zeros(len(drawn))
    )
    return average

"""How far results on held-out tapes could be off by chance: 90 % intervals by bootstrap over events.

An event is a labelled episode with the alerts that hit it, and what else those hit; alerts that hit nothing are one
event for each typology on each market of a tape, as what misleads a detector once there misleads it again. Events are
drawn with replacement, all together, so that recall, precision and average precision of a draw belong together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from models.alert import Alert
from training.alerts import Raised
from training.calibrate import known_only
from training.hits import hit_matrix, match, same_pattern

Floats = NDArray[np.float64]
LEVEL = 0.9
DRAWS = 1000


@dataclass(frozen=True)
class _Counted:
    # Things of one kind (episodes, or alerts), shape (n,) each: their event, typology, whether right, confidence.
    event: NDArray[np.int64]
    typology: NDArray[np.str_]
    right: NDArray[np.bool_]
    confidence: Floats

    def of(self, typology: str) -> _Counted:
        mine = self.typology == typology
        return _Counted(self.event[mine], self.typology[mine], self.right[mine], self.confidence[mine])

    def drawn(self, counts: Floats) -> tuple[Floats, Floats]:
        """Return how many there are, and how many are right, in each draw."""
        weight = counts[:, self.event]
        return weight.sum(axis=1), weight[:, self.right].sum(axis=1)


def intervals(
    raised: Sequence[Raised], unsure: Sequence[Raised], *, draws: int = DRAWS, seed: int = 0
) -> dict[str, float]:
    """Return the ends of 90 % intervals: `recall_low.<typology>`, `recall_high.<typology>`, and so on.

    The same for `precision`, `f1` and `average_precision`; and without a typology over all. What cannot be measured is
    left out.

    Args:
        raised: The alerts that people would see, one entry a market.
        unsure: The alerts of the same markets down to a confidence that nobody would be shown.
        draws: How often events are drawn.
        seed: Seed of the draws.
    """
    n_events, (episodes, found, alerts, candidates) = _events(raised, unsure)
    if n_events == 0:
        return {}
    counts = (
        np.random.default_rng(seed).multinomial(n_events, np.full(n_events, 1 / n_events), size=draws).astype(float)
    )
    drawn = dict(zip(("recall", "precision", "f1"), _rates(episodes, alerts, counts), strict=True))
    precisions = []
    for name in sorted({*episodes.typology.tolist(), *alerts.typology.tolist()}):
        rates = _rates(episodes.of(name), alerts.of(name), counts)
        drawn |= {f"{key}.{name}": rate for key, rate in zip(("recall", "precision", "f1"), rates, strict=True)}
        if name in episodes.typology:
            n, hit = found.of(name).drawn(counts)
            mine = candidates.of(name)
            ranked = weighted_average_precision(mine.right, mine.confidence, counts[:, mine.event])
            drawn[f"average_precision.{name}"] = _divided(hit, n) * ranked
            precisions.append(drawn[f"average_precision.{name}"])
    if precisions:
        known = np.isfinite(precisions)
        drawn["average_precision"] = _divided(np.where(known, precisions, 0.0).sum(axis=0), known.sum(axis=0))
    return _ends(drawn)


def weighted_average_precision(truth: NDArray[np.bool_], score: Floats, weight: Floats) -> Floats:
    """Return the average precision under many weightings at once; 0 where nothing true has weight.

    Args:
        truth: What is true, shape (n,).
        score: What it is ranked by, shape (n,).
        weight: Weights, shape (n_draws, n), each >= 0.

    Returns:
        As scikit-learn's `average_precision_score`, shape (n_draws,).
    """
    if len(score) == 0:
        return np.zeros(len(weight))
    order = np.argsort(-score, kind="stable")
    last_of_tie = np.flatnonzero(np.append(np.diff(score[order]) != 0, [True]))
    right = np.cumsum(weight[:, order] * truth[order], axis=1)[:, last_of_tie]
    everything = np.cumsum(weight[:, order], axis=1)[:, last_of_tie]
    gained = np.diff(right, axis=1, prepend=0.0)
    precision = np.divide(right, everything, out=np.zeros_like(right), where=everything > 0)
    return np.nan_to_num(_divided((gained * precision).sum(axis=1), right[:, -1]))


def _rates(episodes: _Counted, alerts: _Counted, counts: Floats) -> tuple[Floats, Floats, Floats]:
    n_episodes, hit = episodes.drawn(counts)
    n_alerts, right = alerts.drawn(counts)
    recall, precision = _divided(hit, n_episodes), _divided(right, n_alerts)
    return recall, precision, _divided(2 * precision * recall, precision + recall)


def _divided(one: Floats, other: Floats) -> Floats:
    out: Floats = np.divide(one, other, out=np.full(len(one), np.nan), where=np.nan_to_num(other) > 0)
    return out


def _ends(drawn: dict[str, Floats]) -> dict[str, float]:
    out = {}
    for key, values in drawn.items():
        known = values[np.isfinite(values)]
        if len(known):
            metric, dot, typology = key.partition(".")
            low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            out[f"{metric}_low{dot}{typology}"], out[f"{metric}_high{dot}{typology}"] = float(low), float(high)
    return out


def _events(raised: Sequence[Raised], unsure: Sequence[Raised]) -> tuple[int, tuple[_Counted, ...]]:
    # Episodes by what was raised, episodes by what was unsure, alerts raised, and unsure ones.
    parts: list[list[_Counted]] = [[], [], [], []]
    first = 0
    for shown, other in zip(map(known_only, raised), map(known_only, unsure), strict=True):
        event, n_events = _joined(shown, other)
        cuts = np.cumsum([len(shown.market.labels), len(shown.last)])
        of_labels, of_shown, of_other = np.split(event + first, cuts)
        by_shown, by_other = match(shown.last, shown.market.labels), match(other.last, other.market.labels)
        names = _patterns(shown.market.labels["typology"].tolist())
        unknown = np.full(len(names), np.nan)
        parts[0].append(_Counted(of_labels, names, by_shown.episodes["hit"].to_numpy(bool), unknown))
        parts[1].append(_Counted(of_labels, names, by_other.episodes["hit"].to_numpy(bool), unknown))
        parts[2].append(_alerts(of_shown, shown.last, ~by_shown.alerts["false"].to_numpy(bool)))
        parts[3].append(_alerts(of_other, other.last, by_other.alerts["hits"].to_numpy(bool)))
        first += n_events
    return first, tuple(_together(part) for part in parts)


def _joined(shown: Raised, other: Raised) -> tuple[NDArray[np.int64], int]:
    # Event of each label, then of each alert shown, then of each unsure one.
    # Either is matched against the labels of its own market: those of alerts that cite nothing name other accounts.
    labels, alerts = shown.market.labels, (*shown.last, *other.last)
    rows, columns = np.nonzero(np.concatenate([hit_matrix(one.last, one.market.labels) for one in (shown, other)]))
    size = len(labels) + len(alerts)
    graph = coo_array((np.ones(len(rows)), (rows + len(labels), columns)), shape=(size, size))
    event = connected_components(graph, directed=False)[1].astype(np.int64)
    alone = np.setdiff1d(np.arange(len(alerts)), rows)
    names = _patterns([alerts[number].typology for number in alone])
    event[alone + len(labels)] = size + np.unique(names, return_inverse=True)[1]
    numbers, event = np.unique(event, return_inverse=True)
    return event.astype(np.int64), len(numbers)


def _alerts(event: NDArray[np.int64], alerts: Sequence[Alert], right: NDArray[np.bool_]) -> _Counted:
    names = _patterns([alert.typology for alert in alerts])
    return _Counted(event, names, right, np.array([alert.confidence for alert in alerts], dtype=float))


def _patterns(typologies: Sequence[str]) -> NDArray[np.str_]:
    return np.array([same_pattern(name) for name in typologies], dtype="U64")


def _together(parts: Sequence[_Counted]) -> _Counted:
    event, typology = (np.concatenate([getattr(one, key) for one in parts]) for key in ("event", "typology"))
    right, confidence = (np.concatenate([getattr(one, key) for one in parts]) for key in ("right", "confidence"))
    return _Counted(event, typology, right, confidence)

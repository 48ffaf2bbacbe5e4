"""How far results on held-out tapes could be off by chance: 90 % intervals by bootstrap over events.

An event is a labelled episode with the alerts that hit it, and what else those hit; alerts that hit nothing are one
event for each typology on each market of a tape, as what misleads a detector once there misleads it again. Events are
drawn with replacement, all together, so that recall, precision and average precision of a draw belong together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from training.alerts import Raised
from training.calibrate import known_only
from training.hits import hit_matrix, match, same_pattern

Floats = NDArray[np.float64]
LEVEL = 0.9
DRAWS = 1000


@dataclass(frozen=True)
class Counted:
    """Episodes or alerts, shape (n,) each.

    Attributes:
        event: Number of the event that each belongs to.
        typology: Its typology, see `hits.same_pattern`.
        right: Of an episode whether it was hit, of an alert whether it hits one.
        confidence: Of an alert, NaN of an episode.
    """

    event: NDArray[np.int64]
    typology: NDArray[np.str_]
    right: NDArray[np.bool_]
    confidence: Floats

    def of(self, typology: str) -> Counted:
        """Return those of a typology."""
        mine = self.typology == typology
        return Counted(self.event[mine], self.typology[mine], self.right[mine], self.confidence[mine])

    def drawn(self, counts: Floats) -> tuple[Floats, Floats]:
        """Return how many there are, and how many are right, in each draw."""
        weight = counts[:, self.event]
        return weight.sum(axis=1), weight[:, self.right].sum(axis=1)


@dataclass(frozen=True)
class Judgement:
    """What one judge made of markets.

    Attributes:
        episodes: The labelled episodes.
        alerts: Its alerts whose truth is known.
        false: Which of them are false by the definition of `hits`, shape (n_alerts,).
    """

    episodes: Counted
    alerts: Counted
    false: NDArray[np.bool_]

    def average_precisions(self, counts: Floats) -> dict[str, Floats]:
        """Return the average precision of each labelled typology, as `evaluate` has it, for each draw of events."""
        out = {}
        for name in np.unique(self.episodes.typology).tolist():
            n, hit = self.episodes.of(name).drawn(counts)
            mine = self.alerts.of(name)
            ranked = weighted_average_precision(mine.right, mine.confidence, counts[:, mine.event])
            out[name] = _divided(hit, n) * ranked
        return out


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
    n_events, (shown, ranked) = events(raised, unsure)
    if n_events == 0:
        return {}
    counts = drawn_events(n_events, draws, seed)
    episodes, alerts = shown.episodes, replace(shown.alerts, right=~shown.false)
    drawn = dict(zip(("recall", "precision", "f1"), _rates(episodes, alerts, counts), strict=True))
    for name in sorted({*episodes.typology.tolist(), *alerts.typology.tolist()}):
        rates = _rates(episodes.of(name), alerts.of(name), counts)
        drawn |= {f"{key}.{name}": rate for key, rate in zip(("recall", "precision", "f1"), rates, strict=True)}
    precisions = ranked.average_precisions(counts)
    drawn |= {f"average_precision.{name}": values for name, values in precisions.items()}
    if precisions:
        drawn["average_precision"] = mean_known(precisions)
    return _ends(drawn)


def drawn_events(n_events: int, draws: int, seed: int) -> Floats:
    """Return how often each event is drawn, as many as there are, with replacement, shape (n_draws, n_events)."""
    even = np.full(n_events, 1 / n_events)
    return np.random.default_rng(seed).multinomial(n_events, even, size=draws).astype(float)


def mean_known(precisions: Mapping[str, Floats]) -> Floats:
    """Return the mean over typologies of each draw, at least one, of those that are known; NaN where none is."""
    values = np.array(list(precisions.values()))
    known = np.isfinite(values)
    return _divided(np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0))


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


def _rates(episodes: Counted, alerts: Counted, counts: Floats) -> tuple[Floats, Floats, Floats]:
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


def events(one: Sequence[Raised], other: Sequence[Raised]) -> tuple[int, tuple[Judgement, Judgement]]:
    """Return how many events there are in what two judges made of the same markets, and what each made of them.

    Args:
        one: Alerts of one judge, one entry a market.
        other: Alerts of the other on the same markets, in the same order.
    """
    sides: tuple[list[Judgement], list[Judgement]] = ([], [])
    first = 0
    for pair in zip(map(known_only, one), map(known_only, other), strict=True):
        event, n_events = _joined(*pair)
        cuts = np.cumsum([len(pair[0].market.labels), len(pair[0].last)])
        of_labels, *of_alerts = np.split(event + first, cuts)
        for side, raised, mine in zip(sides, pair, of_alerts, strict=True):
            side.append(_judgement(raised, of_labels, mine))
        first += n_events
    return first, (_together(sides[0]), _together(sides[1]))


def _judgement(raised: Raised, of_labels: NDArray[np.int64], of_alerts: NDArray[np.int64]) -> Judgement:
    labels, found = raised.market.labels, match(raised.last, raised.market.labels)
    names, unknown = _patterns(labels["typology"].tolist()), np.full(len(labels), np.nan)
    episodes = Counted(of_labels, names, found.episodes["hit"].to_numpy(bool), unknown)
    confidence = np.array([alert.confidence for alert in raised.last], dtype=float)
    patterns = _patterns([alert.typology for alert in raised.last])
    alerts = Counted(of_alerts, patterns, found.alerts["hits"].to_numpy(bool), confidence)
    return Judgement(episodes, alerts, found.alerts["false"].to_numpy(bool))


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


def _patterns(typologies: Sequence[str]) -> NDArray[np.str_]:
    return np.array([same_pattern(name) for name in typologies], dtype="U64")


def _together(parts: Sequence[Judgement]) -> Judgement:
    def joined(kind: str) -> Counted:
        columns = ((getattr(getattr(part, kind), field.name) for part in parts) for field in fields(Counted))
        return Counted(*(np.concatenate(list(column)) for column in columns))

    return Judgement(joined("episodes"), joined("alerts"), np.concatenate([part.false for part in parts]))

"""Two judges on the same tapes: by how much one ranks alerts better, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.alerts import Raised
from training.intervals import drawn_events, events, mean_known


@dataclass(frozen=True)
class Paired:
    """How much better the second judge's average precision is, with a bootstrap interval over events.

    Attributes:
        difference: Second minus first, in [-1, 1]; NaN where nothing is labelled.
        low: Lower bound.
        high: Upper bound.
        events: How many there are, see `training.intervals`.
    """

    difference: float
    low: float
    high: float
    events: int


def paired_precision(
    first: Sequence[Raised], second: Sequence[Raised], *, draws: int = 1000, level: float = 0.9, seed: int = 0
) -> Paired:
    """Return by how much the second judge's average precision is above the first's.

    Events are drawn with replacement, the same ones for both judges. Average precision is that of
    `evaluate.average_precisions`.

    Args:
        first: Alerts of the first judge down to any confidence, one entry a market.
        second: Alerts of the second judge on the same markets, in the same order.
        draws: How often events are drawn.
        level: Probability of the interval.
        seed: Seed of the draws.
    """
    n_events, judges = events(first, second)
    if not len(judges[0].episodes.event):
        return Paired(float("nan"), float("nan"), float("nan"), n_events)
    # All of them once, for the difference itself, before the draws.
    counts = np.concatenate([np.ones((1, n_events)), drawn_events(n_events, draws, seed)])
    one, other = (mean_known(judge.average_precisions(counts)) for judge in judges)
    differences = other - one
    tail = (1.0 - level) / 2.0
    low, high = np.nanquantile(differences[1:], [tail, 1.0 - tail])
    return Paired(float(differences[0]), float(low), float(high), n_events)

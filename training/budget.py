"""Alert budgets: what the most confident alerts of a day are worth, told beforehand by their confidence alone.

Whoever can look at twenty alerts a day wants to know how many of the twenty will be true. Where confidence is
calibrated, its mean over the twenty says so; on labelled tapes the true share beside it shows how near that comes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BUDGETS = (5.0, 20.0, 50.0)
DAY_H = 24.0


@dataclass(frozen=True)
class Budget:
    """What the alerts within a budget are worth.

    Attributes:
        per_day: Alerts a day that somebody can look at.
        alerts: Alerts within the budget, at most.
        threshold: Confidence of the least confident of them; NaN without alerts.
        expected_precision: Share of them that should be true, by their confidence; NaN without alerts.
        precision: Share of them that is true; NaN without alerts or where truth is not known.
    """

    per_day: float
    alerts: int
    threshold: float
    expected_precision: float
    precision: float


def at_budget(
    confidence: NDArray[np.float64], hours: float, per_day: float, truth: NDArray[np.bool_] | None = None
) -> Budget:
    """Return what the most confident alerts within a budget are worth.

    Args:
        confidence: Calibrated confidence of each alert, in [0, 1], shape (n_alerts,).
        hours: Clock hours in which they were raised, > 0.
        per_day: Alerts a day that somebody can look at, > 0.
        truth: Whether each was true, shape (n_alerts,); None where nobody knows.

    Example:
        >>> at_budget(np.array([0.9, 0.7, 0.2]), 24.0, 2.0).expected_precision
        0.8
    """
    count = min(len(confidence), round(per_day * hours / DAY_H))
    if count == 0:
        return Budget(per_day, 0, np.nan, np.nan, np.nan)
    best = np.argsort(-confidence, kind="stable")[:count]
    known = float(truth[best].mean()) if truth is not None else float("nan")
    return Budget(per_day, count, float(confidence[best].min()), float(confidence[best].mean()), known)

"""One episode with given figures, before a rule."""

from __future__ import annotations

import numpy as np

from features.fold import FIGURES
from features.rows import Episodes, blank_rows
from features.sweeps.base import MOST_MEMBERS
from models.rules.base import Rule
from tests.contracts.cases import CASES, Figures


def episode(kind: str, figures: Figures, members: tuple[int, ...] = (5,)) -> Episodes:
    """Return one episode of a kind; figures that are not given are unknown."""
    names, whole = FIGURES[kind], np.zeros(1, np.int64)
    whom = np.full((1, MOST_MEMBERS), -1, np.int32)
    whom[0, : len(members)] = members
    values = np.array([[figures.get(name, np.nan) for name in names]])
    return Episodes(whole, whom, np.ones(1, np.int8), whole, whole, values, names)


def confidence_of(rule: Rule, **changes: float) -> float:
    """Return score times confidence of the rule's pattern with some figures changed, 0 where there is no finding."""
    found = rule.judge(blank_rows("fast", 1), episode(rule.reads, {**CASES[rule.typology].pattern, **changes}))
    return float((found.score * found.confidence).sum())

"""What one rule says of one hand-made episode."""

from __future__ import annotations

import numpy as np

from features.fold import FIGURES
from features.rows import Episodes, blank_rows
from features.sweeps.base import MOST_MEMBERS
from features.time_units import SECOND_NS
from models.parameters import Parameters, parse_parameters
from models.rules import build_rules
from models.rules.base import Rule
from tests.contracts.cases import CASES, Figures


def rule_of(typology: str, **values: float) -> Rule:
    """Return a rule with the given parameters and the rest at their defaults."""
    parameters = parse_parameters({typology: values}) if values else Parameters()
    return next(rule for rule in build_rules(parameters) if rule.typology == typology)


def episode(typology: str, changes: Figures, members: tuple[int, ...] = (5,)) -> Episodes:
    """Return one episode: the pattern of the rule's case, with changes."""
    figures, names = {**CASES[typology].pattern, **changes}, FIGURES[rule_of(typology).reads]
    who = np.full((1, MOST_MEMBERS), -1, np.int32)
    who[0, : len(members)] = members
    now = np.array([60 * SECOND_NS])
    row = np.array([[figures[name] for name in names]])
    return Episodes(np.zeros(1, np.int64), who, np.ones(1, np.int8), now, now, row, names)


def confidence(typology: str, **changes: float) -> float:
    """Return score times confidence of the pattern with changes; 0 where there is no finding."""
    rule = rule_of(typology)
    found = rule.judge(blank_rows(rule.scale, 1), episode(typology, changes))
    return float((found.score * found.confidence).sum())

"""What each rule must catch, and what it must leave alone: one drawer of cases for each family of rules."""

from __future__ import annotations

from dataclasses import dataclass

Figures = dict[str, float]


@dataclass(frozen=True)
class Case:
    """What one rule must catch, and what it must leave alone.

    Attributes:
        pattern: Features of a window with the pattern; of a rule that reads episodes, figures of one.
        look_alikes: Innocent windows or episodes, as differences to the pattern.
        threshold: Main threshold and values from lenient to strict.
        pair: Pair of the window.
        always_known: Features or figures that are never unknown.
        table: Name of the rule's parameters, where it is not the typology.
    """

    pattern: Figures
    look_alikes: dict[str, Figures]
    threshold: tuple[str, tuple[float, ...]]
    pair: tuple[int, int] = (-1, -1)
    always_known: tuple[str, ...] = ()
    table: str = ""

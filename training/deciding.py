"""Whether a challenger replaces the champion: by a written rule, on the same held-out time, and never in doubt."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from features.json_values import finite
from models.registry import MAIN_METRIC
from models.rules.base import RuleParams, parameter
from models.toml_tables import parse_tables, read_toml
from training.paired import Paired

ECE, FALSE = "ece_close", "false_manipulation_per_symbol_hour"


class PromotionRule(RuleParams):
    """What a challenger must keep to."""

    most_precision_loss: float = parameter(0.0, "average precision it may lose", "ours", ge=0, le=1)
    least_lower_bound: float = parameter(-0.02, "least lower bound of the paired difference", "ours", ge=-1, le=1)
    most_ece_rise: float = parameter(0.01, "calibration error it may add", "ours", ge=0, le=1)
    most_false_ratio: float = parameter(1.1, "its false alerts a symbol-hour over the champion's", "ours", ge=0)
    least_episodes: int = parameter(10, "labelled episodes below which nothing is decided", "ours", ge=1)
    level: float = parameter(0.9, "probability of the paired interval", "ours", gt=0, lt=1)
    draws: int = parameter(1000, "how often events are drawn for it", "ours", ge=100)


@dataclass(frozen=True)
class Check:
    """One condition, as measured.

    Attributes:
        name: What was compared.
        champion: The champion's figure; NaN where there is none.
        challenger: The challenger's.
        must_be: The condition in words.
        held: Whether it holds; None where it cannot be told.
    """

    name: str
    champion: float
    challenger: float
    must_be: str
    held: bool | None


@dataclass(frozen=True)
class Decision:
    """What became of a challenger, and why.

    Attributes:
        promote: Whether it replaces the champion.
        reason: One line.
        checks: Every condition.
        paired: The paired difference in average precision, champion to challenger; None where no champion can judge.
    """

    promote: bool
    reason: str
    checks: tuple[Check, ...]
    paired: Paired | None

    def figures(self) -> dict[str, Any]:
        """Return everything in JSON types."""
        out: dict[str, Any] = finite(asdict(self))
        return out

    def table(self) -> Table:
        """Return the conditions and figures, within 80 columns."""
        table = Table(title="Champion and challenger on the same last tapes", box=None, title_justify="left")
        table.pad_edge, table.collapse_padding, table.caption_justify = False, True, "left"
        for name in ("figure", "champion", "challenger", "must be", "held"):
            table.add_column(name, justify="right" if name.startswith("ch") else "left")
        for check in self.checks:
            held = "?" if check.held is None else ("yes" if check.held else "no")
            table.add_row(check.name, _number(check.champion), _number(check.challenger), check.must_be, held)
        table.caption = f"{'promoted' if self.promote else 'not promoted'}: {self.reason}"
        return table


def load_rule(path: Path | None) -> PromotionRule:
    """Return the rule of a TOML file, or the defaults without one.

    Raises:
        ParameterError: The file cannot be read, or values are unknown or out of range (all of them named).
    """
    if path is None:
        return PromotionRule()
    return parse_tables(PromotionRule, read_toml(path), str(path))


def decide(
    rule: PromotionRule,
    challenger: Mapping[str, float],
    champion: Mapping[str, float] | None,
    paired: Paired | None,
    episodes: int,
    unusable: str = "",
) -> Decision:
    """Return whether the challenger replaces the champion; where that cannot be told, it does not.

    Without a champion to compare with, the challenger must have been measured, on as many episodes.

    Args:
        rule: The rule.
        challenger: The challenger's metrics on the last tapes, see `evaluate.Evaluation.metrics`.
        champion: The champion's on the same tapes; None where there is no champion that can judge.
        paired: By how much the challenger's average precision is above the champion's.
        episodes: Labelled episodes on these tapes.
        unusable: Why the champion cannot judge; empty where there is none.
    """
    if champion is None or paired is None:
        alone = f"the champion cannot judge ({unusable})" if unusable else "there is no champion"
        return _decided(_alone(rule, challenger, episodes), None, f"{alone}; ", "nothing is promoted")
    return _decided(_checks(rule, challenger, champion, paired, episodes), paired, "", "the champion stays")


def _decided(checks: Sequence[Check], paired: Paired | None, known: str, otherwise: str) -> Decision:
    failed = [check.name for check in checks if check.held is False]
    open_ones = [check.name for check in checks if check.held is None]
    told = "every condition holds"
    if failed:
        told = f"{', '.join(failed)} did not hold"
    elif open_ones:
        told = f"{', '.join(open_ones)} cannot be told; {otherwise}"
    return Decision(not failed and not open_ones, known + told, tuple(checks), paired)


def _alone(rule: PromotionRule, challenger: Mapping[str, float], episodes: int) -> list[Check]:
    new = challenger.get(MAIN_METRIC, math.nan)
    measured = Check("average precision", math.nan, new, "measured", _held(math.isfinite(new), new))
    return [_enough(rule, episodes), measured]


def _enough(rule: PromotionRule, episodes: int) -> Check:
    held = True if episodes >= rule.least_episodes else None
    return Check("labelled episodes", episodes, episodes, f">= {rule.least_episodes}", held)


def _checks(
    rule: PromotionRule, challenger: Mapping[str, float], champion: Mapping[str, float], paired: Paired, episodes: int
) -> list[Check]:
    def both(name: str) -> tuple[float, float]:
        return champion.get(name, math.nan), challenger.get(name, math.nan)

    enough = _enough(rule, episodes)
    old, new = both(MAIN_METRIC)
    known = math.isfinite(paired.difference) and enough.held
    loss = _held(old - rule.most_precision_loss <= new, old, new) if known else None
    sure = _held(paired.low >= rule.least_lower_bound, paired.low) if known else None
    old_ece, new_ece = both(ECE)
    old_false, new_false = both(FALSE)
    return [
        enough,
        Check("average precision", old, new, f">= champion - {rule.most_precision_loss:g}", loss),
        Check("paired lower bound", math.nan, paired.low, f">= {rule.least_lower_bound:g}", sure),
        Check("calibration error", old_ece, new_ece, f"<= champion + {rule.most_ece_rise:g}",
              _held(new_ece <= old_ece + rule.most_ece_rise, old_ece, new_ece)),
        Check("false alerts/h", old_false, new_false, f"<= champion x {rule.most_false_ratio:g}",
              _held(new_false <= old_false * rule.most_false_ratio, old_false, new_false)),
    ]  # fmt: skip


def _held(condition: bool, *figures: float) -> bool | None:  # noqa: FBT001 - the answer itself is what is handed over
    return condition if all(map(math.isfinite, figures)) else None


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}".removesuffix(".000")

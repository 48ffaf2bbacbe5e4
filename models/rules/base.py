"""The contract of a rule, and how a measured value becomes a score."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from features.catalogue import COLUMN, MARKET_FEATURES
from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings

AT_THRESHOLD = 0.7
FLOOR = 0.35
"""Least score worth a finding: half of what is needed, in every term."""


class RuleParams(BaseModel):
    """One table of parameters, of a rule or another part; frozen, unknown keys and converted types refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Rule(Protocol):
    """A rule judges feature rows and episodes of one market, vectorised, without memory between calls.

    Attributes:
        typology: Name of the pattern; also the name of the rule and its file.
        category: What class of pattern it is.
        scale: The rows it reads, "market" or "fast".
        params: Its parameters.
    """

    typology: ClassVar[str]
    category: ClassVar[Category]
    scale: ClassVar[str]

    @property
    def params(self) -> RuleParams:
        """Parameters of the rule."""
        ...

    def judge(self, rows: Rows, episodes: Episodes, /) -> Findings:
        """Return the findings, ascending by row; rows it cannot judge (data missing) or that show nothing: none."""
        ...

    def evidence(self, rows: Rows, row: int, episodes: Episodes, episode: int, /) -> tuple[Evidence, ...]:
        """Return the figures behind one finding."""
        ...


@runtime_checkable
class SummaryRule(Protocol):
    """A rule that can also judge a bare summary of a window, as the mission's shape of `/v1/score` gives it.

    On a tape this must not be asked: most honest orders are cancelled, and a tape says which ones were bait.
    """

    def judge_summary(self, rows: Rows, /) -> Findings:
        """Return the findings from window totals alone, with less confidence than `judge`."""
        ...


def parameter(default: float, description: str, source: str, **bounds: float) -> Any:  # noqa: ANN401 -- as Field
    """Return a field of `Params`.

    Args:
        default: Its default.
        description: What it is, with its unit.
        source: Where the default comes from.
        bounds: `gt`, `ge`, `lt`, `le`, as pydantic names them.
    """
    limits: dict[str, Any] = dict(bounds)
    return Field(default, description=description, json_schema_extra={"source": source}, **limits)


def exceedance(value: NDArray[np.float64], threshold: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far values pass a threshold, as a score.

    Uses only division and subtraction, so that it gives the same bits on arrays of any length.

    Args:
        value: Measured values, shape (n,), >= 0; NaN is unknown.
        threshold: Positive threshold, one for all or one for each.

    Returns:
        0.7 * value / threshold below the threshold, 1 - 0.3 * threshold / value above; rises in value, in [0, 1].
        NaN where the value is.

    Example:
        >>> exceedance(np.array([0.0, 1.5, 3.0, 6.0]), 3.0).tolist()
        [0.0, 0.35, 0.7, 0.85]
    """
    below = AT_THRESHOLD * value / threshold
    with np.errstate(divide="ignore"):
        above = 1.0 - (1.0 - AT_THRESHOLD) * threshold / value
    return np.where(value >= threshold, above, below)


def share_exceedance(share: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Return how far shares, which cannot pass 1, pass a threshold, as a score.

    Args:
        share: Measured shares, shape (n,), in [0, 1]; more counts as 1, NaN is unknown.
        threshold: Threshold in (0, 1).

    Returns:
        0.7 at the threshold, 1 for a share of 1, straight lines between; NaN where the share is.

    Example:
        >>> share_exceedance(np.array([0.4, 0.8, 1.0]), 0.8).round(12).tolist()
        [0.35, 0.7, 1.0]
    """
    below = AT_THRESHOLD * share / threshold
    above = AT_THRESHOLD + (1.0 - AT_THRESHOLD) * (np.minimum(share, 1.0) - threshold) / (1.0 - threshold)
    return np.where(share >= threshold, above, below)


def shortfall(value: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Return how far values stay below a threshold that the pattern does not pass, as a score.

    Args:
        value: Measured values, shape (n,), >= 0; NaN is unknown.
        threshold: Positive threshold.

    Returns:
        1 at zero, 0.7 at the threshold, falling towards 0 beyond it; NaN where the value is.

    Example:
        >>> shortfall(np.array([0.0, 0.2, 0.4]), 0.2).tolist()
        [1.0, 0.7, 0.35]
    """
    below = 1.0 - (1.0 - AT_THRESHOLD) * value / threshold
    with np.errstate(divide="ignore"):
        beyond = AT_THRESHOLD * threshold / value
    return np.where(value <= threshold, below, np.where(value > threshold, beyond, np.nan))


def weight_of_evidence(count: NDArray[np.float64], full: float) -> NDArray[np.float64]:
    """Return a confidence in [0, 1] that grows with a count, 1 from `full` on; an unknown count weighs nothing.

    Example:
        >>> weight_of_evidence(np.array([0.0, 10.0, 30.0, np.nan]), 20.0).tolist()
        [0.0, 0.5, 1.0, 0.0]
    """
    return np.minimum(np.where(count >= 0.0, count, 0.0) / full, 1.0)


def known_or(values: NDArray[np.float64], instead: float) -> NDArray[np.float64]:
    """Return the values, with `instead` where they are unknown."""
    return np.where(np.isnan(values), instead, values)


def sparse_findings(
    rule: Rule,
    score: NDArray[np.float64],
    confidence: NDArray[np.float64],
    *,
    row: NDArray[np.int64] | None = None,
    entity: NDArray[np.int32] | None = None,
    other: NDArray[np.int32] | None = None,
    episode: NDArray[np.int64] | None = None,
    floor: float = FLOOR,
) -> Findings:
    """Return the findings with a score of at least `floor`.

    Args:
        rule: Whose findings these are.
        score: Score of each candidate, NaN for none, shape (n,).
        confidence: Confidence of each candidate, shape (n,).
        row: Row of each candidate, ascending; candidate i is row i where left out.
        entity: Entity of each candidate, the market as a whole where left out.
        other: Second entity of each candidate.
        episode: Episode of each candidate.
        floor: Least score worth a finding.
    """
    kept = np.flatnonzero(score >= floor)
    nobody = np.full(len(score), -1, np.int32)
    return Findings(
        detector=rule.typology,
        typology=rule.typology,
        kind="rule",
        row=kept if row is None else row[kept],
        entity=(nobody if entity is None else entity)[kept],
        other=(nobody if other is None else other)[kept],
        score=np.minimum(score[kept], 1.0),
        confidence=np.clip(confidence[kept], 0.0, 1.0),
        episode=(nobody.astype(np.int64) if episode is None else episode)[kept],
    )


def measured(rows: Rows, row: int, *figures: tuple[str, float | None, str]) -> tuple[Evidence, ...]:
    """Return evidence from feature columns; what is unknown is left out.

    Args:
        rows: Feature rows.
        row: The row.
        figures: Feature name, threshold or None, and a sentence with `{value}` and `{threshold}` in it.
    """
    said = []
    for name, threshold, says in figures:
        value = float(rows[name][row])
        if not np.isnan(value):
            text = says.format(value=value, threshold=threshold)
            said.append(Evidence(name, value, MARKET_FEATURES[COLUMN[name]].unit, threshold, text))
    return tuple(said)

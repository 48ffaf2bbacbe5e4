"""The contract of a rule, and how a measured value becomes a score."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from features.catalogue import COLUMNS, grain_of
from features.rows import Episodes, Rows
from features.sweeps.base import MOST_MEMBERS
from models.alert import Category
from models.findings import Evidence, Findings

AT_THRESHOLD = 0.7
CLEARLY = 0.9
"""Who has the least number of times is over the threshold, not on it."""
_AT_A_LOSS = 0.5
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
        scale: The rows it reads: "market", "fast", "book", "cross" (over venues), or "account" where its episodes end
            with their subject's own event.
        reads: The kind of episodes it judges, "" for none.
        mar: Where MAR describes it: indicator of Annex II, Section 1, of Regulation (EU) 2016/522; "" for nowhere.
        needs: Kinds of data without which it abstains, of "trades", "aggressor", "accounts", "orders", "books" and
            "venues": a second one that lists the same thing.
        yields_to: Typologies whose open alerts on the same accounts (of a book, which names none: on anybody) explain
            what it sees.
        params: Its parameters.
    """

    typology: ClassVar[str]
    category: ClassVar[Category]
    scale: ClassVar[str]
    reads: ClassVar[str]
    mar: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]
    yields_to: ClassVar[tuple[str, ...]]

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


def share_exceedance(share: NDArray[np.float64], threshold: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far shares, which cannot pass 1, pass a threshold, as a score.

    Args:
        share: Measured shares, shape (n,), in [0, 1]; more counts as 1, NaN is unknown.
        threshold: Threshold in (0, 1), one for all or one for each.

    Returns:
        0.7 at the threshold, 1 for a share of 1, straight lines between; NaN where the share is.

    Example:
        >>> share_exceedance(np.array([0.4, 0.8, 1.0]), 0.8).round(12).tolist()
        [0.35, 0.7, 1.0]
    """
    below = AT_THRESHOLD * share / threshold
    above = AT_THRESHOLD + (1.0 - AT_THRESHOLD) * (np.minimum(share, 1.0) - threshold) / (1.0 - threshold)
    return np.where(share >= threshold, above, below)


def shortfall(value: NDArray[np.float64], threshold: float | NDArray[np.float64]) -> NDArray[np.float64]:
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


def unless_at_a_loss(score: NDArray[np.float64], gain: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Return scores, halved at most where there was less to gain than that: who loses money is seldom after it.

    Example:
        >>> unless_at_a_loss(np.array([0.9, 0.9, 0.3]), np.array([2.0, -1.0, np.nan]), 0.0).tolist()
        [0.9, 0.5, 0.3]
    """
    held: NDArray[np.float64] = np.where(gain >= least, score, np.minimum(score, _AT_A_LOSS))
    return held


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
    members: NDArray[np.int32] | None = None,
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
        members: Entities of each candidate in place of one, shape (n, 8).
        episode: Episode of each candidate.
        floor: Least score worth a finding.
    """
    kept = np.flatnonzero(score >= floor)
    if members is None:
        members = np.full((len(score), MOST_MEMBERS), -1, np.int32)
        if entity is not None:
            members[:, 0] = entity
    return Findings(
        detector=rule.typology,
        typology=rule.typology,
        kind="rule",
        row=kept if row is None else row[kept],
        members=members[kept],
        score=np.minimum(score[kept], 1.0),
        confidence=np.clip(confidence[kept], 0.0, 1.0),
        episode=np.full(len(kept), -1, np.int64) if episode is None else episode[kept],
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
            unit = rows.features[COLUMNS[grain_of(rows.scale)][name]].unit
            said.append(Evidence(name, value, unit, threshold, text))
    return tuple(said)


def told(episodes: Episodes, episode: int, *figures: tuple[str, str, float | None, str]) -> tuple[Evidence, ...]:
    """Return evidence from an episode's figures; what is unknown is left out.

    Args:
        episodes: The episodes.
        episode: The number of one.
        figures: Figure name, unit, threshold or None, and a sentence with `{value}` and `{threshold}` in it.
    """
    said = []
    for name, unit, threshold, says in figures:
        value = float(episodes[name][episode])
        if not np.isnan(value):
            said.append(Evidence(name, value, unit, threshold, says.format(value=value, threshold=threshold)))
    return tuple(said)


def findings_of(
    rule: Rule, episodes: Episodes, score: NDArray[np.float64], confidence: NDArray[np.float64]
) -> Findings:
    """Return a rule's findings on the episodes that it judged, in the order of their rows."""
    order = np.argsort(episodes.row, kind="stable")
    return sparse_findings(
        rule, score[order], confidence[order], row=episodes.row[order], members=episodes.members[order], episode=order
    )


def findings_of_both(
    rule: Rule,
    of_rows: tuple[NDArray[np.float64], NDArray[np.float64]],
    episodes: Episodes,
    of_episodes: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> Findings:
    """Return a rule's findings on the market as a whole, row by row, and on episodes, in the order of rows.

    Args:
        rule: The rule.
        of_rows: Score and confidence of each row.
        episodes: The episodes.
        of_episodes: Score and confidence of each.
    """
    n, count = len(of_rows[0]), len(episodes)
    row = np.concatenate([np.arange(n), episodes.row])
    score, confidence = (np.concatenate([one, other]) for one, other in zip(of_rows, of_episodes, strict=True))
    members = np.concatenate([np.full((n, MOST_MEMBERS), -1, np.int32), episodes.members])
    episode = np.concatenate([np.full(n, -1), np.arange(count)])
    order = np.argsort(row, kind="stable")
    return sparse_findings(
        rule, score[order], confidence[order], row=row[order], members=members[order], episode=episode[order]
    )

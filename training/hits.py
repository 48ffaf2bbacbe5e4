"""Hits and false alerts, by the designed definition.

A hit: same typology (spoofing and layering count as one another), venue and symbol; the spans overlap within 60 s;
and, where both name accounts, at least one in common. Accounts are right at a Jaccard index of 0.5. False: an alert
that hits nothing; an anomaly inside a planted episode is not false. Where labels are verdicts (`training.verdicts`),
only what hits a false one is false, and what hits none is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.alert import Alert
from training.verdicts import confirmed, is_partly, left_out, refuted

SLACK_NS = 60_000_000_000
RIGHT_JACCARD = 0.5
TABLE_COLUMNS = ("episodes", "recall", "alerts", "precision", "f1", "median_delay_s", "accounts_right")
_ONE_PATTERN = {"layering": "spoofing"}


def same_pattern(typology: str) -> str:
    """Return the typology that this one counts as."""
    return _ONE_PATTERN.get(typology, typology)


def jaccard(one: Sequence[str], other: Sequence[str]) -> float:
    """Return common over all members of two sets; NaN where either is empty."""
    if not one or not other:
        return float("nan")
    a, b = set(one), set(other)
    return len(a & b) / len(a | b)


@dataclass(frozen=True)
class Matched:
    """Which alerts hit which labels.

    Attributes:
        alerts: One row an alert at its last revision: typology, category, venue, symbol, detected_at, confidence,
            `hits` (it hits a label), `false` (by the definition above), `unknown` (nobody has judged it).
        episodes: One row a label (but for those that were called false): typology, severity, `hit`, `delay_s` from
            start to the first hitting alert's detection, `accounts_right` (NaN where either names none).
    """

    alerts: pd.DataFrame
    episodes: pd.DataFrame


def with_nanoseconds(labels: pd.DataFrame) -> pd.DataFrame:
    """Return labels with `start_ns` and `end_ns`, nanoseconds UTC."""
    return labels.assign(start_ns=labels["start"].astype("int64"), end_ns=labels["end"].astype("int64"))


def last_revisions(alerts: Sequence[Alert]) -> list[Alert]:
    """Return each alert at its last revision, in order of detection."""
    last = {alert.alert_id: alert for alert in alerts}
    return sorted(last.values(), key=lambda alert: (alert.detected_at, alert.alert_id))


def hit_matrix(alerts: Sequence[Alert], labels: pd.DataFrame, *, any_typology: bool = False) -> NDArray[np.bool_]:
    """Return which alert hits which label, shape (n_alerts, n_labels).

    Args:
        alerts: Alerts at their last revision.
        labels: Labels with `start_ns` and `end_ns`.
        any_typology: Whether to ask only for the place and time, as for anomalies.
    """
    hits = np.zeros((len(alerts), len(labels)), dtype=bool)
    if not hits.size:
        return hits
    names = ("typology", "venue", "symbol", "start_ns", "end_ns", "accounts")
    rows = list(zip(*(labels[name].tolist() for name in names), strict=True))
    for i, alert in enumerate(alerts):
        for j, (typology, venue, symbol, start, end, accounts) in enumerate(rows):
            if (venue, symbol) != (alert.venue, alert.symbol):
                continue
            apart = max(start - alert.window_end, alert.window_start - end)
            together = any_typology or (
                same_pattern(typology) == same_pattern(alert.typology)
                and not (alert.accounts and accounts and not set(accounts) & set(alert.accounts))
            )
            hits[i, j] = together and apart <= SLACK_NS
    return hits


def truths(alerts: Sequence[Alert], labels: pd.DataFrame) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which alerts are true, and of which that is known at all, shape (n_alerts,) each."""
    open_end = left_out(labels)
    used, unsure = labels[~open_end], np.any(hit_matrix(alerts, confirmed(labels[open_end])), axis=1)
    true = np.any(hit_matrix(alerts, confirmed(used)), axis=1)
    known = ~unsure & (not is_partly(labels))
    return true, known | true | np.any(hit_matrix(alerts, refuted(used)), axis=1)


def hits_and_truths(
    alerts: Sequence[Alert], labels: pd.DataFrame
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which alert hits which confirmed label, which alerts are false, and which nobody has judged.

    Returns:
        Hits, shape (n_alerts, n_confirmed); false and unknown, shape (n_alerts,) each. What is neither is true.
    """
    partly, (_, known) = is_partly(labels), truths(alerts, labels)
    labels = confirmed(labels)
    hits, inside = hit_matrix(alerts, labels), hit_matrix(alerts, labels, any_typology=True)
    is_anomaly = np.array([alert.category == "anomaly" for alert in alerts], dtype=bool)
    excused = is_anomaly & np.any(inside, axis=1)
    return hits, known & ~np.any(hits, axis=1) & (partly | ~excused), ~known


def match(alerts: Sequence[Alert], labels: pd.DataFrame) -> Matched:
    """Return how alerts at their last revision and labels fit together."""
    hits, false, unknown = hits_and_truths(alerts, labels)
    labels = confirmed(labels)
    columns = ("typology", "category", "venue", "symbol", "detected_at", "confidence")
    found = pd.DataFrame({name: [getattr(alert, name) for alert in alerts] for name in columns})
    found["hits"], found["false"], found["unknown"] = np.any(hits, axis=1), false, unknown
    episodes = labels[["typology", "venue", "symbol", "severity", "start_ns", "end_ns"]].reset_index(drop=True)
    of_each = [[alert for alert, hit in zip(alerts, column, strict=True) if hit] for column in hits.T]
    starts, accounts = labels["start_ns"].tolist(), labels["accounts"].tolist()
    episodes["hit"] = np.any(hits, axis=0)
    episodes["delay_s"] = np.array([_delay_s(one, start) for one, start in zip(of_each, starts, strict=True)])
    right = [_accounts_right(one, names) for one, names in zip(of_each, accounts, strict=True)]
    episodes["accounts_right"] = np.array(right)
    return Matched(found, episodes)


def _delay_s(hitting: Sequence[Alert], start: int) -> float:
    return min(((alert.detected_at - start) / 1e9 for alert in hitting), default=np.nan)


def _accounts_right(hitting: Sequence[Alert], accounts: Sequence[str]) -> float:
    known = [value for alert in hitting if not np.isnan(value := jaccard(alert.accounts, accounts))]
    return float(max(known) >= RIGHT_JACCARD) if known else np.nan


def by_typology(matched: Matched) -> pd.DataFrame:
    """Return one row a typology, what counts as one another together.

    Returns:
        Index `typology`; columns `episodes`, `recall`, `alerts`, `precision` (share of the judged alerts that are not
        false), `f1`, `median_delay_s` and `accounts_right` (share) over the episodes that were hit; NaN where
        there is nothing to divide by.
    """
    of_episodes = [same_pattern(name) for name in matched.episodes["typology"]]
    of_alerts = [same_pattern(name) for name in matched.alerts["typology"]]
    rows = []
    for name in sorted({*of_episodes, *of_alerts}):
        episodes = matched.episodes[[one == name for one in of_episodes]]
        alerts = matched.alerts[[one == name for one in of_alerts]]
        recall = float(episodes["hit"].mean()) if len(episodes) else np.nan
        judged = alerts[~alerts["unknown"].astype(bool)] if len(alerts) else alerts
        precision = float(1 - judged["false"].mean()) if len(judged) else np.nan
        f1 = 2 * precision * recall / (precision + recall) if precision + recall > 0 else np.nan
        delay_s, right = episodes["delay_s"].median(), episodes["accounts_right"].mean()
        rows.append((name, len(episodes), recall, len(alerts), precision, f1, delay_s, right))
    return pd.DataFrame(rows, columns=["typology", *TABLE_COLUMNS]).set_index("typology")

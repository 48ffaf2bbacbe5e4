"""Hits and false alerts, by the designed definition.

A hit: same typology (spoofing and layering count as one another), venue and symbol; the spans overlap within 60 s;
and, where both name accounts, at least one in common. Accounts are right at a Jaccard index of 0.5. False: an alert
that hits nothing; an anomaly inside a planted episode is not false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.alert import Alert

SLACK_NS = 60_000_000_000
RIGHT_JACCARD = 0.5
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
            `hits` (it hits a label), `false` (by the definition above).
        episodes: One row a label: typology, severity, `hit`, `delay_s` from start to the first hitting alert's
            detection, `accounts_right` (NaN where either names none).
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
    columns = [labels[name].to_numpy() for name in ("typology", "venue", "symbol", "start_ns", "end_ns", "accounts")]
    for i, alert in enumerate(alerts):
        for j, (typology, venue, symbol, start, end, accounts) in enumerate(zip(*columns, strict=True)):
            if (venue, symbol) != (alert.venue, alert.symbol):
                continue
            apart = max(start - alert.window_end, alert.window_start - end)
            together = any_typology or (
                same_pattern(typology) == same_pattern(alert.typology)
                and not (alert.accounts and accounts and not set(accounts) & set(alert.accounts))
            )
            hits[i, j] = apart <= SLACK_NS and together
    return hits


def match(alerts: Sequence[Alert], labels: pd.DataFrame) -> Matched:
    """Return how alerts at their last revision and labels fit together."""
    hits, inside = hit_matrix(alerts, labels), hit_matrix(alerts, labels, any_typology=True)
    columns = ("typology", "category", "venue", "symbol", "detected_at", "confidence")
    found = pd.DataFrame({name: [getattr(alert, name) for alert in alerts] for name in columns})
    found["hits"] = hits.any(axis=1)
    found["false"] = ~found["hits"] & ~((found["category"] == "anomaly") & inside.any(axis=1))
    episodes = labels[["typology", "venue", "symbol", "severity", "start_ns", "end_ns"]].reset_index(drop=True)
    episodes["hit"] = hits.any(axis=0)
    episodes["delay_s"] = np.nan
    episodes["accounts_right"] = np.nan
    for j, accounts in enumerate(labels["accounts"]):
        mine = np.flatnonzero(hits[:, j])
        if len(mine):
            episodes.loc[j, "delay_s"] = (alerts[mine[0]].detected_at - episodes.loc[j, "start_ns"]) * 1e-9
            closeness = [jaccard(alerts[i].accounts, accounts) for i in mine]
            known = [value for value in closeness if not np.isnan(value)]
            episodes.loc[j, "accounts_right"] = float(max(known) >= RIGHT_JACCARD) if known else np.nan
    return Matched(found, episodes)


def by_typology(matched: Matched) -> pd.DataFrame:
    """Return one row a typology: episodes, recall, alerts, precision, F1, median delay, accounts right."""
    rows = []
    names = pd.unique(pd.concat([matched.episodes["typology"], matched.alerts["typology"]]))
    for name in sorted(names):
        episodes = matched.episodes[matched.episodes["typology"].map(same_pattern) == same_pattern(name)]
        alerts = matched.alerts[matched.alerts["typology"] == name]
        recall = float(episodes["hit"].mean()) if len(episodes) else np.nan
        precision = float(1 - alerts["false"].mean()) if len(alerts) else np.nan
        f1 = 2 * precision * recall / (precision + recall) if precision + recall > 0 else np.nan
        rows.append(
            {"typology": name, "episodes": len(episodes), "recall": recall, "alerts": len(alerts),
             "precision": precision, "f1": f1, "median_delay_s": episodes["delay_s"].median(),
             "accounts_right": episodes["accounts_right"].mean()}
        )  # fmt: skip
    return pd.DataFrame(rows).set_index("typology")

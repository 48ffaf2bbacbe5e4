"""Evaluation: what alerts are worth on tapes that nothing was learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from models.calibration import brier, ece
from training.alerts import Raised
from training.hits import Matched, by_typology, hit_matrix, match
from training.markets import MarketTape


@dataclass(frozen=True)
class Evaluation:
    """Results on held-out tapes.

    Attributes:
        table: One row a typology at the confidence threshold, see `hits.by_typology`.
        metrics: The same and the rest as flat numbers: `recall.<typology>`, `precision.<typology>`, …,
            `average_precision` (mean over typologies, of all alerts however unsure), `ece_opening`, `ece_close`,
            `brier`, `false_manipulation_per_symbol_hour`.
        confidence: Confidence of each calibrated alert at its end, however unsure, shape (n_alerts,).
        truth: Whether it was true.
        typology: Its typology.
    """

    table: pd.DataFrame
    metrics: Mapping[str, float]
    confidence: NDArray[np.float64]
    truth: NDArray[np.bool_]
    typology: NDArray[np.str_]

    def scored(self) -> dict[str, tuple[NDArray[np.bool_], NDArray[np.float64]]]:
        """Return truth and confidence by typology, for the precision–recall plot."""
        names = [str(name) for name in np.unique(self.typology)]
        return {name: (self.truth[self.typology == name], self.confidence[self.typology == name]) for name in names}


def evaluate(markets: Sequence[MarketTape], raised: Sequence[Raised], threshold: float) -> Evaluation:
    """Return what alerts were worth.

    Args:
        markets: The markets.
        raised: Their alerts down to any confidence, one entry a market.
        threshold: Confidence from which an alert counts in the table.
    """
    table = by_typology(matched_above(raised, threshold)) if markets else pd.DataFrame()
    opened, last, truth, typology = [], [], [], []
    for one in raised:
        hits = hit_matrix(one.last, one.market.labels).any(axis=1)
        for first, final, hit in zip(one.opened, one.last, hits, strict=True):
            if final.calibrated_on != "definition":
                opened.append(first.confidence)
                last.append(final.confidence)
                truth.append(bool(hit))
                typology.append(final.typology)
    at_end, true, names = np.array(last), np.array(truth, dtype=bool), np.array(typology, dtype=str)
    metrics = {
        f"{column}.{name}": float(row[column])
        for name, row in table.iterrows()
        for column in ("recall", "precision", "f1", "median_delay_s", "accounts_right")
    }
    precisions = [
        average_precision_score(true[names == name], at_end[names == name])
        for name in np.unique(names)
        if true[names == name].any()
    ]
    metrics |= {
        "average_precision": float(np.mean(precisions)) if precisions else np.nan,
        "ece_opening": ece(np.array(opened), true),
        "ece_close": ece(at_end, true),
        "brier": brier(at_end, true),
        "false_manipulation_per_symbol_hour": false_rate(markets, raised, threshold),
    }
    return Evaluation(table, {k: v for k, v in metrics.items() if np.isfinite(v)}, at_end, true, names)


def above(raised: Sequence[Raised], threshold: float) -> list[Raised]:
    """Return the alerts that reach a confidence at some revision."""
    out = []
    for one in raised:
        kept = [i for i, alert in enumerate(one.last) if alert.confidence >= threshold]
        out.append(Raised(one.market, tuple(one.opened[i] for i in kept), tuple(one.last[i] for i in kept)))
    return out


def matched_above(raised: Sequence[Raised], threshold: float) -> Matched:
    """Return hits and false alerts over all markets, of alerts from a confidence on."""
    parts = [match(one.last, one.market.labels) for one in above(raised, threshold)]
    return Matched(
        pd.concat([part.alerts for part in parts], ignore_index=True),
        pd.concat([part.episodes for part in parts], ignore_index=True),
    )


def false_rate(markets: Sequence[MarketTape], raised: Sequence[Raised], threshold: float) -> float:
    """Return false manipulation alerts a symbol-hour."""
    hours = sum(market.hours for market in markets)
    alerts = matched_above(raised, threshold).alerts
    false = alerts["false"] & (alerts["category"] == "manipulation")
    return float(false.sum() / hours) if hours else float("nan")

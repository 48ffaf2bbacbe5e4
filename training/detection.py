"""How soon and how often: detection delay, alerts a day, and recall and precision over all typologies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.alerts import Raised
from training.hits import Matched, same_pattern
from training.markets import days_of

_HOURS = 24.0


def detection(matched: Matched, raised: Sequence[Raised]) -> dict[str, float]:
    """Return what is known without asking for the confidence.

    Args:
        matched: Hits of the alerts.
        raised: The same alerts, one entry a market.

    Returns:
        `recall`, `precision` (share of the judged alerts that are not false) and `f1` over all typologies;
        `median_delay_s` and `delay_p90_s` from an episode's start to the first hit, over the episodes that were hit,
        and `delay_p90_s.<typology>`; `alerts_a_day` of recorded time on all the markets together (see `days_of`),
        `alerts_a_symbol_day`. NaN where there is nothing to divide by.
    """
    episodes, alerts = matched.episodes, matched.alerts
    recall = float(episodes["hit"].mean()) if len(episodes) else np.nan
    judged = alerts[~alerts["unknown"]]
    precision = float(1 - judged["false"].mean()) if len(judged) else np.nan
    of_typology = episodes["delay_s"].groupby([same_pattern(name) for name in episodes["typology"]])
    out = {
        "recall": recall,
        "precision": precision,
        "f1": 2 * precision * recall / (precision + recall) if precision + recall > 0 else np.nan,
        "median_delay_s": float(episodes["delay_s"].median()),
        "delay_p90_s": float(episodes["delay_s"].quantile(0.9)),
        **{f"delay_p90_s.{name}": float(delays.quantile(0.9)) for name, delays in of_typology},
    }
    market_days, days = sum(one.market.hours for one in raised) / _HOURS, days_of(one.market for one in raised)
    out["alerts_a_symbol_day"] = len(alerts) / market_days if market_days else np.nan
    out["alerts_a_day"] = len(alerts) / days if days else np.nan
    return out

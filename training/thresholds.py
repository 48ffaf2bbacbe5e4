"""What each confidence threshold would have given on recorded tapes: how many alerts, how many true, what is missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
from matplotlib.figure import Figure

from models.bundle import Bundle
from models.judging import judge
from models.parameters import Parameters
from models.rules import build_rules
from models.surveillance import policy_of
from training.alerts import raise_alerts
from training.detection import detection
from training.evaluate import matched_over
from training.markets import MarketTape
from training.plots import COLOURS, plain_figure

TOLD = ("precision", "recall", "f1", "alerts_a_day")


def over_thresholds(
    markets: Sequence[MarketTape], parameters: Parameters, bundle: Bundle | None, thresholds: Sequence[float]
) -> pd.DataFrame:
    """Return what alerts are worth under each confidence threshold.

    Alerts are raised anew for each: a lower threshold opens them earlier and lets them grow longer, so counting those
    of one threshold by their confidence would tell something else.

    Args:
        markets: Folded, labelled markets, at least one; best such as nothing was learned from.
        parameters: Rules and alert policy.
        bundle: The learned detectors; None runs the rules alone.
        thresholds: Confidence thresholds, each in (0, 1).

    Returns:
        Index `threshold`; columns `precision`, `recall`, `f1` and `alerts_a_day` as in `detection`; NaN where there is
        nothing to divide by.
    """
    rules, policy = build_rules(parameters), policy_of(parameters, bundle)
    judged = [judge(rules, market.folded, bundle, parameters.alerts) for market in markets]
    rows = []
    for threshold in thresholds:
        held = replace(policy, threshold=threshold)
        raised = [raise_alerts(market, one, held) for market, one in zip(markets, judged, strict=True)]
        found = detection(matched_over(raised), raised)
        rows.append([found[name] for name in TOLD])
    return pd.DataFrame(rows, index=pd.Index(thresholds, name="threshold"), columns=list(TOLD))


def thresholds_figure(table: pd.DataFrame, chosen: float | None = None) -> Figure:
    """Return precision and recall over the threshold, and below them how many alerts a day it costs.

    Args:
        table: What `over_thresholds` returned.
        chosen: A threshold to mark.
    """
    figure, (shares, counts) = plain_figure(2, 1, size=(6.4, 5.2), sharex=True)
    for colour, name in zip(COLOURS, ("precision", "recall"), strict=False):
        shares.plot(table.index, table[name], "o-", color=colour, label=name, markersize=4)
    shares.set(ylim=(-0.02, 1.03), ylabel="share", title="What a confidence threshold gives")
    shares.legend(fontsize="small", frameon=False, loc="lower left")
    counts.plot(table.index, table["alerts_a_day"], "o-", color=COLOURS[2], markersize=4)
    counts.set(ylim=(0, None), ylabel="alerts a day", xlabel="confidence threshold")
    if chosen is not None:
        for axes in (shares, counts):
            axes.axvline(chosen, color="0.5", linestyle=":", linewidth=1)
        shares.annotate(f"{chosen:g}", (chosen, 0.0), (4, 2), textcoords="offset points", fontsize="small", color="0.4")
    return figure

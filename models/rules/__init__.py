"""The rules, one pattern a file, and the explicit catalogue of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from features.rows import Rows, no_episodes
from models.findings import Findings
from models.rules.base import Rule, SummaryRule
from models.rules.concentrated_trading import ConcentratedTrading
from models.rules.price_anomaly import PriceAnomaly
from models.rules.pump_and_dump import PumpAndDump
from models.rules.spoofing import Spoofing
from models.rules.timing_anomaly import TimingAnomaly
from models.rules.volume_spike import VolumeSpike
from models.rules.wash_trading import WashTrading

if TYPE_CHECKING:  # parameters are made of the rules' own, so they import the rules
    from models.parameters import Parameters


def build_rules(parameters: Parameters) -> tuple[Rule, ...]:
    """Return every rule with its parameters, in the order of the mission."""
    return (
        PumpAndDump(parameters.pump_and_dump),
        WashTrading(parameters.wash_trading),
        Spoofing(parameters.spoofing),
        VolumeSpike(parameters.volume_spike),
        PriceAnomaly(parameters.price_anomaly),
        TimingAnomaly(parameters.timing_anomaly),
        ConcentratedTrading(parameters.concentrated_trading),
    )


def judge_summary(rules: Sequence[Rule], rows: Rows) -> tuple[Findings, ...]:
    """Return what the rules say of bare window totals, the mission's own shape of `/v1/score`.

    Rules that can read totals in a way of their own do so, with less confidence; the others judge as ever. Never
    for a tape, which says more than its totals.

    Args:
        rules: The rules; their scale is disregarded, a summary has only one.
        rows: The windows; unknown features are NaN.
    """
    return tuple(
        rule.judge_summary(rows) if isinstance(rule, SummaryRule) else rule.judge(rows, no_episodes()) for rule in rules
    )

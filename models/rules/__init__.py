"""The rules, one pattern a file, and the explicit catalogue of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from features.catalogue import BOOK_GRAIN, CROSS_GRAIN
from features.rows import Rows, blank_rows, no_episodes
from models.findings import Findings
from models.rules.adv_outlier import AdvOutlier
from models.rules.advancing_the_bid import AdvancingTheBid
from models.rules.arbitrage import Arbitrage
from models.rules.base import Rule, SummaryRule
from models.rules.concentrated_trading import ConcentratedTrading
from models.rules.cross_market_wash import CrossMarketWash
from models.rules.dump_and_pump import DumpAndPump
from models.rules.excessive_accumulation_others import ExcessiveAccumulationOthers
from models.rules.excessive_accumulation_own import ExcessiveAccumulationOwn
from models.rules.excessive_offloading_others import ExcessiveOffloadingOthers
from models.rules.excessive_offloading_own import ExcessiveOffloadingOwn
from models.rules.floor_ceiling import FloorCeiling
from models.rules.front_running import FrontRunning
from models.rules.inter_venue_manipulation import InterVenueManipulation
from models.rules.layering import Layering
from models.rules.liquidity_withdrawal import LiquidityWithdrawal
from models.rules.marking_the_close import MarkingTheClose
from models.rules.momentum_ignition import MomentumIgnition
from models.rules.no_intent_to_execute import NoIntentToExecute
from models.rules.ping_orders import PingOrders
from models.rules.price_anomaly import PriceAnomaly
from models.rules.price_discrepancy import PriceDiscrepancy
from models.rules.pump_and_dump import PumpAndDump
from models.rules.quote_stuffing import QuoteStuffing
from models.rules.ramping import Ramping
from models.rules.smoking import Smoking
from models.rules.spoofing import Spoofing
from models.rules.timing_anomaly import TimingAnomaly
from models.rules.unlabelled_volume import UnlabelledVolume
from models.rules.vanishing_wall import VanishingWall
from models.rules.volume_spike import VolumeSpike
from models.rules.wash_trading import WashTrading

if TYPE_CHECKING:  # parameters are made of the rules' own, so they import the rules
    from models.parameters import Parameters


def build_rules(parameters: Parameters) -> tuple[Rule, ...]:
    """Return every rule with its parameters, in the order of the mission."""
    return (
        PumpAndDump(parameters.pump_and_dump),
        DumpAndPump(parameters.dump_and_pump),
        WashTrading(parameters.wash_trading),
        UnlabelledVolume(parameters.unlabelled_volume),
        Spoofing(parameters.spoofing),
        Layering(parameters.layering),
        MomentumIgnition(parameters.momentum_ignition),
        Ramping(parameters.ramping),
        MarkingTheClose(parameters.marking_the_close),
        FrontRunning(parameters.front_running),
        QuoteStuffing(parameters.quote_stuffing),
        PingOrders(parameters.ping_orders),
        Smoking(parameters.smoking),
        AdvancingTheBid(parameters.advancing_the_bid),
        NoIntentToExecute(parameters.no_intent_to_execute),
        FloorCeiling(parameters.floor_ceiling),
        VolumeSpike(parameters.volume_spike),
        PriceAnomaly(parameters.price_anomaly),
        TimingAnomaly(parameters.timing_anomaly),
        ConcentratedTrading(parameters.concentrated_trading),
        ExcessiveAccumulationOwn(parameters.excessive_accumulation_own),
        ExcessiveOffloadingOwn(parameters.excessive_accumulation_own),
        ExcessiveAccumulationOthers(parameters.excessive_accumulation_others),
        ExcessiveOffloadingOthers(parameters.excessive_accumulation_others),
        AdvOutlier(parameters.adv_outlier),
        VanishingWall(parameters.vanishing_wall),
        LiquidityWithdrawal(parameters.liquidity_withdrawal),
        PriceDiscrepancy(parameters.price_discrepancy),
        Arbitrage(parameters.arbitrage),
        InterVenueManipulation(parameters.inter_venue_manipulation),
        CrossMarketWash(parameters.cross_market_wash),
    )


def judge_summary(rules: Sequence[Rule], rows: Rows) -> tuple[Findings, ...]:
    """Return what the rules say of bare window totals, the mission's own shape of `/v1/score`.

    Rules that can read totals in a way of their own do so, with less confidence; the others judge as ever, but for
    those of books, of which totals say nothing. Never for a tape, which says more than its totals.

    Args:
        rules: The rules; their scale is disregarded, a summary has only one.
        rows: The windows; unknown features are NaN.
    """
    # Of a book and of other venues a summary says nothing.
    nothing = {scale: blank_rows(scale, 0) for scale in (BOOK_GRAIN, CROSS_GRAIN)}
    return tuple(
        rule.judge_summary(rows)
        if isinstance(rule, SummaryRule)
        else rule.judge(nothing.get(rule.scale, rows), no_episodes())
        for rule in rules
    )

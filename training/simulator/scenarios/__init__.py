"""What can be planted in a market: the explicit list of scenarios."""

from __future__ import annotations

from training.simulator.scenarios.account_takeover import AccountTakeover
from training.simulator.scenarios.adv_outlier import AdvOutlier
from training.simulator.scenarios.advancing_the_bid import AdvancingTheBid
from training.simulator.scenarios.arbitrage import Arbitrage
from training.simulator.scenarios.base import Scenario
from training.simulator.scenarios.collusion import Collusion
from training.simulator.scenarios.concentrated_trading import ConcentratedTrading
from training.simulator.scenarios.coscia import Coscia
from training.simulator.scenarios.cross_market_wash import CrossMarketWash
from training.simulator.scenarios.deposit_outlier_others import DepositOutlierOthers
from training.simulator.scenarios.deposit_outlier_own import DepositOutlierOwn
from training.simulator.scenarios.dump_and_pump import DumpAndPump
from training.simulator.scenarios.excessive_accumulation_others import ExcessiveAccumulationOthers
from training.simulator.scenarios.excessive_accumulation_own import ExcessiveAccumulationOwn
from training.simulator.scenarios.excessive_offloading_others import ExcessiveOffloadingOthers
from training.simulator.scenarios.excessive_offloading_own import ExcessiveOffloadingOwn
from training.simulator.scenarios.floor_ceiling import FloorCeiling
from training.simulator.scenarios.front_running import FrontRunning
from training.simulator.scenarios.insider_pattern import InsiderPattern
from training.simulator.scenarios.inter_venue_manipulation import InterVenueManipulation
from training.simulator.scenarios.layering import Layering
from training.simulator.scenarios.marking_the_close import MarkingTheClose
from training.simulator.scenarios.momentum_ignition import MomentumIgnition
from training.simulator.scenarios.mule_pattern import MulePattern
from training.simulator.scenarios.no_intent_to_execute import NoIntentToExecute
from training.simulator.scenarios.oystacher import Oystacher
from training.simulator.scenarios.ping_orders import PingOrders
from training.simulator.scenarios.price_anomaly import PriceAnomaly
from training.simulator.scenarios.price_discrepancy import PriceDiscrepancy
from training.simulator.scenarios.pump_and_dump import PumpAndDump
from training.simulator.scenarios.pump_risk import PumpRisk
from training.simulator.scenarios.quote_stuffing import QuoteStuffing
from training.simulator.scenarios.ramping import Ramping
from training.simulator.scenarios.sarao import Sarao
from training.simulator.scenarios.smoking import Smoking
from training.simulator.scenarios.spoofing import Spoofing
from training.simulator.scenarios.timing_anomaly import TimingAnomaly
from training.simulator.scenarios.volume_spike import VolumeSpike
from training.simulator.scenarios.wash_trading import WashTrading
from training.simulator.scenarios.withdrawal_outlier_others import WithdrawalOutlierOthers
from training.simulator.scenarios.withdrawal_outlier_own import WithdrawalOutlierOwn

SCENARIOS: tuple[Scenario, ...] = (
    AccountTakeover(),
    AdvOutlier(),
    AdvancingTheBid(),
    Arbitrage(),
    Collusion(),
    ConcentratedTrading(),
    Coscia(),
    CrossMarketWash(),
    DepositOutlierOthers(),
    DepositOutlierOwn(),
    DumpAndPump(),
    ExcessiveAccumulationOthers(),
    ExcessiveAccumulationOwn(),
    ExcessiveOffloadingOthers(),
    ExcessiveOffloadingOwn(),
    FloorCeiling(),
    FrontRunning(),
    InsiderPattern(),
    InterVenueManipulation(),
    Layering(),
    MarkingTheClose(),
    MomentumIgnition(),
    MulePattern(),
    NoIntentToExecute(),
    Oystacher(),
    PingOrders(),
    PriceAnomaly(),
    PriceDiscrepancy(),
    PumpAndDump(),
    PumpRisk(),
    QuoteStuffing(),
    Ramping(),
    Sarao(),
    Smoking(),
    Spoofing(),
    TimingAnomaly(),
    VolumeSpike(),
    WashTrading(),
    WithdrawalOutlierOthers(),
    WithdrawalOutlierOwn(),
)
"""Everything that can be planted."""

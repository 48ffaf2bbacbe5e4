"""What looks like abuse and is not: the explicit list of look-alikes."""

from __future__ import annotations

from training.simulator.innocent.base import Innocent
from training.simulator.innocent.crowds import NaturalSpike, StopLossCascade
from training.simulator.innocent.executors import TwapExecution, VwapExecution
from training.simulator.innocent.hedgers import HedgerAcrossVenues
from training.simulator.innocent.holders import DormantAwakening, OwnerAccountsBothWays, ThinMarketThreeUsers
from training.simulator.innocent.news import NewsShock, NewsTrader
from training.simulator.innocent.quoters import LatencySensitiveQuoter, TwoSidedCustomerMaker
from training.simulator.innocent.resting import IcebergExecution, LargeGenuineOrder
from training.simulator.innocent.venues import IndexRebalance, OutageAndReopening

INNOCENTS: tuple[Innocent, ...] = (
    TwapExecution(),
    VwapExecution(),
    IcebergExecution(),
    LargeGenuineOrder(),
    HedgerAcrossVenues(),
    NewsShock(),
    NewsTrader(),
    NaturalSpike(),
    StopLossCascade(),
    OutageAndReopening(),
    IndexRebalance(),
    ThinMarketThreeUsers(),
    DormantAwakening(),
    OwnerAccountsBothWays(),
    TwoSidedCustomerMaker(),
    LatencySensitiveQuoter(),
)

__all__ = ["INNOCENTS", "Innocent"]

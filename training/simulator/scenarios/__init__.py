"""What can be planted in a market: the explicit list of scenarios."""

from __future__ import annotations

from training.simulator.scenarios.base import Scenario
from training.simulator.scenarios.concentrated_trading import ConcentratedTrading
from training.simulator.scenarios.pump_and_dump import PumpAndDump
from training.simulator.scenarios.spoofing import Spoofing
from training.simulator.scenarios.wash_trading import WashTrading

SCENARIOS: tuple[Scenario, ...] = (PumpAndDump(), WashTrading(), Spoofing(), ConcentratedTrading())

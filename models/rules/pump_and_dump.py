"""A fast rise on multiplied buying."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from models.rules.rush import Rush


@dataclass(frozen=True)
class PumpAndDump(Rush):
    """A price driven up by buyers who do not look at it.

    Pattern:
        On a public tape: a high far above the last hour's closes, taker buying of a hundred times the day's usual, and
        market orders that sweep several price levels in one millisecond; all three at once, as strong as the weakest.
        Where trades are frequent and prices calm, chance makes smaller ratios: less rise and surge, and more sweeps,
        are needed.

    Innocent explanations:
        News moves price and volume too, but over minutes and with few rush orders. In a volatile market 8 % is an
        ordinary hour, so the rise needed grows with volatility. One fat-finger order rises and
        rushes without a surge. A thin market jumps on a single trade. Without taker sides these cannot be told
        apart as well: higher thresholds and less confidence.

    Source:
        Three-term rule of data/pumps; La Morgia et al., "Pump and Dumps in the Bitcoin Era" (ICCCN 2020); the mission's
        0.15 and 3.0.
    """

    typology: ClassVar[str] = "pump_and_dump"
    mar: ClassVar[str] = "4(c)"
    surge: ClassVar[str] = "buy_surge"
    rush: ClassVar[str] = "rush_orders"
    way: ClassVar[str] = "bought"
    side: ClassVar[int] = 1

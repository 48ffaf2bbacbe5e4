"""A fast fall on multiplied selling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from models.rules.rush import Rush


@dataclass(frozen=True)
class DumpAndPump(Rush):
    """A price driven down by sellers who do not look at it: the mirror of a pump.

    Pattern:
        A low far below the last hour's closes, taker selling of many times the day's usual, and market orders that
        sweep several price levels in one millisecond, out of calm; all at once, as strong as the weakest. Those who
        spread the panic sold before and buy back into it.

    Innocent explanations:
        Bad news is sold over minutes, with few sweeps. A cascade of stop orders falls fast, but on one order after the
        other and on a few times the usual selling. In a volatile market the fall needed grows with volatility.

    Source:
        The mirror of `pump_and_dump`, with its parameters: a fall counts as the rise that would undo it.
    """

    typology: ClassVar[str] = "dump_and_pump"
    mar: ClassVar[str] = "4(d)"
    surge: ClassVar[str] = "sell_surge"
    rush: ClassVar[str] = "rush_sells"
    way: ClassVar[str] = "sold"
    side: ClassVar[int] = -1

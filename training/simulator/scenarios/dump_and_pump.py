"""Dump and pump: the mirror of a pump: bad news is spread, a panic sells, those who spread it buy back cheaply.

Pattern: a few accounts sell quietly, lay buy orders on the way down, set the panic off with orders of their own and buy
into it; then the price recovers. Subtle and blatant as in `pump_and_dump`, measured in log returns: −5 % to −45 %.

Source: MAR Annex II, Section 1, 4(a) and 5(b).
"""

from __future__ import annotations

from training.simulator.people.stage import SELL
from training.simulator.scenarios.pump_and_dump import PumpAndDump


class DumpAndPump(PumpAndDump):
    """A fall on multiplied selling, bought into."""

    kind = "dump_and_pump"
    side = SELL

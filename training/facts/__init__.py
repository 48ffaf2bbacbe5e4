"""How real is a tape: stylised facts of trades and orders, beside what is published and what real tapes show.

`compare` measures tapes and returns a table, `table_of` prints it. One market is measured by `measure`.
"""

from __future__ import annotations

from training.facts.compare import compare, table_of
from training.facts.market import Market, markets_of
from training.facts.measure import measure
from training.facts.sources import FACTS, Fact
from training.facts.tapes import markets_at

__all__ = ["FACTS", "Fact", "Market", "compare", "markets_at", "markets_of", "measure", "table_of"]

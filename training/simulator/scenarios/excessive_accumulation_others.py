"""Excessive accumulation, against the others: a user buys for a day while the symbol's other users trade both ways.

Half of the time the user leaned to buying all week, so that the own history alone explains it.
Subtle: 13,500 USD, 78 % buys. Blatant: only buys, many times what peers trade.
Source: detectors.md, siblings of the nine parameters.
"""

from __future__ import annotations

from training.simulator.people.stage import BUY
from training.simulator.scenarios.one_sided import OneSided


class ExcessiveAccumulationOthers(OneSided):
    """Buying against the habit of peers."""

    kind = "excessive_accumulation_others"
    side = BUY
    others = True

"""Excessive offloading, against the others: a user sells for a day while the symbol's other users trade both ways.

Half of the time the user leaned to selling all week, so that the own history alone explains it.
Subtle: 13,500 USD, 78 % sells. Blatant: only sells, many times what peers trade.
Source: detectors.md, siblings of the nine parameters, mirrored.
"""

from __future__ import annotations

from training.simulator.people.stage import SELL
from training.simulator.scenarios.one_sided import OneSided


class ExcessiveOffloadingOthers(OneSided):
    """Selling against the habit of peers."""

    kind = "excessive_offloading_others"
    side = SELL
    others = True

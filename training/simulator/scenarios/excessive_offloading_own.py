"""Excessive offloading, own history: a user who traded both ways for a week sells, and hardly buys, for a day.

Subtle: 13,500 USD, 78 % sells, in a few orders. Blatant: only sells, many times the usual day.
Source: detectors.md, the nine parameters, mirrored.
"""

from __future__ import annotations

from training.simulator.people.stage import SELL
from training.simulator.scenarios.one_sided import OneSided


class ExcessiveOffloadingOwn(OneSided):
    """Selling against one's own habit."""

    kind = "excessive_offloading_own"
    side = SELL
    others = False

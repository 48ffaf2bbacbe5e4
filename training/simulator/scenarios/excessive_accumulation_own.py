"""Excessive accumulation, own history: a user who traded both ways for a week buys, and hardly sells, for a day.

Subtle: 13,500 USD, 78 % buys, in a few orders. Blatant: only buys, many times the usual day.
Source: detectors.md, the nine parameters.
"""

from __future__ import annotations

from training.simulator.people.stage import BUY
from training.simulator.scenarios.one_sided import OneSided


class ExcessiveAccumulationOwn(OneSided):
    """Buying against one's own habit."""

    kind = "excessive_accumulation_own"
    side = BUY
    others = False

"""Episodes of bait with given figures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from features.rows import Episodes
from features.sweeps.bait import Bait
from features.sweeps.base import MOST_MEMBERS


def episode(figures: Mapping[str, float], *, row: int = 0, entity: int = 0, partner: int = -1) -> Episodes:
    """Return one episode; sizes in lots, what is not given unknown."""
    whole, members = np.zeros(1, np.int64), np.full((1, MOST_MEMBERS), -1, np.int32)
    members[0, :2] = entity, partner
    measured = {**dict.fromkeys(Bait.figures, np.nan), "bait_filled_lots": 0.0, **figures}
    table = np.array([[measured[name] for name in Bait.figures]])
    return Episodes(whole + row, members, np.zeros(1, np.int8), whole, whole, table, Bait.figures)

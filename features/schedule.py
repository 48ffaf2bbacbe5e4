"""Schedules: when a market's reference prices are made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.time_units import SECOND_NS

_DAY_NS, _HALF_MINUTE_NS = 86_400 * SECOND_NS, 30 * SECOND_NS


@dataclass(frozen=True)
class Schedule:
    """The moments of reference prices: times of day, and single moments such as the closes of a calendar.

    Attributes:
        daily_s: Seconds after midnight UTC, ascending, each from 0 to below 86400, in whole half minutes.
        closes: Single moments, ns UTC, ascending.
    """

    daily_s: tuple[int, ...] = tuple(range(0, 86_400, 3_600))
    closes: tuple[int, ...] = ()

    def between(self, after: int, until: int) -> NDArray[np.int64]:
        """Return the moments with after < moment <= until, ns, ascending.

        Example:
            >>> Schedule((0,)).between(0, 2 * 86_400_000_000_000) // 86_400_000_000_000
            array([1, 2])
        """
        if after // _HALF_MINUTE_NS == until // _HALF_MINUTE_NS and not self.closes:
            return np.empty(0, np.int64)
        days = np.arange(after // _DAY_NS, until // _DAY_NS + 1, dtype=np.int64) * _DAY_NS
        daily = (days[:, None] + np.asarray(self.daily_s, np.int64) * SECOND_NS).ravel()
        moments = np.unique(np.concatenate([daily, np.asarray(self.closes, np.int64)]))
        first, last = np.searchsorted(moments, [after, until], side="right")
        return moments[first:last]


HOURLY = Schedule()
"""Every full hour: fixings of round-the-clock markets are on it, wherever they are made."""

"""How long alerts take to be stored, as the engine itself sees it."""

from __future__ import annotations

from collections import deque

import msgspec
import numpy as np

_KEPT = 10_000


class Delay(msgspec.Struct, frozen=True):
    """Delays of the last ten thousand at most.

    Attributes:
        count: How many there were since the process started.
        p50_s: Median, s; None before the first.
        p99_s: The hundredth longest of a hundred, s.
        most_s: The longest, s.
    """

    count: int = 0
    p50_s: float | None = None
    p99_s: float | None = None
    most_s: float | None = None


class Delays:
    """Takes note of delays."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=_KEPT)
        self._count = 0

    def note(self, delay_s: float) -> None:
        """Take note of one, s."""
        self._last.append(delay_s)
        self._count += 1

    def told(self) -> Delay:
        """Return what they are."""
        if not self._count:
            return Delay()
        p50, p99, most = np.quantile(np.array(self._last), [0.5, 0.99, 1.0]).tolist()
        return Delay(self._count, p50, p99, most)

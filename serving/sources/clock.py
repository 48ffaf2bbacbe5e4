"""The clocks of a feed: the machine's, as arguments, and an exchange's, as heard in its messages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from features.time_units import SECOND_NS

WINDOW_S = 60.0
LEAP_NS = 3_600_000_000_000
"""What is stamped an hour later than it is anywhere is a mistake; it would close every market of the exchange."""


@dataclass(frozen=True)
class Clock:
    """The machine's clocks, so that tests can bring their own.

    Attributes:
        wall_ns: Wall clock, ns UTC: told to people, never used to move a market's time.
        monotonic_ns: Clock that only goes forward, ns since any point.
        sleep: Waits that many seconds.
    """

    wall_ns: Callable[[], int] = time.time_ns
    monotonic_ns: Callable[[], int] = time.monotonic_ns
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


MACHINE = Clock()


class ExchangeClock:
    """What time it is at an exchange, as far as its own messages tell: never later than it is there.

    A message that is stamped t and heard at the monotonic time m says that it is at least t + (now − m) over there. The
    largest such offset of the last minute or two is kept: the wall clock is not asked, so that its jumps close no
    market early, and what drifts between the two clocks is forgotten with the window.

    Args:
        clock: The machine's clocks.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since_ns = 0
        self._offset: int | None = None
        self._before: int | None = None

    def hear(self, time_ns: int, heard_ns: int | None = None) -> None:
        """Take the time of an event or of the exchange's own clock.

        Args:
            time_ns: The exchange's time, ns UTC.
            heard_ns: Monotonic time of its arrival; now if left out.
        """
        if self.is_leap(time_ns):
            return
        now = self._clock.monotonic_ns()
        offset = time_ns - (now if heard_ns is None else heard_ns)
        if self._offset is None or now - self._since_ns > WINDOW_S * SECOND_NS:
            self._before, self._offset, self._since_ns = self._offset, offset, now
        self._offset = max(self._offset, offset)

    def is_leap(self, time_ns: int) -> bool:
        """Return whether a time (ns UTC) must be a mistake: far ahead of the exchange's time and of the wall clock.

        Either alone may be behind: the exchange was heard of by an old trade, or the machine's clock has jumped.
        """
        now = self.at()
        return now is not None and time_ns > max(now, self._clock.wall_ns()) + LEAP_NS

    def at(self, monotonic_ns: int | None = None) -> int | None:
        """Return the exchange's time at a monotonic time (now if left out), None as long as nothing was heard."""
        offsets = [offset for offset in (self._offset, self._before) if offset is not None]
        now = self._clock.monotonic_ns() if monotonic_ns is None else monotonic_ns
        return max(offsets) + now if offsets else None

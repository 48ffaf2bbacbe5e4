from __future__ import annotations

from serving.sources.clock import LEAP_NS, Clock, ExchangeClock

SECOND = 1_000_000_000
NOON = 1_714_564_800 * SECOND


def test_exchange_clock_takes_no_time_that_is_an_hour_ahead_of_everything() -> None:
    monotonic, wall = [5 * SECOND], [NOON]
    clock = ExchangeClock(Clock(wall_ns=lambda: wall[0], monotonic_ns=lambda: monotonic[0]))
    clock.hear(NOON)
    clock.hear(NOON + 75 * 365 * 86_400 * SECOND)
    monotonic[0] += SECOND
    assert clock.at() == NOON + SECOND


def test_exchange_clock_heard_of_by_an_old_trade_goes_on_to_a_new_one() -> None:
    clock = ExchangeClock(Clock(wall_ns=lambda: NOON, monotonic_ns=lambda: 0))
    clock.hear(NOON - 5 * LEAP_NS)
    clock.hear(NOON)
    assert clock.at() == NOON


def test_exchange_clock_under_a_wall_clock_that_fell_behind_goes_on() -> None:
    wall = [NOON]
    clock = ExchangeClock(Clock(wall_ns=lambda: wall[0], monotonic_ns=lambda: 0))
    clock.hear(NOON)
    wall[0] -= 10 * LEAP_NS
    clock.hear(NOON + SECOND)
    assert clock.at() == NOON + SECOND

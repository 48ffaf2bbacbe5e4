"""Habit: what is usual in a market, learned slowly and robustly, so that one surge does not change it.

Sizes are a geometric mean; minutes are weighted alike up to an hour's worth, then exponentially; what a minute brings
counts at most five times the mean so far.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.time_units import MINUTE_NS

_SIZES, _SIZES_MEMORY = 20, 2_000
_MINUTES, _MINUTES_MEMORY = 5, 60
_CAPPED_FROM, _CAP = 10, 5.0
_LONGEST_GAP = 120
_MINUTE, _TRADES, _LOTS, ORDER_SIZE, TRADE_SIZE = range(5)
_LOG_SIZE, _SIGMA, _PACE, _FLOW, _CLOSE, _LAST, _COUNT = range(7)


class Habit(NamedTuple):
    """Running figures of a market.

    Attributes:
        whole: Number of the open minute, its trades and lots, sizes noted of orders and of trades, shape (5,).
        real: Mean log size, mean absolute log change, trades and lots a minute, price at the end of the last minute
            with one, last price, minutes noted, shape (7,).
    """

    whole: NDArray[np.int64]
    real: NDArray[np.float64]


def new_habit() -> Habit:
    """Return the habit of a market that nothing is known of."""
    whole, real = np.zeros(5, np.int64), np.zeros(7)
    whole[_MINUTE] = -1
    real[_CLOSE] = real[_LAST] = np.nan
    return Habit(whole, real)


@nb.njit(cache=True)
def note_size(habit: Habit, which: int, lots: int) -> None:
    """Note an ORDER_SIZE, or a TRADE_SIZE, which counts until the first order comes."""
    whole, real = habit.whole, habit.real
    if lots <= 0 or (which == TRADE_SIZE and whole[ORDER_SIZE] > 0):
        return
    if which == ORDER_SIZE and whole[ORDER_SIZE] == 0:
        real[_LOG_SIZE] = 0.0
    whole[which] += 1
    real[_LOG_SIZE] += (np.log(lots) - real[_LOG_SIZE]) / min(whole[which], _SIZES_MEMORY)


@nb.njit(cache=True)
def note_trade(habit: Habit, price: float, lots: int) -> None:
    """Note a trade of the open minute."""
    habit.whole[_TRADES] += 1
    habit.whole[_LOTS] += lots
    habit.real[_LAST] = price
    if np.isnan(habit.real[_CLOSE]):
        habit.real[_CLOSE] = price


@nb.njit(cache=True)
def _learn(real: NDArray[np.float64], which: int, value: float) -> None:
    if real[_COUNT] > _CAPPED_FROM and real[which] > 0.0:
        value = min(value, _CAP * real[which])
    real[which] += (value - real[which]) / min(real[_COUNT], _MINUTES_MEMORY)


@nb.njit(cache=True)
def pass_minutes(habit: Habit, time: int) -> None:
    """Close the minutes that end at or before a time; minutes before the first trade say nothing."""
    whole, real = habit.whole, habit.real
    minute = time // MINUTE_NS
    if whole[_MINUTE] == minute:
        return
    passed = min(minute - whole[_MINUTE], _LONGEST_GAP) if whole[_MINUTE] >= 0 else 0
    whole[_MINUTE] = minute
    if np.isnan(real[_CLOSE]):
        return
    for _ in range(passed):
        real[_COUNT] += 1.0
        _learn(real, _SIGMA, abs(np.log(real[_LAST] / real[_CLOSE])))
        _learn(real, _PACE, float(whole[_TRADES]))
        _learn(real, _FLOW, float(whole[_LOTS]))
        real[_CLOSE] = real[_LAST]
        whole[_TRADES] = whole[_LOTS] = 0


@nb.njit(cache=True)
def known(habit: Habit) -> tuple[float, float, float, float]:
    """Return usual size (lots), sigma, trades and lots a minute; NaN each until enough was noted."""
    whole, real = habit.whole, habit.real
    sizes = whole[ORDER_SIZE] if whole[ORDER_SIZE] > 0 else whole[TRADE_SIZE]
    usual = np.exp(real[_LOG_SIZE]) if sizes >= _SIZES else np.nan
    if real[_COUNT] < _MINUTES:
        return usual, np.nan, np.nan, np.nan
    return usual, real[_SIGMA], real[_PACE], real[_FLOW]

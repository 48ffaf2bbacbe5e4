"""Counting on real pumps: which were caught, how late, and how many false alerts a coin-day it cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.labelling import NEAR_NS
from training.markets import MarketTape

EARLY_NS, LATE_NS = 60_000_000_000, 120_000_000_000
DAY_NS = 86_400_000_000_000


@dataclass(frozen=True)
class Pumps:
    """Pumps in time order, one market tape each.

    Attributes:
        markets: The tapes.
        onset: Onset of each tape's pump, ns, shape (n_pumps,).
        known: Every known pump (`symbol`, `time_ns`), that no alert near it may be called false for.
    """

    markets: tuple[MarketTape, ...]
    onset: NDArray[np.int64]
    known: pd.DataFrame

    def spans(self, numbers: Iterable[int]) -> dict[int, tuple[int, int]]:
        """Return the part of each tape that no earlier of these tapes of the coin covers: a coin-day counts once."""
        covered: dict[tuple[str, str], int] = {}
        out = {}
        for number in sorted(numbers, key=lambda n: self.markets[n].start):
            market = self.markets[number]
            key = (market.venue, market.symbol)
            start = max(market.start, covered.get(key, market.start))
            out[number] = (min(start, market.end), market.end)
            covered[key] = max(covered.get(key, 0), market.end)
        return out

    def is_near_pump(self, number: int, times: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which moments lie within an hour of a known pump of the tape's coin."""
        mine = self.known.loc[self.known["symbol"] == self.markets[number].symbol, "time_ns"].to_numpy()
        pumps = np.append(mine, self.onset[number])
        near: NDArray[np.bool_] = (np.abs(times[:, None] - pumps[None, :]) <= NEAR_NS).any(axis=1)
        return near


@dataclass(frozen=True)
class Scored:
    """Scored rows of many tapes, shape (n_rows,) each, ascending by tape and time."""

    market: NDArray[np.int64]
    end: NDArray[np.int64]
    score: NDArray[np.float64]

    def joined(self, other: Scored) -> Scored:
        """Return both."""
        pairs = ((self.market, other.market), (self.end, other.end), (self.score, other.score))
        return Scored(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True)
class Alarms:
    """What alerts caught and cost.

    Attributes:
        number: Pump numbers, shape (n_pumps,).
        caught: Whether an alert opened in time, shape (n_pumps,).
        delay_s: Seconds from onset to the alert, NaN where missed, shape (n_pumps,).
        false: False alerts.
        coin_days: Days of tape.
    """

    number: NDArray[np.int64]
    caught: NDArray[np.bool_]
    delay_s: NDArray[np.float64]
    false: int
    coin_days: float

    @property
    def recall(self) -> float:
        """Share of pumps caught."""
        return float(self.caught.mean())

    @property
    def false_rate(self) -> float:
        """False alerts a coin-day."""
        return self.false / self.coin_days

    def figures(self) -> dict[str, float]:
        """Return the figures of a table's row, with a 90 % bootstrap interval over pumps."""
        low, high = interval(self.caught.astype(float))
        delay = float(np.nanmedian(self.delay_s)) if self.caught.any() else float("nan")
        figures = {"recall": self.recall, "recall_low": low, "recall_high": high}
        return {**figures, "false_per_coin_day": self.false_rate, "median_delay_s": delay}


def together(parts: Sequence[Alarms]) -> Alarms:
    """Return the alarms of several folds as one."""
    arrays = [np.concatenate([getattr(part, name) for part in parts]) for name in ("number", "caught", "delay_s")]
    return Alarms(*arrays, sum(part.false for part in parts), sum(part.coin_days for part in parts))


def interval(values: NDArray[np.float64], seed: int = 0, draws: int = 4000) -> tuple[float, float]:
    """Return the 90 % bootstrap interval of a mean over pumps."""
    random = np.random.default_rng(seed)
    means = values[random.integers(0, len(values), (draws, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.05, 0.95])
    return float(low), float(high)


def openings(end: NDArray[np.int64], above: NDArray[np.bool_], quiet_ns: int) -> NDArray[np.int64]:
    """Return when alerts open: at rows above the threshold with no other such row within the quiet span before."""
    times = end[above]
    if not len(times):
        return times
    return times[np.concatenate([[True], np.diff(times) > quiet_ns])]


def count(
    pumps: Pumps, spans: dict[int, tuple[int, int]], numbers: Sequence[int], rows: Scored, threshold: float, quiet: int
) -> Alarms:
    """Return what alerts at a threshold catch and cost on some tapes.

    Args:
        pumps: All pumps.
        spans: Where each tape counts, see `Pumps.spans`.
        numbers: Pumps to count.
        rows: Their scored rows.
        threshold: Score from which an alert opens.
        quiet: Quiet that ends an alert, ns.
    """
    caught, delays, false, days = np.zeros(len(numbers), bool), np.full(len(numbers), np.nan), 0, 0.0
    bounds = np.searchsorted(rows.market, [[n, n + 1] for n in numbers]) if len(numbers) else []
    for i, (number, (first, last)) in enumerate(zip(numbers, bounds, strict=True)):
        end = rows.end[first:last]
        opened = openings(end, rows.score[first:last] >= threshold, quiet)
        late = opened - pumps.onset[number]
        hit = np.flatnonzero((late > -EARLY_NS) & (late <= LATE_NS))
        if len(hit):
            caught[i], delays[i] = True, late[hit[0]] * 1e-9
        start, finish = spans[number]
        inside = opened[(opened > start) & (opened <= finish)]
        false += int((~pumps.is_near_pump(number, inside)).sum()) if len(inside) else 0
        days += (finish - start) / DAY_NS
    return Alarms(np.array(numbers), caught, delays, false, days)


def best_threshold(
    pumps: Pumps, numbers: Sequence[int], rows: Scored, target: float, quiet: int
) -> tuple[float, Alarms]:
    """Return the lowest threshold that costs at most `target` false alerts a coin-day, and what it gives."""
    spans = pumps.spans(numbers)
    low, high = 0, 400
    grid = np.unique(np.quantile(rows.score, np.linspace(0.0, 1.0, high + 1)))[::-1]
    best = (float("inf"), count(pumps, spans, numbers, rows, float("inf"), quiet))
    low, high = 0, len(grid) - 1
    # Lower thresholds cost more, but for alerts that merge: bisect, then walk on while it still holds.
    while low <= high:
        middle = (low + high) // 2
        found = count(pumps, spans, numbers, rows, float(grid[middle]), quiet)
        if found.false_rate <= target:
            best, low = (float(grid[middle]), found), middle + 1
        else:
            high = middle - 1
    return best

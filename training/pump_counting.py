"""Counting on real pumps: which were caught, how late, and how many false alerts a coin-day it cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.time_units import DAY_NS
from training.labelling import NEAR_NS
from training.markets import MarketTape

EARLY_NS, LATE_NS = 60_000_000_000, 120_000_000_000


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
    return Alarms(
        np.concatenate([part.number for part in parts]),
        np.concatenate([part.caught for part in parts]),
        np.concatenate([part.delay_s for part in parts]),
        sum(part.false for part in parts),
        sum(part.coin_days for part in parts),
    )


def interval(values: NDArray[np.float64], seed: int = 0, draws: int = 4000) -> tuple[float, float]:
    """Return the 90 % bootstrap interval of a mean over pumps."""
    random = np.random.default_rng(seed)
    means = values[random.integers(0, len(values), (draws, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.05, 0.95])
    return float(low), float(high)


@dataclass(frozen=True)
class Count:
    """Rows of some tapes, ready to be counted at any threshold: all that does not depend on a score.

    Attributes:
        numbers: Pumps to count, ascending, shape (n_pumps,).
        rows: Rows that count, numbers in the rows given, shape (n_rows,).
        tape: Place of each row's pump in `numbers`, shape (n_rows,).
        end: When each row could open an alert, ns, shape (n_rows,).
        late_ns: Time since the onset of the row's pump, shape (n_rows,).
        costs: Whether an alert that opens there is false, shape (n_rows,).
        coin_days: Days of tape.
    """

    numbers: NDArray[np.int64]
    rows: NDArray[np.int64]
    tape: NDArray[np.int64]
    end: NDArray[np.int64]
    late_ns: NDArray[np.int64]
    costs: NDArray[np.bool_]
    coin_days: float

    @classmethod
    def of(
        cls,
        pumps: Pumps,
        numbers: Sequence[int],
        market: NDArray[np.int64],
        end: NDArray[np.int64],
        spans: dict[int, tuple[int, int]] | None = None,
    ) -> Count:
        """Return the rows of some pumps' tapes.

        Args:
            pumps: All pumps.
            numbers: Those to count.
            market: Pump number of each row, ascending.
            end: End of each row's bucket, ns, ascending within a tape.
            spans: Where each tape counts; by default its part that no earlier one of `numbers` covers.
        """
        spans = pumps.spans(numbers) if spans is None else spans
        wanted = np.array(sorted(numbers), np.int64)
        rows = np.flatnonzero(np.isin(market, wanted))
        tape, ends = np.searchsorted(wanted, market[rows]), end[rows]
        costs = np.zeros(len(rows), dtype=bool)
        for place, number in enumerate(wanted):
            first, last = np.searchsorted(tape, [place, place + 1])
            times, (start, finish) = ends[first:last], spans[int(number)]
            costs[first:last] = (times > start) & (times <= finish) & ~pumps.is_near_pump(int(number), times)
        days = sum(finish - start for start, finish in (spans[int(number)] for number in wanted)) / DAY_NS
        return cls(wanted, rows, tape, ends, ends - pumps.onset[wanted][tape], costs, days)

    def openings(self, above: NDArray[np.bool_], quiet_ns: int) -> NDArray[np.int64]:
        """Return the rows that open alerts: above the threshold, and no such row of the tape in the quiet before."""
        at = np.flatnonzero(above)
        opens = np.ones(len(at), dtype=bool)
        opens[1:] = (np.diff(self.tape[at]) != 0) | (np.diff(self.end[at]) > quiet_ns)
        return at[opens]

    def alarms(self, above: NDArray[np.bool_], quiet_ns: int) -> Alarms:
        """Return what alerts catch and cost that open where a mask over all rows given says so."""
        opened = self.openings(above[self.rows], quiet_ns)
        late = self.late_ns[opened]
        hits = opened[(late > -EARLY_NS) & (late <= LATE_NS)]
        places, first = np.unique(self.tape[hits], return_index=True)
        delay = np.full(len(self.numbers), np.nan)
        delay[places] = self.late_ns[hits[first]] * 1e-9
        return Alarms(self.numbers, ~np.isnan(delay), delay, int(self.costs[opened].sum()), self.coin_days)

    def false_rate(self, above: NDArray[np.bool_], quiet_ns: int) -> float:
        """Return the false alerts a coin-day alone."""
        return int(self.costs[self.openings(above[self.rows], quiet_ns)].sum()) / self.coin_days


def best_threshold(count: Count, score: NDArray[np.float64], target: float, quiet_ns: int) -> tuple[float, Alarms]:
    """Return the lowest threshold that costs at most `target` false alerts a coin-day, and what it gives."""
    grid = np.unique(score[count.rows])[::-1]
    best = float("inf")
    low, high = 0, len(grid) - 1
    # Lower thresholds cost more, but for alerts that merge: bisection ends at one place where the rate crosses.
    while low <= high:
        middle = (low + high) // 2
        if count.false_rate(score >= grid[middle], quiet_ns) <= target:
            best, low = float(grid[middle]), middle + 1
        else:
            high = middle - 1
    return best, count.alarms(score >= best, quiet_ns)


def curve(
    count: Count, score: NDArray[np.float64], quiet_ns: int, highest: float, points: int = 200
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return false alerts a coin-day and recall at thresholds from the strictest to the one that costs `highest`."""
    loosest, _ = best_threshold(count, score, highest, quiet_ns)
    grid = np.unique(score[count.rows][score[count.rows] >= loosest])[::-1]
    grid = grid[np.unique(np.linspace(0, len(grid) - 1, points).astype(int))] if len(grid) else grid
    found = [count.alarms(score >= threshold, quiet_ns) for threshold in grid]
    return np.array([alarms.false_rate for alarms in found]), np.array([alarms.recall for alarms in found])

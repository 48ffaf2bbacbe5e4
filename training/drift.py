"""Drift: whether markets, scores and alerts still look as they did in training. Pure functions over samples.

Rows of one market are alike, so a sample counts as fewer rows than it has (Kish's design effect); tests over many
features are corrected (Benjamini and Hochberg 1995); and a stability index is told beyond what chance alone gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, kstwobign, rankdata

from training.reference import Sample

Verdict = Literal["stable", "watch", "drifted", "unknown"]
WATCH, DRIFTED = 0.1, 0.25
SIGNIFICANT = 0.05
LEAST = 15.0
"""Independent rows on each side below which nothing is said."""
_BINS, _PER_BIN, _FLOOR = 10, 5.0, 0.5
_LEAST_ALERTS = 10
_RATE_LEVEL = 0.99
WATCH_RATIO, DRIFTED_RATIO = 1.25, 2.0
_ORDER: tuple[Verdict, ...] = ("unknown", "stable", "watch", "drifted")


@dataclass(frozen=True)
class Shift:
    """How one quantity differs between two samples.

    Attributes:
        scale: Rows it is of; "alerts" for scores.
        name: Feature, or score.
        psi: Population stability index beyond chance, >= 0; NaN where too little is known.
        statistic: Kolmogorov and Smirnov's distance, in [0, 1].
        p_value: Of the distance, for the effective numbers of rows.
        q_value: The same, corrected for the number of quantities.
        unknown: Share of unknown values, before and now.
        rows: Effective numbers of known rows, before and now.
        verdict: stable, watch from 0.1 on, drifted from 0.25 on, if significant; unknown for tiny samples.
    """

    scale: str
    name: str
    psi: float
    statistic: float
    p_value: float
    q_value: float
    unknown: tuple[float, float]
    rows: tuple[float, float]
    verdict: Verdict


@dataclass(frozen=True)
class RateShift:
    """How often alerts are raised, before and now.

    Attributes:
        typology: Typology, or "all".
        per_day: Alerts a market day, before and now.
        ratio: Now over before, with its 99 % interval; NaN where there were too few.
        verdict: drifted if the whole interval is beyond a factor of 2, watch beyond 1.25.
    """

    typology: str
    per_day: tuple[float, float]
    ratio: tuple[float, float, float]
    verdict: Verdict


def psi(before: NDArray[np.float64], now: NDArray[np.float64], bins: int = _BINS) -> tuple[float, int]:
    """Return the population stability index of known values over bins of equal mass before, and how many bins.

    Args:
        before: Known values, shape (n,); they make the bins. Equal values share one.
        now: Known values, shape (m,).
        bins: Most bins.

    Returns:
        Sum of (p - q) ln(p / q), >= 0, each bin with half an observation more so that an empty one is not infinite.
    """
    edges = _edges(before, bins)
    counts = [
        np.bincount(np.searchsorted(edges, side, side="right"), minlength=len(edges) + 1) for side in (before, now)
    ]
    p, q = ((count + _FLOOR) / (count.sum() + _FLOOR * len(count)) for count in counts)
    return float(np.sum((q - p) * np.log(q / p))), len(edges) + 1


def _edges(before: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    least, most = before.min(), before.max()
    if least == most:
        # What never varied has three bins: less, the same, more.
        return np.array([least, np.nextafter(least, np.inf)])
    edges = np.unique(np.quantile(before, np.linspace(0, 1, bins + 1)[1:-1], method="higher"))
    inner: NDArray[np.float64] = edges[edges > least]
    return inner


def effective(
    before: NDArray[np.float64], now: NDArray[np.float64], clusters: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> tuple[float, float]:
    """Return how many independent rows each sample is worth, given that rows of a cluster are alike.

    Args:
        before: Known values, shape (n,).
        now: Known values, shape (m,).
        clusters: Cluster of each row of both.

    Returns:
        Numbers of at most n and m: n / (1 + (rows of a cluster - 1) * intraclass correlation of the ranks).
    """
    rank = rankdata(np.concatenate([before, now]))
    parts, keys, sizes = np.split(rank, [len(before)]), [], []
    offset = 0
    for cluster in clusters:
        _, inverse, count = np.unique(cluster, return_inverse=True, return_counts=True)
        keys.append(inverse + offset)
        sizes.append(count)
        offset += len(count)
    # About each side's own mean, so that a real shift does not pass for likeness within clusters.
    centred = np.concatenate([part - part.mean() for part in parts])
    correlation = _intraclass(centred, np.concatenate(keys), np.concatenate(sizes).astype(float))
    out = [
        len(part) / (1.0 + ((s * s).sum() / s.sum() - 1.0) * correlation) for part, s in zip(parts, sizes, strict=True)
    ]
    return float(out[0]), float(out[1])


def _intraclass(value: NDArray[np.float64], key: NDArray[np.int64], size: NDArray[np.float64]) -> float:
    n, k = len(value), len(size)
    if k <= 2 or n <= k:
        return 0.0
    mean = np.bincount(key, value) / size
    between = float((size * mean**2).sum()) / (k - 2)
    within = float(((value - mean[key]) ** 2).sum()) / (n - k)
    usual = (n - float((size**2).sum()) / n) / (k - 1)
    total = between + (usual - 1.0) * within
    return max(0.0, (between - within) / total) if total > 0 else 0.0


def distance(before: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    """Return the largest distance between two cumulative distributions, in [0, 1]."""
    both = np.sort(np.concatenate([before, now]))
    first, second = (np.searchsorted(np.sort(side), both, side="right") / len(side) for side in (before, now))
    return float(np.abs(first - second).max())


def p_value(statistic: float, rows: tuple[float, float]) -> float:
    """Return how often samples of these sizes of one distribution are as far apart (Stephens' approximation)."""
    root = np.sqrt(rows[0] * rows[1] / (rows[0] + rows[1]))
    return float(kstwobign.sf(statistic * (root + 0.12 + 0.11 / root)))


def q_values(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values corrected for their number by Benjamini and Hochberg; NaN ones are not counted."""
    out = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    out[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return out


def shifts(scale: str, names: Sequence[str], before: Sample, now: Sample) -> list[Shift]:
    """Return how each column of two samples differs; q-values and verdicts are left to `judged`."""
    return [_shift(scale, name, column, before, now) for column, name in enumerate(names)]


def _shift(scale: str, name: str, column: int, before: Sample, now: Sample) -> Shift:
    sides = (before.values[:, column], now.values[:, column])
    known = tuple(np.isfinite(side) for side in sides)
    unknown = tuple(1.0 - float(mask.mean()) if len(mask) else np.nan for mask in known)
    values = _compared(sides, known, (before.cluster, now.cluster))
    everything = tuple(np.ones(len(side), dtype=bool) for side in sides)
    presence = _compared(tuple(mask.astype(float) for mask in known), everything, (before.cluster, now.cluster))
    # That a value is unknown is compared like a value; the more telling of the two counts.
    index, statistic, p, rows = presence if _more(presence, values) else values
    return Shift(scale, name, index, statistic, p, np.nan, (unknown[0], unknown[1]), rows, "unknown")


_Compared = tuple[float, float, float, tuple[float, float]]


def _more(one: _Compared, other: _Compared) -> bool:
    return bool(np.isfinite(one[0]) and one[0] > WATCH and not other[0] > one[0])


def _compared(
    sides: tuple[NDArray[np.float64], ...],
    known: tuple[NDArray[np.bool_], ...],
    clusters: tuple[NDArray[np.int64], ...],
) -> _Compared:
    before, now = (side[mask] for side, mask in zip(sides, known, strict=True))
    if min(len(before), len(now)) < LEAST:
        return np.nan, np.nan, np.nan, (float(len(before)), float(len(now)))
    rows = effective(before, now, (clusters[0][known[0]], clusters[1][known[1]]))
    if min(rows) < LEAST:
        return np.nan, np.nan, np.nan, rows
    index, bins = psi(before, now, int(min(_BINS, max(2.0, min(rows) // _PER_BIN))))
    by_chance = (bins - 1) * (1.0 / rows[0] + 1.0 / rows[1])
    statistic = distance(before, now)
    return max(0.0, index - by_chance), statistic, p_value(statistic, rows), rows


def judged(found: Sequence[Shift]) -> list[Shift]:
    """Return shifts with q-values over all of them and verdicts, worst first."""
    corrected = q_values(np.array([one.p_value for one in found]))
    out = [_with_verdict(one, float(q)) for one, q in zip(found, corrected, strict=True)]
    return sorted(out, key=lambda one: (-_ORDER.index(one.verdict), -np.nan_to_num(one.psi, nan=-1.0)))


def _with_verdict(one: Shift, q: float) -> Shift:
    verdict: Verdict = "stable"
    if np.isnan(one.psi):
        verdict = "unknown"
    elif q < SIGNIFICANT and one.psi >= WATCH:
        verdict = "drifted" if one.psi >= DRIFTED else "watch"
    return Shift(**{**vars(one), "q_value": q, "verdict": verdict})


def rate_shifts(
    before: Mapping[str, int], hours_before: float, now: Mapping[str, int], hours_now: float
) -> list[RateShift]:
    """Return how the alert rates of each typology, and of all together, have changed.

    Args:
        before: Alerts by typology.
        hours_before: Market hours over which they were raised.
        now: Alerts by typology.
        hours_now: Market hours.
    """
    counts = {name: (before.get(name, 0), now.get(name, 0)) for name in sorted({*before, *now})}
    everything = (sum(before.values()), sum(now.values()))
    return [_rate_shift(name, pair, (hours_before, hours_now)) for name, pair in {"all": everything, **counts}.items()]


def _rate_shift(typology: str, counts: tuple[int, int], hours: tuple[float, float]) -> RateShift:
    per_day = tuple(24.0 * count / span if span > 0 else np.nan for count, span in zip(counts, hours, strict=True))
    nothing = (np.nan, np.nan, np.nan)
    if sum(counts) < _LEAST_ALERTS or min(hours) <= 0:
        return RateShift(typology, (per_day[0], per_day[1]), nothing, "unknown")
    low, high = rate_ratio_interval(counts, hours)
    ratio = counts[1] / hours[1] / (counts[0] / hours[0]) if counts[0] else np.inf
    beyond = max(low, 1.0 / high if high > 0 else np.inf)
    verdict: Verdict = "drifted" if beyond > DRIFTED_RATIO else "watch" if beyond > WATCH_RATIO else "stable"
    return RateShift(typology, (per_day[0], per_day[1]), (ratio, low, high), verdict)


def rate_ratio_interval(
    counts: tuple[int, int], hours: tuple[float, float], level: float = _RATE_LEVEL
) -> tuple[float, float]:
    """Return the exact interval of the ratio of two Poisson rates, second over first (conditional binomial)."""
    tail, (first, second) = (1.0 - level) / 2.0, counts
    low = float(beta.ppf(tail, second, first + 1)) if second else 0.0
    high = float(beta.ppf(1.0 - tail, second + 1, first)) if first else 1.0
    odds = [share / (1.0 - share) * hours[0] / hours[1] if share < 1.0 else np.inf for share in (low, high)]
    return odds[0], odds[1]


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the worst of verdicts; unknown only if nothing is known."""
    return max(verdicts, key=_ORDER.index, default="unknown")

"""What is told of things that trade on several venues, over the rows and alerts that are kept of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from features.cross.names import group_of
from features.events import Vocabulary
from features.order import END_OF_TIME
from features.rows import Rows
from models.alert import Alert
from models.cross_surveillance import CrossSurveillance, Group

MOST = 100
"""Most gaps that are told; those with the largest value come first."""


@dataclass(frozen=True)
class Discrepancy:
    """A gap beyond both taker fees at which people traded on both venues; times are ns UTC, gaps the largest.

    Attributes:
        symbol: Name of the group.
        high_venue: The dearer venue.
        low_venue: The cheaper venue.
        start: When it began.
        end: When it was last seen.
        net_gap_bps: What was left of it after both fees.
        trades: Trades meanwhile on the venue with fewer of them.
    """

    symbol: str
    high_venue: str
    low_venue: str
    start: int
    end: int
    net_gap_bps: float
    trades: int


@dataclass(frozen=True)
class Opportunity:
    """What buying on one venue and selling on another could have earned, fees paid; at the best moment.

    Attributes:
        symbol: Name of the group.
        buy_venue: Where to buy.
        sell_venue: Where to sell.
        start: When it began, ns UTC.
        end: When it was last seen, ns UTC.
        net_gap_bps: Gain after both fees.
        size: Base units, bounded by what traded on both within a minute: books are not known.
        value: Quote units.
    """

    symbol: str
    buy_venue: str
    sell_venue: str
    start: int
    end: int
    net_gap_bps: float
    size: float
    value: float


@dataclass(frozen=True)
class Correlation:
    """How a venue goes with the others; medians over the rows, NaN where unknown.

    Attributes:
        symbol: Name of the group.
        venue: The venue.
        venue_symbol: What it calls the thing.
        volume_share: Of the group's volume.
        volume_correlation: With the others' bucket volumes.
        lead_s: Above 0: it leads the others, below: it follows.
        lead_correlation: Correlation of returns at that lag.
    """

    symbol: str
    venue: str
    venue_symbol: str
    volume_share: float
    volume_correlation: float
    lead_s: float
    lead_correlation: float


@dataclass(frozen=True)
class Pattern:
    """An alert over venues, in short; `says` are its sentences."""

    alert_id: str
    typology: str
    category: str
    symbol: str
    venue: str
    accounts: tuple[str, ...]
    start: int
    end: int
    confidence: float
    risk_score: float
    says: tuple[str, ...]


@dataclass(frozen=True)
class CrossReport:
    """The analysis, in the mission's shape; `analysis_timestamp` is event time, ns UTC, None before any event."""

    symbols: tuple[str, ...]
    price_discrepancies: tuple[Discrepancy, ...]
    arbitrage_opportunities: tuple[Opportunity, ...]
    volume_correlations: tuple[Correlation, ...]
    manipulation_patterns: tuple[Pattern, ...]
    analysis_timestamp: int | None


def cross_report(
    across: CrossSurveillance, symbol: str | None = None, window_ns: int = END_OF_TIME, *, one_dollar: bool = False
) -> CrossReport | None:
    """Return what is known of things on several venues.

    Args:
        across: What has watched them.
        symbol: One thing, as any venue writes it; all by default.
        window_ns: How far back to look from the last closed bucket; no further than what is kept.
        one_dollar: Whether all dollars count as one, as in the parameters of the watch.

    Returns:
        The report, with nothing in its lists where nothing trades on two venues; None where nobody has traded the
        symbol that is asked for.
    """
    wanted = None if symbol is None else group_of(symbol, one_dollar=one_dollar)
    if wanted is not None and wanted not in across.groups:
        return None
    groups = {
        name: group for name, group in sorted(across.groups.items())
        if len(group.members) > 1 and wanted in {None, name}
    }  # fmt: skip
    gaps = [gap for name, group in groups.items() for gap in _gaps(name, group, across.names, window_ns)]
    gaps.sort(key=lambda one: (-one[1].value, one[1].start, one[1].symbol))
    told = gaps[:MOST]
    return CrossReport(
        tuple(groups), tuple(discrepancy for discrepancy, _ in told if discrepancy.trades > 0),
        tuple(opportunity for _, opportunity in told),
        tuple(one for name, group in groups.items() for one in _correlations(name, group, across.names, window_ns)),
        tuple(one for name, group in groups.items() for one in _patterns(name, group, window_ns)), _now(across),
    )  # fmt: skip


def _now(across: CrossSurveillance) -> int | None:
    marks = [m.watermark for group in across.groups.values() for m in group.members.values()]
    told = [mark for mark in marks if 0 < mark < END_OF_TIME]
    ends = [int(m.rows.end[-1]) for group in across.groups.values() for m in group.members.values() if len(m.rows)]
    firsts = [m.first for group in across.groups.values() for m in group.members.values()]
    return max(told or ends or firsts, default=None)


def _since(group: Group, window_ns: int) -> int:
    ends = [int(member.rows.end[-1]) for member in group.members.values() if len(member.rows)]
    return max(ends, default=0) - window_ns


def _recent(rows: Rows, since: int) -> Rows:
    return rows.take(np.flatnonzero(rows.end > since))


def _gaps(name: str, group: Group, names: Vocabulary, window_ns: int) -> Iterator[tuple[Discrepancy, Opportunity]]:
    since = _since(group, window_ns)
    kept = {names.markets[code][0]: _recent(m.rows, since) for code, m in group.members.items() if len(m.rows)}
    ends = np.unique(np.concatenate([np.empty(0, np.int64), *(rows.end for rows in kept.values())]))
    if len(kept) < 2 or not len(ends):
        return
    venues = sorted(kept)
    high, low = (_best(side, venues, kept, ends) for side in (1.0, -1.0))
    open_ = np.flatnonzero((high[1] > 0.0) & (low[1] > 0.0))
    for first, last in _runs(open_, high[0], low[0]):
        rows = kept[venues[high[0][first]]]
        at = np.searchsorted(rows.end, ends[first : last + 1])
        best = at[int(np.argmax(rows["gap_value"][at]))]
        pair = (venues[high[0][first]], venues[low[0][first]])
        begin, end, net = int(rows.start[at[0]]), int(ends[last]), float(rows["net_gap_bps"][at].max())
        size, value = float(rows["gap_size"][best]), float(rows["gap_value"][best])
        trades = int(rows["gap_trades"][at].max())
        yield (
            Discrepancy(name, *pair, begin, end, net, trades),
            Opportunity(name, pair[1], pair[0], begin, end, float(rows["net_gap_bps"][best]), size, value),
        )


def _best(
    side: float, venues: Sequence[str], kept: dict[str, Rows], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return which venue is furthest away on a side at each end of a bucket, and its net gap."""
    net = np.full((len(ends), len(venues)), -np.inf)
    for column, venue in enumerate(venues):
        rows = kept[venue]
        mine = np.flatnonzero((rows["gap_side"] == side) & ~np.isnan(rows["net_gap_bps"]))
        net[np.searchsorted(ends, rows.end[mine]), column] = rows["net_gap_bps"][mine]
    return np.argmax(net, axis=1), net.max(axis=1)


def _runs(open_: NDArray[np.int64], high: NDArray[np.int64], low: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last number of each run of buckets in which one pair stands apart."""
    if not len(open_):
        return
    first = int(open_[0])
    for one, other in pairwise((*open_.tolist(), -1)):
        same = other == one + 1 and high[one] == high[other] and low[one] == low[other]
        if not same:
            yield first, one
            first = other


def _correlations(name: str, group: Group, names: Vocabulary, window_ns: int) -> Iterator[Correlation]:
    since = _since(group, window_ns)
    for code in sorted(group.members, key=names.markets.__getitem__):
        rows = _recent(group.members[code].rows, since)
        venue, symbol = names.markets[code]
        told = ("volume_share", "volume_correlation", "lead_s", "lead_correlation")
        yield Correlation(name, venue, symbol, *(_median(rows[feature]) for feature in told))


def _median(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _patterns(name: str, group: Group, window_ns: int) -> Iterator[Pattern]:
    since = _since(group, window_ns)
    found: list[Alert] = sorted(group.raised.values(), key=lambda alert: (alert.detected_at, alert.alert_id))
    for alert in found:
        if alert.window_end > since:
            says = tuple(figure.says for part in alert.findings for figure in part.evidence)
            yield Pattern(
                alert.alert_id, alert.typology, alert.category, name, alert.venue, alert.accounts, alert.window_start,
                alert.window_end, alert.confidence, alert.risk_score, says,
            )  # fmt: skip

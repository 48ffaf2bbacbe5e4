"""The main flow: a tape in, confidence-weighted alerts out. Each step is one call.

    read → encode → (order → fold → judge → alert) → records

`models.surveillance` holds the middle; the live engine runs the same one. Here are its two short uses: scanning a
recorded tape, and scoring one window without keeping anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from features.catalogue import MARKET_FEATURES
from features.encoding import Lots, encode
from features.errors import TapeError
from features.events import Events, Vocabulary
from features.fold import Folded, MarketFold
from features.order import total_order
from features.readers import Tape, read_tape
from features.rows import Rows
from features.summary import summary_rows
from models.alert import Alert
from models.alerting import contributions, severity
from models.bundle import Bundle
from models.findings import Evidence
from models.judging import Candidates, judge, judge_totals
from models.parameters import Parameters
from models.rules import build_rules
from models.surveillance import END_OF_TIME, Surveillance, windows_of

_BATCH = 1 << 18


@dataclass(frozen=True)
class Scanned:
    """What a scan of a tape gave.

    Attributes:
        alerts: Every alert at its last revision, in order of detection.
        events: Events read.
        markets: Markets on the tape.
        hours: Market hours: the sum over markets of the time between first and last event.
        tape: The tape that was read, with its notes and the number of quarantined rows.
    """

    alerts: tuple[Alert, ...]
    events: int
    markets: int
    hours: float
    tape: Tape


@dataclass(frozen=True)
class Pattern:
    """One pattern found in a window."""

    pattern_type: str
    confidence: float
    risk_score: float
    accounts: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class DetectorFinding:
    """The strongest thing that one detector has to say about a window."""

    detector: str
    kind: str
    typology: str
    score: float
    confidence: float


@dataclass(frozen=True)
class WindowScore:
    """Features, findings and patterns of one window of one market.

    Attributes:
        venue: Venue.
        symbol: Symbol.
        features: Every feature of the window's last 60 s row; NaN is unknown.
        findings: What each detector says, strongest rows only.
        patterns: What reaches the confidence threshold.
        model_version: Version of the bundle, "rules" without one.
    """

    venue: str
    symbol: str
    features: dict[str, float]
    findings: tuple[DetectorFinding, ...]
    patterns: tuple[Pattern, ...]
    model_version: str


def scan_tape(
    path: Path,
    parameters: Parameters,
    bundle: Bundle | None,
    *,
    skip_bad_rows: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Scanned:
    """Return the alerts of a recorded tape.

    Args:
        path: Tape: a file, or a folder.
        parameters: What rules and alerts are set to.
        bundle: The learned detectors; None runs the rules alone.
        skip_bad_rows: Where to put rows that break the schema instead of refusing the tape.
        progress: Called with (events done, events in all).

    Raises:
        TapeError: The tape cannot be read, or rows break the schema.
    """
    tape, vocabulary = read_tape(path, skip_bad_rows=skip_bad_rows), Vocabulary()
    events = total_order(encode(tape, vocabulary, _lots(parameters)))
    surveillance = Surveillance(parameters, bundle, vocabulary)
    last: dict[str, Alert] = {}
    for begin in range(0, len(events), _BATCH):
        for alert in surveillance.push(events.take(slice(begin, begin + _BATCH))):
            last[alert.alert_id] = alert
        if progress:
            progress(min(begin + _BATCH, len(events)), len(events))
    for alert in surveillance.finish():
        last[alert.alert_id] = alert
    found = sorted(last.values(), key=lambda alert: (alert.detected_at, alert.alert_id))
    return Scanned(tuple(found), len(events), len(vocabulary.markets), _market_hours(events), tape)


def _lots(parameters: Parameters) -> Lots:
    return Lots(parameters.events.lot, dict(parameters.events.lots))


def _market_hours(events: Events) -> float:
    # Events stand in time order, so a market's first and last rows are its span.
    _, first = np.unique(events.market, return_index=True)
    _, last = np.unique(events.market[::-1], return_index=True)
    return float((events.time[len(events) - 1 - last] - events.time[first]).sum() / 3.6e12)


def fold_tape(tape: Tape, parameters: Parameters) -> list[tuple[str, str, Folded]]:
    """Return venue, symbol, and the folded rows of every market of a tape (rows of both scales up to the last bucket)."""
    vocabulary = Vocabulary()
    events = encode(tape, vocabulary, _lots(parameters))
    out = []
    for code, (venue, symbol) in enumerate(vocabulary.markets):
        mine = total_order(events.take(np.flatnonzero(events.market == code)))
        fold = MarketFold(code, windows_of(parameters))
        first = fold.fold(mine, vocabulary.entities(mine.account), vocabulary.entities(mine.counter))
        out.append((venue, symbol, first.then(fold.advance(END_OF_TIME))))
    return out


def feature_table(tape: Tape, parameters: Parameters) -> pa.Table:
    """Return every feature row of a tape's markets at both scales: where and when it is, then the catalogue's columns."""
    parts = []
    for venue, symbol, folded in fold_tape(tape, parameters):
        for rows in (folded.market, folded.fast):
            where = {"venue": [venue] * len(rows), "symbol": [symbol] * len(rows), "scale": [rows.scale] * len(rows)}
            utc = pa.timestamp("ns", "UTC")
            when = {"start": pa.array(rows.start, utc), "end": pa.array(rows.end, utc)}
            values = {feature.name: rows[feature.name] for feature in MARKET_FEATURES}
            parts.append(pa.table({**where, **when, **values}))
    if not parts:
        raise TapeError(f"{tape.name}: must hold events, was empty")
    return pa.concat_tables(parts)


def score_events(tape: Tape, parameters: Parameters, bundle: Bundle | None) -> WindowScore:
    """Return the score of a window of events of one market.

    Raises:
        TapeError: There is no event, or there is more than one market.
    """
    markets = fold_tape(tape, parameters)
    if len(markets) != 1:
        named = ", ".join(f"{venue} {symbol}" for venue, symbol, _ in markets) or "none"
        raise TapeError(f"events: must be of exactly one venue and symbol, was {named}")
    venue, symbol, folded = markets[0]
    judged = judge(build_rules(parameters), folded, bundle, parameters.alerts.prevalence)
    return _window(venue, symbol, folded.market, judged, (), parameters, bundle)


def score_summary(
    symbol: str,
    volumes: Sequence[float],
    prices: Sequence[float],
    parameters: Parameters,
    bundle: Bundle | None,
    *,
    bucket_s: float = 60.0,
    shares: dict[str, float] | None = None,
    trades: int | None = None,
    cancels: int | None = None,
    orders: int | None = None,
) -> WindowScore:
    """Return the score of a window told by its totals, the mission's own shape.

    Args:
        symbol: Symbol.
        volumes: Bucket volumes, oldest first, the current one last.
        prices: Bucket closes, as many.
        parameters: What rules and alerts are set to.
        bundle: The learned detectors; only the isolation forest's six-feature variant reads totals.
        bucket_s: Length of a bucket, seconds.
        shares: Volume of each user.
        trades: Trades of the window.
        cancels: Orders cancelled in the window.
        orders: New orders of the window.
    """
    rows = summary_rows(volumes, prices, bucket_s, shares=shares, trades=trades, cancels=cancels, orders=orders)
    judged = judge_totals(build_rules(parameters), rows, bundle)
    return _window("default", symbol, rows, judged, tuple(shares or ()), parameters, bundle)


def _window(
    venue: str,
    symbol: str,
    rows: Rows,
    judged: list[Candidates],
    users: tuple[str, ...],
    parameters: Parameters,
    bundle: Bundle | None,
) -> WindowScore:
    findings, patterns = [], []
    for found in judged:
        if not len(found):
            continue
        at = int(np.argmax(found.confidence))
        parts = contributions(found, at)
        typology = found.rule.typology
        findings += [DetectorFinding(p.detector, p.kind, typology, p.score, p.confidence) for p in parts]
        confidence = float(found.confidence[at])
        if confidence >= parameters.alerts.confidence_threshold:
            entity = int(found.entity[at])
            whom = (users[entity],) if 0 <= entity < len(users) else ()
            evidence = tuple(figure for part in parts for figure in part.evidence)
            patterns.append(Pattern(typology, confidence, confidence * severity(found, at, 1), whom, evidence))
    names = [feature.name for feature in MARKET_FEATURES]
    values = rows.values[-1] if len(rows) else np.full(len(names), np.nan)
    patterns.sort(key=lambda pattern: -pattern.risk_score)
    version = bundle.version if bundle else "rules"
    features = dict(zip(names, (float(value) for value in values), strict=True))
    return WindowScore(venue, symbol, features, tuple(findings), tuple(patterns), version)

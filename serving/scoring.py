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

from features.catalogue import ACCOUNT_GRAIN, BOOK_GRAIN, MARKET_FEATURES, MARKET_GRAIN
from features.encoding import Lots, encode
from features.errors import TapeError
from features.events import Events, Vocabulary
from features.fold import Folded
from features.order import END_OF_TIME, total_order
from features.readers import Tape, read_tape
from features.rows import Rows
from features.summary import summary_rows
from models.alert import Alert
from models.alerting import contributions, severity
from models.bundle import Bundle
from models.judging import Candidates, judge, judge_totals
from models.parameters import Parameters
from models.rules import build_rules
from models.surveillance import Surveillance, fold_of
from serving.errors import RequestError
from serving.window_score import DetectorFinding, Pattern, Totals, WindowScore

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
    events = total_order(encode(tape, vocabulary, _lots(parameters).fitted(tape)))
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


def fold_tape(tape: Tape, parameters: Parameters, vocabulary: Vocabulary) -> list[tuple[str, str, Folded]]:
    """Return venue, symbol and the rows of both scales of every market of a tape, up to its last bucket.

    Args:
        tape: The tape.
        parameters: Windows and lots.
        vocabulary: A new one; holds the names of markets and accounts afterwards.
    """
    events = encode(tape, vocabulary, _lots(parameters).fitted(tape))
    out = []
    for code, (venue, symbol) in enumerate(vocabulary.markets):
        mine = total_order(events.where(events.market == code))
        fold = fold_of(parameters, vocabulary, code)
        first = fold.fold(mine, vocabulary.entities(mine.account), vocabulary.entities(mine.counter))
        out.append((venue, symbol, first.then(fold.advance(END_OF_TIME))))
    return out


def feature_table(tape: Tape, parameters: Parameters, grain: str = MARKET_GRAIN) -> pa.Table:
    """Return every feature row of a tape's markets: where, when and (account grain) who, then the catalogue's columns.

    Args:
        tape: The tape.
        parameters: Windows and lots.
        grain: "market" for the rows of markets, at both scales, "account" for those of entities, each by the name of
            its first account, or "book" for those of order books.

    Raises:
        TapeError: There is no event.
    """
    parts, names = [], Vocabulary()
    for venue, symbol, folded in fold_tape(tape, parameters, names):
        of_grain = {ACCOUNT_GRAIN: (folded.accounts,), BOOK_GRAIN: (folded.books,)}
        for rows in of_grain.get(grain, (folded.market, folded.fast)):
            where = {"venue": [venue] * len(rows), "symbol": [symbol] * len(rows), "scale": [rows.scale] * len(rows)}
            utc = pa.timestamp("ns", "UTC")
            when = {"start": pa.array(rows.start, utc), "end": pa.array(rows.end, utc)}
            if grain == ACCOUNT_GRAIN:
                when["account"] = pa.array([names.accounts[code] for code in rows.entity], pa.string())
            values = {feature.name: rows[feature.name] for feature in rows.features}
            parts.append(pa.table({**where, **when, **values}))
    if not parts:
        raise TapeError(f"{tape.name}: must hold events, was empty")
    return pa.concat_tables(parts)


def score_events(tape: Tape, parameters: Parameters, bundle: Bundle | None) -> WindowScore:
    """Return the score of a window of events of one market.

    Raises:
        RequestError: There is no event, or there is more than one market.
    """
    vocabulary = Vocabulary()
    markets = fold_tape(tape, parameters, vocabulary)
    if len(markets) != 1:
        named = ", ".join(f"{venue} {symbol}" for venue, symbol, _ in markets) or "none"
        field, rule = "events", "of exactly one venue and symbol"
        raise RequestError(field, rule, named)
    venue, symbol, folded = markets[0]
    judged = judge(build_rules(parameters), folded, bundle, parameters.alerts)
    patterns, findings = _judged(judged, vocabulary.accounts, parameters.alerts.confidence_threshold)
    return WindowScore(venue, symbol, _last(folded.market), findings, patterns, _version(bundle))


def score_totals(totals: Totals, parameters: Parameters, bundle: Bundle | None) -> WindowScore:
    """Return the score of a window told by its totals, the mission's own shape.

    Args:
        totals: The window.
        parameters: What rules and alerts are set to.
        bundle: The learned detectors; only the isolation forest's six-feature variant reads totals.

    Raises:
        ParameterError: Histories are empty or not of one length, or a number is out of range; all mistakes at once.
    """
    totals.check()
    rows = summary_rows(
        totals.volumes,
        totals.prices,
        totals.bucket_s,
        shares=totals.shares,
        trades=totals.trades,
        cancels=totals.cancels,
        orders=totals.orders,
    )
    judged = judge_totals(build_rules(parameters), rows, bundle)
    patterns, findings = _judged(judged, tuple(totals.shares or ()), parameters.alerts.confidence_threshold)
    return WindowScore("default", totals.symbol, _last(rows), findings, patterns, _version(bundle))


def _judged(
    judged: list[Candidates], names: Sequence[str], threshold: float
) -> tuple[tuple[Pattern, ...], tuple[DetectorFinding, ...]]:
    findings: list[DetectorFinding] = []
    patterns = []
    for found in judged:
        if not len(found):
            continue
        at = int(np.argmax(found.opens))
        parts = contributions(found, at)
        typology, confidence = found.rule.typology, float(found.confidence[at])
        findings += [DetectorFinding(p.detector, p.kind, typology, p.score, p.confidence) for p in parts]
        if found.opens[at] >= threshold:
            whom = sorted({names[code] for code in found.whom(at)})
            evidence = tuple(figure for part in parts for figure in part.evidence)
            patterns.append(Pattern(typology, confidence, confidence * severity(found, at, 1), tuple(whom), evidence))
    return tuple(sorted(patterns, key=lambda pattern: -pattern.risk_score)), tuple(findings)


def _last(rows: Rows) -> dict[str, float]:
    values = rows.values[-1].tolist() if len(rows) else [float("nan")] * len(MARKET_FEATURES)
    return {feature.name: value for feature, value in zip(MARKET_FEATURES, values, strict=True)}


def _version(bundle: Bundle | None) -> str:
    return bundle.version if bundle else "rules"

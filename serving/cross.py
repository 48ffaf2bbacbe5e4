"""Cross-market analysis of a recorded tape, and how any such report is told to a program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from features.encoding import Lots, encode
from features.errors import ParameterError
from features.events import TRADE, Vocabulary, no_events
from features.order import END_OF_TIME, total_order
from features.readers import read_tape
from models.bundle import Bundle
from models.cross_report import CrossReport, cross_report
from models.cross_surveillance import CrossSurveillance
from models.parameters import Parameters
from models.surveillance import policy_of
from serving.times import iso

_TIMES = ("start", "end")


def cross_of_tape(path: Path, parameters: Parameters, bundle: Bundle | None, symbol: str | None = None) -> CrossReport:
    """Return the analysis of a tape: the same rows and alerts as a scan's, without judging each market by itself.

    Args:
        path: Tape: a file, or a folder.
        parameters: What rules, alerts and the comparison are set to.
        bundle: The champion, None for the rules alone.
        symbol: One thing, as any venue writes it; all by default.

    Raises:
        TapeError: The tape cannot be read, or rows break the schema.
        ParameterError: Nobody trades the symbol on this tape.
    """
    tape, names = read_tape(path), Vocabulary()
    events = encode(tape, names, Lots(parameters.events.lot, dict(parameters.events.lots)).fitted(tape))
    trades = events.where(events.kind == TRADE)
    across = CrossSurveillance(parameters, bundle, names, policy_of(parameters, bundle), kept_ns=END_OF_TIME)
    for code in range(len(names.markets)):
        mine = trades.where(trades.market == code)
        across.take(code, total_order(mine), no_events(), END_OF_TIME)
    across.close()
    report = cross_report(across, symbol, one_dollar=parameters.cross.one_dollar)
    if report is None:
        known = ", ".join(sorted({name for _, name in names.markets}))
        raise ParameterError(f"symbol must be one that trades on this tape ({known}), was {symbol}")
    return report


def with_fees(parameters: Parameters, fees: Sequence[str]) -> Parameters:
    """Return parameters with other taker fees.

    Args:
        parameters: The parameters.
        fees: "12" for all venues, "kraken=26" for one; basis points.

    Raises:
        ParameterError: A fee is no number >= 0.
    """
    cross = parameters.cross
    for fee in fees:
        venue, _, text = fee.rpartition("=")
        try:
            bps = float(text)
        except ValueError:
            bps = math.nan
        if not 0.0 <= bps < math.inf:
            raise ParameterError(f"--fee-bps must be basis points >= 0, or VENUE=basis points; was {fee}")
        of_venue = {**cross.taker_fees_bps, venue: bps} if venue else cross.taker_fees_bps
        cross = cross.model_copy(
            update={"taker_fees_bps": of_venue, "taker_fee_bps": cross.taker_fee_bps if venue else bps}
        )
    return parameters.model_copy(update={"cross": cross})


def as_record(report: CrossReport) -> dict[str, Any]:
    """Return a report as JSON types in the mission's shape, times as ISO 8601 UTC; unknown numbers stay NaN."""
    record = asdict(replace(report, analysis_timestamp=None))
    for rows in record.values():
        for row in rows or ():
            if isinstance(row, dict):
                row.update({name: iso(row[name]) for name in _TIMES if name in row})
    when = report.analysis_timestamp
    return {**record, "analysis_timestamp": None if when is None else iso(when)}

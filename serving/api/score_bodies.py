"""Windows in request bodies, two shapes, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Annotated, Any

import msgspec

from features.json_values import finite
from features.readers import Tape
from serving.alerts.record import evidence_record
from serving.api.event_bodies import EventsBody, decoded, refuse_text, tape_of_records
from serving.errors import RequestError
from serving.times import nanoseconds
from serving.window_score import Totals, WindowScore

EVENT_FIELDS = frozenset(EventsBody.__struct_fields__)
DEFAULT_BUCKET_S = 60.0
_MOST = 1e300

Volume = Annotated[float, msgspec.Meta(ge=0, le=_MOST)]
Price = Annotated[float, msgspec.Meta(gt=0, le=_MOST)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Symbol = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class TotalsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A window told by its totals.

    Attributes:
        symbol: Symbol.
        current_volume: Volume of the bucket that is judged.
        current_price: Its last price.
        volume_history: Volumes of the buckets before, oldest first.
        price_history: Their last prices, as many.
        timestamps: Times of the buckets before, as many, or one more with the current one; without them,
            buckets are 60 s.
        user_distribution: Volume, or share, of each user in the window.
        trade_count: Trades in the window.
        order_cancellations: Orders cancelled in the window.
        total_orders: New orders in the window.
    """

    symbol: Symbol
    current_volume: Volume
    current_price: Price
    volume_history: Annotated[list[Volume], msgspec.Meta(max_length=100_000)]
    price_history: Annotated[list[Price], msgspec.Meta(max_length=100_000)]
    timestamps: Annotated[list[datetime], msgspec.Meta(max_length=100_001)] | None = None
    user_distribution: dict[str, Volume] | None = None
    trade_count: Count | None = None
    order_cancellations: Count | None = None
    total_orders: Count | None = None


class ScoredFinding(msgspec.Struct, frozen=True):
    """The strongest thing that one detector says about the window."""

    detector: str
    kind: str
    typology: str
    score: float | None
    confidence: float | None


class ScoredEvidence(msgspec.Struct, frozen=True):
    """One figure that can be checked."""

    name: str
    value: float | None
    unit: str
    threshold: float | None
    says: str


class ScoredPattern(msgspec.Struct, frozen=True):
    """A pattern that would open an alert: its confidence, or the rule by itself, reaches the threshold."""

    pattern_type: str
    confidence: float
    risk_score: float
    accounts: tuple[str, ...]
    evidence: list[ScoredEvidence]


class Scored(msgspec.Struct, frozen=True):
    """Score of a window.

    Attributes:
        venue: Venue.
        symbol: Symbol.
        features: Every feature by name; null is unknown.
        findings: What each detector says.
        patterns: What would open an alert, the riskiest first.
        model_version: Version of the bundle, "rules" without one.
        notes: What was assumed or left aside.
    """

    venue: str
    symbol: str
    features: dict[str, float | None]
    findings: list[ScoredFinding]
    patterns: list[ScoredPattern]
    model_version: str
    notes: tuple[str, ...] = ()


def window_of(body: bytes) -> Tape | Totals:
    """Return the window of a request body; which shape it has is told by its fields.

    Raises:
        RequestError: It is of neither shape, or a field is not as it must be.
        SchemaError: Rows of events break the schema.
    """
    fields = decoded(body, dict[str, msgspec.Raw])
    if EVENT_FIELDS & set(fields):
        tape = tape_of_records(decoded(body, EventsBody))
        refuse_text(tape)
        return tape
    if "symbol" not in fields:
        rule = "a window of events (trades, orders, accounts) or of totals (symbol, current_volume, …)"
        raise RequestError("body", rule, ", ".join(fields) or "without fields")
    return _totals(decoded(body, TotalsBody))


def answer_of(score: WindowScore, notes: Sequence[str]) -> Scored:
    """Return a score as it goes out."""
    return Scored(
        venue=score.venue,
        symbol=score.symbol,
        features={name: finite(value) for name, value in score.features.items()},
        findings=[
            ScoredFinding(f.detector, f.kind, f.typology, finite(f.score), finite(f.confidence)) for f in score.findings
        ],
        patterns=[
            ScoredPattern(
                p.pattern_type,
                p.confidence,
                p.risk_score,
                p.accounts,
                [ScoredEvidence(**evidence_record(figure)) for figure in p.evidence],
            )
            for p in score.patterns
        ],
        model_version=score.model_version,
        notes=tuple(notes),
    )


def _totals(body: TotalsBody) -> Totals:
    n_before = len(body.volume_history)
    _same_length("price_history", body.price_history, (n_before,))
    if body.timestamps:
        _same_length("timestamps", body.timestamps, (n_before, n_before + 1))
    return Totals(
        symbol=body.symbol,
        volumes=[*body.volume_history, body.current_volume],
        prices=[*body.price_history, body.current_price],
        bucket_s=_bucket_s(body.timestamps or []),
        shares=body.user_distribution,
        trades=body.trade_count,
        cancels=body.order_cancellations,
        orders=body.total_orders,
    )


def _same_length(field: str, values: Sequence[Any], lengths: tuple[int, ...]) -> None:
    if len(values) not in lengths:
        rule = f"as long as volume_history ({' or '.join(map(str, lengths))})"
        raise RequestError(field, rule, f"{len(values)} long")


def _bucket_s(timestamps: Sequence[datetime]) -> float:
    """Return the usual distance of the times, which gaps and stragglers do not move."""
    times = [nanoseconds(time) for time in timestamps]
    steps = [(later - earlier) / 1e9 for earlier, later in pairwise(times)]
    if any(step <= 0 for step in steps):
        raise RequestError("timestamps", "ascending")
    return median(steps) if steps else DEFAULT_BUCKET_S

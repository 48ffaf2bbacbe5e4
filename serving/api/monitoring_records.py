"""Monitoring at the edge: what goes out and what comes in."""

from __future__ import annotations

from typing import Annotated

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from serving.api.alert_records import Name, Time
from serving.monitoring.wire import Alarm, Canaries, Canary, Kind, Monitored, Outcome, Pattern
from serving.sources.feed import INTERVAL_S, LEAST_INTERVAL_S, MOST_INTERVAL_S, FeedState
from serving.times import iso

MOST_SYMBOLS = 1000
Interval = Annotated[float, Field(ge=LEAST_INTERVAL_S, le=MOST_INTERVAL_S)]


class MonitorBody(BaseModel):
    """What to monitor."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"exchange": "binance", "symbols": ["BTC/USDT"]}]}
    )

    exchange: Name = Field(description="The exchange's ccxt name.", examples=["binance"])
    symbols: list[Name] = Field(
        min_length=1,
        max_length=MOST_SYMBOLS,
        description="Unified symbols, or the exchange's own.",
        examples=[["BTC/USDT"]],
    )
    interval: Interval = Field(default=INTERVAL_S, description="Seconds between two looks, for what is polled.")
    books: bool = Field(default=True, description="Watch order books, too.")


class MarketRecord(BaseModel):
    """How a monitored market is."""

    venue: str = Field(examples=["binance"])
    symbol: str = Field(examples=["BTC/USDT"])
    interval: float = Field(description="Seconds between two looks, for what is polled.")
    books: bool = Field(description="Whether order books are watched, too.")
    since: Time = Field(description="When its monitoring was asked for.")
    state: FeedState = Field(description="What its feed does now.")
    error: str | None = Field(description="The last failure; null once it is live again.")
    retry_at: Time | None = Field(description="When it will try again; null: it does not wait.")
    retries: int = Field(description="Failures in a row.")
    connections: int = Field(description="Times that it became live.")
    events: int = Field(description="Events delivered.")
    duplicates: int = Field(description="Events that came again and were left aside.")
    gaps: int = Field(description="Holes found.")
    filled: int = Field(description="Holes filled by asking for what was missed.")
    checksum_errors: int = Field(description="Book images that did not match the exchange's checksum.")
    sequence_errors: int = Field(description="Messages whose sequence number did not follow.")
    last_event: Time | None = Field(description="Time of the newest event, by the exchange's clock.")
    last_arrival: Time | None = Field(description="When something last came, a heartbeat too.")
    lag_s: float | None = Field(description="Age of the newest event when it was handed over, seconds.")
    notes: list[str] = Field(description="What else is worth knowing.")
    alarms: list[Kind] = Field(description="Alarms that are open for it.")

    @classmethod
    def of(cls, market: Monitored) -> MarketRecord:
        """Return the record of a monitored market."""
        told = msgspec.structs.asdict(market)
        listed: dict[str, object] = msgspec.structs.asdict(told.pop("listed"))
        listed["interval"] = listed.pop("interval_s")
        times = {name: _iso(told.pop(name)) for name in ("retry_at", "last_event", "last_arrival")}
        since = iso(market.listed.since)
        return cls.model_validate(listed | told | times | {"since": since, "error": market.error or None})


class MonitoringRecord(BaseModel):
    """The monitored markets."""

    markets: list[MarketRecord]
    notes: list[str] = Field(default=[], description="What is worth knowing of the request.")


class AlarmRecord(BaseModel):
    """Something that is wrong with the watch itself."""

    kind: Kind
    venue: str | None = Field(description="Where; null: the whole service.")
    symbol: str | None = Field(description="Of which market, or which canary; null: the whole service.")
    says: str = Field(description="What is wrong.")
    opened: Time
    closed: Time | None = Field(description="When it was over; null while it lasts.")

    @classmethod
    def of(cls, alarm: Alarm) -> AlarmRecord:
        """Return the record of an alarm."""
        return cls(
            kind=alarm.kind,
            venue=alarm.venue or None,
            symbol=alarm.symbol or None,
            says=alarm.says,
            opened=iso(alarm.opened),
            closed=_iso(alarm.closed),
        )


class AlarmsRecord(BaseModel):
    """Alarms, open ones first, then the newest."""

    alarms: list[AlarmRecord]


class CanaryBody(BaseModel):
    """Which canaries to send."""

    model_config = ConfigDict(extra="forbid")

    patterns: list[Pattern] = Field(
        default=["wash_trading", "pump_and_dump", "spoofing"],
        min_length=1,
        max_length=10,
        description="What they show.",
    )


class CanaryRecord(BaseModel):
    """One canary."""

    number: int
    pattern: Pattern
    symbol: str = Field(description="Its market on the venue `canary`.")
    sent: Time
    outcome: Outcome
    alert_id: str | None = Field(description="What caught it; in no list of alerts.")
    delay_s: float | None = Field(description="From sending to the alert stored, seconds.")
    event_delay_s: float | None = Field(
        description="From the event that tipped it to the alert, by the engine's own clock, seconds."
    )

    @classmethod
    def of(cls, canary: Canary) -> CanaryRecord:
        """Return the record of a canary."""
        told = msgspec.structs.asdict(canary)
        return cls.model_validate({name: told[name] for name in cls.model_fields} | {"sent": iso(canary.sent)})


class CanariesRecord(BaseModel):
    """How canaries went."""

    canaries: list[CanaryRecord] = Field(description="The latest, newest first.")
    caught: int = Field(description="Found in time, since the first one.")
    missed: int = Field(description="Not found in time, since the first one.")
    next: Time | None = Field(description="When the next are due; null: never, or only when asked for.")

    @classmethod
    def of(cls, told: Canaries) -> CanariesRecord:
        """Return the record of canaries."""
        counts = {
            outcome: sum(n for name, n in told.counts.items() if name.endswith(outcome))
            for outcome in ("caught", "missed")
        }
        return cls(canaries=[CanaryRecord.of(one) for one in told.canaries], next=_iso(told.due), **counts)


def _iso(ns: int | None) -> str | None:
    return None if ns is None else iso(ns)

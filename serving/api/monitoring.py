"""Monitoring over HTTP: which markets of which exchanges are watched, how their feeds are, and how the watch is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from features.canary import is_canary
from serving.api.alert_records import Name
from serving.api.monitoring_records import (
    AlarmRecord,
    AlarmsRecord,
    CanariesRecord,
    CanaryBody,
    MarketRecord,
    MonitorBody,
    MonitoringRecord,
)
from serving.api.problems import CANARY, JOB, NOT_FOUND, STORE
from serving.api.services import Services, ServicesOf
from serving.errors import NotMonitoredError, RequestError
from serving.monitoring.wire import (
    Alarms,
    AskAlarms,
    AskCanaries,
    AskMarkets,
    Canaries,
    Kind,
    Markets,
    SendCanaries,
    Start,
    Stop,
)
from serving.sources.feed import FeedState

router = APIRouter(prefix="/v1/monitoring", tags=["monitoring"])
Venue = Annotated[str, Path(max_length=1000, description="The exchange's ccxt name.", examples=["binance"])]
Symbol = Annotated[
    str, Path(max_length=1000, description="Unified symbol; its slash may stand as it is.", examples=["BTC/USDT"])
]


class MarketQuery(BaseModel):
    """Filters, all of which must hold; a repeated one means any of its values."""

    model_config = ConfigDict(extra="forbid")

    venue: list[Name] = Field(default=[], description="Venue.")
    symbol: list[Name] = Field(default=[], description="Symbol.")
    state: list[FeedState] = Field(default=[], description="What the feed does now.")
    alarm: list[Kind] = Field(default=[], description="Alarms that are open for it.")

    def lets_pass(self, market: MarketRecord) -> bool:
        """Return whether a market meets the filters."""
        has = ((self.venue, market.venue), (self.symbol, market.symbol), (self.state, market.state))
        alarming = not self.alarm or bool({*self.alarm} & {*market.alarms})
        return alarming and all(not wanted or value in wanted for wanted, value in has)


class AlarmQuery(BaseModel):
    """Filters, all of which must hold; a repeated one means any of its values."""

    model_config = ConfigDict(extra="forbid")

    kind: list[Kind] = Field(default=[], description="What is wrong.")
    venue: list[Name] = Field(default=[], description="Venue.")
    open: bool | None = Field(default=None, description="Only those that last, or only those that are over.")
    limit: int = Field(default=100, ge=1, le=1000, description="Most alarms.")

    def lets_pass(self, alarm: AlarmRecord) -> bool:
        """Return whether an alarm meets the filters."""
        lasts = self.open is None or self.open == (alarm.closed is None)
        return lasts and (not self.kind or alarm.kind in self.kind) and (not self.venue or alarm.venue in self.venue)


@router.get("", responses=STORE, summary="List monitored markets")
def list_markets(query: Annotated[MarketQuery, Query()], services: ServicesOf) -> MonitoringRecord:
    """Return how each monitored market is: state, last failure and next try, counts, gaps, lag, open alarms."""
    found = _markets(services)
    return MonitoringRecord(markets=[market for market in found if query.lets_pass(market)])


@router.post("", status_code=200, responses=JOB | {201: {"model": MonitoringRecord}}, summary="Start monitoring")
def start_markets(body: MonitorBody, services: ServicesOf, response: Response) -> MonitoringRecord:
    """Monitor symbols of an exchange, all or none of them; it goes on after a restart until it is stopped.

    Asking again changes nothing; with another interval or other books a market is started anew. 201 where anything
    was started, 200 where nothing was. What the exchange does not list is refused with the names that come near.
    """
    if is_canary(body.exchange):
        raise RequestError("exchange", "another name; this one is the service's own", body.exchange)
    asked = Start(body.exchange, body.symbols, body.interval, body.books)
    told = services.feeds.ask(asked, Markets)
    response.status_code = 201 if told.started else 200
    return MonitoringRecord(markets=[MarketRecord.of(market) for market in told.markets], notes=told.notes)


@router.get("/alarms", responses=STORE, summary="Alarms about the watch itself")
def list_alarms(query: Annotated[AlarmQuery, Query()], services: ServicesOf) -> AlarmsRecord:
    """Return open alarms, then those that are over, newest first.

    Kinds: feed_gap, stale_feed, feed_failing, clock_jump, engine_unreachable, alert_silence, canary_missed.
    """
    records = (AlarmRecord.of(alarm) for alarm in services.feeds.ask(AskAlarms(), Alarms).alarms)
    return AlarmsRecord(alarms=[alarm for alarm in records if query.lets_pass(alarm)][: query.limit])


@router.get("/canaries", responses=STORE, summary="How canaries went")
def list_canaries(services: ServicesOf) -> CanariesRecord:
    """Return the latest canaries: synthetic abuse that the running pipeline must find, and that no report shows."""
    return CanariesRecord.of(services.feeds.ask(AskCanaries(), Canaries))


@router.post("/canaries", status_code=202, responses=CANARY, summary="Send canaries now")
def send_canaries(body: CanaryBody, services: ServicesOf) -> CanariesRecord:
    """Send a canary of each pattern; what became of it stands in the list soon after."""
    return CanariesRecord.of(services.feeds.ask(SendCanaries(body.patterns), Canaries))


@router.get("/{venue}/{symbol:path}", responses=NOT_FOUND, summary="One monitored market")
def get_market(venue: Venue, symbol: Symbol, services: ServicesOf) -> MarketRecord:
    """Return how one monitored market is."""
    for market in _markets(services):
        if (market.venue, market.symbol) == (venue, symbol):
            return market
    raise NotMonitoredError(f"venue and symbol must be those of a monitored market, were {venue} {symbol}")


@router.delete("/{venue}/{symbol:path}", status_code=204, responses=NOT_FOUND, summary="Stop monitoring a market")
def stop_market(venue: Venue, symbol: Symbol, services: ServicesOf) -> None:
    """Stop; what was delivered stays, and the market's alerts end in time as those of a silent one do."""
    services.feeds.ask(Stop(venue, symbol), Markets)


def _markets(services: Services) -> list[MarketRecord]:
    return [MarketRecord.of(market) for market in services.feeds.ask(AskMarkets(), Markets).markets]

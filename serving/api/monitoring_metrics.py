"""What the feeds process tells Prometheus, asked for when it is scraped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from serving.errors import FeedsUnavailableError
from serving.monitoring.canaries import BOUNDS_S
from serving.monitoring.wire import (
    Alarm,
    Alarms,
    AskAlarms,
    AskCanaries,
    AskMarkets,
    Canaries,
    Delays,
    Markets,
    Monitored,
    Request,
    Told,
)

MARKET = ("venue", "symbol")
_COUNTS = {
    "events": "Events that feeds delivered.",
    "gaps": "Holes found in feeds.",
    "filled": "Holes filled by asking for what was missed.",
    "checksum_errors": "Book images that did not match the exchange's checksum.",
    "sequence_errors": "Messages whose sequence number did not follow.",
}


class Asks(Protocol):
    """Asks the feeds process."""

    def __call__(self, request: Request, wanted: type[Told], /) -> Told:
        """Return its answer."""
        ...


class Watched(Collector):
    """Feeds, alarms and canaries.

    Args:
        ask: Asks the feeds process.
    """

    def __init__(self, ask: Asks) -> None:
        self._ask = ask

    def collect(self) -> Iterator[Metric]:
        """Yield what the feeds process tells; where it does not answer, `tapewatch_feeds_up` alone, as 0."""
        up = GaugeMetricFamily("tapewatch_feeds_up", "Whether the feeds process answers.")
        try:
            yield from of_markets(self._ask(AskMarkets(), Markets).markets)
            yield of_alarms(self._ask(AskAlarms(), Alarms).alarms)
            yield from of_canaries(self._ask(AskCanaries(), Canaries))
            up.add_metric([], 1)
        except FeedsUnavailableError:
            up.add_metric([], 0)
        yield up


def of_markets(markets: list[Monitored]) -> Iterator[Metric]:
    """Yield the metrics of monitored markets."""
    live = GaugeMetricFamily("tapewatch_feed_live", "Whether a feed is live.", labels=MARKET)
    lag = GaugeMetricFamily("tapewatch_feed_lag_seconds", "Age of the newest event when handed over.", labels=MARKET)
    for market in markets:
        live.add_metric(market.listed.market, float(market.state == "live"))
        if market.lag_s is not None:
            lag.add_metric(market.listed.market, market.lag_s)
    yield from (live, lag)
    for name, text in _COUNTS.items():
        count = CounterMetricFamily(f"tapewatch_feed_{name}", text, labels=MARKET)
        for market in markets:
            count.add_metric(market.listed.market, getattr(market, name))
        yield count


def of_alarms(alarms: list[Alarm]) -> Metric:
    """Return which alarms are open."""
    family = GaugeMetricFamily("tapewatch_alarm_open", "Alarms that are open.", labels=("kind", *MARKET))
    for alarm in alarms:
        if alarm.closed is None:
            family.add_metric(alarm.subject, 1)
    return family


def of_canaries(told: Canaries) -> Iterator[Metric]:
    """Yield how canaries went."""
    count = CounterMetricFamily("tapewatch_canaries", "Canaries, by outcome.", labels=("pattern", "outcome"))
    for name, n in told.counts.items():
        count.add_metric(name.split(" "), n)
    yield count
    yield _delays("tapewatch_canary_delay_seconds", "From sending a canary to its alert stored.", told.delays)
    says = "From the event that tipped a canary to its alert, by the engine's own clock."
    yield _delays("tapewatch_canary_event_delay_seconds", says, told.event_delays)


def _delays(name: str, says: str, delays: Delays) -> Metric:
    total, buckets = 0, []
    for bound in (*(f"{bound:g}" for bound in BOUNDS_S), "inf"):
        total += delays.within.get(bound, 0)
        buckets.append(("+Inf" if bound == "inf" else bound, total))
    family = HistogramMetricFamily(name, says)
    family.add_metric([], buckets, delays.sum_s)
    return family

"""What `tapewatch monitor` shows: a table on a terminal, lines where it is read by something else."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from features.errors import TapewatchError
from serving.service_api import ServiceApi

LOOK_S = 1.0
TOLD_EVERY = 60
MOST_ERRORS = 5
SILENT_LOOKS = 5
Market = Mapping[str, Any]
_COLOURS = {"live": "green", "connecting": "yellow", "backing_off": "red", "stopped": "dim"}


class Told:
    """What the service told last, and what of it is new.

    Attributes:
        markets: Monitored markets.
        alarms: Open alarms.
    """

    def __init__(self, service: ServiceApi) -> None:
        self._service = service
        self._seen: set[tuple[str, str]] | None = None
        self.markets: list[Market] = []
        self.alarms: list[Market] = []
        self._silent = 0
        self.error = ""

    def look(self) -> list[str]:
        """Ask; return what happened since the last time, as lines: alerts, and alarms that opened or closed."""
        try:
            self.markets = self._service.ask("GET", "/v1/monitoring")["markets"]
            self.alarms = self._service.ask("GET", "/v1/monitoring/alarms?open=true")["alarms"]
            alerts = self._service.ask("GET", "/v1/alerts?limit=100")["alerts"]
        except TapewatchError as error:
            self._silent += 1
            self.error = str(error) if self._silent >= SILENT_LOOKS else ""
            return []
        self.error, self._silent = "", 0
        lines = {("alert", alert["alert_id"]): alert_line(alert) for alert in reversed(alerts)}
        lines |= {("alarm", alarm_line(alarm)): alarm_line(alarm) for alarm in self.alarms}
        new = {} if self._seen is None else {key: line for key, line in lines.items() if key not in self._seen}
        self._seen = {key for key in self._seen or () if key[0] == "alert" or key in lines} | set(lines)
        return list(new.values())


def follow(service: ServiceApi, done: threading.Event, console: Console | None = None) -> None:
    """Show a service's feeds until told that it is done."""
    console = console or Console(highlight=False)
    told = Told(service)
    if console.is_terminal:
        _draw(told, done, console)
    else:
        _write(told, done, console)


def _draw(told: Told, done: threading.Event, console: Console) -> None:
    with Live(console=console, auto_refresh=False) as live:
        while True:
            for line in told.look():
                console.print(line, markup=False)
            live.update(screen(told, console.height), refresh=True)
            if done.wait(LOOK_S):
                return


def _write(told: Told, done: threading.Event, console: Console) -> None:
    before: dict[tuple[str, str], str] = {}
    looks = 0
    while True:
        for line in told.look():
            console.print(line, markup=False, soft_wrap=True)
        for market in told.markets:
            name = market["venue"], market["symbol"]
            if before.get(name) != _notable(market) or looks % TOLD_EVERY == 0:
                console.print(market_line(market), markup=False, soft_wrap=True)
                before[name] = _notable(market)
        looks += 1
        if done.wait(LOOK_S):
            return


def screen(told: Told, height: int) -> RenderableType:
    """Return the table of markets, as many as there is room for, and below it what is wrong."""
    below = [Text(f"{m['venue']} {m['symbol']}: {m['error']}", "red") for m in told.markets if m["error"]]
    below += [Text(alarm_line(alarm), "bold red") for alarm in told.alarms if alarm["symbol"] is None]
    below += [Text(told.error, "red")] if told.error else []
    for line in below:
        line.no_wrap, line.overflow = True, "ellipsis"
    room = max(3, height - 8 - min(len(below), MOST_ERRORS))
    more = len(told.markets) - room
    hidden = [Text(f"and {more} more; GET /v1/monitoring lists all", "dim")] if more > 0 else []
    return Group(table_of(_worst_first(told.markets)[:room]), *hidden, *below[:MOST_ERRORS])


def table_of(markets: Sequence[Market]) -> Table:
    """Return a table of markets, readable in 80 columns."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name, most in (("venue", 12), ("symbol", 14), ("state", 11)):
        table.add_column(name, no_wrap=True, max_width=most)
    for name in ("events", "lag s", "gaps", "errors"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("alarms")
    for market in markets:
        state = Text(_state(market), _COLOURS[market["state"]])
        cells = (f"{market['events']:,}", _lag(market), _gaps(market), f"{_errors(market)}")
        table.add_row(market["venue"], market["symbol"], state, *cells, Text(" ".join(market["alarms"]), "bold red"))
    return table


def market_line(market: Market) -> str:
    """Return how a market is, in a line."""
    told = f"{market['venue']} {market['symbol']} {_state(market)}: {market['events']} events, lag {_lag(market)} s, "
    told += f"gaps {_gaps(market)}, errors {_errors(market)}"
    alarms = f", alarms {' '.join(market['alarms'])}" if market["alarms"] else ""
    return told + alarms + (f"; {market['error']}" if market["error"] else "")


def alert_line(alert: Market) -> str:
    """Return an alert in a line."""
    accounts = f" of {', '.join(alert['accounts'][:3])}" if alert["accounts"] else ""
    where = f"{alert['venue']} {alert['symbol']}"
    at = alert["detected_at"][:19]
    return (
        f"{at} ALERT {alert['alert_level']} {alert['typology']} {where}{accounts}, confidence {alert['confidence']:.2f}"
    )


def alarm_line(alarm: Market) -> str:
    """Return an alarm in a line."""
    where = "" if alarm["venue"] is None else f" {alarm['venue']} {alarm['symbol']}"
    return f"{alarm['opened'][:19]} ALARM {alarm['kind']}{where}: {alarm['says']}"


def _worst_first(markets: Sequence[Market]) -> list[Market]:
    return sorted(markets, key=lambda market: (not market["alarms"], market["state"] == "live"))


def _state(market: Market) -> str:
    return "retrying" if market["state"] == "backing_off" else str(market["state"])


def _lag(market: Market) -> str:
    return "–" if market["lag_s"] is None else f"{market['lag_s']:.1f}"


def _gaps(market: Market) -> str:
    return f"{market['gaps'] - market['filled']}/{market['gaps']}" if market["gaps"] else "0"


def _errors(market: Market) -> int:
    return int(market["checksum_errors"]) + int(market["sequence_errors"]) + int(market["retries"])


def _notable(market: Market) -> str:
    parts = ("state", "error", "gaps", "filled", "checksum_errors", "sequence_errors", "alarms")
    return repr([market[part] for part in parts])

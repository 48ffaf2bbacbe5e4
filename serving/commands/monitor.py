"""`tapewatch monitor`: watches markets of exchanges and shows how their feeds are."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import TapewatchError
from serving.commands.terminal import Home, names_of, note, say, settings_of

if TYPE_CHECKING:
    from serving.settings import Settings
    from serving.sources.feed import Market


def monitor(
    exchange: Annotated[str, typer.Option(help="Exchanges by ccxt's names, with commas between.")],
    symbols: Annotated[str, typer.Option(help="Symbols, with commas between; each on every exchange.")],
    interval: Annotated[
        float, typer.Option(help="Seconds between two looks, for what is polled.", min=1, max=86_400)
    ] = 60.0,
    books: Annotated[bool, typer.Option("--books/--no-books", help="Watch order books, too.")] = True,
    home: Home = None,
) -> None:
    """Watch markets of exchanges until interrupted, and show their feeds.

    Starts the service, as `serve` does; where it runs already, asks it, and it goes on after this command ends.
    `tapewatch monitor --exchange binance,kraken --symbols BTC/USDT`
    """
    from serving.commands.monitor_screen import follow
    from serving.monitoring.watchlist import added, read_watchlist, write_watchlist
    from serving.monitoring.wire import Listed
    from serving.service_api import running_service

    settings = settings_of(home)
    named = names_of(exchange, "--exchange"), names_of(symbols, "--symbols")
    markets = asyncio.run(_resolved(settings, *named))
    service = running_service(settings)
    if service is not None:
        for venue in dict.fromkeys(market.venue for market in markets):
            mine = [market.symbol for market in markets if market.venue == venue]
            body = {"exchange": venue, "symbols": mine, "interval": interval, "books": books}
            service.ask("POST", "/v1/monitoring", body)
        try:
            follow(service, threading.Event())
        except KeyboardInterrupt:
            say("the service goes on monitoring; DELETE /v1/monitoring/{venue}/{symbol} ends it")
        return
    settings.home.mkdir(parents=True, exist_ok=True)
    now = _now()
    wanted = [Listed(*market, interval, books, now) for market in markets]
    write_watchlist(settings.watchlist_file, added(read_watchlist(settings.watchlist_file), wanted))
    _serve(settings)


def _serve(settings: Settings) -> None:
    """Run the service here, and what shows it in a thread."""
    from serving.commands.monitor_screen import follow
    from serving.service_api import awaited_service
    from serving.supervisor import serve

    done = threading.Event()

    def show() -> None:
        service = awaited_service(settings, done)
        if service is not None:
            follow(service, done)

    shown = threading.Thread(target=show, name="screen")
    with _logs_aside(settings.home / "monitor.log"):
        shown.start()
        try:
            serve(settings, say)
        finally:
            done.set()
            shown.join()


async def _resolved(settings: Settings, exchanges: Sequence[str], symbols: Sequence[str]) -> list[Market]:
    """Return the markets that are meant; what is not listed is told at once for all exchanges.

    Raises:
        TapewatchError: An exchange is not known, or does not list a symbol.
    """
    from serving.errors import RequestError
    from serving.monitoring.exchanges import Exchanges

    sources = Exchanges(settings.home)
    markets: list[Market] = []
    wrong: list[str] = []
    notes: list[str] = []
    try:
        for exchange in exchanges:
            for symbol in symbols:
                try:
                    resolved = await sources.resolve(exchange, [symbol])
                except RequestError as error:
                    wrong.append(str(error))
                else:
                    markets += resolved.markets
                    notes += resolved.notes
    finally:
        await sources.close()
    for one in dict.fromkeys(notes):
        note(one)
    if wrong:
        raise TapewatchError("; ".join(dict.fromkeys(wrong)))
    return list(dict.fromkeys(markets))


def _now() -> int:
    import time

    return time.time_ns()


@contextmanager
def _logs_aside(path: Path) -> Iterator[None]:
    """Let the processes' logs go to a file while a person looks at a table on the terminal."""
    if not sys.stdout.isatty():
        yield
        return
    say(f"logs go to {path}")
    kept = os.dup(2)
    with path.open("ab") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)

"""`tapewatch record`: markets of exchanges, live, into a tape."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from serving.commands.terminal import Home, names_of, note, say, settings_of

if TYPE_CHECKING:
    from serving.sources.exchange_feed import ExchangeFeed

_WIDTH = 80


def record(
    out: Annotated[Path, typer.Argument(help="Folder of the tape; one that is there is continued.")],
    exchange: Annotated[str, typer.Option(help="ccxt's names, with commas: binance,kraken.")],
    symbols: Annotated[str, typer.Option(help="Symbols, with commas: BTC/USDT,ETH/USDT.")],
    lasting: Annotated[str | None, typer.Option("--for", help="How long: 30s, 10m, 6h; until interrupted.")] = None,
    books: Annotated[bool, typer.Option("--books/--no-books", help="Record order books, too.")] = True,
    depth: Annotated[int, typer.Option(help="Levels of a side of the book; at most 1000.")] = 100,
    interval: Annotated[
        float, typer.Option(help="Seconds between questions where nothing streams; 1 at least.")
    ] = 60.0,
    home: Home = None,
) -> None:
    """Record trades and order books of exchanges as a tape.

    Streams where the exchange has them, asks every interval where not. A cut is
    filled up afterwards. What is on disk can be scanned at any time; a kill loses
    the last seconds at most. Keys and addresses: exchanges.toml in the home.
    """
    from serving.commands.retrain import seconds_of
    from serving.sources.recording import opened_markets
    from serving.sources.recording import record as run
    from serving.sources.settings_file import exchange_options
    from serving.sources.tape_folder import tape_folder
    from serving.sources.terms import Terms

    terms = Terms(books=books, depth=depth, interval_s=interval)
    seconds = None if lasting is None else seconds_of(lasting, "--for")
    options = {name: exchange_options(settings_of(home).home, name) for name in names_of(exchange, "--exchange")}

    async def recording() -> tuple[list[ExchangeFeed], Mapping[str, int]]:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        if seconds is not None:
            loop.call_later(seconds, stop.set)
        loop.set_exception_handler(_told_already)
        async with opened_markets(options, names_of(symbols, "--symbols")) as markets:
            with tape_folder(out) as folder, _shown() as show:
                return await run(markets, folder, terms, stop, show), folder.rows

    feeds, rows = asyncio.run(recording())
    for feed in feeds:
        for text in [*feed.status.notes, *([feed.status.error] if feed.status.error else [])]:
            note(f"{feed.market.venue} {feed.market.symbol}: {text}")
    say(f"{rows['trades']:,} trades and {rows['books']:,} book levels of {len(feeds)} markets in {out}")


def _told_already(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Let asyncio print what nobody handled, but what ccxt leaves unread, which feeds were told in another way."""
    import ccxt

    if not isinstance(context.get("exception"), ccxt.BaseError):
        loop.default_exception_handler(context)


@contextmanager
def _shown() -> Iterator[Callable[[Sequence[ExchangeFeed]], None]]:
    """Show how feeds are, if standard error is a terminal; yields what draws them."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _feeds: None
        return
    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield lambda feeds: live.update(_table_of(feeds), refresh=True)


def _table_of(feeds: Sequence[ExchangeFeed]) -> Table:
    table = Table(box=None, width=_WIDTH)
    for name in ("venue", "symbol", "state", "events", "twice", "gaps", "filled", "errors"):
        table.add_column(name, justify="right" if name not in {"venue", "symbol", "state"} else "left")
    for feed in feeds:
        status = feed.status
        errors = status.checksum_errors + status.sequence_errors
        counts = (status.events, status.duplicates, status.gaps, status.filled, errors)
        table.add_row(*feed.market, status.state, *(f"{count:,}" for count in counts))
    return table

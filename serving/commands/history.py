"""`tapewatch history`: past trades of a market into a tape."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from features.errors import ParameterError
from features.time_units import MS_NS
from serving.commands.terminal import Home, bar, note, say, settings_of
from serving.times import nanoseconds


def history(
    out: Annotated[Path, typer.Argument(help="Folder of the tape; one that is there is continued.")],
    exchange: Annotated[str, typer.Option(help="ccxt's name: binance, kraken, coinbaseexchange.")],
    symbol: Annotated[str, typer.Option(help="Symbol: BTC/USDT.")],
    since: Annotated[str, typer.Option(help="Start: 2024-01-01 or 2024-01-01T09:30:00Z.")],
    until: Annotated[str, typer.Option(help="End, not in it; as --since.")],
    home: Home = None,
) -> None:
    """Fetch past trades of a market as a tape.

    Interrupted or killed, the same command again goes on where it stopped. As
    fast as the exchange's rate limit allows.
    """
    from serving.sources.exchange import open_exchange
    from serving.sources.history import fetch_history
    from serving.sources.recording import resolved
    from serving.sources.settings_file import exchange_options
    from serving.sources.tape_folder import tape_folder

    span = _span(since, until)
    options = exchange_options(settings_of(home).home, exchange)

    async def fetching() -> int:
        async with open_exchange(exchange, **options) as opened:
            (name,) = await resolved(opened, [symbol])
            with tape_folder(out) as folder, bar("asking") as report:
                return await fetch_history(opened, name, span, folder, report)

    try:
        added = asyncio.run(fetching())
    except KeyboardInterrupt:
        note("interrupted; the same command again goes on from here")
        raise typer.Exit(1) from None
    say(f"{added:,} trades added in {out}")


def _span(since: str, until: str) -> tuple[int, int]:
    """Return start and end in ms UTC."""
    start, end = _ms_of(since, "--since"), _ms_of(until, "--until")
    now = nanoseconds(datetime.now(UTC)) // MS_NS
    if start >= end:
        raise ParameterError(f"--since must be before --until, was {since} and {until}")
    if start >= now:
        raise ParameterError(f"--since must be in the past, was {since}")
    return start, min(end, now)


def _ms_of(text: str, option: str) -> int:
    try:
        return nanoseconds(datetime.fromisoformat(text.strip())) // MS_NS
    except ValueError:
        raise ParameterError(f"{option} must be a date or an ISO 8601 time such as 2024-01-01, was {text}") from None

"""`tapewatch cross`: what venues of one thing make of one another, told on a terminal within 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from features.json_values import json_text
from models.cross_report import CrossReport, Pattern
from serving.commands.terminal import AsJson, Home, ParametersFile, say, settings_of
from serving.times import iso

_SHOWN = 10


def cross(
    tape: Annotated[Path, typer.Argument(help="Tape: a file or a folder.")],
    symbol: Annotated[str | None, typer.Option(help="One symbol, as any venue writes it; all if left out.")] = None,
    fee_bps: Annotated[
        list[str] | None, typer.Option(help="Taker fee in basis points: 12 for all venues, kraken=26 for one.")
    ] = None,
    parameters: ParametersFile = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Compare the venues of a tape: gaps, arbitrage, who leads, volumes, patterns.

    Symbols are matched by name: BTC/USDT, BTC-USDT and btcusdt are one. Prices are
    those of trades; what could be traded is bounded by what did trade.
    """
    from models.registry import load_champion
    from serving.cross import as_record, cross_of_tape, with_fees

    settings = settings_of(home)
    chosen = with_fees(settings.parameters(parameters), fee_bps or [])
    report = cross_of_tape(tape, chosen, load_champion(settings.home), symbol)
    if as_json:
        typer.echo(json_text(as_record(report)))
    elif not report.symbols:
        say("nothing on this tape trades on two venues")
    else:
        Console(highlight=False).print(tables_of(report))


def tables_of(report: CrossReport) -> Group:
    """Return the report as tables, the largest of each kind first."""
    return Group(*_parts(report))


def _parts(report: CrossReport) -> Iterator[RenderableType]:
    for symbol in report.symbols:
        yield Text(symbol, style="bold")
        yield _venues(report, symbol)
        yield from _gaps(report, symbol)
        patterns = [one for one in report.manipulation_patterns if one.symbol == symbol]
        yield from (_pattern(one) for one in patterns[:_SHOWN])
        yield from _more(len(patterns), "patterns")
        yield Text()
    yield Text("Gaps are after taker fees; sizes are bounded by a minute's volume: books are not asked.", style="dim")
    yield Text("Lead: above 0 the venue is ahead of the others. --json tells all.", style="dim")


def _venues(report: CrossReport, symbol: str) -> Table:
    table = _table("  venue", "volume share", "volume corr.", "lead s", "lead corr.")
    for one in report.volume_correlations:
        if one.symbol == symbol:
            figures = (f"{one.volume_share:.0%}", f"{one.volume_correlation:.2f}")
            lead = (f"{one.lead_s:+.0f}", f"{one.lead_correlation:.2f}")
            table.add_row(f"  {one.venue}", *("-" if "nan" in text else text for text in (*figures, *lead)))
    return table


def _gaps(report: CrossReport, symbol: str) -> Iterator[RenderableType]:
    found = [one for one in report.arbitrage_opportunities if one.symbol == symbol]
    traded = [one for one in report.price_discrepancies if one.symbol == symbol]
    yield Text(f"  {len(found)} gaps beyond fees, {len(traded)} of them with trades on both venues", style="dim")
    if not found:
        return
    table = _table("  buy at", "sell at", "from", "s", "net bps", "size", "worth")
    for one in found[:_SHOWN]:
        seconds = (one.end - one.start) / 1e9
        cells = (iso(one.start)[5:19].replace("T", " "), f"{seconds:.0f}", f"{one.net_gap_bps:.1f}")
        table.add_row(f"  {one.buy_venue}", one.sell_venue, *cells, f"{one.size:.4g}", f"{one.value:,.2f}")
    yield table
    yield from _more(len(found), "gaps")


def _pattern(one: Pattern) -> RenderableType:
    whom = f" by {', '.join(one.accounts)}" if one.accounts else ""
    when = f"{iso(one.start)[5:19]} to {iso(one.end)[11:19]}".replace("T", " ")
    says = " ".join(one.says[:3])
    return Text(f"  {one.typology} on {one.venue}{whom}, {when}, {one.confidence:.2f}\n    {says}")


def _more(count: int, what: str) -> Iterator[RenderableType]:
    if count > _SHOWN:
        yield Text(f"  and {count - _SHOWN} more {what}", style="dim")


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    for number, name in enumerate(names):
        table.add_column(name, justify="left" if number == 0 or name.endswith(("at", "from")) else "right")
    return table

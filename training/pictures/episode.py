"""The picture of one episode: its book, wide and at its densest moment, with what its accounts had, got and moved."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from features.events import CANCEL, EXPIRE, FILL, NEW, REPLACE, TRADE
from training.pictures.ladder import Own, colour_bars, draw_ladder
from training.pictures.lives import IntArray
from training.pictures.panels import draw_position, draw_resting, draw_volume
from training.pictures.paper import (
    BUY,
    BUY_LIGHT,
    CROSSED,
    DPI,
    ELSEWHERE,
    FAINT,
    INK,
    INNOCENT,
    OWN,
    PLANTED,
    SELL,
    SELL_LIGHT,
    clock,
    date_of,
    family_of,
    length,
    seconds,
    time_axis,
)  # fmt: skip
from training.pictures.planted import Episode
from training.pictures.recorded import Market, Recorded
from training.pictures.spans import BOUGHT, CANCELS, Span, main_span, zoom_span

_MOST_MARKETS = 4
_BETWEEN_THEMSELVES, _ENOUGH_CROSSED = 1, 6
_WIDTH = 17.0
_HEAD, _FOOT = 1.4, 0.5
_GAP, _ABOVE, _BELOW = 0.14, 0.1, 0.55
_LEFT, _RIGHT, _BETWEEN = 1.0, 0.25, 0.75


def episode_figure(tape: Recorded, episode: Episode) -> Figure:
    """Return the picture of an episode on the markets of a tape; several markets share one axis of time."""
    every = episode.markets(tape)
    markets = every[:_MOST_MARKETS]
    accounts = tape.codes(episode.accounts)
    span = main_span(episode, tape)
    owns = [Own(accounts, *market.lives_of(accounts, episode.order_ids)) for market in markets]
    zoom = densest_span(markets, owns, episode, span)
    sizes = _sizes(len(markets), known=len(accounts) > 0)
    height = (
        _HEAD + _FOOT + max(len(markets), 1) * (sum(sizes) + len(sizes) * _GAP + _ABOVE) + _BELOW * (len(markets) - 1)
    )
    figure = Figure(figsize=(_WIDTH, height), dpi=DPI)
    spans = [span] if zoom is None else [span, zoom]
    norm = None
    for number, (market, own) in enumerate(zip(markets, owns, strict=True)):
        for column, shown in enumerate(spans):
            rows = _rows(figure, number, sizes, column, len(spans))
            scale = draw_ladder(rows[0], market, own, shown, sized=column == len(spans) - 1)
            norm = norm or scale
            _elsewhere(rows[0], market, markets, shown)
            _small_panels(rows[1:], market, own, shown)
            _mark(rows, episode, shown)
            if column:
                _trim(rows)
            elif zoom is not None:
                _frame(rows[0], zoom, span)
            rows[0].set_title(_over(market, shown, column), fontsize=10, color=INK, loc="left", pad=9)
            time_axis(rows[-1], shown, most=6)
    left_out = f"   ·   {len(markets)} of its {len(every)} markets shown" if len(every) > len(markets) else ""
    _head(figure, episode, _facts(markets, owns, episode) + left_out, norm, markets[0].base if markets else "")
    return figure


def _elsewhere(axes: Axes, market: Market, markets: tuple[Market, ...], span: Span) -> None:
    """Draw the middle of the same symbol on the other venues, so that prices that part are seen to."""
    low, high = axes.get_ylim()
    room = high - low
    for other in markets:
        if other is market or other.symbol != market.symbol:
            continue
        best = other.touch.between(*span)
        middle = (best.bid + best.ask) / 2.0
        middle[~(best.bid < best.ask) | (best.ask - best.bid > 12.0 * other.spread)] = np.nan
        axes.step(seconds(best.time, span), middle, where="post", color=ELSEWHERE, linewidth=1.3, zorder=3.5)
        if np.isfinite(middle).any():
            low = max(min(low, float(np.nanmin(middle)) - 0.03 * room), low - 1.5 * room)
            high = min(max(high, float(np.nanmax(middle)) + 0.03 * room), high + 1.5 * room)
    axes.set_ylim(low, high)


def _sizes(markets: int, *, known: bool) -> tuple[float, ...]:
    """Return heights of a market's panels, inches: the book, and the small ones under it, fewer without accounts."""
    if not known:
        return (5.2, 1.5) if markets <= 1 else (3.2, 1.1)
    return (4.3, 1.15, 1.15, 1.15) if markets <= 1 else (3.0, 0.95, 0.95)


def densest_span(markets: tuple[Market, ...], owns: list[Own], episode: Episode, span: Span) -> Span | None:
    """Return the moment at which the accounts' messages on all markets tell most."""
    start, end = max(span[0], episode.start), min(span[1], episode.end)
    parts = [_messages(market, own, (start, end), episode) for market, own in zip(markets, owns, strict=True)]
    if not parts:
        return None
    times, kinds = (np.concatenate(column) for column in zip(*parts, strict=True))
    crossed = kinds == _BETWEEN_THEMSELVES
    if crossed.sum() >= _ENOUGH_CROSSED:  # trades between themselves tell more than all else
        times, kinds = times[crossed], kinds[crossed]
    order = np.argsort(times, kind="stable")
    return zoom_span(times[order], kinds[order], span)


def _messages(market: Market, own: Own, span: Span, episode: Episode) -> tuple[IntArray, IntArray]:
    """Return when the accounts' messages were, ns, and what each is, as a code."""
    events, rows = market.events, market.rows_of(own.accounts, *span)
    if episode.order_ids:
        named = np.unique(own.lives.order[own.named])
        rows = rows[(events.kind[rows] == TRADE) | np.isin(events.order[rows], named)]
    kind, bought = events.kind[rows], events.side[rows] > 0
    crossed = np.isin(events.account[rows], own.accounts) & np.isin(events.counter[rows], own.accounts)
    codes = np.select(
        [(kind == TRADE) & crossed, kind == NEW, np.isin(kind, (CANCEL, EXPIRE)), kind == REPLACE],
        [_BETWEEN_THEMSELVES, np.where(bought, BOUGHT, BOUGHT + 1), CANCELS, CANCELS + 1],
        0,
    )
    return events.time[rows], codes.astype(np.int64)


def _rows(figure: Figure, number: int, sizes: tuple[float, ...], column: int, columns: int) -> list[Axes]:
    """Return the axes of one market in one column: the book, and the small panels under it."""
    width, height = figure.get_size_inches()
    top = height - _HEAD - number * (sum(sizes) + len(sizes) * _GAP + _ABOVE + _BELOW)
    inner = (width - _LEFT - _RIGHT - (columns - 1) * _BETWEEN) / columns
    left = _LEFT + column * (inner + _BETWEEN)
    axes = []
    for each in sizes:
        axes.append(figure.add_axes((left / width, (top - each) / height, inner / width, each / height)))
        top -= each + _GAP
    return axes


def _small_panels(rows: list[Axes], market: Market, own: Own, span: Span) -> None:
    panels = (draw_resting, draw_position, draw_volume)
    for axes, draw in zip(rows, panels[-len(rows) :], strict=True):
        draw(axes, market, own, span)


def _mark(rows: list[Axes], episode: Episode, span: Span) -> None:
    """Tint the planted span, and bracket it above the book."""
    low, high = seconds(np.clip(np.array([episode.start, episode.end]), *span), span)
    _, colour = family_of(episode)
    for axes in rows:
        axes.axvspan(low, high, color=INNOCENT if episode.innocent else PLANTED, alpha=0.75, linewidth=0, zorder=0)
    left, right = rows[0].get_xlim()
    shares = [(edge - left) / (right - left) for edge in (low, high)]
    bar = Rectangle(
        (shares[0], 1.003), max(shares[1] - shares[0], 0.002), 0.012, transform=rows[0].transAxes, clip_on=False,
        facecolor=colour, linewidth=0, hatch="////" if episode.innocent else None, edgecolor="white",
    )  # fmt: skip
    rows[0].add_patch(bar)


def _trim(rows: list[Axes]) -> None:
    for axes in rows:
        label = axes.get_ylabel().partition("per ")  # what a bar stands for differs from that of the wide picture
        axes.set_ylabel("".join(label[1:]), fontsize=8.5)


def _frame(axes: Axes, zoom: Span, span: Span) -> None:
    """Show on the wide book where the zoom lies."""
    low, high = seconds(np.array(zoom), span)
    axes.axvspan(low, high, facecolor="none", edgecolor=INK, linewidth=1.1, linestyle=(0, (4, 2)), zorder=8)


def _over(market: Market, span: Span, column: int) -> str:
    if column:
        return f"densest moment: {clock(span[0])} and {length(span[1] - span[0])} on"
    return f"{market.venue}   {market.symbol}"


def _facts(markets: tuple[Market, ...], owns: list[Own], episode: Episode) -> str:
    """Return in one line what the accounts did within the episode."""
    if not sum(len(own.accounts) for own in owns):
        traded = sum(len(market.trades.between(episode.start, episode.end)) for market in markets)
        return f"{traded:,} trades of all accounts"
    kinds = np.zeros(TRADE + 1, np.int64)
    shares, crossed = [], 0
    for market, own in zip(markets, owns, strict=True):
        rows = market.rows_of(own.accounts, episode.start, episode.end)
        kinds += np.bincount(market.events.kind[rows], minlength=TRADE + 1)
        trades = market.trades.between(episode.start, episode.end)
        bought, sold = trades.sides_of(own.accounts)
        crossed += int((bought & sold).sum())
        total = float(trades.quantity.sum())
        shares.append(float(trades.quantity[bought | sold].sum()) / total if total else float("nan"))
    share = f"{np.nanmax(shares):.0%}" if np.isfinite(shares).any() else "none"
    return (
        f"own: {kinds[NEW]:,} orders, {kinds[CANCEL]:,} cancels, {kinds[FILL]:,} fills, {kinds[TRADE]:,} trades "
        f"({crossed:,} between themselves), {share} of the volume"
    )


def _head(figure: Figure, episode: Episode, facts: str, norm: LogNorm | None, unit: str) -> None:
    width, height = figure.get_size_inches()
    _, colour = family_of(episode)
    left = _LEFT / width

    def line(inches: float) -> float:
        return 1.0 - inches / float(height)

    figure.text(left, line(0.33), episode.headline, fontsize=15, fontweight="bold", color=colour, va="center")
    when = f"{date_of(episode.start)}  {clock(episode.start)} to {clock(episode.end)} UTC"
    who = ", ".join(episode.accounts[:4]) + (
        f" and {len(episode.accounts) - 4} more" if len(episode.accounts) > 4 else ""
    )
    told = f"{when}, {length(episode.end - episode.start)}   ·   {who or 'no accounts named'}"
    figure.text(1 - _RIGHT / width, line(0.33), told, fontsize=10.5, color=INK, va="center", ha="right")
    note = f"{episode.note}   ·   " if math.isnan(episode.severity) else ""
    figure.text(left, line(0.62), f"{note}{facts}", fontsize=10, color=FAINT, va="center")
    figure.legend(
        handles=_keys(episode), loc="center left", bbox_to_anchor=(left - 0.006, line(0.9)), ncol=12, frameon=False,
        fontsize=9, handletextpad=0.5, columnspacing=0.8, borderpad=0.0, handlelength=1.5,
    )  # fmt: skip
    if norm is not None:
        colour_bars(figure, (1 - 2.6 / width, line(0.83), 2.3 / width, 0.26 / height), norm, unit)


def _keys(episode: Episode) -> list[Line2D | Patch | PathCollection]:
    """Return what the signs mean."""
    tint = INNOCENT if episode.innocent else PLANTED
    apart = Line2D([], [], color=ELSEWHERE, linewidth=1.3, label="mid elsewhere")

    def dot(colour: str, edge: str, label: str) -> Line2D:
        return Line2D([], [], linestyle="", marker="o", markerfacecolor=colour, markeredgecolor=edge, label=label)

    return [
        Line2D([], [], color=BUY, linewidth=5, solid_capstyle="butt", label="own buy order"),
        Line2D([], [], color=SELL, linewidth=5, solid_capstyle="butt", label="own sell order"),
        Line2D([], [], linestyle="", marker="x", color=INK, markeredgewidth=1.6, label="cancelled"),
        Line2D([], [], linestyle="", marker="o", color=INK, markersize=5, label="filled"),
        dot(BUY_LIGHT, BUY, "trade, buyer takes"),
        dot(SELL_LIGHT, SELL, "seller takes"),
        Line2D([], [], linestyle="", marker="o", color="none", markeredgecolor=OWN, markeredgewidth=1.6,
               markersize=9, label="own trade"),
        Line2D([], [], linestyle="", marker="o", color="none", markeredgecolor=CROSSED, markeredgewidth=1.8,
               markersize=9, label="between themselves"),
        Line2D([], [], color=BUY, linewidth=0.9, label="best bid"),
        Line2D([], [], color=SELL, linewidth=0.9, label="best ask"),
        *([apart] if len(set(episode.venues)) > 1 else []),
        Patch(facecolor=tint, edgecolor="#BBBBBB", label="span" if episode.innocent else "planted"),
    ]  # fmt: skip

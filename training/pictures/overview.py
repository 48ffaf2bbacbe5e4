"""The overview of a tape: every market's prices and volume, with what was planted and what only looks like it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from features.time_units import DAY_NS
from training.pictures.paper import (
    BUY,
    DPI,
    FAINT,
    INK,
    SELL,
    UNKNOWN_SIDE,
    date_of,
    family_of,
    length,
    plain,
    price_axis,
    quantity_axis,
    seconds,
    step_for,
    time_axis,
)  # fmt: skip
from training.pictures.planted import Episode
from training.pictures.recorded import Market, Recorded, Trades
from training.pictures.spans import Span, is_throughout

MARKETS_A_PAGE = 8
_WIDTH, _LEFT, _RIGHT = 17.0, 0.95, 0.25
_HEAD, _FOOT = 0.95, 0.6
_LANE, _PRICE, _VOLUME, _GAP, _BETWEEN = 0.2, 1.7, 0.65, 0.06, 0.5
_CHARACTER = 0.078  # inches a character of a lane's label


def overview_figures(tape: Recorded, episodes: Sequence[Episode]) -> list[Figure]:
    """Return the overview of a tape, one page for a few markets each; an empty tape has one empty page."""
    pages = [tape.markets[i : i + MARKETS_A_PAGE] for i in range(0, max(len(tape.markets), 1), MARKETS_A_PAGE)]
    return [_page(tape, markets, episodes) for markets in pages]


def _page(tape: Recorded, markets: Sequence[Market], episodes: Sequence[Episode]) -> Figure:
    span = tape.span if tape.span[1] > tape.span[0] else (tape.span[0], tape.span[0] + 60_000_000_000)
    every = [[e for e in episodes if market in e.markets(tape)] for market in markets]
    here = [[e for e in each if not is_throughout(e, span)] for each in every]
    lanes = [_lanes(each, span) for each in here]
    heights = [_LANE * (max(lane, default=-1) + 1) + _PRICE + _VOLUME + 2 * _GAP + _BETWEEN for lane in lanes]
    height = _HEAD + _FOOT + max(sum(heights) - _BETWEEN, 0.5)
    figure = Figure(figsize=(_WIDTH, height), dpi=DPI)
    top = height - _HEAD
    for number, market in enumerate(markets):
        _row(figure, top, market, here[number], lanes[number], span)
        kinds = _throughout(every[number], span)
        if kinds:
            text = "throughout: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
            figure.text(
                1 - _RIGHT / _WIDTH, 1 - (height - top - 0.07) / height, text, fontsize=9, color=FAINT, ha="right"
            )
        top -= heights[number]
    if markets:
        time_axis(figure.axes[-1], span, most=12)
    _head(figure, tape, markets, episodes)
    return figure


def _throughout(episodes: Sequence[Episode], span: Span) -> dict[str, int]:
    """Return how many look-alikes of each kind go on throughout."""
    kinds: Counter[str] = Counter()
    for episode in episodes:
        if is_throughout(episode, span):
            kinds[episode.kind.replace("_", " ")] += episode.alike
    return kinds


def _row(
    figure: Figure, top: float, market: Market, episodes: Sequence[Episode], lanes: Sequence[int], span: Span
) -> None:
    """Draw one market from `top`, inches: lanes of episodes, prices, volume."""
    width, height = figure.get_size_inches()
    count = max(lanes, default=-1) + 1
    axes = []
    for tall in (count * _LANE, _PRICE, _VOLUME):
        place = (_LEFT / width, (top - tall) / height, (width - _LEFT - _RIGHT) / width, max(tall, 1e-3) / height)
        axes.append(figure.add_axes(place))
        top -= tall + _GAP
    strip, prices, volume = axes
    time_axis(strip, span, named=False)
    _strip(strip, episodes, lanes, span, max(count, 1))
    strip.set_title(f"{market.venue}   {market.symbol}", loc="left", fontsize=11, fontweight="bold", color=INK, pad=4)
    trades = market.trades
    _prices(prices, market, trades, span)
    _volume(volume, market, trades, span)
    for episode in episodes:
        low, high = seconds(np.array([episode.start, episode.end]), span)
        _, colour = family_of(episode)
        for each in (prices, volume):
            each.axvspan(low, high, color=colour, alpha=0.16, linewidth=0, zorder=0)


def _lanes(episodes: Sequence[Episode], span: Span) -> list[int]:
    """Return a lane for each episode, so that neither bars nor their labels meet."""
    inches = (_WIDTH - _LEFT - _RIGHT) / (span[1] - span[0])
    ends: list[float] = []
    lanes = [0] * len(episodes)
    for number in sorted(range(len(episodes)), key=lambda i: (episodes[i].innocent, episodes[i].start)):
        left, right = _extent(episodes[number], span, inches)
        lane = next((i for i, end in enumerate(ends) if end <= left), len(ends))
        ends[lane : lane + 1] = [right]
        lanes[number] = lane
    return lanes


def _extent(episode: Episode, span: Span, inches: float) -> tuple[float, float]:
    """Return where an episode's bar and label begin and end, inches from the left edge of the axes."""
    left, right = ((min(max(time, span[0]), span[1]) - span[0]) * inches for time in (episode.start, episode.end))
    text = _CHARACTER * len(_label(episode)) + 0.12
    if right - left >= text:
        return left, right + 0.05
    return (left - text, right + 0.05) if _text_is_left(right + text) else (left, right + text)


def _text_is_left(right: float) -> bool:
    return right > _WIDTH - _LEFT - _RIGHT


def _label(episode: Episode) -> str:
    name = episode.kind.replace("_", " ")
    return name if np.isnan(episode.severity) else f"{name} {episode.severity:.2f}"


def _strip(axes: Axes, episodes: Sequence[Episode], lanes: Sequence[int], span: Span, count: int) -> None:
    axes.set_ylim(count, 0)
    axes.axis("off")
    inches = (_WIDTH - _LEFT - _RIGHT) / (span[1] - span[0])
    for episode, lane in zip(episodes, lanes, strict=True):
        low, high = seconds(np.clip(np.array([episode.start, episode.end]), *span), span)
        _, colour = family_of(episode)
        least = 0.04 / inches / 1e9
        bar = Rectangle(
            (low, lane + 0.14), max(high - low, least), 0.72, facecolor="#E9E9E9" if episode.innocent else colour,
            edgecolor=colour, hatch="/////" if episode.innocent else None, linewidth=0.5,
        )  # fmt: skip
        axes.add_patch(bar)
        text = _CHARACTER * len(_label(episode)) + 0.12
        inside = (high - low) * 1e9 * inches >= text
        left = not inside and _text_is_left((high * 1e9 - seconds(span[0], span) * 1e9) * inches + text)
        x, align, gap = (
            (low, "left", 4) if inside else (low, "right", -3) if left else (max(high, low + least), "left", 3)
        )
        paper = {"facecolor": "#E9E9E9", "edgecolor": "none", "pad": 0.6} if inside and episode.innocent else None
        axes.annotate(
            _label(episode), (x, lane + 0.5), xytext=(gap, -0.5), textcoords="offset points", ha=align, va="center",
            fontsize=8.5, color="white" if inside and not episode.innocent else INK, annotation_clip=False, bbox=paper,
        )  # fmt: skip


def _prices(axes: Axes, market: Market, trades: Trades, span: Span) -> None:
    plain(axes)
    time_axis(axes, span, named=False, most=12)
    if not len(trades):
        axes.text(0.5, 0.5, "no trades", transform=axes.transAxes, ha="center", va="center", color=UNKNOWN_SIDE)
        axes.set_yticks([])
        return
    x = seconds(trades.time, span)
    axes.plot(x, trades.price, color="#9A9A9A", linewidth=0.4, zorder=1.5)
    for side, colour in ((0, UNKNOWN_SIDE), (1, BUY), (-1, SELL)):
        chosen = trades.side == side
        axes.plot(
            x[chosen], trades.price[chosen], linestyle="", marker="." if side else "D", markersize=1.6 if side else 3.0,
            markeredgewidth=0, color=colour, alpha=0.6, zorder=2,
        )  # fmt: skip
    price_axis(axes, f"price, {market.quote}", ticks=5)


def _volume(axes: Axes, market: Market, trades: Trades, span: Span) -> None:
    plain(axes)
    time_axis(axes, span, named=False, most=12)
    step = max(60.0, step_for((span[1] - span[0]) / 1e9, 720))
    low, high = seconds(np.array(span), span)
    edges = np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step
    x, below = seconds(trades.time, span), np.zeros(len(edges) - 1)
    for side, colour in ((1, BUY), (-1, SELL), (0, UNKNOWN_SIDE)):
        chosen = trades.side == side
        volume, _ = np.histogram(x[chosen], edges, weights=trades.quantity[chosen])
        axes.stairs(below + volume, edges, baseline=below, fill=True, color=colour, alpha=0.75, linewidth=0)
        below += volume
    axes.set_xlim(low, high)
    axes.set_ylim(0, max(float(below.max(initial=0.0)) * 1.05, 1e-12))
    quantity_axis(axes, f"{market.base}\nper {step / 60:g} min", ticks=2)
    axes.yaxis.label.set_fontsize(8)


def _head(figure: Figure, tape: Recorded, markets: Sequence[Market], episodes: Sequence[Episode]) -> None:
    width, height = figure.get_size_inches()
    left, planted = _LEFT / width, sum(not e.innocent for e in episodes)
    start, end = tape.span
    figure.text(left, 1 - 0.3 / height, tape.name, fontsize=17, fontweight="bold", color=INK, va="center")
    events = sum(len(market.events) for market in markets)
    days = date_of(start) if end - start < DAY_NS else f"{date_of(start)} to {date_of(end)}"
    told = f"{days}, {length(end - start)}   ·   {len(markets)} markets   ·   {events:,} events"
    told += f"   ·   {planted} planted, {len(episodes) - planted} look-alikes" if episodes else ""
    figure.text(1 - _RIGHT / width, 1 - 0.3 / height, told, fontsize=10.5, color=FAINT, va="center", ha="right")
    handles: list[Line2D | Patch] = [
        Line2D([], [], linestyle="", marker="o", markersize=4, color=BUY, label="buyer takes"),
        Line2D([], [], linestyle="", marker="o", markersize=4, color=SELL, label="seller takes"),
        Line2D([], [], linestyle="", marker="D", markersize=4, color=UNKNOWN_SIDE, label="auction or unknown"),
    ]
    families = dict(family_of(e) for e in sorted(episodes, key=lambda e: e.innocent))
    handles += [
        Patch(facecolor=colour, label=family, hatch="/////" if "none" in family else None, edgecolor="white")
        for family, colour in families.items()
    ]
    figure.legend(
        handles=handles, loc="center left", bbox_to_anchor=(left - 0.006, 1 - 0.6 / height), ncol=8, frameon=False,
        fontsize=9, handletextpad=0.4, columnspacing=1.4, borderpad=0.0,
    )  # fmt: skip

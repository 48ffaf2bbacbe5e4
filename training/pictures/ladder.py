"""The book panel: resting quantity by price and time, best prices, trades, and what the accounts' own orders did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from features.events import CANCEL, EXPIRE, FILL, NEW, REPLACE
from training.pictures.book import depth, tick_of
from training.pictures.lives import FloatArray, Lives
from training.pictures.paper import (
    ASKS,
    BIDS,
    BUY,
    BUY_LIGHT,
    CROSSED,
    INK,
    OWN,
    SELL,
    SELL_LIGHT,
    UNKNOWN_SIDE,
    amount,
    plain,
    price_axis,
    seconds,
    time_axis,
)  # fmt: skip
from training.pictures.recorded import Codes, Market, Trades
from training.pictures.spans import Span

_COLUMNS = 560
_MOST_MARKED, _MOST_SIZED = 1_500, 16
_LARGEST_DOT, _WIDE = 90.0, 12.0
_CLOSING = ((CANCEL, "x"), (FILL, "o"), (EXPIRE, "|"))


@dataclass(frozen=True)
class Own:
    """What the named accounts did in one market.

    Attributes:
        accounts: Their codes.
        lives: Their order lives.
        named: Which pieces belong to the orders that the label names, shape (n_pieces,).
    """

    accounts: Codes
    lives: Lives
    named: NDArray[np.bool_]

    def between(self, span: Span) -> Own:
        """Return what touches a span."""
        inside = (self.lives.end >= span[0]) & (self.lives.start <= span[1])
        return Own(self.accounts, self.lives.take(inside), self.named[inside])


def price_range(market: Market, own: Own, span: Span) -> tuple[float, float] | None:
    """Return lowest and highest price to show: best prices, trades and own orders; None where nothing has a price."""
    best, trades = market.touch.between(*span), market.trades.between(*span)
    lives = own.between(span).lives
    mine = lives.price[lives.rests]  # the limit of an order that filled at once may be far from any trade
    # Where a sweep has emptied one side for a moment, the far quote behind it is no price of this picture.
    usual = best.ask - best.bid <= _WIDE * market.spread
    chosen = usual if usual.any() else np.ones(len(usual), dtype=np.bool_)
    touched = np.concatenate([best.bid[chosen], best.ask[chosen], trades.price])
    touched = touched[np.isfinite(touched)]
    if not len(touched) + len(mine):
        return None
    basis = touched if len(touched) else mine
    low, high = float(basis.min()), float(basis.max())
    if len(mine):
        # A far-off order of one's own is part of the pattern; a stub at twice the price would flatten everything.
        low, high = max(min(low, mine.min()), low * 0.8), min(max(high, mine.max()), high * 1.25)
    resting = market.lives.between(*span).price
    tick = tick_of(resting[(resting >= low * 0.98) & (resting <= high * 1.02)])
    margin = max(0.12 * (high - low), 4 * tick if np.isfinite(tick) else 0.001 * high)
    return low - margin, high + margin


def draw_ladder(axes: Axes, market: Market, own: Own, span: Span, *, sized: bool = False) -> LogNorm | None:
    """Draw one market's book panel.

    Args:
        axes: Where to.
        market: The market.
        own: What the named accounts did in it.
        span: First and last ns.
        sized: Write sizes beside own orders, where they are few.

    Returns:
        The scale of the heat map, in base units; None where nothing rested.
    """
    plain(axes)
    time_axis(axes, span, named=False)
    prices = price_range(market, own, span)
    if prices is None:
        axes.text(0.5, 0.5, "no orders and no trades", transform=axes.transAxes, ha="center", color=UNKNOWN_SIDE)
        axes.set_yticks([])
        return None
    axes.set_ylim(*prices)
    price_axis(axes, f"price, {market.quote}")
    norm = _heat(axes, market, span, prices)
    _touch(axes, market, span)
    trades = market.trades.between(*span)
    _trades(axes, trades, span, crowded=len(trades) > 3_000)
    mine = own.between(span)
    _own_orders(axes, mine, span, market.lot, sized=sized)
    _own_trades(axes, trades, own.accounts, span)
    return norm


def _heat(axes: Axes, market: Market, span: Span, prices: tuple[float, float]) -> LogNorm | None:
    book = depth(market.lives, span, prices, _COLUMNS)
    resting = np.concatenate([book.bids.ravel(), book.asks.ravel()])
    resting = resting[resting > 0] * market.lot
    if not len(resting):
        return None
    low, high = np.percentile(resting, [10, 99.8])
    norm = LogNorm(max(low, high / 1_000), max(high, low * 1.001), clip=True)
    left, right = seconds(np.array(span), span)
    for grid, colours in ((book.bids, BIDS), (book.asks, ASKS)):
        picture = np.ma.masked_less_equal(grid * market.lot, 0.0)
        axes.imshow(
            picture, cmap=colours, norm=norm, aspect="auto", origin="lower", interpolation="nearest", zorder=1,
            extent=(left, right, book.low, book.high),
        )  # fmt: skip
    axes.set_xlim(left, right)
    axes.set_ylim(*prices)
    return norm


def _touch(axes: Axes, market: Market, span: Span) -> None:
    best = market.touch.between(*span)
    crossed = best.bid >= best.ask  # orders wait for an auction: there is no touch
    x = seconds(best.time, span)
    for price, colour in ((best.bid, BUY), (best.ask, SELL)):
        y = np.where(crossed, np.nan, price)
        axes.step(x, y, where="post", color="white", linewidth=2.2, alpha=0.8, zorder=2)
        axes.step(x, y, where="post", color=colour, linewidth=0.9, zorder=2.1)


def _dots(quantity: FloatArray) -> FloatArray:
    """Return areas of dots, points²: the diameter grows with the root of the quantity."""
    typical = float(np.percentile(quantity, 98)) if len(quantity) else 1.0
    return np.clip(_LARGEST_DOT * quantity / typical, 5.0, 2 * _LARGEST_DOT)


def _trades(axes: Axes, trades: Trades, span: Span, *, crowded: bool) -> None:
    sizes = _dots(trades.quantity) / (4 if crowded else 1)
    for side, colour, edge in ((1, BUY_LIGHT, BUY), (-1, SELL_LIGHT, SELL), (0, "#BBBBBB", UNKNOWN_SIDE)):
        chosen = trades.side == side
        axes.scatter(
            seconds(trades.time[chosen], span), trades.price[chosen], s=sizes[chosen], c=colour, edgecolors=edge,
            linewidths=0.4, alpha=0.35 if crowded else 0.75, zorder=3, marker="o" if side else "D",
        )  # fmt: skip


def _own_trades(axes: Axes, trades: Trades, accounts: Codes, span: Span) -> None:
    bought, sold = trades.sides_of(accounts)
    sizes = _dots(trades.quantity)
    count = int((bought | sold).sum())
    width, alpha = (1.5, 1.0) if count <= 400 else (0.6, 0.6) if count <= 2_000 else (0.4, 0.2)
    for chosen, colour in ((bought ^ sold, OWN), (bought & sold, CROSSED)):
        x, y, area = seconds(trades.time[chosen], span), trades.price[chosen], sizes[chosen]
        axes.scatter(
            x, y, s=area + 30 if count <= 400 else area / 2 + 8, facecolors="none", edgecolors=colour,
            linewidths=width, alpha=alpha, zorder=6,
        )  # fmt: skip


def _own_orders(axes: Axes, own: Own, span: Span, lot: float, *, sized: bool) -> None:
    chosen = own.lives.rests
    lives, named = own.lives.take(chosen), own.named[chosen]
    if not len(lives):
        return
    start, end = (seconds(np.clip(time, *span), span) for time in (lives.start, lives.end))
    largest = float(lives.lots[named].max()) if named.any() else float(lives.lots.max())
    many = len(lives) > 400
    thin = 0.7 if many else 1.2
    width = thin + max(_thickest(axes, lives) - thin, 0.5) * np.minimum(lives.lots / largest, 1.0)
    for which, alpha, z in ((~named, 0.3, 4.0), (named, 0.6 if many else 0.9, 4.5)):
        colours = np.where(lives.side[which] > 0, BUY, SELL)
        ends = np.stack([np.stack([start, lives.price], 1), np.stack([end, lives.price], 1)], 1)[which]
        lines = LineCollection(
            list(ends), colors=list(colours), linewidths=width[which], alpha=alpha, capstyle="butt", zorder=z
        )
        axes.add_collection(lines, autolim=False)
    _moves(axes, lives, named, span)
    if len(lives) <= _MOST_MARKED:
        _ends(axes, lives, named, span)
    if sized:
        _sizes(axes, lives.take(named), span, lot)


def _thickest(axes: Axes, lives: Lives) -> float:
    """Return the width of the largest order's line, points: orders at neighbouring prices stay apart."""
    tick = tick_of(lives.price)
    figure = axes.get_figure(root=True)
    if figure is None or not np.isfinite(tick):
        return 7.5
    points = axes.get_position().height * figure.get_size_inches()[1] * 72
    return float(np.clip(0.7 * tick / np.ptp(axes.get_ylim()) * points, 2.5, 7.5))


def _moves(axes: Axes, lives: Lives, named: NDArray[np.bool_], span: Span) -> None:
    """Join the pieces of an order that was re-priced."""
    follows = np.flatnonzero((lives.order[1:] == lives.order[:-1]) & (lives.opened[1:] == REPLACE) & named[1:]) + 1
    follows = follows[lives.price[follows] != lives.price[follows - 1]]
    x = seconds(lives.start[follows], span)
    ends = np.stack([np.stack([x, lives.price[follows - 1]], 1), np.stack([x, lives.price[follows]], 1)], 1)
    colours = np.where(lives.side[follows] > 0, BUY, SELL)
    axes.add_collection(
        LineCollection(list(ends), colors=list(colours), linewidths=0.8, alpha=0.6, zorder=4.4), autolim=False
    )


def _ends(axes: Axes, lives: Lives, named: NDArray[np.bool_], span: Span) -> None:
    within = named & (lives.end <= span[1])
    size = 26.0 if within.sum() <= 300 else 9.0
    for kind, marker in _CLOSING:
        for side, colour in ((1, BUY), (-1, SELL)):
            chosen = within & (lives.closed == kind) & (lives.side == side)
            x, y = seconds(lives.end[chosen], span), lives.price[chosen]
            if marker == "x":  # a white cross below keeps it readable on a thick line of its own colour
                axes.scatter(x, y, s=size * 1.6, c="white", marker="x", linewidths=3.2, zorder=5)
                axes.scatter(x, y, s=size * 1.4, c=colour, marker="x", linewidths=1.5, zorder=5.1)
            else:
                axes.scatter(x, y, s=size, c=colour, marker=marker, edgecolors="white" if marker == "o" else None,
                             linewidths=0.8, zorder=5)  # fmt: skip


def _sizes(axes: Axes, lives: Lives, span: Span, lot: float) -> None:
    """Write the size of each order where it began, the largest first, none over another."""
    began = np.flatnonzero((lives.opened == NEW) & (lives.start >= span[0]))
    if not len(began):
        return
    began = began[np.argsort(-lives.lots[began], kind="stable")][:_MOST_SIZED]
    figure = axes.get_figure(root=True)
    width, height = (axes.get_position().size * figure.get_size_inches()) if figure else (1.0, 1.0)
    x = (seconds(lives.start[began], span) - axes.get_xlim()[0]) / np.ptp(axes.get_xlim()) * width
    y = (lives.price[began] - axes.get_ylim()[0]) / np.ptp(axes.get_ylim()) * height
    placed: list[int] = []
    for i, piece in enumerate(began):
        if any(abs(x[i] - x[j]) < 0.55 and abs(y[i] - y[j]) < 0.17 for j in placed) or not 0.4 < x[i] < width:
            continue
        placed.append(i)
        axes.annotate(
            amount(float(lives.lots[piece]) * lot), (seconds(int(lives.start[piece]), span), lives.price[piece]),
            xytext=(-4, 0), textcoords="offset points", ha="right", va="center", fontsize=9, color=INK, zorder=7,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
        )  # fmt: skip


def colour_bars(figure: Figure, place: tuple[float, float, float, float], norm: LogNorm, unit: str) -> None:
    """Draw both scales of the heat map side by side.

    Args:
        figure: Where to.
        place: Left, bottom, width and height in shares of the figure.
        norm: The scale, base units.
        unit: Name of the base unit.
    """
    left, bottom, width, height = place
    low, high = float(norm.vmin or 1e-12), float(norm.vmax or 1.0)
    ramp = np.geomspace(low, high, 128)[None, :]
    for number, (colours, name) in enumerate(((BIDS, "bids"), (ASKS, "asks"))):
        axes = figure.add_axes((left, bottom + number * height / 2, width, height / 2))
        _bar(axes, ramp, colours, norm, name)
        if not number:
            ends = [tick for tick in 10.0 ** np.arange(-9, 13) if low <= tick <= high] or [low, high]
            axes.set_xticks(np.log(np.array(ends) / low) / np.log(high / low) * 128 - 0.5, [amount(t) for t in ends])
            axes.set_xlabel(f"resting, {unit} a price level", fontsize=8.5, color=INK, labelpad=1)
            axes.tick_params(labelsize=8, length=2, pad=1)


def _bar(axes: Axes, ramp: FloatArray, colours: Colormap, norm: LogNorm, name: str) -> None:
    axes.imshow(ramp, aspect="auto", cmap=colours, norm=norm)
    axes.set_xticks([])
    axes.set_yticks([0], [name])
    axes.tick_params(labelsize=8, length=0, pad=2)
    for spine in axes.spines.values():
        spine.set_visible(False)

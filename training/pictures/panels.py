"""The panels under a book: what the accounts had resting, what they had bought, and how much was traded."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from training.pictures.ladder import Own
from training.pictures.lives import FloatArray, Lives
from training.pictures.paper import (
    BUY,
    CROSSED,
    FAINT,
    INK,
    LINES,
    OWN,
    SELL,
    amount,
    per,
    plain,
    quantity_axis,
    seconds,
    step_for,
    time_axis,
)  # fmt: skip
from training.pictures.recorded import Codes, Market, Trades
from training.pictures.spans import Span

_MOST_LINES = 8


def resting_of(lives: Lives, side: int, span: Span) -> tuple[FloatArray, FloatArray]:
    """Return times, s on the axis, and lots that rested from each on, over a span.

    Args:
        lives: Pieces of the accounts' orders.
        side: +1 buy, -1 sell.
        span: First and last ns.
    """
    mine = lives.take(lives.rests & (lives.side == side))
    time = np.concatenate([np.clip(mine.start, *span), np.clip(mine.end, *span)])
    change = np.concatenate([mine.lots, -mine.lots])
    order = np.argsort(time, kind="stable")
    time, level = time[order], np.cumsum(change[order])
    final = np.append(time[1:] != time[:-1], True)[: len(time)]
    edges = np.concatenate([[span[0]], time[final], [span[1]]])
    levels = np.concatenate([[0], level[final], [0]]).astype(np.float64)
    return seconds(edges.astype(np.int64), span), levels


def draw_resting(axes: Axes, market: Market, own: Own, span: Span) -> None:
    """Draw what the accounts' orders had resting: buys up, sells down."""
    plain(axes)
    time_axis(axes, span, named=False)
    for side, colour in ((1, BUY), (-1, SELL)):
        x, lots = resting_of(own.between(span).lives, side, span)
        axes.fill_between(x, side * lots * market.lot, step="post", color=colour, alpha=0.65, linewidth=0)
    axes.axhline(0, color=FAINT, linewidth=0.7)
    if not np.any(own.between(span).lives.rests):
        axes.set(ylim=(-1, 1), yticks=[0])
        axes.text(0.5, 0.72, "none rested", transform=axes.transAxes, ha="center", fontsize=9, color=FAINT)
    quantity_axis(axes, f"own resting\n{market.base}")


def draw_position(axes: Axes, market: Market, own: Own, span: Span) -> None:
    """Draw what the accounts had bought less sold since the span began: together, and each where they are few."""
    plain(axes)
    time_axis(axes, span, named=False)
    trades = market.trades.between(*span)
    if 1 < len(own.accounts) <= _MOST_LINES:
        for number, account in enumerate(own.accounts):
            x, net = _net(trades, account[None], span)
            axes.step(x, net, where="post", color=LINES[number % len(LINES)], linewidth=1.1)
    x, net = _net(trades, own.accounts, span)
    axes.step(x, net, where="post", color=OWN, linewidth=1.7)
    axes.axhline(0, color=FAINT, linewidth=0.7)
    quantity_axis(axes, f"net bought\n{market.base}")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: amount(value)))


def _net(trades: Trades, accounts: Codes, span: Span) -> tuple[FloatArray, FloatArray]:
    bought, sold = trades.sides_of(accounts)
    net = np.cumsum(trades.quantity * (bought.astype(np.float64) - sold))
    moved = bought | sold
    x = np.concatenate([[span[0]], trades.time[moved], [span[1]]])
    y = np.concatenate([[0.0], net[moved], net[-1:] if len(net) else [0.0]])
    return seconds(x, span), y


def draw_volume(axes: Axes, market: Market, own: Own, span: Span, bars: int = 100) -> None:
    """Draw traded volume: all, of that with one of the accounts, and of that between them."""
    plain(axes)
    time_axis(axes, span, named=False)
    trades = market.trades.between(*span)
    step = step_for((span[1] - span[0]) / 1e9, bars)
    x = seconds(trades.time, span)
    low, high = seconds(np.array(span), span)
    edges = np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step
    bought, sold = trades.sides_of(own.accounts)
    for chosen, colour in (
        (np.ones(len(trades), dtype=np.bool_), "#C4C4C4"), (bought | sold, INK), (bought & sold, CROSSED)
    ):  # fmt: skip
        volume, _ = np.histogram(x[chosen], edges, weights=trades.quantity[chosen])
        axes.bar(edges[:-1], volume, width=step, align="edge", color=colour, linewidth=0)
    axes.set_xlim(low, high)
    axes.set_ylim(bottom=0.0, top=None if len(trades) else 1.0)
    quantity_axis(axes, f"traded, {market.base}\nper {per(step)}")

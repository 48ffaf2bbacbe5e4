"""The picture of a behaviour over days: what accounts trade against their own history, instead of a book."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from features.time_units import SECOND_NS
from training.pictures.lives import FloatArray, IntArray
from training.pictures.paper import (
    BUY,
    DPI,
    FAINT,
    GRID,
    INK,
    LINES,
    OWN,
    PLANTED,
    SELL,
    amount,
    clock,
    date_of,
    family_of,
    length,
    per,
    plain,
    price_axis,
    quantity_axis,
    seconds,
    step_for,
    time_axis,
)  # fmt: skip
from training.pictures.planted import Episode
from training.pictures.recorded import Codes, Market, Recorded, Transfers
from training.pictures.spans import Span, main_span

_WIDTH, _LEFT, _RIGHT, _TOP, _GAP = 17.0, 0.95, 0.25, 1.3, 0.16
_HEIGHTS = (2.4, 1.8, 1.7, 1.5, 1.4)
_TRANSFERS_HEIGHT, _GROUP = 2.0, 4
_LEAST_SHOWN = 0.004  # of the width: a label of minutes must be seen on a picture of days
_HALF_A_DAY = 43_200 * SECOND_NS
_TWO_DAYS = 4 * _HALF_A_DAY
_MOST_LINES = 8


@dataclass(frozen=True)
class Dealings:
    """What accounts traded on all markets of a tape, shape (n,) each; a trade between two of them counts twice.

    Attributes:
        time: When, ns, sorted.
        value: Price times quantity, quote currency.
        side: +1 they bought, -1 they sold.
        account: Which account.
    """

    time: IntArray
    value: FloatArray
    side: IntArray
    account: Codes

    def between(self, start: int, end: int) -> Dealings:
        """Return the dealings of a span, ns, both ends within."""
        rows = slice(*np.searchsorted(self.time, [start, end + 1]).tolist())
        return Dealings(self.time[rows], self.value[rows], self.side[rows], self.account[rows])


def is_behaviour(episode: Episode) -> bool:
    """Whether an episode is told by days of trading rather than by a book."""
    deviates = family_of(episode)[0] == "behaviour" and "collusion" not in episode.kind
    return deviates or (episode.role == "planted" and episode.end - episode.start >= _HALF_A_DAY)


def dealings(tape: Recorded, accounts: Codes) -> Dealings:
    """Return all trades of some accounts, in order of time."""
    parts = []
    for market in tape.markets:
        trades = market.trades
        for holder, side in ((trades.buyer, 1), (trades.seller, -1)):
            mine = np.isin(holder, accounts)
            value = trades.price[mine] * trades.quantity[mine]
            parts.append((trades.time[mine], value, np.full(int(mine.sum()), side), holder[mine]))
    if not parts:
        return Dealings(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64), accounts[:0])
    time, value, sides, holders = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(time, kind="stable")
    return Dealings(time[order], value[order], sides[order], holders[order])


def _rows(heights: Sequence[float], episode: Episode, span: Span) -> tuple[Figure, list[Axes]]:
    """Return a figure with rows of those heights, inches, on one time axis, the planted span marked in each."""
    height = _TOP + sum(heights) + _GAP * len(heights) + 0.5
    figure = Figure(figsize=(_WIDTH, height), dpi=DPI)
    rows, top = [], height - _TOP
    for each in heights:
        place = (_LEFT / _WIDTH, (top - each) / height, (_WIDTH - _LEFT - _RIGHT) / _WIDTH, each / height)
        rows.append(plain(figure.add_axes(place)))
        top -= each + _GAP
    for axes in rows:
        time_axis(axes, span, named=axes is rows[-1], most=14)
        low, high = seconds(np.clip(np.array([episode.start, episode.end]), *span), span)
        spare = max(_LEAST_SHOWN * (span[1] - span[0]) / 1e9 - (high - low), 0.0) / 2.0
        axes.axvspan(low - spare, high + spare, color=PLANTED, linewidth=0, zorder=0)
        axes.axvline((low + high) / 2.0, color=PLANTED, linewidth=2.5, zorder=0)
        if axes is rows[0]:
            _arrow(axes, low, high)
    return figure, rows


def behaviour_figure(tape: Recorded, episode: Episode) -> Figure:
    """Return the picture of a behaviour: price, value a day, position, sizes and hours of the accounts' trades."""
    accounts = tape.codes(episode.accounts)
    # What one account does is told by its days before; what many do together, by how they take turns.
    together = len(accounts) >= _GROUP
    span = main_span(episode, tape) if together else tape.span
    done = dealings(tape, accounts)
    if together:
        done = done.between(*span)
    markets = episode.markets(tape)
    moved = tape.transfers.between(*span)
    is_moved = bool(np.isin(moved.account, accounts).any())
    few_hours = span[1] - span[0] < _TWO_DAYS and not together
    below = _HEIGHTS[1:-1] if few_hours else _HEIGHTS[1:]
    heights = (*_HEIGHTS[:1], *((_TRANSFERS_HEIGHT,) if is_moved else ()), *below)
    figure, rows = _rows(heights, episode, span)
    quote = markets[0].quote if markets else "quote"
    _price(rows[0], markets, accounts, span)
    if is_moved:
        _transfers(rows.pop(1), moved, accounts, span)
    everyone = markets if episode.kind == "adv_outlier" else ()
    _value(rows[1], done, episode, span, quote, everyone)
    _position(rows[2], done, accounts, span, quote)
    _sizes(rows[3], done, span, quote)
    if together:
        _turns(rows[4], done, moved, accounts, span)
    elif not few_hours:
        _hours(rows[4], done, span)
    _head(figure, episode, done, " and ".join(market.name for market in markets))
    return figure


def _arrow(axes: Axes, low: float, high: float) -> None:
    """Point at the planted span from above."""
    paper = axes.get_xaxis_transform()
    axes.plot([low, high], [1.02, 1.02], transform=paper, color=INK, linewidth=4, solid_capstyle="butt", clip_on=False)
    axes.plot([(low + high) / 2.0], [1.05], transform=paper, color=INK, marker="v", markersize=7, clip_on=False)


def _transfers(axes: Axes, moved: Transfers, accounts: Codes, span: Span) -> None:
    """Draw deposits up and withdrawals down: those of the accounts, and in grey everybody else's as the benchmark."""
    x, mine = seconds(moved.time, span), np.isin(moved.account, accounts)
    axes.vlines(x[~mine], 0, moved.usd[~mine], colors="#B5B5B5", linewidth=1.0, zorder=2)
    for sign, colour, marker in ((1, BUY, "^"), (-1, SELL, "v")):
        chosen = mine & (np.sign(moved.usd) == sign)
        axes.vlines(x[chosen], 0, moved.usd[chosen], colors=colour, linewidth=1.6, zorder=3)
        axes.scatter(x[chosen], moved.usd[chosen], s=34, c=colour, marker=marker, edgecolors="white", linewidths=0.4,
                     zorder=4)  # fmt: skip
    axes.axhline(0, color=FAINT, linewidth=0.7)
    own = moved.usd[mine]
    if len(accounts) >= _GROUP:  # many small sums and what they come to
        axes.set_yscale("symlog", linthresh=float(np.median(np.abs(own))))
    else:  # what others move is a benchmark, whatever the largest of them did
        low, high = min(float(own.min()), 0.0), max(float(own.max()), 0.0)
        axes.set_ylim(low - 0.12 * (high - low), high + 0.12 * (high - low))
    quantity_axis(axes, "deposits up,\nwithdrawals down\nUSD; others grey", ticks=5)


def _turns(axes: Axes, done: Dealings, moved: Transfers, accounts: Codes, span: Span) -> None:
    """Draw what each account did on a line of its own, by when it first did anything."""
    mine = np.isin(moved.account, accounts)
    time = np.concatenate([done.time, moved.time[mine]])
    who = np.concatenate([done.account, moved.account[mine]])
    first = {code: int(time[who == code].min()) for code in np.unique(who).tolist()}
    line = {code: number for number, code in enumerate(sorted(first, key=lambda code: first[code]))}
    for code, number in line.items():
        ends = seconds(np.array([first[code], time[who == code].max()]), span)
        axes.plot(ends, [number, number], color=GRID, linewidth=2.0, zorder=1)
    for side, colour in ((1, BUY), (-1, SELL)):
        trades, sent = done.side == side, mine & (np.sign(moved.usd) == side)
        y = np.array([line[code] for code in done.account[trades].tolist()])
        axes.scatter(seconds(done.time[trades], span), y, s=9, c=colour, linewidths=0, zorder=2)
        y = np.array([line[code] for code in moved.account[sent].tolist()])
        axes.scatter(seconds(moved.time[sent], span), y, s=34, c=colour, marker="^" if side > 0 else "v",
                     edgecolors="white", linewidths=0.4, zorder=3)  # fmt: skip
    axes.set_ylim(len(line) - 0.3, -0.7)
    axes.set_yticks([])
    axes.set_ylabel("an account a line", fontsize=9.5, color=INK)


def _price(axes: Axes, markets: tuple[Market, ...], accounts: Codes, span: Span) -> None:
    for number, market in enumerate(markets[:1]):
        trades = market.trades
        x = seconds(trades.time, span)
        axes.plot(x, trades.price, color="#B5B5B5", linewidth=0.6, zorder=1 + number)
        bought, sold = trades.sides_of(accounts)
        typical = float(np.percentile(trades.quantity, 99)) if len(trades) else 1.0
        for chosen, colour, marker in ((bought, BUY, "^"), (sold, SELL, "v")):
            size = np.clip(60 * trades.quantity[chosen] / typical, 10, 160)
            axes.scatter(x[chosen], trades.price[chosen], s=size, c=colour, marker=marker, edgecolors="white",
                         linewidths=0.4, alpha=0.85, zorder=3)  # fmt: skip
        price_axis(axes, f"price {market.symbol}\n{market.quote}")


def _value(axes: Axes, done: Dealings, episode: Episode, span: Span, quote: str, markets: tuple[Market, ...]) -> None:
    """Draw value bought and sold a bucket, what all traded on some markets, and usual values before the episode."""
    x = seconds(done.time, span)
    low, high = seconds(np.array(span), span)
    step = step_for(high - low, 60)
    edges = np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step
    before = edges[1:] <= seconds(episode.start, span)
    for market in markets:
        trades = market.trades
        worth, _ = np.histogram(seconds(trades.time, span), edges, weights=trades.price * trades.quantity)
        axes.bar(edges[:-1], worth, width=step, align="edge", color="#CFCFCF", edgecolor="white", zorder=1)
    for side, colour in ((1, BUY), (-1, SELL)):
        chosen = done.side == side
        value, _ = np.histogram(x[chosen], edges, weights=done.value[chosen])
        axes.bar(edges[:-1], side * value, width=step, align="edge", color=colour, alpha=0.8, edgecolor="white")
        if before.sum() >= 3:
            mean, deviation = float(value[before].mean()), float(value[before].std(ddof=1))
            axes.axhline(side * mean, color=INK, linewidth=1, linestyle="-", alpha=0.7)
            axes.axhline(side * (mean + 2 * deviation), color=INK, linewidth=1, linestyle=(0, (4, 3)), alpha=0.7)
    axes.axhline(0, color=FAINT, linewidth=0.7)
    axes.set_xlim(low, high)
    all_traded = "; all grey" if markets else ""
    quantity_axis(axes, f"bought / sold\n{quote} per {per(step)}{all_traded}", ticks=5)


def _position(axes: Axes, done: Dealings, accounts: Codes, span: Span, quote: str) -> None:
    groups = [np.array([account]) for account in accounts] if 1 < len(accounts) <= _MOST_LINES else []
    for number, group in enumerate([*groups, accounts]):
        mine = np.isin(done.account, group)
        net = np.cumsum(done.value[mine] * done.side[mine])
        x = seconds(np.concatenate([[span[0]], done.time[mine], [span[1]]]), span)
        colour, width = (LINES[number % len(LINES)], 1.1) if number < len(groups) else (OWN, 1.8)
        axes.step(x, np.concatenate([[0.0], net, net[-1:] if len(net) else [0.0]]), where="post", color=colour,
                  linewidth=width)  # fmt: skip
    axes.axhline(0, color=FAINT, linewidth=0.7)
    quantity_axis(axes, f"net bought\n{quote}", ticks=4)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: amount(value)))


def _sizes(axes: Axes, done: Dealings, span: Span, quote: str) -> None:
    _dots(axes, done, span, done.value)
    if len(done.value):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: amount(value)))
        axes.yaxis.set_minor_formatter(FuncFormatter(lambda _value, _position: ""))
    axes.set_ylabel(f"size of a trade\n{quote}", fontsize=9.5, color=INK)


def _hours(axes: Axes, done: Dealings, span: Span) -> None:
    _dots(axes, done, span, done.time // SECOND_NS % 86_400 / 3_600)
    axes.set_ylim(24, 0)
    axes.set_yticks([0, 6, 12, 18, 24])
    axes.set_ylabel("hour of day\nUTC", fontsize=9.5, color=INK)


def _dots(axes: Axes, done: Dealings, span: Span, y: FloatArray) -> None:
    for side, colour in ((1, BUY), (-1, SELL)):
        chosen = done.side == side
        axes.scatter(seconds(done.time[chosen], span), y[chosen], s=12, c=colour, alpha=0.6, linewidths=0)


def _head(figure: Figure, episode: Episode, done: Dealings, where: str) -> None:
    height = float(figure.get_size_inches()[1])
    _, colour = family_of(episode)
    left, right = _LEFT / _WIDTH, 1 - _RIGHT / _WIDTH
    figure.text(left, 1 - 0.33 / height, episode.headline, fontsize=15, fontweight="bold", color=colour, va="center")
    who = ", ".join(episode.accounts[:4]) + (
        f" and {len(episode.accounts) - 4} more" if len(episode.accounts) > 4 else ""
    )
    when = f"{date_of(episode.start)} {clock(episode.start, 0)} to {date_of(episode.end)} {clock(episode.end, 0)} UTC"
    told = f"{when}, {length(episode.end - episode.start)}   ·   {who or 'no accounts named'}"
    figure.text(right, 1 - 0.33 / height, told, fontsize=10.5, color=INK, va="center", ha="right")
    inside = (done.time >= episode.start) & (done.time <= episode.end)
    note = f"{episode.note}   ·   " if math.isnan(episode.severity) else ""
    facts = f"{note}{where}   ·   {int(inside.sum()):,} trades in the episode, {int((~inside).sum()):,} outside"
    figure.text(left, 1 - 0.64 / height, facts, fontsize=10, color=FAINT, va="center")
    figure.legend(
        handles=[
            Line2D([], [], linestyle="", marker="^", color=BUY, label="bought"),
            Line2D([], [], linestyle="", marker="v", color=SELL, label="sold"),
            Line2D([], [], color=INK, linewidth=1, label="mean before"),
            Line2D([], [], color=INK, linewidth=1, linestyle=(0, (4, 3)), label="mean + 2 deviations before"),
            Patch(facecolor=PLANTED, edgecolor="#BBBBBB", label="planted"),
        ],
        loc="center left", bbox_to_anchor=(left - 0.006, 1 - 0.95 / height), ncol=6, frameon=False, fontsize=9,
        borderpad=0.0,
    )  # fmt: skip

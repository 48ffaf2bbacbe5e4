"""What every picture shares: colours, axes of time, price and quantity, and how it is written with its thumbnail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.image import imsave
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from features.time_units import SECOND_NS
from training.pictures.planted import Episode

# Okabe & Ito's colours, told apart by the colour-blind too. Blue is buying, vermilion is selling, everywhere.
BUY, SELL, UNKNOWN_SIDE = "#0072B2", "#D55E00", "#7F7F7F"
BUY_LIGHT, SELL_LIGHT = "#56B4E9", "#E69F00"
OWN, CROSSED, ELSEWHERE = "#000000", "#CC79A7", "#009E73"
INK, FAINT, GRID = "#222222", "#777777", "#E4E4E4"
PLANTED, INNOCENT = "#FFF3BF", "#EEEEEE"
BIDS = LinearSegmentedColormap.from_list("bids", ["#F1F5F8", "#B9CBD8", "#6F8DA3", "#23405C"])
ASKS = LinearSegmentedColormap.from_list("asks", ["#F8F4F0", "#DCCBBB", "#AE8C70", "#5C3A23"])
LINES = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#0072B2", "#D55E00")

_FAMILIES = {
    "order based": ("#D55E00", ("spoof", "layer", "stuffing", "ping", "smoking", "no_intent", "floor", "advancing")),
    "across markets": ("#E69F00", ("cross", "inter_venue", "arbitrage", "discrepancy", "latency")),
    "behaviour": (
        "#009E73",
        ("excessive", "takeover", "mule", "deposit", "withdrawal", "insider", "collusion", "adv_outlier"),
    ),
    "trade based": ("#0072B2", ("",)),
}
LOOK_ALIKE = "#8C8C8C"

DPI = 100
_THUMBNAIL = 5
_DAY_S = 86_400
_STEPS_S = (
    *(m * 10.0**p for p in range(-6, 0) for m in (1, 2, 5)),
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200),
    *(_DAY_S * n for n in (1, 2, 7, 14, 28, 91, 182, 364)),
)


def family_of(episode: Episode) -> tuple[str, str]:
    """Return the family of an episode's kind, and its colour."""
    if episode.innocent:
        return "excerpt" if episode.role == "excerpt" else "looks like abuse, is none", LOOK_ALIKE
    for family, (colour, words) in _FAMILIES.items():
        if any(word in episode.kind for word in words):
            return family, colour
    raise AssertionError(episode.kind)  # the last family takes all


def step_for(length_s: float, most: int) -> float:
    """Return the finest round step of time, s, that cuts a length into at most that many parts."""
    return next((step for step in _STEPS_S if length_s / step <= most), _STEPS_S[-1])


def seconds(time: NDArray[np.int64] | int, span: tuple[int, int]) -> NDArray[np.float64]:
    """Return ns as seconds after the midnight before a span, the unit of every axis of time."""
    return (np.asarray(time, dtype=np.int64) - span[0] // (_DAY_S * SECOND_NS) * _DAY_S * SECOND_NS) / 1e9


def time_axis(axes: Axes, span: tuple[int, int], *, named: bool = True, most: int = 7) -> None:
    """Set limits, ticks at round UTC times, and where `named` their labels and the date."""
    low, high = seconds(np.array(span), span)
    step = step_for(high - low, most)
    ticks = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step
    # A label near the edge would reach over it, a long one from farther.
    edge = (high - low) * (0.055 if step < 1 else 0.025)
    ticks = ticks[(ticks > low + edge) & (ticks < high - edge)]
    axes.set_xlim(low, high)
    axes.set_xticks(ticks)
    axes.tick_params(axis="x", labelbottom=named)
    if not named:
        return
    midnight = span[0] // (_DAY_S * SECOND_NS) * _DAY_S
    axes.set_xticklabels([_clock(tick, step, midnight, days=high > _DAY_S) for tick in ticks])
    axes.set_xlabel(f"UTC, {_date(midnight)}" if high <= _DAY_S else "UTC", color=FAINT, fontsize=9.5)


def _date(epoch_s: int) -> str:
    return str(np.datetime64(epoch_s, "s").astype("datetime64[D]"))


def _clock(second: float, step: float, midnight: int, *, days: bool) -> str:
    day, rest = divmod(second + 1e-9, _DAY_S)
    date = _date(midnight + int(day) * _DAY_S)[5:]
    if step >= _DAY_S:
        return date
    hour, minute = int(rest // 3600), int(rest // 60 % 60)
    text = f"{hour:02d}:{minute:02d}"
    if step < 60:
        digits = 0 if step >= 1 else 3 if step >= 1e-3 else 6
        text += (
            f":{int(rest % 60 * 10**digits + 0.5 * (digits > 0)) / 10**digits:0{3 + digits if digits else 2}.{digits}f}"
        )
    return f"{date}\n{text}" if days else text


def clock(time: int, digits: int = 3) -> str:
    """Return a time of day, UTC, with some digits of a second."""
    text = str(np.datetime64(time, "ns")).split("T")[1]
    return text[: 9 + digits] if digits else text[:8]


def per(step_s: float) -> str:
    """Return a round step of time in words."""
    if step_s < 1:
        return f"{step_s * 1e3:g} ms" if step_s >= 1e-3 else f"{step_s * 1e6:g} µs"
    if step_s < 60:
        return f"{step_s:g} s"
    if step_s < _DAY_S:
        return f"{step_s / 60:g} min" if step_s < 3600 else f"{step_s / 3600:g} h"
    return f"{step_s / _DAY_S:g} d"


def date_of(time: int) -> str:
    """Return the UTC date of a time, ns."""
    return _date(time // SECOND_NS)


def length(ns: int) -> str:
    """Return a length of time in words.

    Example:
        >>> length(609_000_000), length(107_000_000_000), length(3 * 3600 * 10**9)
        ('609 ms', '1 min 47 s', '3 h')
    """
    if ns < 10 * SECOND_NS:
        return f"{ns / 1e6:,.0f} ms" if ns < SECOND_NS else f"{ns / 1e9:.2f} s"
    total = round(ns / 1e9)
    parts = ((total // _DAY_S, "d"), (total // 3600 % 24, "h"), (total // 60 % 60, "min"), (total % 60, "s"))
    shown = [f"{value} {unit}" for value, unit in parts if value]
    return " ".join(shown[:2])


def amount(value: float) -> str:
    """Return a quantity in few characters.

    Example:
        >>> [amount(v) for v in (0.0123456, 17, 1234.5, 2_500_000, 0)]
        ['0.0123', '17', '1.23k', '2.5M', '0']
    """
    for limit, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{sign}"
    return f"{value:.3g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.1e}"


def quantity_axis(axes: Axes, label: str, ticks: int = 3) -> None:
    """Set up an axis of quantities; both signs read as amounts."""
    axes.yaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: amount(abs(value))))
    axes.set_ylabel(label, fontsize=9.5, color=INK)


def price_axis(axes: Axes, label: str, ticks: int = 8) -> None:
    """Set up an axis of prices, without offsets."""
    axes.yaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10]))
    axes.ticklabel_format(axis="y", style="plain", useOffset=False)
    axes.set_ylabel(label, fontsize=9.5, color=INK)


def plain(axes: Axes, *, grid: bool = True) -> Axes:
    """Take off what says nothing, and set readable sizes."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#AAAAAA")
    axes.tick_params(labelsize=9, color="#AAAAAA", labelcolor=INK)
    if grid:
        axes.grid(visible=True, color=GRID, linewidth=0.7)
        axes.set_axisbelow(True)
    return axes


def write(figure: Figure, path: Path) -> Path:
    """Write a picture, and a fifth of its size beside it in `thumbs/`; return its path."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call] # matplotlib's canvas is not annotated
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call] # as above
    small = path.parent / "thumbs" / path.name
    small.parent.mkdir(parents=True, exist_ok=True)
    height, width = (side // _THUMBNAIL * _THUMBNAIL for side in pixels.shape[:2])
    blocks = pixels[:height, :width].reshape(height // _THUMBNAIL, _THUMBNAIL, width // _THUMBNAIL, _THUMBNAIL, 3)
    imsave(path, np.ascontiguousarray(pixels), pil_kwargs={"compress_level": 4})
    imsave(small, np.ascontiguousarray(blocks.mean(axis=(1, 3)).astype(np.uint8)))
    return path

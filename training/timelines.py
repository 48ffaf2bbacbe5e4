"""Figures over time: features of one market around a moment, with what a rule holds them against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from features.rows import Rows, no_episodes
from models.rules.base import Rule
from training.plots import COLOURS, plain_figure

Span = tuple[int, int]


def frame_of(rows: Rows, span: Span, names: Sequence[str] = (), entity: int | None = None) -> pd.DataFrame:
    """Return feature rows as a table.

    Args:
        rows: Feature rows.
        span: First and last end of a bucket that is wanted, ns UTC.
        names: Which features; all of the rows' grain by default.
        entity: Only rows about this entity; of all by default.

    Returns:
        Index: end of the bucket, UTC, ascending; one column a feature, NaN where unknown.
    """
    mine = near(rows, span)
    if entity is not None:
        mine = mine[rows.entity[mine] == entity]
    columns = list(names) or [feature.name for feature in rows.features]
    index = pd.DatetimeIndex(pd.to_datetime(rows.end[mine], utc=True), name="time")
    return pd.DataFrame({name: rows[name][mine] for name in columns}, index=index)


def near(rows: Rows, span: Span) -> NDArray[np.int64]:
    """Return the numbers of the rows whose bucket ends in a span, both ends included."""
    return np.flatnonzero((rows.end >= span[0]) & (rows.end <= span[1]))


def limits_of(rule: Rule, rows: Rows, span: Span) -> pd.DataFrame:
    """Return what a rule holds features against, bucket by bucket: limits that follow the market move with it.

    Args:
        rule: A rule that judges rows alone, without episodes.
        rows: Rows of the rule's scale.
        span: First and last end of a bucket that is wanted, ns UTC.

    Returns:
        Index as in `frame_of`; one column for each feature with a limit, NaN where its value is unknown.
    """
    told, nothing = {}, no_episodes()
    for row in near(rows, span):
        evidence = rule.evidence(rows, int(row), nothing, -1)
        told[int(rows.end[row])] = {one.name: one.threshold for one in evidence if one.threshold is not None}
    index = pd.DatetimeIndex(pd.to_datetime(list(told), utc=True), name="time")
    return pd.DataFrame(list(told.values()), index=index, dtype=float)


def timeline(
    values: pd.DataFrame,
    limits: Mapping[str, float | pd.Series[float]] | pd.DataFrame | None = None,
    marks: Mapping[str, int] | None = None,
    title: str = "",
    logarithmic: Sequence[str] = (),
) -> Figure:
    """Return one panel for each column, over a common axis of time.

    Args:
        values: Index of times, UTC; one column a panel.
        limits: What columns are held against, drawn dashed: a number, or a series with times of its own.
        marks: Moments, ns UTC, by what they are called.
        title: Title of the figure.
        logarithmic: Columns drawn on a logarithmic axis; values of 0 are not seen there.
    """
    limits = {} if limits is None else limits
    count = len(values.columns)
    figure, panels = plain_figure(count, 1, size=(8.0, 1.25 * count + 0.9), sharex=True)
    for axes, (name, line) in zip(panels, values.items(), strict=True):
        axes.plot(
            line.index,
            line.where(line > 0) if name in logarithmic else line,
            ".-",
            color=COLOURS[0],
            linewidth=1,
            markersize=3,
        )
        limit = limits.get(str(name))
        if isinstance(limit, pd.Series):
            axes.plot(limit.index, limit, "--", color=COLOURS[1], linewidth=1)
        elif limit is not None:
            axes.axhline(limit, linestyle="--", color=COLOURS[1], linewidth=1)
        if name in logarithmic:
            axes.set_yscale("log")
        else:
            axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.set_title(str(name).replace("_", " "), fontsize="small", loc="left", pad=2)
        axes.tick_params(labelsize="small")
    _mark(panels, {} if marks is None else marks)
    last = panels[-1]
    locator = dates.AutoDateLocator(minticks=4, maxticks=12)  # type: ignore[no-untyped-call]
    last.xaxis.set_major_locator(locator)
    last.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    last.xaxis.get_offset_text().set_fontsize("small")
    last.set_xlabel("UTC", fontsize="small")
    figure.suptitle(title, fontsize="medium")
    return figure


def _mark(panels: Sequence[Axes], marks: Mapping[str, int]) -> None:
    for number, (name, moment) in enumerate(marks.items()):
        at = float(dates.date2num(np.datetime64(moment, "ns")))  # type: ignore[no-untyped-call]
        colour = COLOURS[2 + number % (len(COLOURS) - 2)]
        for axes in panels:
            axes.axvline(at, color=colour, linewidth=1, label=name)
    if marks:
        handles, names = panels[0].get_legend_handles_labels()
        panels[0].figure.legend(
            handles, names, loc="outside lower center", ncols=len(marks), fontsize="small", frameon=False
        )

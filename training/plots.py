"""Plots of a training: what was reached, how soon, what is read, what was tried. Drawn without a screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve

from training.count_intervals import share_interval
from training.explaining import Explained
from training.hits import same_pattern
from training.search import Tried

Scored = tuple[NDArray[np.bool_], NDArray[np.float64]]
# Okabe & Ito's colours: told apart by the colour-blind too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")


def plain_figure(
    rows: int = 1, columns: int = 1, *, size: tuple[float, float] = (6.4, 4.8), sharex: bool = False
) -> tuple[Figure, list[Axes]]:
    """Return an empty figure and its axes without a frame, row by row."""
    figure = Figure(figsize=size, layout="constrained")
    panels: list[Axes] = figure.subplots(rows, columns, sharex=sharex, squeeze=False).ravel().tolist()
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    return figure, panels


def _figure(title: str, x: str, y: str) -> tuple[Figure, Axes]:
    figure, (axes,) = plain_figure()
    axes.set(title=title, xlabel=x, ylabel=y)
    return figure, axes


def precision_recall(scored: Mapping[str, Scored], title: str = "Precision and recall") -> Figure:
    """Return precision against recall, one line each.

    Args:
        scored: Truth and score, shape (n,) each, by name; those without both kinds of truth are left out.
        title: Title of the plot.
    """
    figure, axes = _figure(title, "recall", "precision")
    known = {name: pair for name, pair in scored.items() if 0 < np.sum(pair[0]) < len(pair[0])}
    for number, (name, (truth, score)) in enumerate(known.items()):
        precision, recall, _ = precision_recall_curve(truth, score)
        label = f"{name}: AP {average_precision_score(truth, score):.2f}, n+ {int(np.sum(truth))}"
        style = "-" if number < len(COLOURS) else "--"
        axes.step(recall, precision, style, where="post", color=COLOURS[number % len(COLOURS)], label=label)
    axes.set(xlim=(0, 1.01), ylim=(0, 1.03))
    if known:
        axes.legend(fontsize="small", frameon=False, loc="lower left")
    return figure


def reliability(
    truth: NDArray[np.bool_],
    probability: NDArray[np.float64],
    bins: int = 10,
    title: str = "Reliability: of alerts at p, how many are true",
) -> Figure:
    """Return what came true against what was claimed, in bins of equal mass, with 95 % Wilson intervals."""
    figure, axes = _figure(title, "claimed probability", "share true")
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":")
    order = np.argsort(probability, kind="stable")
    for part in np.array_split(order, min(bins, len(order)) or 1):
        if len(part):
            low, high = share_interval(int(np.sum(truth[part])), len(part), 0.95)
            x, y = float(probability[part].mean()), float(truth[part].mean())
            axes.errorbar(x, y, [[max(y - low, 0)], [max(high - y, 0)]], fmt="o", color=COLOURS[0], capsize=3)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.text(0.02, 0.95, f"{len(order)} alerts, {int(np.sum(truth))} true", transform=axes.transAxes)
    return figure


def importances(
    features: Sequence[str], means: NDArray[np.float64], deviations: NDArray[np.float64], title: str, top: int = 20
) -> Figure:
    """Return a bar for each of the most important features: what is lost when it is shuffled."""
    order = np.argsort(means, kind="stable")[-top:]
    figure, axes = _figure(title, "loss of average precision when shuffled", "")
    axes.barh([features[column] for column in order], means[order], xerr=deviations[order], color=COLOURS[0])
    axes.axvline(0, color="0.6", linewidth=1)
    axes.tick_params(axis="y", length=0)
    return figure


def shap_summary(explained: Explained, classes: Sequence[str], title: str, top: int = 15) -> Figure:
    """Return a bar for each of the features that move the output most, and how their values go with it.

    Left: mean absolute SHAP value, stacked by class. Right: each held-out row as a point, at its SHAP value for its
    surest class besides "none", coloured by the feature's rank among the rows.
    """
    size = np.abs(explained.values).mean(axis=0)
    order = np.argsort(size.sum(axis=1), kind="stable")[-top:]
    figure = Figure(figsize=(11, 0.32 * len(order) + 1.6), layout="constrained")
    bars, points = figure.subplots(1, 2, sharey=True)
    left, places = np.zeros(len(order)), np.arange(len(order))
    for number, code in enumerate(explained.classes):
        width, colour = size[order, number], COLOURS[number % len(COLOURS)]
        bars.barh(
            places, width, left=left, color=colour, label=classes[code], alpha=1 if number < len(COLOURS) else 0.5
        )
        left += width
    bars.set(title=title, xlabel="mean |SHAP value|")
    bars.set_yticks(places, [explained.features[column] for column in order])
    bars.legend(fontsize="small", frameon=False, loc="lower right")
    _points(points, explained, order)
    for axes in (bars, points):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    return figure


def shap_row(explained: Explained, row: int, output: int, title: str, top: int = 12) -> Figure:
    """Return what moved one row's output most, away from the average of the background, feature by feature.

    Args:
        explained: SHAP values.
        row: Number of the row among those explained.
        output: Number of the output.
        title: Title of the plot.
        top: Most features shown.
    """
    values, known = explained.values[row, :, output], explained.matrix[row]
    order = np.argsort(np.abs(values), kind="stable")[-top:]
    figure, axes = _figure(title, "SHAP value: what the feature adds", "")
    figure.set_size_inches(7.2, 0.3 * len(order) + 1.3)
    axes.barh(np.arange(len(order)), values[order], color=[COLOURS[int(values[column] > 0)] for column in order])
    axes.axvline(0, color="0.6", linewidth=1)
    told = [f"{known[column]:.3g}" if np.isfinite(known[column]) else "unknown" for column in order]
    axes.set_yticks(range(len(order)), [f"{explained.features[c]} = {v}" for c, v in zip(order, told, strict=True)])
    axes.tick_params(axis="y", length=0)
    return figure


def _points(axes: Axes, explained: Explained, order: NDArray[np.int64]) -> None:
    accusing = [number for number, code in enumerate(explained.classes) if code]
    total = explained.values.sum(axis=1)[:, accusing] + explained.base[accusing]
    surest = np.array(accusing)[total.argmax(axis=1)]
    jitter = np.random.default_rng(0).uniform(-0.3, 0.3, len(surest))
    for place, column in enumerate(order):
        x, value = explained.values[np.arange(len(surest)), column, surest], explained.matrix[:, column]
        known = np.isfinite(value)
        rank = np.argsort(np.argsort(value[known], kind="stable"), kind="stable") / max(1, known.sum() - 1)
        axes.scatter(x[~known], place + jitter[~known], s=7, color="0.75")
        drawn = axes.scatter(x[known], place + jitter[known], s=7, c=rank, cmap="cividis", vmin=0, vmax=1)
    axes.axvline(0, color="0.6", linewidth=1)
    axes.set(title="Each held-out row, for its surest class", xlabel="SHAP value")
    bar = axes.figure.colorbar(drawn, ax=axes, ticks=[0, 1], aspect=40)
    bar.ax.set_yticklabels(["low", "high"])
    bar.set_label("value of the feature (grey: unknown)")


def delays(episodes: pd.DataFrame) -> Figure:
    """Return how many of a typology's labelled episodes were found within how many seconds, one line each."""
    figure, axes = _figure("Found so soon after the start", "seconds after the episode's start", "share of episodes")
    names = [same_pattern(name) for name in episodes["typology"]]
    for number, (name, of_one) in enumerate(episodes["delay_s"].groupby(names)):
        known = np.sort(of_one.dropna().to_numpy())
        share = np.arange(1, len(known) + 1) / len(of_one)
        label = f"{name}: {len(known)} of {len(of_one)}"
        style = "-" if number < len(COLOURS) else "--"
        colour = COLOURS[number % len(COLOURS)]
        axes.step(np.maximum(known, 1.0), share, style, where="post", marker=".", color=colour, label=label)
    axes.set(xscale="log", ylim=(0, 1.03))
    if names:
        axes.legend(fontsize="small", frameon=False, loc="upper left")
    return figure


def with_intervals(metrics: Mapping[str, float], shown: Sequence[str] = ("recall", "precision")) -> Figure:
    """Return results by typology with their 90 % intervals."""
    names = sorted({key.partition(".")[2] for key in metrics if key.partition(".")[0] in shown} - {""})
    figure, axes = _figure("On the last tapes, with 90 % intervals of the bootstrap", "", "")
    figure.set_size_inches(6.4, 0.4 * len(names) + 1.5)
    for number, metric in enumerate(shown):
        for place, name in enumerate(names):
            x, low, high = (metrics.get(f"{metric}{end}.{name}", np.nan) for end in ("", "_low", "_high"))
            y, label = place + 0.2 * (number - 0.5), metric if place == 0 else None
            axes.plot([low, high], [y, y], color=COLOURS[number], linewidth=2, alpha=0.5)
            axes.plot([x], [y], "o", color=COLOURS[number], label=label)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(-0.02, 1.02))
    if names:
        figure.legend(fontsize="small", frameon=False, loc="outside lower center", ncols=len(shown))
    return figure


def searched(trials: Sequence[Tried], title: str) -> Figure:
    """Return the score of each trial and the best so far."""
    figure, axes = _figure(title, "trial (0: the experiment's own settings)", "average precision, cross-validated")
    whole = [one for one in trials if not one.pruned]
    axes.plot([one.number for one in whole], [one.score for one in whole], "o", color=COLOURS[0], label="finished")
    given_up = [one for one in trials if one.pruned]
    axes.plot([one.number for one in given_up], [one.score for one in given_up], "x", color="0.6", label="given up")
    best = np.maximum.accumulate([one.score for one in whole])
    axes.step([one.number for one in whole], best, where="post", color=COLOURS[1], label="best so far")
    axes.legend(fontsize="small", frameon=False, loc="lower right")
    return figure

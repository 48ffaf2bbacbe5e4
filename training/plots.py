"""Plots of a training: precision against recall, reliability, importances. Drawn without a screen or global state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve

Scored = tuple[NDArray[np.bool_], NDArray[np.float64]]
# Okabe & Ito's colours: told apart by the colour-blind too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")


def _figure(title: str, x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
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


def reliability(truth: NDArray[np.bool_], probability: NDArray[np.float64], bins: int = 10) -> Figure:
    """Return what came true against what was claimed, in bins of equal mass, with 95 % Wilson intervals."""
    figure, axes = _figure("Reliability: of alerts at p, how many are true", "claimed probability", "share true")
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":")
    order = np.argsort(probability, kind="stable")
    for part in np.array_split(order, min(bins, len(order)) or 1):
        if len(part):
            low, high = _wilson(int(np.sum(truth[part])), len(part))
            x, y = float(probability[part].mean()), float(truth[part].mean())
            axes.errorbar(x, y, [[max(y - low, 0)], [max(high - y, 0)]], fmt="o", color=COLOURS[0], capsize=3)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.text(0.02, 0.95, f"{len(order)} alerts, {int(np.sum(truth))} true", transform=axes.transAxes)
    return figure


def _wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return middle - half, middle + half


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

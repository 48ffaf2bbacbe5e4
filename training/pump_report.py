"""The pump benchmark's tables and plot."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from training.benchmark_pumps import (
    BOTH,
    CLOCK_RULE,
    EARLIER,
    OURS,
    PLAIN_RULE,
    PUBLISHED,
    RULE,
    SHORT,
    SHORT_RULE,
    SIMULATED,
    SWEPT,
    TARGETS,
    Line,
    PumpBenchmark,
)
from training.pump_rows import BEFORE_SHARE, RowPrecision

_COLOUR = {
    OURS: "tab:blue", RULE: "tab:orange", CLOCK_RULE: "tab:green", PLAIN_RULE: "tab:red", SHORT: "tab:cyan",
    SHORT_RULE: "tab:brown", SIMULATED: "tab:purple", BOTH: "tab:pink",
}  # fmt: skip
_CUT = (SHORT, SHORT_RULE)


def table_of(result: PumpBenchmark) -> Group:
    """Return the results as tables of at most 80 columns, with what to compare and what was missed."""
    fair = [line for line in result.lines if line.threshold == EARLIER]
    swept = [line for line in result.lines if line.threshold == SWEPT]
    parts: list[RenderableType] = [
        Text(f"{result.pumps} pumps tested forward in time over {result.coin_days:.0f} coin-days"),
        Text("Fair comparison: thresholds of earlier pumps; false alerts a coin-day", style="bold"),
        _lines_table(fair),
        Text("\nRecall of ours above that of the rules tuned on the same pumps [90 %]", style="bold"),
        _gains_table(fair),
        Text("\nThresholds swept on the tested pumps: what each could reach at most", style="bold"),
        _lines_table(swept),
        Text(f"\nAverage precision, 25 s bins; as onset: less {BEFORE_SHARE} of the half hour before", style="bold"),
        _precision_table(result.precision),
        Text(f"\nMissed by ours at {TARGETS[0]:.2f}: {', '.join(result.missed) or 'none'}"),
    ]
    return Group(*parts)


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for place, name in enumerate(names):
        table.add_column(name, justify="right" if place else "left", no_wrap=True)
    return table


def _lines_table(lines: Sequence[Line]) -> Table:
    table = _table("detector", "aim", "recall [90 %]", "false", "delay")
    for line in sorted(lines, key=lambda line: (line.target, line.detector)):
        f = line.alarms.figures()
        # Tapes cut around the onset say nothing about false alerts.
        false = "" if line.detector in _CUT else f"{f['false_per_coin_day']:.3f}"
        table.add_row(
            line.detector, f"{line.target:.2f}", f"{f['recall']:.3f} [{f['recall_low']:.2f}, {f['recall_high']:.2f}]",
            false, f"{f['median_delay_s']:.0f} s", style="bold" if line.detector == OURS else None,
        )  # fmt: skip
    return table


def _gains_table(lines: Sequence[Line]) -> Table:
    table = _table("above", *(f"at {target:.2f}" for target in TARGETS))
    for name in (RULE, CLOCK_RULE):
        over = [line.over[name] for line in lines if name in line.over]
        table.add_row(name, *(f"{gain:+.3f} [{low:+.2f}, {high:+.2f}]" for gain, low, high in over))
    return table


def _precision_table(precision: dict[str, RowPrecision]) -> Table:
    table = _table("model", "raw [90 %]", "as onset [90 %]", "published")
    for name, found in precision.items():
        published = f"{PUBLISHED[name]:.3f}" if name in PUBLISHED else ""
        (raw, raw_low, raw_high), (onset, low, high) = found.raw, found.onset
        model = name.replace("_", " ").replace("simulated + real", "both").replace(" only", "")
        table.add_row(
            model, f"{raw:.3f} [{raw_low:.2f},{raw_high:.2f}]",
            f"{onset:.3f} [{low:.2f},{high:.2f}]", published,
        )  # fmt: skip
    return table


def plot_of(result: PumpBenchmark) -> Figure:
    """Return recall against false alerts a coin-day: swept curves, and as points what earlier pumps chose."""
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    axes = figure.subplots()
    for swept in result.curves:
        axes.step(swept.false_rate, swept.recall, where="post", color=_COLOUR[swept.detector], label=swept.detector)
    drawn = {swept.detector for swept in result.curves}
    for line in (line for line in result.lines if line.threshold == EARLIER and line.detector not in _CUT):
        f, marker = line.alarms.figures(), "o" if line.target == TARGETS[0] else "s"
        error = [[f["recall"] - f["recall_low"]], [f["recall_high"] - f["recall"]]]
        label = line.detector if line.detector not in drawn else None
        drawn.add(line.detector)
        axes.errorbar(
            f["false_per_coin_day"], f["recall"], yerr=error, fmt=marker, color=_COLOUR[line.detector], label=label,
            capsize=2, alpha=0.8,
        )  # fmt: skip
    axes.set(xlabel="false alerts a coin-day", ylabel="pumps caught", xlim=(0, 0.1), ylim=(0.5, 1))
    axes.set_title(
        f"{result.pumps} real pumps, tested forward in time\nlines: swept; points: thresholds of earlier pumps, 90 %",
        fontsize="medium",
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    return figure

"""Runs side by side: what they reached, and in what they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from features.json_values import json_text
from models.registry import MAIN_METRIC
from training.tracking import RunSummary, find_run, list_runs

N_RUNS = 4
_LOWER_IS_BETTER = ("ece", "brier", "loss", "delay", "false", "seconds")
_NEITHER_IS_BETTER = ("alerts_a_", "by_chance")
_SHORT, _ENDS = 8, ("_low", "_high")
HEADLINE = {
    MAIN_METRIC: "average precision",
    "recall": "recall",
    "precision": "precision",
    "f1": "F1",
    "false_manipulation_per_symbol_hour": "false a symbol-hour",
    "alerts_a_symbol_day": "alerts a symbol-day",
    "alerts_a_day": "alerts a day",
    "median_delay_s": "median delay s",
    "delay_p90_s": "90 % delay s",
    "ece_opening": "ECE at opening",
    "ece_close": "ECE at close",
    "ece_by_chance": "ECE by chance",
    "brier": "Brier",
}
"""What every training has, and what it is called where people read it."""


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        runs: The runs, newest first unless they were named.
    """

    runs: tuple[RunSummary, ...]

    def metrics(self) -> dict[str, list[float | None]]:
        """Return each metric with its value in every run, None where a run has none; the main metric comes first."""
        names = sorted(
            {name for run in self.runs for name in run.metrics}, key=lambda name: (name != MAIN_METRIC, name)
        )
        return {name: [run.metrics.get(name) for run in self.runs] for name in names}

    def differing(self) -> dict[str, list[str | None]]:
        """Return the params and tags that are not the same in all runs."""
        told = [{**run.tags, **run.params} for run in self.runs]
        names = sorted({name for values in told for name in values})
        rows: dict[str, list[str | None]] = {name: [values.get(name) for values in told] for name in names}
        return {name: row for name, row in rows.items() if len(set(row)) > 1}

    def table(self, width: int = 80) -> Table:
        """Return what matters of each run in a column: what it reached, with 90 % intervals, and how the runs differ.

        The best value of a metric is marked *, where it has a best; typologies follow with their average precision.
        Everything else is in `to_json`, and in MLflow.
        """
        table = Table(title="Runs", box=None, width=width, title_justify="left", pad_edge=False)
        table.add_column("", overflow="fold", ratio=3)
        for run in self.runs:
            table.add_column(f"{run.run_id[:_SHORT]}\n{run.name}", justify="right", overflow="fold", ratio=2)
        started = [datetime.fromtimestamp(run.started_ms / 1000, UTC).strftime("%m-%d %H:%M") for run in self.runs]
        table.add_row("started (UTC)", *started)
        table.add_row("status", *(run.status.lower() for run in self.runs), end_section=True)
        metrics = self.metrics()
        by_typology = [name for name in metrics if name.startswith(f"{MAIN_METRIC}.")]
        others = [name for name in metrics if name not in HEADLINE and "." not in name and not name.endswith(_ENDS)]
        for name in [*(name for name in HEADLINE if name in metrics), *others, *by_typology]:
            self._add_metric(table, name, metrics[name])
        for name, texts in self.differing().items():
            table.add_row(name, *(_shortened(text) for text in texts), style="dim")
        return table

    def _add_metric(self, table: Table, name: str, values: Sequence[float | None]) -> None:
        metric, dot, typology = name.partition(".")
        best, cells = _best(metric, values), []
        for run, value in zip(self.runs, values, strict=True):
            low, high = (run.metrics.get(f"{metric}{end}{dot}{typology}") for end in _ENDS)
            between = "" if low is None or high is None else f"\n{low:.2f}–{high:.2f} "
            cells.append(_number(value, marked=value is not None and value == best) + between)
        table.add_row(f"  {typology}" if typology else HEADLINE.get(name, name), *cells)

    def to_json(self) -> str:
        """Return everything about the runs, nothing shortened."""
        return json_text({"main_metric": MAIN_METRIC, "runs": [asdict(run) for run in self.runs]}, indent=2)


def compare(home: Path, runs: Sequence[str] | None = None) -> Comparison:
    """Return runs side by side.

    Args:
        home: TAPEWATCH_HOME.
        runs: Ids (or their first digits) or names; the newest finished trainings if none are given.

    Raises:
        RegistryError: There is no such run.
    """
    known = list_runs(home, candidates=bool(runs))
    if runs:
        return Comparison(tuple(find_run(known, wanted) for wanted in runs))
    return Comparison(tuple(run for run in known if run.status == "FINISHED")[:N_RUNS])


def _best(name: str, values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    if len(set(known)) < 2 or any(word in name for word in _NEITHER_IS_BETTER):
        return None
    return min(known) if any(word in name for word in _LOWER_IS_BETTER) else max(known)


def _number(value: float | None, *, marked: bool) -> str:
    return "-" if value is None else f"{value:.4g}{'*' if marked else ' '}"


def _shortened(text: str | None, longest: int = 20) -> str:
    if text is None:
        return "-"
    return text if len(text) <= longest else f"{text[: longest - 1]}…"

"""A drift report: a dataset against what a bundle remembers of its training, as a table, JSON and a plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Group
from rich.table import Table

from features.catalogue import GRAINS, grain_of
from features.json_values import finite
from models.bundle import Bundle
from models.parameters import Parameters
from training.alerts import alerts_of, unsure_alerts
from training.drift import RateShift, Shift, Verdict, judged, rate_shifts, shifts, worst
from training.markets import MarketTape
from training.reference import Reference, Sample, reference_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLOCK = ("hour_phase_s", "half_hour_phase_s")
"""What rows an hour apart say nothing about: it is when the tape begins."""
SHOWN = 20
_COLOURS = {"stable": "green", "watch": "yellow", "drifted": "red", "unknown": "dim"}


@dataclass(frozen=True)
class DriftReport:
    """What has changed since a bundle was trained.

    Attributes:
        bundle: Version of the bundle.
        shifts: Every feature of every scale and every score, worst first.
        rates: Alert rates by typology, all together first.
        before: What the bundle remembers.
        now: The same of the markets that were compared.
    """

    bundle: str
    shifts: tuple[Shift, ...]
    rates: tuple[RateShift, ...]
    before: Reference
    now: Reference

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all."""
        return worst([*(one.verdict for one in self.shifts), *(one.verdict for one in self.rates)])

    def figures(self) -> dict[str, Any]:
        """Return everything but the samples in JSON types."""
        parts = {"shifts": [asdict(one) for one in self.shifts], "rates": [asdict(one) for one in self.rates]}
        out: dict[str, Any] = finite({"bundle": self.bundle, "verdict": self.verdict, **parts})
        return out


def drift_of(markets: Sequence[MarketTape], parameters: Parameters, bundle: Bundle) -> DriftReport:
    """Return how markets differ from those that a bundle was trained on.

    Raises:
        BundleError: The bundle remembers nothing of its training.
    """
    before = Reference.of(bundle)
    raised = tuple(alerts_of(markets, parameters, bundle))
    now = reference_of(markets, raised, unsure_alerts(markets, parameters, bundle))
    found: list[Shift] = []
    for scale, sample in before.samples.items():
        names = [feature.name for feature in GRAINS[grain_of(scale)]]
        found += shifts(scale, names, sample, now.samples[scale])
        forest = bundle.isolation_forests.get(scale)
        if forest is not None:
            scores = [
                Sample(forest.p_values(part.values)[:, None], part.cluster) for part in (sample, now.samples[scale])
            ]
            found += shifts(scale, ["isolation_forest p"], scores[0], scores[1])
    found = [one for one in found if one.name not in CLOCK]
    found += shifts("alerts", ["confidence"], before.confidence, now.confidence)
    rates = rate_shifts(before.alerts, before.hours, now.alerts, now.hours)
    return DriftReport(bundle.version, tuple(judged(found)), tuple(rates), before, now)


def drift_table(report: DriftReport, shown: int = SHOWN) -> Group:
    """Return the worst features and the alert rates, within 80 columns."""
    table = _table(f"Drift since bundle {report.bundle}: {report.verdict}")
    for name in ("scale", "feature"):
        table.add_column(name, no_wrap=name == "scale", overflow="fold")
    for name in ("PSI", "KS", "q", "unknown", "rows", "verdict"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in report.shifts[:shown]:
        unknown = f"{one.unknown[0]:.0%}→{one.unknown[1]:.0%}"
        cells = (
            _number(one.psi),
            _number(one.statistic),
            _number(one.q_value),
            unknown,
            f"{one.rows[0]:.0f}/{one.rows[1]:.0f}",
        )
        table.add_row(one.scale, one.name, *cells, one.verdict, style=_COLOURS[one.verdict])
    counts = {name: sum(one.verdict == name for one in report.shifts) for name in _COLOURS}
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    table.caption = (
        f"{told} (too little data). PSI is beyond what chance gives;\nrows: independent windows before/now; "
        "q: Kolmogorov-Smirnov, corrected for the number of features."
    )
    return Group(table, _rates(report))


def _rates(report: DriftReport) -> Table:
    table = _table("Alerts a market day")
    table.add_column("typology")
    for name in ("before", "now", "ratio", "99 % interval", "verdict"):
        table.add_column(name, justify="right")
    for one in report.rates:
        ratio, low, high = one.ratio
        interval = "-" if np.isnan(low) else f"{low:.2f} to {high:.2f}"
        rates = map(_number, one.per_day)
        table.add_row(one.typology, *rates, _number(ratio), interval, one.verdict, style=_COLOURS[one.verdict])
    return table


def _table(title: str) -> Table:
    table = Table(title=title, box=None, title_justify="left", caption_justify="left", pad_edge=False)
    table.collapse_padding = True
    return table


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.2f}" if value >= 0.005 or value == 0 else "<.005"


def drift_figure(report: DriftReport, panels: int = 6) -> Figure:
    """Return the cumulative distributions of the worst features, before and now."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - the command line starts without it

    figure = Figure(figsize=(9.6, 5.4), layout="constrained")
    axes = figure.subplots(2, panels // 2).ravel()
    drawable = [one for one in report.shifts if one.scale in report.before.samples and one.name in _names(one.scale)]
    for axis, one in zip(axes, drawable, strict=False):
        column = _names(one.scale).index(one.name)
        for told, side, colour in (("before", report.before, "#0072B2"), ("now", report.now, "#D55E00")):
            values = side.samples[one.scale].values[:, column]
            known = np.sort(values[np.isfinite(values)])
            axis.step(known, np.arange(1, len(known) + 1) / max(len(known), 1), where="post", color=colour, label=told)
        axis.set_title(f"{one.name} ({one.scale})\nPSI {_number(one.psi)}, {one.verdict}", fontsize="small")
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize="x-small")
    axes[0].legend(frameon=False, fontsize="small")
    return figure


def _names(scale: str) -> list[str]:
    return [feature.name for feature in GRAINS[grain_of(scale)]]

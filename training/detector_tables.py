"""What `benchmark detectors` prints, within 80 columns."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from training.benchmark_detectors import PROMPT_S, Detected
from training.hits import SLACK_NS
from training.simulator.labels import iso

_MOST_FALSE = 25
_COLUMNS = ("typology", "eps", "rec", "alerts", "prec", "acc", "end", "worst", "start")
_CAPTION = (
    "eps: episodes. rec: share of them with an alert of the pattern (spoofing and layering count as one another), "
    f"within {SLACK_NS // 10**9} s, with an account in common. prec: share of the alerts that are not false; an "
    "anomaly inside another episode is not. acc: share of the detected with the right accounts (Jaccard >= 0.5). end: "
    "from the pattern's completion to its first alert, median; worst: the longest; start: from its start, median."
)


def tables_of(result: Detected, *, details: bool = False) -> Group:
    """Return all figures of every judge.

    Args:
        result: What came of the benchmark.
        details: Whether every missed episode and every false manipulation alert is listed.
    """
    parts: list[Table | Text] = []
    for judge in result.judges:
        parts += [_figures(result, judge), Text(_totals(result, judge)), Text(), _false(result, judge), Text()]
        if details:
            parts += [Text(line) for line in _details(result, judge)]
    return Group(*parts[:-1], Text(), Text(_CAPTION, style="dim"))


def _figures(result: Detected, judge: str) -> Table:
    title = f"{judge}: {result.symbol_hours:.0f} symbol-hours, {result.planned} episodes planned"
    table = Table(title=title, box=None, title_justify="left", pad_edge=False, collapse_padding=True)
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name == "typology" else "right", no_wrap=True)
    for typology, row in result.by_typology(judge).iterrows():
        table.add_row(
            str(typology), f"{row['episodes']:.0f}", _share(row["recall"]), f"{row['alerts']:.0f}",
            *(_share(row[name]) for name in ("precision", "accounts_right")),
            *(span(row[name]) for name in ("after_s", "worst_after_s", "delay_s")),
        )  # fmt: skip
    return table


def _totals(result: Detected, judge: str) -> str:
    t = result.totals(judge)
    return (
        f"manipulation, {t['episodes']} episodes: event recall {_share(t['recall'])}, precision "
        f"{_share(t['precision'])} of {t['alerts']} alerts\n"
        f"({t['false_per_symbol_hour']:.3f} false a symbol-hour), accounts right {_share(t['accounts_right'])}; within "
        f"{PROMPT_S:.0f} s of completion\n{_share(t['prompt'])} of the episodes, {_share(t['prompt_of_detected'])} of "
        "the detected ones"
    )


def _false(result: Detected, judge: str) -> Table:
    rows = result.false_alerts(judge)
    title = f"{judge}: false alerts by what was there"
    table = Table(title=title, box=None, title_justify="left", pad_edge=False)
    table.caption_justify = "left"
    for name in ("typology", "raised on"):
        table.add_column(name, no_wrap=True)
    table.add_column("alerts", justify="right")
    for typology, raised_on, count in rows[:_MOST_FALSE]:
        table.add_row(typology, raised_on, str(count))
    if len(rows) > _MOST_FALSE:
        table.caption = f"and {len(rows) - _MOST_FALSE} more kinds; --out writes all"
    return table


def _details(result: Detected, judge: str) -> Iterator[str]:
    missed = result.episodes[(result.episodes["judge"] == judge) & ~result.episodes["hit"]]
    yield f"{judge}: missed"
    for row in missed.sort_values(["typology", "start_ns"]).to_dict("records"):
        yield f"  {_where(row, 'start_ns', 'end_ns')} severity {row['severity']:.2f}"
    wrong = result.alerts[(result.alerts["judge"] == judge) & result.alerts["false"].astype(bool)]
    yield f"{judge}: false, manipulation"
    wrong = wrong[wrong["category"] == "manipulation"].sort_values(["typology", "window_start"])
    for row in wrong.to_dict("records"):
        yield f"  {_where(row, 'window_start', 'window_end')} {row['confidence']:.2f}, {row['raised_on']}"
        yield from (f"    {line}" for line in row["says"])


def _where(row: Mapping[Hashable, Any], start: str, end: str) -> str:
    first, last = (iso(int(row[name]))[11:19] for name in (start, end))
    return f"{row['typology']}: {row['tape']} {row['symbol']} {first}-{last} {' '.join(row['accounts'])}"


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"


def span(seconds: float) -> str:
    """Return a span of time with its sign, in the unit that suits it.

    Example:
        >>> [span(-2.5), span(75.0), span(-1500.0), span(7200.0)]
        ['-2.5s', '75s', '-25m', '2.0h']
    """
    if math.isnan(seconds):
        return "-"
    size = abs(seconds)
    if size < 10.0:
        return f"{seconds:.1f}s"
    if size < 120.0:
        return f"{seconds:.0f}s"
    return f"{seconds / 60.0:.0f}m" if size < 7_200.0 else f"{seconds / 3_600.0:.1f}h"

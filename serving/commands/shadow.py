"""`tapewatch shadow`: where the shadowed challenger and the champion agree, and where not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

AGREEMENTS = ("both", "champion_only", "challenger_only")


def comparisons(path: Path) -> list[dict[str, Any]]:
    """Return what was kept of one challenger's comparisons, the newest challenger's, oldest first; each once.

    Args:
        path: `shadow.jsonl` of the home; the file before it is read, too.
    """
    lines: dict[str, None] = {}
    for file in (path.with_name(f"{path.name}.1"), path):
        if file.exists():
            # A line that a crash cut short is no comparison.
            lines |= dict.fromkeys(line for line in file.read_text(encoding="utf-8").splitlines() if line.endswith("}"))
    records = [json.loads(line) for line in lines]
    return [one for one in records if one["shadowed"] == records[-1]["shadowed"]]


def summary(records: Sequence[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Return by typology, all first, how often both or one of the two raised an alert, and how often `apart`."""
    out: dict[str, dict[str, int]] = {"all": dict.fromkeys((*AGREEMENTS, "apart"), 0)}
    for one in records:
        for name in ("all", one["typology"]):
            counts = out.setdefault(name, dict.fromkeys((*AGREEMENTS, "apart"), 0))
            counts[one["agreement"]] += 1
            counts["apart"] += one["agreement"] == "both" and one["disagrees"]
    return dict(sorted(out.items(), key=lambda item: (item[0] != "all", item[0])))


def table_of(records: Sequence[dict[str, Any]]) -> Table:
    """Return the summary of at least one comparison, within 80 columns."""
    champions = [one["champion"]["model"] for one in records if one["champion"]]
    told = f"champion {champions[-1] if champions else '-'} and challenger {records[-1]['shadowed']}"
    table = Table(title=f"Alerts of {told}", box=None, title_justify="left", caption_justify="left", pad_edge=False)
    table.add_column("typology")
    for name in ("both", "champion only", "challenger only", "apart"):
        table.add_column(name, justify="right")
    for typology, counts in summary(records).items():
        table.add_row(typology, *(str(counts[name]) for name in (*AGREEMENTS, "apart")))
    table.caption = "apart: both raised it, with confidences more than 0.2 apart. Single cases: shadow.jsonl."
    return table

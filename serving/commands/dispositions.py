"""`tapewatch dispositions`: what analysts decided becomes a dataset to train on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from serving.alerts.store import AlertStore
from serving.commands.terminal import bar
from serving.dispositions import Exported, export_dispositions
from serving.settings import Settings


def run_dispositions(settings: Settings, out: Path, tapes: Sequence[Path], *, copy: bool) -> Exported:
    """Export the dispositions of the settings' store; see `serving.dispositions.export_dispositions`."""
    settings.home.mkdir(parents=True, exist_ok=True)
    store = AlertStore.open(settings.store_url)
    try:
        with bar("reading tapes") as report:
            return export_dispositions(store, out, tapes, copy=copy, progress=report)
    finally:
        store.close()


def told(exported: Exported) -> str:
    """Return in a few lines what was exported."""
    left = f"left out: {exported.inconclusive} inconclusive, {exported.without_tape} on none of the tapes"
    first = f"{exported.true} true and {exported.false} false alerts on {exported.tapes} tapes in {exported.path}"
    return f"{first}\n{left}"

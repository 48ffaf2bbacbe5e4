"""`tapewatch drift`: whether markets still look as they did when the champion was trained."""

from __future__ import annotations

from pathlib import Path

from features.errors import BundleError
from models.parameters import Parameters
from models.registry import load_champion
from serving.commands.terminal import bar
from training.drift_report import DriftReport, drift_of
from training.folded_store import STORE
from training.markets import fold_dataset
from training.whatif import recorded


def run_drift(path: Path, home: Path, parameters: Parameters) -> DriftReport:
    """Return how a tape or the tapes of a dataset differ from what the champion was trained on.

    Raises:
        TapeError: The tape cannot be read.
        BundleError: There is no champion, or it remembers nothing of its training.
    """
    champion = load_champion(home)
    if champion is None:
        raise BundleError(f"{home} must hold a champion to measure drift from, was without; train and promote one")
    with bar("reading tapes") as report:
        markets = fold_dataset(recorded(path)[0], parameters, report, store=home / STORE)
    return drift_of(markets, parameters, champion)

"""`tapewatch drift`: whether markets still look as they did when the champion was trained."""

from __future__ import annotations

from pathlib import Path

from features.errors import BundleError
from features.labels import no_labels
from features.readers import Dataset, read_dataset
from models.parameters import Parameters
from models.registry import load_champion
from serving.commands.terminal import bar
from training.drift_report import DriftReport, drift_of
from training.markets import fold_dataset


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
        markets = fold_dataset(_dataset(path), parameters, report)
    return drift_of(markets, parameters, champion)


def _dataset(path: Path) -> Dataset:
    if (path / "tapes").is_dir():
        return read_dataset(path)
    return Dataset(path, (path,), no_labels())

"""Several datasets as one: simulated, recorded and decided ones, tapes linked to, in a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from features.readers import Dataset, read_dataset
from training.placing import name_of, refuse_unknown_tapes
from training.verdicts import TAPES

_LISTS = ("accounts", "order_ids", "trade_ids", "tapes", "detectors")
_SIMULATION, _KNOWN = "simulation.json", "known_pumps.csv"


def merge_datasets(paths: Sequence[Path], out: Path) -> Path:
    """Return a dataset of all tapes of several datasets; a single one is returned as it is.

    Labels stay with the tapes of their own dataset. If one part is simulated, the whole counts as simulated.

    Args:
        paths: Datasets, at least one.
        out: Folder to write; what was there is replaced.

    Raises:
        TapeError: One is no dataset, or its labels name tapes that it does not have.
        SchemaError: Labels break their schema.
    """
    if len(paths) == 1:
        return paths[0]
    datasets = [read_dataset(path) for path in paths]
    for dataset in datasets:
        refuse_unknown_tapes(dataset)
    shutil.rmtree(out, ignore_errors=True)
    (out / "tapes").mkdir(parents=True)
    labels = [
        _linked(dataset, f"{number}-{dataset.path.resolve().name}", out) for number, dataset in enumerate(datasets)
    ]
    pd.concat(labels, ignore_index=True).to_csv(out / "labels.csv", index=False)
    simulated = [path / _SIMULATION for path in paths if (path / _SIMULATION).exists()]
    if simulated:
        shutil.copy2(simulated[0], out / _SIMULATION)
    known = [pd.read_csv(path / _KNOWN) for path in paths if (path / _KNOWN).exists()]
    if known:
        pd.concat(known, ignore_index=True).to_csv(out / _KNOWN, index=False)
    return out


def _linked(dataset: Dataset, prefix: str, out: Path) -> pd.DataFrame:
    names = {}
    for tape in dataset.tapes:
        (out / "tapes" / f"{prefix}-{tape.name}").symlink_to(tape.resolve(), target_is_directory=tape.is_dir())
        names[name_of(tape)] = f"{prefix}-{name_of(tape)}"
    labels = dataset.labels.copy()
    own = labels[TAPES] if TAPES in labels else pd.Series([()] * len(labels), index=labels.index, dtype=object)
    labels[TAPES] = pd.Series(
        [tuple(names[name] for name in cell or names) for cell in own], index=labels.index, dtype=object
    )
    for name in _LISTS:
        if name in labels:
            labels[name] = labels[name].map(";".join)
    for name in ("start", "end"):
        labels[name] = labels[name].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return labels

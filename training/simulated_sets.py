"""Simulated datasets that are kept: the same setup and the same simulator find them again."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from training.simulator import simulate_setup
from training.simulator.setup import Setup
from training.source_digest import source_digest

Progress = Callable[[int, int], None]
MADE_BY = "simulation.json"


def simulated_set(setup: Setup, data: Path, progress: Progress | None = None, prefix: str = "simulated") -> Path:
    """Return a dataset of a setup, simulated unless the folder has it already.

    Args:
        setup: What is wanted.
        data: Folder to keep datasets in, each under a name that stands for what made it.
        progress: Called with steps done and in all.
        prefix: First part of the name.
    """
    # Another simulator makes other tapes of the same setup.
    made_by = source_digest("training/simulator")
    key = hashlib.sha256(json.dumps(asdict(setup), sort_keys=True).encode() + made_by)
    path = data / f"{prefix}-{key.hexdigest()[:12]}"
    if not (path / MADE_BY).exists():
        making = data / f".{path.name}-making"
        shutil.rmtree(making, ignore_errors=True)
        simulate_setup(making, setup, progress)
        making.rename(path)
    return path

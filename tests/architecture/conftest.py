"""The tree as git sees it: what is tracked, and what would be with the next commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> tuple[Path, ...]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return tuple(path for name in listed if name and (path := ROOT / name).is_file())


@pytest.fixture(scope="session")
def modules(tracked: tuple[Path, ...]) -> tuple[Path, ...]:
    return tuple(path for path in tracked if path.suffix == ".py")

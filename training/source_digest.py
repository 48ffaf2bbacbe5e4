"""Source as part of a key: what was made by other code is not found again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from features.compiled import ROOT


@cache
def source_digest(*parts: str) -> bytes:
    """Return what stands for the source of packages and modules, such as `features` and `models/saved.py`."""
    texts = (path.read_bytes() for part in parts for path in _sources(ROOT / part))
    return hashlib.sha256(b"\0".join(texts)).digest()


def _sources(part: Path) -> Iterable[Path]:
    return sorted(part.rglob("*.py")) if part.is_dir() else [part]

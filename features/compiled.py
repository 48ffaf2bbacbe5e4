"""Compiled kernels on disk: made again whenever a source they may be made of changed.

numba keeps machine code beside a source file and looks at that file alone; a kernel that calls one of another file, or
reads its constants, would keep the old code of it. So before kernels load, a program drops those of changed packages.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("features", "models", "training/simulator", "training/facts")
_STAMP = ".kernels"
_KERNELS = (b"njit", b"simulator.compiled import", b"simulator.exchange.records import")
_CONSTANTS = ("catalogue.py", "account_catalogue.py", "book_catalogue.py", "cross_catalogue.py", "events.py")


def drop_stale_kernels(root: Path = ROOT) -> list[str]:
    """Remove compiled kernels that were made of other sources; return the packages that had any.

    Args:
        root: Folder of the packages. Where it cannot be written, numba keeps its code elsewhere, and nothing is done.
    """
    return [package for package in PACKAGES if _drop_stale(root / package)]


def kernels_digest(package: Path) -> str:
    """Return what stands for the kernels of a package and the shape of their states."""
    texts = {path: path.read_bytes() for path in sorted(package.rglob("*.py"))}
    kernels = (text for path, text in texts.items() if path.name in _CONSTANTS or any(k in text for k in _KERNELS))
    return hashlib.sha256(b"\0".join(kernels)).hexdigest()


def _drop_stale(package: Path) -> bool:
    digest = kernels_digest(package)
    stamp = package / "__pycache__" / _STAMP
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return False
    compiled = list(package.rglob("__pycache__/*.nb[ic]"))
    try:
        for path in compiled:
            path.unlink(missing_ok=True)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(digest, encoding="utf-8")
    except OSError:
        return False
    return bool(compiled)

"""Promotion in words: the registry does it, this says what happened."""

from __future__ import annotations

from pathlib import Path

from models import registry
from models.registry import MAIN_METRIC, MODEL, Promotion


def promote(run_or_version: str, home: Path, *, force: bool = False) -> Promotion:
    """Make a run's bundle the champion; see `models.registry.promote`."""
    return registry.promote(run_or_version, home, force=force)


def told(promotion: Promotion) -> str:
    """Return what a promotion did, in a line or two."""
    metric = "not measured" if promotion.main_metric is None else f"{promotion.main_metric:.4f}"
    first = (
        f"{MODEL} version {promotion.version} is the champion ({MAIN_METRIC} {metric}, bundle {promotion.digest[:12]})."
    )
    if promotion.replaced is None:
        return f"{first}\nIt is the first; scan and serve use it from their next start."
    return f"{first}\nIt replaces bundle {promotion.replaced[:12]}; scan and serve use it from their next start."

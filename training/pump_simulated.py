"""Simulated pumps as public tapes, to learn real ones from: what tells of accounts or orders is taken out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from features.catalogue import MARKET_FEATURES
from features.errors import TapeError
from features.readers import read_dataset
from models.parameters import Parameters
from training.markets import MarketTape, Progress, fold_dataset

_HIDDEN = [column for column, feature in enumerate(MARKET_FEATURES) if feature.needs in ("accounts", "orders")]


def fast_only(market: MarketTape) -> MarketTape:
    """Return a market without rows of the slow scale: pumps are told on the fast one, and learning takes less time."""
    folded = market.folded
    return replace(market, folded=replace(folded, market=folded.market.take(np.empty(0, np.int64))))


def as_public(market: MarketTape) -> MarketTape:
    """Return a market as a public tape shows it, with labels that name nobody."""
    fast = market.folded.fast
    values = fast.values.copy()
    values[:, _HIDDEN] = np.nan
    nobody = market.labels.assign(accounts=market.labels["accounts"].map(lambda _: ()))
    return replace(market, folded=replace(market.folded, fast=replace(fast, values=values)), labels=nobody)


def simulated_markets(
    path: Path, parameters: Parameters, progress: Progress | None = None, store: Path | None = None
) -> list[MarketTape]:
    """Return the markets of a simulated dataset as public tapes.

    Args:
        path: Dataset with planted `pump_and_dump`.
        parameters: Windows and lots.
        progress: Called with (tapes done, tapes in all).
        store: Folder of stored features, see `fold_dataset`.

    Raises:
        TapeError: No pump is planted there.
    """
    dataset = read_dataset(path)
    if not (dataset.labels["typology"] == "pump_and_dump").any():
        had = ", ".join(sorted(set(dataset.labels["typology"]))) or "nothing"
        raise TapeError(f"{path}: must have pump_and_dump among its labels, was {had}")
    return [as_public(fast_only(market)) for market in fold_dataset(dataset, parameters, progress, store=store)]

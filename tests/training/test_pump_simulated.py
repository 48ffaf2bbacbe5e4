from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import TapeError
from features.rows import blank_rows
from models.parameters import Parameters
from training.markets import MarketTape
from training.pump_simulated import as_public, fast_only, simulated_markets


def test_public_view_of_a_market_hides_accounts_orders_and_names(
    market: Callable[..., MarketTape], labels: Callable[..., pd.DataFrame]
) -> None:
    whole = market(n_rows=3, labels=labels({"accounts": ("a", "b")}))
    fast = blank_rows("fast", 3)
    for name in ("crowd", "cancellation_rate", "rise", "rush_orders"):
        fast[name][:] = 1.0
    seen = as_public(fast_only(replace(whole, folded=replace(whole.folded, fast=fast))))
    assert (len(seen.folded.market), len(seen.folded.fast)) == (0, 3)
    assert np.isnan(seen.folded.fast["crowd"]).all()
    assert np.isnan(seen.folded.fast["cancellation_rate"]).all()
    assert (seen.folded.fast["rise"] == 1.0).all()
    assert (seen.folded.fast["rush_orders"] == 1.0).all()
    assert seen.labels["accounts"].tolist() == [()]
    assert (fast["crowd"] == 1.0).all()


def dataset_of(typology: str, path: Path) -> Path:
    (path / "tapes").mkdir()
    (path / "tapes" / "one.csv").write_text("timestamp,symbol,price,quantity\n2024-05-01T00:00:00Z,A/B,1,1\n")
    label = f"{typology},default,A/B,,2024-05-01T00:00:00Z,2024-05-01T00:15:00Z"
    (path / "labels.csv").write_text(f"typology,venue,symbol,accounts,start,end\n{label}\n")
    return path


def test_simulated_markets_without_a_pump_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="must have pump_and_dump among its labels, was wash_trading"):
        simulated_markets(dataset_of("wash_trading", tmp_path), Parameters())


def test_simulated_markets_are_read_from_the_store_where_there_is_one(tmp_path: Path) -> None:
    path, store = dataset_of("pump_and_dump", tmp_path), tmp_path / "folded"
    first, again = (simulated_markets(path, Parameters(), store=store) for _ in range(2))
    assert len(list(store.iterdir())) == 1
    assert [market.labels["typology"].tolist() for market in again] == [["pump_and_dump"]]
    np.testing.assert_array_equal(first[0].folded.fast.values, again[0].folded.fast.values)

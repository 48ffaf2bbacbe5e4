from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from features.readers import read_dataset
from models.parameters import Parameters
from training.markets import fold_dataset
from training.pump_counting import Pumps
from training.pump_history import AFTER_NS, HISTORY_NS, cut_markets

MINUTE = 60_000_000_000
START = pd.Timestamp("2024-05-01T00:00:00Z")


def dataset(path: Path) -> Path:
    """Return a dataset of one tape of ten hours with a trade a minute."""
    (path / "tapes").mkdir(parents=True)
    times = START + pd.to_timedelta(np.arange(600), unit="min")
    trades = pd.DataFrame({"timestamp": times, "symbol": "A/B", "price": 1.0, "quantity": 1.0, "aggressor": "buy"})
    trades.to_csv(path / "tapes" / "one.csv", index=False)
    label = {"typology": "pump_and_dump", "venue": "default", "symbol": "A/B", "accounts": ""}
    span = {"start": times[500].isoformat(), "end": times[515].isoformat()}
    pd.DataFrame([label | span]).to_csv(path / "labels.csv", index=False)
    return path


def test_cut_markets_begin_an_hour_before_the_onset_and_end_soon_after(tmp_path: Path) -> None:
    found = read_dataset(dataset(tmp_path / "pumps"))
    onset = START.value + 500 * MINUTE
    pumps = Pumps(tuple(fold_dataset(found, Parameters())), np.array([onset]), pd.DataFrame())
    steps: list[int] = []
    cut = cut_markets(found, pumps, [0], Parameters(), lambda: steps.append(1))
    assert (cut[0].start, cut[0].end) == (onset - HISTORY_NS, onset + AFTER_NS - MINUTE)
    assert (cut[0].tape, len(cut[0].labels), len(steps)) == ("one", 1, 1)


def test_cut_markets_without_a_trade_in_the_hour_are_left_out(tmp_path: Path) -> None:
    found = read_dataset(dataset(tmp_path / "pumps"))
    later = np.array([START.value + 900 * MINUTE])
    pumps = Pumps(tuple(fold_dataset(found, Parameters())), later, pd.DataFrame())
    assert cut_markets(found, pumps, [0], Parameters(), lambda: None) == {}

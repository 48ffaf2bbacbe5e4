"""Hand-made alerts, labels and markets, and two small simulated datasets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.events import Vocabulary, no_events
from features.fold import Folded
from features.rows import blank_rows
from models.alert import Alert
from models.citing import Recent
from training.hits import with_nanoseconds
from training.markets import MarketTape
from training.simulator import simulate

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
PLANTED = ("pump_and_dump", "wash_trading", "spoofing", "concentrated_trading", "momentum_ignition", "ramping")
START = 1_714_521_600 * SECOND


def make_alert(start_s: float = 0, end_s: float = 60, **changes: Any) -> Alert:
    """Return an alert of wash trading; times are seconds after START."""
    start, end = START + int(start_s * SECOND), START + int(end_s * SECOND)
    fields: dict[str, Any] = {
        "alert_id": f"{start_s}-{end_s}", "revision": 1, "typology": "wash_trading", "category": "manipulation",
        "alert_level": "high", "confidence": 0.9, "calibrated_on": "simulated", "risk_score": 0.8, "venue": "x",
        "symbol": "A", "accounts": ("a",), "window_start": start, "window_end": end, "detected_at": end,
        "known_at": end, "findings": (), "order_ids": (), "trade_ids": (), "related": (), "model_version": "m",
        "feature_schema": "f", "parameters": "p",
    }  # fmt: skip
    return Alert(**(fields | changes))


def make_labels(*episodes: dict[str, Any]) -> pd.DataFrame:
    """Return labels of wash trading; `start_s` and `end_s` are seconds after START."""
    usual = {"typology": "wash_trading", "venue": "x", "symbol": "A", "accounts": ("a",), "severity": 0.5}
    columns = [*usual, "order_ids", "trade_ids", "start", "end"]
    rows = []
    for episode in episodes:
        times = {"start_s": 0.0, "end_s": 60.0} | {name: episode[name] for name in episode if name.endswith("_s")}
        row = usual | {name: value for name, value in episode.items() if not name.endswith("_s")}
        begin, finish = (pd.Timestamp(START + int(times[name] * SECOND), tz="UTC") for name in ("start_s", "end_s"))
        rows.append(row | {"order_ids": (), "trade_ids": (), "start": begin, "end": finish})
    frame = pd.DataFrame(rows, columns=columns)
    for name in ("start", "end"):
        frame[name] = frame[name].astype("datetime64[ns, UTC]")
    return with_nanoseconds(frame)


def make_market(
    tape: str = "t0", symbol: str = "A", start_h: float = 0, end_h: float = 1, n_rows: int = 0, **changes: Any
) -> MarketTape:
    """Return a market whose rows know nothing: `n_rows` market rows a minute apart; times are hours after START."""
    start, end = START + int(start_h * HOUR), START + int(end_h * HOUR)
    rows = blank_rows("market", n_rows)
    rows = replace(rows, start=rows.start + start, end=rows.end + start)
    nobody = np.empty(0, np.int32)
    fields: dict[str, Any] = {
        "tape": tape, "venue": "x", "symbol": symbol, "start": start, "end": end,
        "folded": Folded(rows, blank_rows("fast", 0), {}), "labels": make_labels(), "names": Vocabulary(),
        "recent": Recent(no_events(), nobody, nobody),
    }  # fmt: skip
    return MarketTape(**(fields | changes))


@pytest.fixture(scope="session")
def alert() -> Callable[..., Alert]:
    return make_alert


@pytest.fixture(scope="session")
def labels() -> Callable[..., pd.DataFrame]:
    return make_labels


@pytest.fixture(scope="session")
def market() -> Callable[..., MarketTape]:
    return make_market


@pytest.fixture(scope="session")
def small_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset of 5 tapes of 2 markets and three hours, crowded with abuse."""
    path = tmp_path_factory.mktemp("small")
    return simulate(path, symbols=2, hours=3.0, seed=5, abuse_rate=4.0, tapes=5, typologies=PLANTED)


@pytest.fixture(scope="session")
def short_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset of 3 tapes of 2 markets and half an hour, more crowded still; nothing can be learned from it."""
    path = tmp_path_factory.mktemp("short")
    return simulate(path, symbols=2, hours=0.5, seed=5, abuse_rate=10.0, tapes=3, typologies=PLANTED)

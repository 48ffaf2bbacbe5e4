"""What tests of the engine share: where alerts are kept, a clock, batches, and an end without a word."""

from __future__ import annotations

from typing import Any

from features.records import tables_from_records
from models.alert import Alert
from serving.engine.engine import Engine
from serving.engine.wire import Batch, batch_of
from serving.errors import StoreUnreachableError

Trades = list[dict[str, Any]]
END = 1_700_010_000_000_000_000


class Kept:
    """Keeps the last revision of each alert, as the store does."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}
        self.reachable = True

    def upsert(self, found: list[Alert]) -> int:
        if not self.reachable:
            raise StoreUnreachableError("no route to host")
        new = [alert for alert in found if alert.revision > self.revision(alert.alert_id)]
        self.alerts |= {alert.alert_id: alert for alert in new}
        return len(new)

    def revision(self, alert_id: str) -> int:
        return self.alerts[alert_id].revision if alert_id in self.alerts else 0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def batch(trades: Trades, **options: Any) -> Batch:
    tape = tables_from_records(trades=trades)
    return batch_of({"trades": tape.trades}, **options)


def without_ids(trades: Trades) -> Trades:
    return [{name: cell for name, cell in trade.items() if name != "event_id"} for trade in trades]


def killed(engine: Engine) -> None:
    """Let go of the files as the end of a process does, without a word to the engine."""
    engine._journal.close()

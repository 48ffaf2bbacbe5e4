"""The newest trade of each market that is on disk, so that after a restart what was missed can be asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pyarrow as pa
import structlog

from features.time_units import MS_NS
from serving.files import write_whole
from serving.sources.feed import Delivery, Market
from serving.sources.terms import Known

KEPT_MS = 3_600_000
log = structlog.get_logger(__name__)


class LatestTrades:
    """Remembers the newest trades, for an hour.

    Args:
        path: JSON file; one that cannot be read is left aside, for it only saves questions.
        clock: Wall clock, ns UTC.
    """

    def __init__(self, path: Path, clock: Callable[[], int]) -> None:
        self._path = path
        self._clock = clock
        self._known = {Market(venue, symbol): Known(ms, trade_id) for venue, symbol, ms, trade_id in _read(path)}
        self._saved = dict(self._known)

    def note(self, delivery: Delivery) -> None:
        """Take note of a delivery that is on disk.

        While the feed does not say up to when it is complete, trades before these may be missing. They are asked for
        after what was known before, should the feed not live to fill the hole.
        """
        trades: pa.Table | None = delivery.trades
        if trades is None or not trades.num_rows or delivery.until_ns is None:
            return
        newest = int(trades["timestamp"].cast(pa.int64()).to_numpy().argmax())
        ids = trades["trade_id"] if "trade_id" in trades.column_names else None
        ms = trades["timestamp"].cast(pa.int64())[newest].as_py() // MS_NS
        self._known[delivery.market] = Known(ms, None if ids is None else ids[newest].as_py())

    def of(self, market: Market) -> Known | None:
        """Return the newest known trade of a market, None where there is none of the last hour."""
        known = self._known.get(market)
        return known if known is not None and self._is_recent(known) else None

    def save(self) -> None:
        """Write what changed."""
        if self._known == self._saved:
            return
        self._known = {market: known for market, known in self._known.items() if self._is_recent(known)}
        self._saved = dict(self._known)
        try:
            write_whole(self._path, msgspec.json.encode([(*market, *known) for market, known in self._known.items()]))
        except OSError as error:
            log.warning("latest_trades.not_written", path=str(self._path), why=str(error))

    def _is_recent(self, known: Known) -> bool:
        return self._clock() // MS_NS - known.ms <= KEPT_MS


def _read(path: Path) -> list[tuple[str, str, int, str | None]]:
    if not path.exists():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[tuple[str, str, int, str | None]])
    except msgspec.MsgspecError as error:
        log.warning("latest_trades.unreadable", path=str(path), why=str(error))
        return []

"""Pumps of coins with an hour of history: real tapes cut to begin an hour before the onset, folded anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.readers import Dataset, read_tape
from models.parameters import Parameters
from training.hits import with_nanoseconds
from training.markets import MarketTape, fold_tape
from training.pump_counting import Pumps

HISTORY_NS = 3_600_000_000_000
AFTER_NS = 300_000_000_000


def cut_markets(
    dataset: Dataset, pumps: Pumps, numbers: Sequence[int], parameters: Parameters, progress: Callable[[], None]
) -> dict[int, MarketTape]:
    """Return the markets of some pumps from an hour before the onset to five minutes after it, by number.

    Args:
        dataset: The tapes.
        pumps: All pumps.
        numbers: Which to take; one without a trade in that time is left out.
        parameters: Windows and lots.
        progress: Called after each.
    """
    paths = {path.stem: path for path in dataset.tapes}
    labels, out = with_nanoseconds(dataset.labels), {}
    with TemporaryDirectory(prefix="tapewatch-") as folder:
        for number in numbers:
            market, onset = pumps.markets[number], int(pumps.onset[number])
            path = Path(folder) / f"{market.tape}.parquet"
            if _cut(paths[market.tape], path, onset - HISTORY_NS, onset + AFTER_NS):
                out[number] = next(fold_tape(path, labels, parameters))
            progress()
    return out


def _cut(source: Path, target: Path, begin: int, end: int) -> bool:
    trades = read_tape(source).trades
    if trades is None:
        return False
    time = pc.cast(trades["timestamp"], pa.int64())
    kept = trades.filter(pc.and_(pc.greater_equal(time, begin), pc.less(time, end)))
    pq.write_table(kept, target)
    return bool(kept.num_rows)

"""How fast tapes are made, beside a plain Python order book fed with the same orders, and how much memory they need."""

from __future__ import annotations

import heapq
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from rich.table import Table

from training.simulator import simulate

pytestmark = pytest.mark.benchmarks
HOURS = (1.0, 4.0, 16.0)
MADE = """
import json, resource, sys, time
from pathlib import Path
import pyarrow.parquet as pq
from training.simulator import simulate
simulate(Path(sys.argv[1]) / "warm", symbols=6, hours=0.1, seed=1, abuse_rate=0.0)
begin = time.process_time()
out = simulate(Path(sys.argv[1]) / "made", symbols=6, hours=float(sys.argv[2]), seed=1, abuse_rate=0.0)
seconds = time.process_time() - begin
files = [out / "tapes" / "tape-000" / f"{name}.parquet" for name in ("trades", "orders")]
print(json.dumps({"events": sum(pq.ParquetFile(file).metadata.num_rows for file in files), "seconds": seconds,
                  "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}))
"""


def _matched_in_python(orders: pd.DataFrame) -> int:
    """Match one market's new orders and cancels with heaps and dictionaries; return the number of trades."""
    queues: dict[int, list[list[float]]] = {1: [], -1: []}
    live: dict[str, list[float]] = {}
    trades = 0
    columns = (orders[name] for name in ("order_id", "event", "side", "price", "quantity"))
    for arrival, (order_id, event, name, price, quantity) in enumerate(zip(*columns, strict=True)):
        side = 1 if name == "buy" else -1
        if event == "cancel":
            live.pop(order_id, [0.0] * 3)[2] = 0.0
        if event != "new":
            continue
        left, against = quantity, queues[-side]
        while left > 0.0 and against and (against[0][0] * -side - price) * side <= 0.0:
            best = against[0]
            taken = min(left, best[2])
            left -= taken
            best[2] -= taken
            trades += taken > 0.0
            if best[2] <= 0.0:
                heapq.heappop(against)
        if left > 0.0:
            live[order_id] = [-price * side, arrival, left]
            heapq.heappush(queues[side], live[order_id])
    return trades


def test_simulated_events_a_second_and_memory(tmp_path: Path) -> None:
    table = Table("hours", "events", "CPU s", "CPU s a million", "GB at most")
    for hours in HOURS:
        command = [sys.executable, "-c", MADE, str(tmp_path), str(hours)]
        made = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        each = 1e6 * made["seconds"] / made["events"]
        table.add_row(
            f"{hours:g}", f"{made['events']:,}", f"{made['seconds']:.1f}", f"{each:.1f}", f"{made['gigabytes']:.2f}"
        )
    console = Console(width=80)
    console.print("\nSix symbols, written to disk, one core; kernels compiled before.")
    console.print(table)
    out = simulate(tmp_path / "book", symbols=1, hours=1.0, seed=1, abuse_rate=0.0)
    begin = time.process_time()
    simulate(tmp_path / "again", symbols=1, hours=1.0, seed=1, abuse_rate=0.0)
    whole = time.process_time() - begin
    orders = pd.read_parquet(out / "tapes" / "tape-000" / "orders.parquet")
    rounds = []
    for _ in range(3):
        begin = time.process_time()
        trades = _matched_in_python(orders)
        rounds.append(time.process_time() - begin)
    console.print(
        f"One market, {len(orders):,} messages: making and writing all of it takes {whole:.2f} s, matching alone in "
        f"plain Python {np.median(rounds):.2f} s ({np.median(rounds) / whole:.1f} ×)."
    )
    assert trades > 0

"""Folding a dataset against reading it folded, and a what-if on it: prints the ratio and the seconds."""

from __future__ import annotations

import time
from pathlib import Path

from features.readers import read_dataset
from models.parameter_changes import changed
from models.parameters import Parameters
from training.folded_store import STORE
from training.markets import fold_dataset
from training.simulator import simulate
from training.whatif import what_if


def test_folded_store_is_read_several_times_faster_than_folded(tmp_path: Path) -> None:
    dataset = read_dataset(simulate(tmp_path / "d", symbols=6, hours=3.0, seed=7, tapes=3, abuse_rate=0.9))
    seconds = {}
    for name, store in (("fold", None), ("fold and store", tmp_path / STORE), ("read", tmp_path / STORE)):
        begin = time.perf_counter()
        markets = fold_dataset(dataset, Parameters(), store=store)
        seconds[name] = time.perf_counter() - begin
    begin = time.perf_counter()
    other = changed(Parameters(), {"alerts": {"confidence_threshold": 0.6}})
    what_if(dataset.path, tmp_path, Parameters(), other, None)
    seconds["what-if"] = time.perf_counter() - begin
    told = ", ".join(f"{name} {value:.2f} s" for name, value in seconds.items())
    print(f"\n{len(markets)} markets of 3 h: {told}; reading is {seconds['fold'] / seconds['read']:.0f} times faster")
    assert seconds["read"] < seconds["fold"] / 3

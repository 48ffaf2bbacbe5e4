from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from models.parameters import Parameters, parse_parameters
from training.benchmark_clean import Clean, FalseAlert, benchmark, clean_markets, poisson_interval, table_of

SPOOFING = FalseAlert("rules", 1, "BTC/USD", "spoofing", "manipulation", 0.8, 0, ("a",), ("why",))
SPIKE = replace(SPOOFING, typology="volume_spike", category="anomaly")
FOUND = Clean(
    ("rules", "0123456789ab"), (1, 2), 100.0, (SPOOFING, SPOOFING, SPIKE, replace(SPIKE, judge="0123456789ab"))
)


def test_clean_figures_count_manipulation_of_each_judge_and_name_it() -> None:
    figures = FOUND.figures()
    assert figures["manipulation"]["rules"]["per_symbol_hour"] == 0.02
    assert figures["manipulation"]["rules"]["interval"] == pytest.approx([0.0024, 0.0722], abs=1e-4)
    assert figures["manipulation"]["0123456789ab"]["alerts"] == 0
    assert [alert["typology"] for alert in json.loads(json.dumps(figures))["manipulation_alerts"]] == ["spoofing"] * 2


def test_clean_table_fits_80_columns_and_gives_the_verdict() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(table_of(FOUND))
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert lines[0] == "Alerts, and alerts a symbol-hour: 100 clean symbol-hours, seeds 1, 2"
    assert lines[-2] == "rules: 0.020 [0.002, 0.072] manipulation alerts a symbol-hour: below 0.05"
    assert lines[-1] == "0123456789ab: 0.000 [0.000, 0.037] manipulation alerts a symbol-hour: below 0.05"


def test_clean_markets_have_no_labels() -> None:
    markets = clean_markets(3, 2, 0.2, Parameters())
    assert [len(market.labels) for market in markets] == [0, 0]
    assert sum(market.hours for market in markets) == pytest.approx(0.4, abs=0.02)


def test_clean_markets_of_two_venues_with_books_have_rows_of_both_grains() -> None:
    markets = clean_markets(3, 1, 0.2, Parameters(), venues=2, books=True)
    assert [market.venue for market in markets] == ["sim-1", "sim-2"]
    assert all(len(market.folded.cross) > 0 for market in markets)
    assert all(len(market.folded.books) > 0 for market in markets)


def test_benchmark_counts_what_is_raised_above_the_threshold() -> None:
    eager = parse_parameters({"alerts": {"confidence_threshold": 0.2}})
    done: list[tuple[int, int]] = []
    found = benchmark([3], eager, None, symbols=2, hours=0.5, progress=lambda *step: done.append(step))
    assert (found.judges, found.seeds, done) == (("rules",), (3,), [(1, 1)])
    assert len(found.alerts) > 0
    assert all(alert.says for alert in found.alerts)


def test_poisson_interval_holds_the_count() -> None:
    low, high = poisson_interval(8)
    assert (low, high) == pytest.approx((3.4538, 15.7632), abs=1e-4)

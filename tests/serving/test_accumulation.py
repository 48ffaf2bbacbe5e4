from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.errors import ParameterError, TapeError
from models.parameters import Parameters, parse_parameters
from serving.accumulation import run_accumulation

Write = Callable[[str], Path]
HEADER = "timestamp,user_id,symbol_pair,side,price_usd,amount\n"


def fills() -> str:
    """Return eight days of two users: both balanced until, on the last day, `eve` only buys; 4,000 USD a fill."""
    rows = []
    for day in range(1, 9):
        for user in ("eve", "ann"):
            for n in range(6):
                bought = n % 2 == 0 or (user == "eve" and day == 8)
                rows.append(f"2024-05-0{day} 12:0{n}:00,{user},BTCUSDT,{'BUY' if bought else 'SELL'},40000,0.1\n")
    return HEADER + "".join(rows)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        path = tmp_path / "fills.csv"
        path.write_text(text)
        return path

    return written


def test_run_accumulation_flags_the_user_who_only_buys(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "flags.csv"
    assert run_accumulation(write(fills()), Parameters(), out=out) == 1
    flags = pd.read_csv(out)
    assert flags[["user_id", "symbol_pair", "side_flagged"]].to_numpy().tolist() == [["eve", "BTCUSDT", "BUY"]]
    assert flags["analysis_total_usd"].tolist() == [24_000.0]


def test_run_accumulation_as_of_an_earlier_day_flags_nobody(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "flags.csv"
    assert run_accumulation(write(fills()), Parameters(), out=out, as_of="2024-05-07T23:59:59Z") == 0
    assert out.read_text().startswith("user_id,")


def test_run_accumulation_per_user_and_parameters_are_heard(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "flags.csv"
    assert run_accumulation(write(fills()), Parameters(), out=out, per_user=True) == 1
    assert pd.read_csv(out)["symbol_pair"].tolist() == ["*"]
    rich = {"excessive_accumulation_own": {"analysis_minimum_aggregate_dollar_threshold": 24_000.01}}
    assert run_accumulation(write(fills()), parse_parameters(rich), out=out) == 0


def test_run_accumulation_against_others_needs_peers(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "flags.csv"
    peers = "".join(
        f"2024-05-0{day} 1{n}:00:00,peer{number},BTCUSDT,{'BUY' if n % 2 else 'SELL'},400,0.1\n"
        for day in range(1, 9)
        for number in range(6)
        for n in range(8)
    )
    assert run_accumulation(write(fills()), Parameters(), out=out, against_others=True) == 0
    eve = "".join(f"2024-05-08 1{n}:30:00,eve,BTCUSDT,BUY,40000,0.1\n" for n in range(8))
    more = {"excessive_accumulation_others": {"usual_multiple": 2.0}}
    assert run_accumulation(write(fills() + peers + eve), parse_parameters(more), out=out, against_others=True) == 1
    assert pd.read_csv(out)["typology"].tolist() == ["excessive_accumulation_others"]


@pytest.mark.parametrize("text", ["tomorrow", "", "2024-13-01"])
def test_run_accumulation_as_of_no_time_is_refused(write: Write, tmp_path: Path, text: str) -> None:
    with pytest.raises(ParameterError, match=rf"--as-of must be a time in ISO 8601, was '{text}'"):
        run_accumulation(write(fills()), Parameters(), out=tmp_path / "flags.csv", as_of=text)


def test_run_accumulation_trades_without_users_are_refused(write: Write, tmp_path: Path) -> None:
    public = write("timestamp,symbol,price,quantity\n2024-05-01T00:00:00Z,A,1,1\n")
    with pytest.raises(TapeError, match="trades must name their users"):
        run_accumulation(public, Parameters(), out=tmp_path / "flags.csv")

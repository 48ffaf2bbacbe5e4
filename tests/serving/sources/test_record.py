"""Recording into a tape that can be read at any time, also after a kill, and that is continued."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.readers import read_tape
from serving.errors import SourceError
from serving.sources.clock import Clock
from serving.sources.exchange_feed import ExchangeFeed
from serving.sources.recording import opened_markets, record
from serving.sources.tape_folder import tape_folder
from serving.sources.terms import Terms
from tapewatch import app
from tests.serving.sources.recordings import Recording, Step
from tests.serving.sources.served import Served, served
from tests.serving.sources.stand_in import CoinbaseStandIn, KrakenStandIn
from tests.serving.sources.watching import AT_ONCE, QUICK, until

ROOT = Path(__file__).parents[3]
MARKETS = {"SKL/USD": "SKL-USD", "DASH/BTC": "DASH-BTC"}
TERMS = Terms(tick_s=0.05, gather_s=0.0)


def of_markets(recording: Recording) -> list[Step]:
    return [step for step in recording.steps if step.topic[1] in MARKETS.values()][:1500]


def matches(steps: list[Step]) -> list[str]:
    return [str(step.message["trade_id"]) for step in steps if step.message["type"] == "match"]


async def recorded(
    stand_in: CoinbaseStandIn, steps: list[Step], out: Path, clock: Clock = AT_ONCE
) -> list[ExchangeFeed]:
    stop = asyncio.Event()
    expected = len(matches(steps))
    options = {"coinbaseexchange": {**QUICK, **stand_in.config()}}
    async with opened_markets(options, list(MARKETS), clock) as markets:
        with tape_folder(out) as folder:
            running = asyncio.create_task(record(markets, folder, TERMS, stop, lambda _: None))
            before = sum(stand_in.subscribed.values())
            await until(lambda: running.done() or sum(stand_in.subscribed.values()) >= before + 4)
            await stand_in.play(steps)
            await until(lambda: running.done() or folder.rows["trades"] >= expected)
            stop.set()
            return await running


@pytest.mark.slow
def test_recorded_tape_holds_every_trade_and_the_book_and_can_be_scanned(coinbase: Recording, tmp_path: Path) -> None:
    steps, out = of_markets(coinbase), tmp_path / "tape"

    async def run() -> None:
        async with CoinbaseStandIn(coinbase) as stand_in:
            await recorded(stand_in, steps, out)

    asyncio.run(run())
    tape = read_tape(out)
    assert tape.trades is not None
    assert tape.books is not None
    assert sorted(tape.trades["trade_id"].to_pylist()) == sorted(matches(steps))
    assert set(tape.books["symbol"].to_pylist()) == set(MARKETS)
    assert sorted(path.name for path in (out / ".parts").iterdir()) == ["lock", "recorded.json"]
    done = CliRunner().invoke(app, ["scan", str(out)])
    assert done.exit_code == 0


def test_recording_continued_in_the_hour_fills_what_came_between(coinbase: Recording, tmp_path: Path) -> None:
    steps, out = of_markets(coinbase), tmp_path / "tape"
    clock = Clock(wall_ns=lambda: 1618677900 * 10**9, sleep=AT_ONCE.sleep)

    async def run() -> list[ExchangeFeed]:
        async with CoinbaseStandIn(coinbase) as stand_in:
            await recorded(stand_in, steps[:500], out, clock)
            for step in steps[500:1000]:
                stand_in.happen(step)
            return await recorded(stand_in, steps[1000:], out, clock)

    feeds = asyncio.run(run())
    found = [str(one) for one in pq.read_table(out / "trades.parquet")["trade_id"].to_pylist()]
    assert sorted(found) == sorted(matches(steps))
    assert [(feed.status.gaps, feed.status.filled) for feed in feeds] == [(1, 1), (1, 1)]


def test_symbol_that_an_exchange_has_not_ends_the_recording_at_once(coinbase: Recording, tmp_path: Path) -> None:
    async def run() -> None:
        async with CoinbaseStandIn(coinbase) as stand_in:
            options = {"coinbaseexchange": {**QUICK, **stand_in.config()}}
            async with opened_markets(options, ["SKL/USDD"], AT_ONCE):
                raise AssertionError

    with pytest.raises(SourceError, match="symbol must be a market of coinbaseexchange, was 'SKL/USDD'; near: SKL/USD"):
        asyncio.run(run())


def _command(*more: str) -> list[str]:
    usual = ["record", "t", "--exchange", "coinbaseexchange,kraken", "--symbols", "OMG/USD"]
    return [sys.executable, str(ROOT / "tapewatch.py"), *usual, *more]


def _await(true: Callable[[], bool]) -> None:
    """Wait for another process; looking without a pause would keep the stand-in's thread from running."""
    pause, ending = threading.Event(), time.monotonic() + 180
    while not true():
        assert time.monotonic() < ending
        pause.wait(0.02)


def _subscribed(running: list[Served], wanted: int) -> None:
    _await(lambda: sum(len(one.stand_in.subscribed) for one in running) >= wanted)


def _venues(file: Path) -> set[str]:
    return set(pq.read_table(file)["venue"].to_pylist()) if file.exists() else set()


@pytest.mark.slow
def test_record_command_killed_leaves_a_tape_and_continues_it(
    coinbase: Recording, kraken: Recording, tmp_path: Path, tapewatch_home: Path
) -> None:
    pro = CoinbaseStandIn(
        Recording(coinbase.info, {**coinbase.books, "OMG-USD": coinbase.books["SKL-USD"]}, coinbase.steps)
    )
    steps = [step for step in kraken.steps if step.topic == ("book", "OMG/USD")]
    with served(pro) as one, served(KrakenStandIn(kraken)) as other:
        one.configure(tapewatch_home, "coinbaseexchange")
        other.configure(tapewatch_home, "kraken")
        process = subprocess.Popen(_command(), cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _subscribed([one, other], 4)
        other.do(other.stand_in.play(steps[:300]))
        _await(lambda: "kraken" in _venues(tmp_path / "t" / "books.parquet"))
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        killed = read_tape(tmp_path / "t").books
        assert killed is not None
        again = subprocess.Popen(_command(), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        one.stand_in.subscribed.clear()
        other.stand_in.subscribed.clear()
        _subscribed([one, other], 4)
        other.do(other.stand_in.play(steps[300:]))
        again.send_signal(signal.SIGINT)
        out, errors = again.communicate(timeout=180)
    assert (again.returncode, errors) == (0, "")
    assert re.fullmatch(r"0 trades and [\d,]+ book levels of 2 markets in t\n", out)
    whole = read_tape(tmp_path / "t").books
    assert whole is not None
    assert whole.num_rows > killed.num_rows
    assert set(whole["venue"].to_pylist()) == {"coinbaseexchange", "kraken"}


@pytest.mark.slow
def test_record_command_for_a_while_ends_by_itself(kraken: Recording, tmp_path: Path, tapewatch_home: Path) -> None:
    with served(KrakenStandIn(kraken)) as running:
        running.configure(tapewatch_home, "kraken")
        usual = ["record", str(tmp_path / "t"), "--exchange", "kraken", "--symbols", "XMR/USD,xbt-chf", "--no-books"]
        done = CliRunner().invoke(app, [*usual, "--for", "1s"])
        assert done.exit_code == 0, done.output
        assert "0 trades and 0 book levels of 2 markets in" in done.output
    assert len(read_tape(tmp_path / "t")) == 0

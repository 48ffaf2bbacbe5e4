"""Past trades into a tape: whole, single, and going on after an interruption or a kill."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.errors import ParameterError, StoreError, TapeError
from features.readers import read_tape
from serving.errors import SourceError
from serving.sources.exchange import open_exchange
from serving.sources.history import Spans, fetch_history
from serving.sources.tape_folder import tape_folder
from tapewatch import app
from tests.serving.sources.recordings import Recording
from tests.serving.sources.served import served
from tests.serving.sources.stand_in import BinanceStandIn, CoinbaseStandIn, KrakenStandIn, StandIn
from tests.serving.sources.watching import QUICK

ROOT = Path(__file__).parents[3]
SPAN = (1618677700000, 1618679000000)


class Paged(BinanceStandIn):
    """Binance as it told the trades that Coinbase recorded, seven an answer; it can fail, or stop answering."""

    page = 7

    def __init__(self, recording: Recording, recorded: Recording) -> None:
        super().__init__(recording)
        self.failures: list[int] = []
        self.pages = 0
        for step in recorded.steps:
            if step.topic == ("matches", "SKL-USD"):
                self.trades["NKNUSDT"].append(_as_binance(step.message))

    def answer(self, path: str, query: dict[str, str]) -> Any:
        if path.endswith("aggTrades"):
            self.pages += 1
            if self.pages in self.failures:
                raise ConnectionResetError
            query = query | {"limit": str(min(self.page, int(query.get("limit", 500))))}
        return super().answer(path, query)

    @property
    def ids(self) -> list[str]:
        return [str(trade["a"]) for trade in self.trades["NKNUSDT"]]


def _as_binance(match: dict[str, Any]) -> dict[str, Any]:
    time = int(datetime.fromisoformat(match["time"]).timestamp() * 1000)
    return {
        "a": match["trade_id"], "p": match["price"], "q": match["size"], "f": match["trade_id"],
        "l": match["trade_id"], "T": time, "m": match["side"] == "buy", "M": True,
    }  # fmt: skip


@pytest.fixture
def paged(binance: Recording, coinbase: Recording) -> Paged:
    return Paged(binance, coinbase)


async def fetched(stand_in: StandIn, name: str, symbol: str, out: Path, span: tuple[int, int] = SPAN) -> int:
    async with stand_in:
        with tape_folder(out) as folder:
            async with open_exchange(name, **QUICK, **stand_in.config()) as exchange:  # type: ignore[attr-defined]
                return await fetch_history(exchange, symbol, span, folder, lambda *_: None)


def ids(out: Path) -> list[str]:
    return [str(one) for one in pq.read_table(out / "trades.parquet")["trade_id"].to_pylist()]


def test_history_of_binance_pages_to_the_end_as_a_tape(paged: Paged, tmp_path: Path) -> None:
    assert asyncio.run(fetched(paged, "binance", "NKN/USDT", tmp_path / "t")) == len(paged.ids)
    assert ids(tmp_path / "t") == paged.ids
    assert paged.pages > len(paged.ids) // 7
    tape = read_tape(tmp_path / "t")
    assert tape.trades is not None
    assert tape.notes == ()
    assert set(tape.trades["venue"].to_pylist()) == {"binance"}


def test_history_keeps_to_its_span_and_a_later_end_goes_on(paged: Paged, tmp_path: Path) -> None:
    middle = paged.trades["NKNUSDT"][30]["T"]
    earlier = [str(trade["a"]) for trade in paged.trades["NKNUSDT"] if trade["T"] < middle]
    asyncio.run(fetched(paged, "binance", "NKN/USDT", tmp_path / "t", (SPAN[0], middle)))
    assert ids(tmp_path / "t") == earlier
    added = asyncio.run(fetched(paged, "binance", "NKN/USDT", tmp_path / "t"))
    assert added == len(paged.ids) - len(earlier)
    assert ids(tmp_path / "t") == paged.ids


def test_history_that_is_whole_asks_for_nothing(paged: Paged, tmp_path: Path) -> None:
    asyncio.run(fetched(paged, "binance", "NKN/USDT", tmp_path / "t"))
    before = paged.pages
    assert asyncio.run(fetched(paged, "binance", "NKN/USDT", tmp_path / "t")) == 0
    assert paged.pages == before


def test_history_interrupted_at_every_page_is_whole_and_single_in_the_end(paged: Paged, tmp_path: Path) -> None:
    async def until_page(pages: int) -> None:
        task = asyncio.current_task()
        assert task is not None
        async with paged:
            with tape_folder(tmp_path / "t") as folder:
                async with open_exchange("binance", **QUICK, **paged.config()) as exchange:
                    stop = paged.pages + pages

                    def progress(*_: object) -> None:
                        if paged.pages >= stop:
                            task.cancel()

                    await fetch_history(exchange, "NKN/USDT", SPAN, folder, progress)

    for pages in (1, 2, 3):
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(until_page(pages))
    asyncio.run(fetched(paged, "binance", "NKN/USDT", tmp_path / "t"))
    assert ids(tmp_path / "t") == paged.ids


def test_history_killed_before_its_state_was_stored_doubles_nothing(paged: Paged, tmp_path: Path) -> None:
    asyncio.run(fetched(paged, "binance", "NKN/USDT", tmp_path / "t"))
    (tmp_path / "t" / ".parts" / "history.json").unlink()
    assert asyncio.run(fetched(paged, "binance", "NKN/USDT", tmp_path / "t")) == 0
    assert ids(tmp_path / "t") == paged.ids


@pytest.mark.slow
def test_history_killed_is_whole_and_single_after_the_same_command(
    paged: Paged, tmp_path: Path, tapewatch_home: Path
) -> None:
    held = _Held(paged)
    command = [
        sys.executable,
        str(ROOT / "tapewatch.py"),
        "history",
        "t",
        "--exchange",
        "binance",
        "--symbol",
        "NKN/USDT",
    ]
    command += ["--since", "2021-04-17", "--until", "2021-04-18"]
    with served(paged) as running:
        running.configure(tapewatch_home, "binance")
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert held.reached.wait(180)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        held.released.set()
        parts = read_tape(tmp_path / "t")
        assert 0 < len(parts) < len(paged.ids)
        done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=180)
    assert (done.returncode, done.stderr) == (0, "")
    assert "trades added in t" in done.stdout
    assert ids(tmp_path / "t") == paged.ids


class _Held:
    """Stops answering at the fifth page until released."""

    def __init__(self, paged: Paged) -> None:
        import threading

        self.reached, self.released = threading.Event(), threading.Event()
        answer = paged.answer

        def held(path: str, query: dict[str, str]) -> Any:
            if path.endswith("aggTrades") and paged.pages >= 5 and not self.released.is_set():
                self.reached.set()
                self.released.wait(30)
            return answer(path, query)

        paged.answer = held  # type: ignore[method-assign]


def test_history_of_coinbase_finds_its_start_by_halving(coinbase: Recording, tmp_path: Path) -> None:
    stand_in = CoinbaseStandIn(coinbase)
    for step in coinbase.steps:
        stand_in.happen(step)
    every = stand_in.trades["SKL-USD"]
    start = int(datetime.fromisoformat(every[10]["time"]).timestamp() * 1000)
    asyncio.run(fetched(stand_in, "coinbaseexchange", "SKL/USD", tmp_path / "t", (start, SPAN[1])))
    later = [trade for trade in every if int(datetime.fromisoformat(trade["time"]).timestamp() * 1000) >= start]
    assert ids(tmp_path / "t") == [str(trade["trade_id"]) for trade in later]


def test_history_of_kraken_is_whole(kraken: Recording, tmp_path: Path) -> None:
    stand_in = KrakenStandIn(kraken)
    for step in kraken.steps:
        stand_in.happen(step)
    asyncio.run(fetched(stand_in, "kraken", "SC/EUR", tmp_path / "t", (1618678100000, 1618679000000)))
    assert ids(tmp_path / "t") == [str(number) for number in range(1001, 1007)]


def test_history_goes_on_after_a_failure_and_ends_after_many(
    paged: Paged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.sources.history.RETRY_S", 0.0)
    paged.failures = [3, 5]
    asyncio.run(fetched(paged, "binance", "NKN/USDT", tmp_path / "t"))
    assert ids(tmp_path / "t") == paged.ids
    paged.failures = list(range(paged.pages, paged.pages + 100))
    with pytest.raises(SourceError, match="could not be reached 5 times in a row"):
        asyncio.run(fetched(paged, "binance", "NKN/USDT", tmp_path / "u"))


def test_history_before_what_the_exchange_gives_is_refused(paged: Paged, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the first after 2017-07-14T02:40:00Z is of 2021-04-17T16:43:37"):
        asyncio.run(fetched(paged, "binance", "NKN/USDT", tmp_path / "t", (1500000000000, 1500000100000)))


def test_history_command_refuses_what_cannot_be(paged: Paged, tmp_path: Path, tapewatch_home: Path) -> None:
    def refused(*changes: str) -> str:
        usual = {"--exchange": "binance", "--symbol": "NKN/USDT", "--since": "2021-04-17", "--until": "2021-04-18"}
        usual |= dict(zip(changes[::2], changes[1::2], strict=True))
        arguments = [part for pair in usual.items() for part in pair]
        done = CliRunner().invoke(app, ["history", str(tmp_path / "t"), *arguments])
        assert done.exit_code == 1
        assert isinstance(done.exception, SourceError | ParameterError)
        return str(done.exception)

    with served(paged) as running:
        running.configure(tapewatch_home, "binance")
        assert "near: binance" in refused("--exchange", "binanse")
        assert "symbol must be a market of binance, was 'NKN/USTD'; near: NKN/USDT" in refused("--symbol", "NKN/USTD")
        assert "--since must be before --until" in refused("--until", "2021-04-16")
        assert "--since must be a date or an ISO 8601 time" in refused("--since", "yesterday")
        assert "--since must be in the past" in refused("--since", "2098-01-01", "--until", "2099-01-01")


def test_folder_of_a_tape_has_one_writer_and_no_other_format(tmp_path: Path) -> None:
    with (
        tape_folder(tmp_path / "t"),
        pytest.raises(StoreError, match="another process writes to it"),
        tape_folder(tmp_path / "t"),
    ):
        pass
    pd.DataFrame({"timestamp": []}).to_csv(tmp_path / "trades.csv")
    with pytest.raises(TapeError, match=r"must hold Parquet tables or none, has trades\.csv"), tape_folder(tmp_path):
        pass


def test_spans_are_kept_by_market_and_start(tmp_path: Path, paged: Paged) -> None:
    asyncio.run(fetched(paged, "binance", "NKN/USDT", tmp_path / "t"))
    spans = Spans(tmp_path / "t")
    from serving.sources.feed import Market

    market = Market("binance", "NKN/USDT")
    assert spans.taken_up(market, *SPAN).done
    assert not spans.taken_up(market, SPAN[0], SPAN[1] + 1).done
    assert spans.taken_up(market, SPAN[0] + 1, SPAN[1]).reached_ms == SPAN[0] + 1

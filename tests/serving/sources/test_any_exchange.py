"""An exchange that nobody wrote a dialect for: ccxt's own words, trades once each, holes filled or told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from serving.sources.dialects import DIALECTS
from serving.sources.terms import Terms
from tests.serving.sources.recordings import Recording
from tests.serving.sources.stand_in import CoinbaseStandIn
from tests.serving.sources.watching import Watching, until, watching

TERMS = Terms(books=False, tick_s=0.05, gather_s=0.0)


class Forgetful(CoinbaseStandIn):
    """Gives only the newest three trades when asked."""

    def answer(self, path: str, query: dict[str, str]) -> Any:
        return super().answer(path, query | {"limit": "3"})


@pytest.fixture(autouse=True)
def _no_dialect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(DIALECTS, "coinbaseexchange")


async def cut_in_the_middle(stand_in: CoinbaseStandIn, missed: int) -> tuple[Watching, list[int]]:
    steps = [
        step for step in stand_in.recording.steps
        if step.topic == ("matches", "SKL-USD") and step.message["type"] == "match"
    ]  # fmt: skip
    async with stand_in, watching(stand_in, "coinbaseexchange", ["SKL/USD"], TERMS) as seen:
        await stand_in.play(steps[:20])
        await seen.settled()
        await stand_in.cut()
        for step in steps[20 : 20 + missed]:
            stand_in.happen(step)
        await until(lambda: stand_in.subscribed[("matches", "SKL-USD")] == 2)
        await stand_in.play(steps[20 + missed :])
        await until(lambda: seen.status("SKL/USD").connections == 2)
        await seen.settled()
        await until(lambda: str(steps[-1].message["trade_id"]) in seen.column("SKL/USD", "trade_id"))
        return seen, [step.message["trade_id"] for step in steps]


def test_cut_of_any_exchange_loses_nothing_that_can_be_asked_for(coinbase: Recording) -> None:
    seen, expected = asyncio.run(cut_in_the_middle(CoinbaseStandIn(coinbase), 10))
    assert sorted(map(int, seen.column("SKL/USD", "trade_id"))) == expected
    assert (seen.status("SKL/USD").gaps, seen.status("SKL/USD").filled) == (1, 1)


def test_hole_of_any_exchange_that_cannot_be_filled_is_told(coinbase: Recording) -> None:
    seen, expected = asyncio.run(cut_in_the_middle(Forgetful(coinbase), 10))
    found = sorted(map(int, seen.column("SKL/USD", "trade_id")))
    assert [number for number in expected if number not in found] == expected[20:27]
    status = seen.status("SKL/USD")
    assert (status.gaps, status.filled) == (1, 0)
    assert status.notes == [f"trades after {expected[19]} may be missing: they could not be had any more"]

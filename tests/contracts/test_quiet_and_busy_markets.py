"""What a market keeps: packed while it is quiet, as it was when it wakes; while busy no more than can be cited."""

from __future__ import annotations

from itertools import pairwise

import pytest

from features.encoding import Lots, encode
from models import market_watch
from models.surveillance import Surveillance
from tests.contracts.market_writer import SECOND, START, Message, Writer
from tests.contracts.test_batch_is_live import EAGER, Recording, Seen, recording, run_batch, tape_of


def test_market_that_sleeps_again_and_again_gives_what_batch_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(market_watch, "SLEEPS_AFTER_NS", 0)
    messages: list[Message] = []
    for symbol, seed in (("BTC/USD", 7), ("ETH/USD", 8)):
        writer = Writer(symbol, seed)
        writer.background()
        writer.wash(300.0)
        # Two hours later, so that every window in between is empty.
        late = Writer(symbol, seed + 10)
        late.background()
        late.pump(1300.0)
        messages += writer.messages + [{**m, "timestamp": m["timestamp"] + 7_200 * SECOND} for m in late.messages]
    messages = [{**message, "sequence": number} for number, message in enumerate(messages)]
    batch = run_batch(messages, None)
    seen, slept = Seen({}, {}), 0
    surveillance = recording(Recording(EAGER, None), seen)
    come = sorted(messages, key=lambda message: int(message["timestamp"]))
    gap = next(number for number, message in enumerate(come) if message["timestamp"] >= START + 7_200 * SECOND)
    bounds = [*range(0, gap, 40), *range(gap, len(come), 40), len(come)]
    for minute, (begin, end) in enumerate(pairwise(bounds)):
        part, following = come[begin:end], (come[end:] or come[-1:])[0]
        seen.add(surveillance.push(encode(tape_of(part), surveillance.vocabulary, Lots(1e-3), first_row=begin)))
        seen.add(surveillance.advance(following["timestamp"]))
        slept += len(surveillance._asleep)
        if minute % 5 == 0:
            restored = Recording.restore(surveillance.snapshot(), EAGER, None)
            assert isinstance(restored, Recording)
            surveillance = recording(restored, seen)
    seen.add(surveillance.finish())
    assert slept > 0
    assert seen.alerts == batch.alerts


def test_market_that_raises_alerts_all_the_time_keeps_no_more_than_can_be_cited() -> None:
    surveillance, kept = Surveillance(EAGER, None), []
    writer = Writer("BTC/USD", 5)
    for minute in range(90):
        writer.wash(60.0 * minute)
    messages = [{**message, "sequence": number} for number, message in enumerate(writer.messages)]
    for begin in range(0, len(messages), 20):
        part = messages[begin : begin + 20]
        surveillance.push(encode(tape_of(part), surveillance.vocabulary, Lots(1e-3), first_row=begin))
        (watch,) = surveillance._watches.values()
        kept.append(len(watch.recent(surveillance.vocabulary).events))
    assert max(kept) <= 20 * 4

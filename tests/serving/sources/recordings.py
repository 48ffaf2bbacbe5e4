"""The recorded traffic of three exchanges as steps to play, in the order of arrival, and what they knew before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parents[3].parent / "shared" / "data" / "exchange_payloads"
Levels = dict[str, str]
"""Quantity by price, both as the text that was sent."""


@dataclass(frozen=True)
class Step:
    """One message of an exchange.

    Attributes:
        topic: What a client must have subscribed to: (channel, market), the exchange's own words.
        message: As it is sent.
        trades: Trades that it tells, as REST tells them.
        changes: Levels (side, price, quantity) that it sets.
        mark: What tells whether the book's checked part changed: a checksum, or an update id.
    """

    topic: tuple[str, str]
    message: dict[str, Any]
    trades: tuple[Any, ...] = ()
    changes: tuple[tuple[str, str, str], ...] = ()
    mark: Any = None


@dataclass
class Recording:
    """What an exchange sent.

    Attributes:
        info: Answer about its markets.
        books: Books before the first step: bids and asks by market.
        book_ids: Update id of those books, where there are any.
        steps: Messages in the order of arrival.
    """

    info: Any
    books: dict[str, dict[str, Levels]]
    steps: list[Step] = field(default_factory=list, repr=False)
    book_ids: dict[str, int] = field(default_factory=dict)


def read(name: str) -> Iterator[tuple[float, Any]]:
    """Yield time of arrival and message of what was received, in the order of the file."""
    for line in (RECORDINGS / name).read_text(encoding="utf-8").splitlines():
        head, _, body = line.partition(": ")
        if body and "<-" not in head and "//" not in head:
            yield float(head), json.loads(body)


def answers(name: str) -> Iterator[tuple[str, Any]]:
    """Yield URL and answer of recorded questions."""
    for line in (RECORDINGS / name).read_text(encoding="utf-8").splitlines():
        url, arrow, rest = line.partition(" -> ")
        if arrow:
            yield url, json.loads(rest.partition(": ")[2])


def levels(pairs: Any) -> Levels:
    return {price: quantity for price, quantity, *_ in pairs}


def binance() -> Recording:
    """Spot: depth, aggregate trades, and the rest, which clients leave aside."""
    (_, info), *_ = answers("BINANCE.0")
    recording = Recording(info, {})
    for url, answer in answers("BINANCE.http.0.0"):
        market = url.partition("symbol=")[2].partition("&")[0]
        recording.books[market] = {"bids": levels(answer["bids"]), "asks": levels(answer["asks"])}
        recording.book_ids[market] = answer["lastUpdateId"]
    for _, message in read("BINANCE.ws.1.0"):
        sent, channel = message["data"], message["stream"].partition("@")[2]
        trades = (sent,) if channel == "aggTrade" else ()
        changes: tuple[tuple[str, str, str], ...] = ()
        if channel.startswith("depth"):
            changes = tuple((side, p, q) for side, key in (("bids", "b"), ("asks", "a")) for p, q in sent[key])
        recording.steps.append(Step((channel, sent["s"]), sent, trades, changes, sent.get("u")))
    return recording


def coinbase() -> Recording:
    """The pro feed: level2, matches and tickers."""
    (_, info), *_ = answers("COINBASE.0")
    recording = Recording(info, {})
    channels = {"l2update": "level2_batch", "match": "matches", "last_match": "matches", "ticker": "ticker"}
    for _, message in read("COINBASE.ws.28.0"):
        kind, market = message["type"], message.get("product_id", "")
        if kind == "snapshot":
            recording.books[market] = {"bids": levels(message["bids"]), "asks": levels(message["asks"])}
        elif kind in channels:
            names = {"buy": "bids", "sell": "asks"}
            changes = tuple((names[side], price, quantity) for side, price, quantity in message.get("changes", ()))
            trades = (message,) if kind in {"match", "last_match"} else ()
            recording.steps.append(Step((channels[kind], market), message, trades, changes))
    return recording


def _clock(text: str) -> str:
    at = datetime.fromtimestamp(float(text), UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def kraken() -> Recording:
    """Transcoded from WebSocket v1 to v2: numbers instead of text, names with BTC, one book message for both sides.

    Checksums are carried over. v1 wrote prices with more decimals than the pairs have today, and counted them in the
    checksum, so that pairs are told to have as many decimals as were written. v1 told no trade ids: they are counted.
    """
    (_, info), *_ = answers("KRAKEN.0")
    recording, decimals, ids = Recording(info, {}), dict[str, int](), dict[str, int]()
    both = sorted([*read("KRAKEN.ws.48.0"), *read("KRAKEN.ws.50.0")], key=lambda one: one[0])
    for _, message in both:
        if not isinstance(message, list):
            continue
        market = message[-1].replace("XBT", "BTC")
        if message[-2] == "trade":
            recording.steps.append(_kraken_trade(market, message[1], ids))
            continue
        parts = {key: value for part in message[1:-2] for key, value in part.items()}
        if "as" in parts:
            recording.books[market] = {"bids": levels(parts["bs"]), "asks": levels(parts["as"])}
            decimals[message[-1]] = len(parts["as"][0][0].partition(".")[2])
        else:
            recording.steps.append(_kraken_book(market, parts))
    for pair in info["result"].values():
        pair["pair_decimals"] = decimals.get(pair.get("wsname"), pair["pair_decimals"])
    return recording


def _kraken_trade(market: str, trades: Any, ids: dict[str, int]) -> Step:
    sent, asked = [], []
    for price, quantity, time, side, kind, _ in trades:
        ids[market] = ids.get(market, 1000) + 1
        words = {"b": "buy", "s": "sell", "m": "market", "l": "limit"}
        sent.append({
            "symbol": market, "side": words[side], "price": float(price), "qty": float(quantity),
            "ord_type": words[kind], "trade_id": ids[market], "timestamp": _clock(time),
        })  # fmt: skip
        asked.append([price, quantity, float(time), side, kind, "", ids[market]])
    return Step(("trade", market), {"channel": "trade", "type": "update", "data": sent}, tuple(asked))


def _kraken_book(market: str, parts: Any) -> Step:
    named = {"bids": parts.get("b", []), "asks": parts.get("a", [])}
    times = [level[2] for side in named.values() for level in side]
    told = {
        side: [{"price": float(level[0]), "qty": float(level[1])} for level in changed]
        for side, changed in named.items()
    }
    data = {"symbol": market, **told, "checksum": int(parts["c"]), "timestamp": _clock(max(times))}
    changes = tuple((side, level[0], level[1]) for side, changed in named.items() for level in changed)
    message = {"channel": "book", "type": "update", "data": [data]}
    return Step(("book", market), message, (), changes, int(parts["c"]))

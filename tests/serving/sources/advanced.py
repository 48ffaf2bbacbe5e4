"""Coinbase Advanced Trade as a stand-in: what the pro feed recorded, told in the words of today's channels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.serving.sources.recordings import Recording, Step
from tests.serving.sources.stand_in import CoinbaseStandIn, Connection, Topic

_CHANNELS = {"level2_batch": "level2", "matches": "market_trades"}


def _trade(match: dict[str, Any]) -> dict[str, Any]:
    words = {"trade_id": str(match["trade_id"]), "side": match["side"].upper()}
    return words | {key: match[key] for key in ("product_id", "price", "size", "time")}


def _updates(changes: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    sides = {"bids": "bid", "asks": "offer"}
    return [{"side": sides[side], "price_level": price, "new_quantity": quantity} for side, price, quantity in changes]


class AdvancedStandIn(CoinbaseStandIn):
    """Coinbase Advanced Trade; its messages are numbered by connection."""

    everything = frozenset()

    def __init__(self, recording: Recording) -> None:
        told = [step for step in recording.steps if step.topic[0] in _CHANNELS and step.message["type"] != "last_match"]
        super().__init__(replace(recording, steps=[self._translated(step) for step in told]))
        self.numbers: dict[int, int] = {}

    def _translated(self, step: Step) -> Step:
        channel, market = _CHANNELS[step.topic[0]], step.topic[1]
        if channel == "market_trades":
            events = [{"type": "update", "trades": [_trade(match) for match in step.trades]}]
        else:
            events = [{"type": "update", "product_id": market, "updates": _updates(step.changes)}]
        sent = {"level2": "l2_data"}.get(channel, channel)
        message = {"channel": sent, "timestamp": step.message["time"], "events": events}
        return replace(step, topic=(channel, market), message=message)

    def config(self) -> dict[str, Any]:
        here = f"127.0.0.1:{self.port}"
        return {"urls": {"api": {"rest": f"http://{here}", "ws": f"ws://{here}/feed"}}}

    async def sending(self, connection: Connection, message: Any) -> None:
        number = self.numbers.get(id(connection), 0)
        self.numbers[id(connection)] = number + 1
        await super().sending(connection, {**message, "sequence_num": number})

    def skip(self) -> None:
        """Lose a message of every connection."""
        self.numbers = {key: number + 1 for key, number in self.numbers.items()}

    def understood(self, message: Any) -> tuple[bool, list[Topic], list[Any]]:
        topics = [(message["channel"], market) for market in message["product_ids"]]
        held = {message["channel"]: message["product_ids"]}
        reply = {"channel": "subscriptions", "events": [{"subscriptions": held}]}
        return message["type"] == "subscribe", topics, [reply]

    def first(self, topic: Topic) -> Iterable[Any]:
        channel, market = topic
        time = "2021-04-17T16:43:37.000000Z"
        if channel == "level2":
            levels = [(side, *level) for side in ("bids", "asks") for level in self.books[market][side].items()]
            event = {"type": "snapshot", "product_id": market, "updates": _updates(levels)}
            yield {"channel": "l2_data", "timestamp": time, "events": [event]}
        elif self.trades[market]:
            newest = [_trade(match) for match in reversed(self.trades[market][-5:])]
            yield {"channel": channel, "timestamp": time, "events": [{"type": "snapshot", "trades": newest}]}

    def answer(self, path: str, query: dict[str, str]) -> Any:
        if path == "/v2/time":
            return {"data": {"epoch": 1618677816}}
        if path.endswith("/products"):
            return {"products": [_product(one) for one in self.recording.info] if "product_type" not in query else []}
        low, high = float(query.get("start", 0)), float(query.get("end", 1e12))
        inside = [match for match in self.trades[path.split("/")[-2]] if low <= _seconds(match) <= high]
        return {"trades": [_trade(match) for match in reversed(inside[-int(query.get("limit", 100)) :])]}


def _seconds(match: dict[str, Any]) -> float:
    return datetime.fromisoformat(match["time"]).astimezone(UTC).timestamp()


def _product(product: dict[str, Any]) -> dict[str, Any]:
    return {
        "product_id": product["id"], "base_currency_id": product["base_currency"],
        "quote_currency_id": product["quote_currency"], "product_type": "SPOT", "status": "online",
        "base_increment": product["base_increment"], "quote_increment": product["quote_increment"],
    }  # fmt: skip

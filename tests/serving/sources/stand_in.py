"""A stand-in exchange: a real server on a real socket that plays recorded traffic and answers questions about it.

It always knows the truth; faults are in what it sends. Clients are ccxt's own, told other URLs.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from copy import deepcopy
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.serving.sources.recordings import Recording, Step

Topic = tuple[str, str]


class Connection:
    """A client's WebSocket and what it listens to."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.request = request
        self.topics: set[Topic] = set()
        self.answered = asyncio.Event()


class StandIn:
    """An exchange that plays a recording; a subclass speaks the exchange's language."""

    everything: frozenset[str] = frozenset()
    depth = 100

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.books = deepcopy(recording.books)
        self.book_ids = dict(recording.book_ids)
        self.trades: dict[str, list[Any]] = defaultdict(list)
        self.connections: list[Connection] = []
        self.met: list[Connection] = []
        self.subscribed: Counter[Topic] = Counter()
        self.asked: list[str] = []
        self.sent = 0
        self.failing = False
        self.alone = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in list(self.connections):
            await connection.socket.close()
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._listen(request)
        self.asked.append(request.path_qs)
        if self.failing:
            return web.Response(status=503, text="down")
        return web.json_response(self.answer(request.path, dict(request.query)))

    async def _listen(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        connection = Connection(socket, request)
        self.connections.append(connection)
        self.met.append(connection)
        self.alone.clear()
        async for message in socket:
            if message.type == WSMsgType.PONG:
                connection.answered.set()
            elif message.type == WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type == WSMsgType.TEXT:
                await self._told(connection, json.loads(message.data))
        self.connections.remove(connection)
        if not self.connections:
            self.alone.set()
        return socket

    async def _told(self, connection: Connection, message: Any) -> None:
        on, topics, replies = self.understood(message)
        for reply in replies:
            await self.sending(connection, reply)
        for topic in topics:
            if on and topic not in connection.topics:
                for image in self.first(topic):
                    await self.sending(connection, image)
                connection.topics.add(topic)
                self.subscribed[topic] += 1
            elif not on:
                connection.topics.discard(topic)

    async def sending(self, connection: Connection, message: Any) -> None:
        """Send a message to one client."""
        await connection.socket.send_json(message)

    def understood(self, message: Any) -> tuple[bool, list[Topic], list[Any]]:
        """Return whether it subscribes, to what, and the replies."""
        raise NotImplementedError

    def first(self, topic: Topic) -> Iterable[Any]:
        """Return what a new subscriber is sent first."""
        return ()

    def answer(self, path: str, query: dict[str, str]) -> Any:
        """Return the answer to a question."""
        raise NotImplementedError

    def happen(self, step: Step) -> None:
        """Let a step come true, whether or not anybody is told."""
        market = step.topic[1]
        self.trades[market] += step.trades
        for side, price, quantity in step.changes:
            if float(quantity):
                self.books[market][side][price] = quantity
            else:
                self.books[market][side].pop(price, None)

    async def send(self, step: Step, message: Any = None) -> None:
        """Send a step, or another message in its place, to who listens."""
        for connection in list(self.connections):
            if step.topic in connection.topics or step.topic[0] in self.everything:
                await self.sending(connection, step.message if message is None else message)
                self.sent += 1

    async def play(self, steps: Iterable[Step]) -> None:
        """Let steps happen and send them, as fast as clients read."""
        for number, step in enumerate(steps, start=1):
            self.happen(step)
            await self.send(step)
            if number % 50 == 0:
                await self.drained()
        await self.drained()

    async def drained(self) -> None:
        """Wait until clients have read all that was sent: they answer a ping after what came before it."""
        for connection in list(self.connections):
            connection.answered.clear()
            await connection.socket.ping(b"read")
            async with asyncio.timeout(20):
                await connection.answered.wait()

    async def cut(self) -> None:
        """Cut all connections without a word."""
        for connection in list(self.connections):
            if connection.request.transport is not None:
                connection.request.transport.abort()
        async with asyncio.timeout(20):
            await self.alone.wait()

    def best(self, market: str, depth: int) -> tuple[dict[float, float], dict[float, float]]:
        """Return the best levels of the true book, bids and asks."""
        sides = []
        for side, sign in (("bids", -1), ("asks", 1)):
            found = sorted(self.books[market][side].items(), key=lambda level: sign * float(level[0]))
            sides.append({float(price): float(quantity) for price, quantity in found[:depth]})
        return sides[0], sides[1]


class BinanceStandIn(StandIn):
    """Binance spot."""

    everything = frozenset({"bookTicker", "kline_1m"})

    def config(self) -> dict[str, Any]:
        here = f"127.0.0.1:{self.port}"
        api = {"public": f"http://{here}/api/v3", "ws": {"spot": f"ws://{here}/stream/ws"}}
        return {"urls": {"api": api}, "options": {"fetchMarkets": {"types": ["spot"]}}}

    def happen(self, step: Step) -> None:
        if step.changes or step.topic[0].startswith("depth"):
            if step.mark <= self.book_ids[step.topic[1]]:
                return  # the recorded image has it already
            self.book_ids[step.topic[1]] = step.mark
        super().happen(step)

    def understood(self, message: Any) -> tuple[bool, list[Topic], list[Any]]:
        topics = [(channel, market.upper()) for market, _, channel in (one.partition("@") for one in message["params"])]
        return message["method"] == "SUBSCRIBE", topics, [{"result": None, "id": message["id"]}]

    def answer(self, path: str, query: dict[str, str]) -> Any:
        if path.endswith("exchangeInfo"):
            return self.recording.info
        if path.endswith("/time"):
            return {"serverTime": 1633998511098}
        market = query["symbol"]
        if path.endswith("depth"):
            sides = {side: list(self.books[market][side].items()) for side in ("bids", "asks")}
            return {"lastUpdateId": self.book_ids[market], **sides}
        found, limit = self.trades[market], int(query.get("limit", 500))
        if "fromId" in query:
            return [trade for trade in found if trade["a"] >= int(query["fromId"])][:limit]
        if "startTime" in query:
            low, high = int(query["startTime"]), int(query["endTime"])
            return [trade for trade in found if low <= trade["T"] <= high][:limit]
        return found[-limit:]


class CoinbaseStandIn(StandIn):
    """Coinbase's pro feed."""

    everything = frozenset({"ticker"})

    def config(self) -> dict[str, Any]:
        here = f"127.0.0.1:{self.port}"
        return {"urls": {"api": {"public": f"http://{here}", "ws": f"ws://{here}/feed"}}}

    def understood(self, message: Any) -> tuple[bool, list[Topic], list[Any]]:
        topics = [(channel, market) for channel in message["channels"] for market in message["product_ids"]]
        unknown = [market for _, market in topics if market not in self.books]
        if unknown:
            reason = f"{unknown[0]} is not a valid product"
            return True, [], [{"type": "error", "message": "Failed to subscribe", "reason": reason}]
        return message["type"] == "subscribe", topics, [{"type": "subscriptions", "channels": []}]

    def first(self, topic: Topic) -> Iterable[Any]:
        channel, market = topic
        if channel == "level2_batch":
            sides = {side: list(self.books[market][side].items()) for side in ("bids", "asks")}
            yield {"type": "snapshot", "product_id": market, **sides}
        elif self.trades[market]:
            yield {**self.trades[market][-1], "type": "last_match"}

    def answer(self, path: str, query: dict[str, str]) -> Any:
        if path == "/products":
            return self.recording.info
        if path == "/time":
            return {"epoch": 1618677816.5}
        found = [
            trade for trade in self.trades[path.split("/")[2]] if trade["trade_id"] < int(query.get("after", 1e15))
        ]
        keys = ("trade_id", "side", "size", "price", "time")
        newest = reversed(found[-int(query.get("limit", 100)) :])
        return [{key: trade[key] for key in keys} for trade in newest]


class KrakenStandIn(StandIn):
    """Kraken, WebSocket v2; a thousand levels, for so many were recorded."""

    depth = 1000

    def config(self) -> dict[str, Any]:
        here = f"127.0.0.1:{self.port}"
        return {"urls": {"api": {"public": f"http://{here}", "ws": {"publicV2": f"ws://{here}/v2"}}}}

    def understood(self, message: Any) -> tuple[bool, list[Topic], list[Any]]:
        if message["method"] == "ping":
            return True, [], [{"method": "pong", "req_id": message.get("req_id")}]
        asked = message["params"]
        reply = {"method": message["method"], "success": True, "req_id": message.get("req_id"), "result": asked}
        topics = [(asked["channel"], market) for market in asked["symbol"]]
        return message["method"] == "subscribe", topics, [reply]

    def first(self, topic: Topic) -> Iterable[Any]:
        if topic[0] == "book":
            sides, digits = {}, ""
            for side, sign in (("asks", 1), ("bids", -1)):
                found = sorted(self.books[topic[1]][side].items(), key=lambda level: sign * float(level[0]))
                sides[side] = [{"price": float(price), "qty": float(quantity)} for price, quantity in found]
                digits += "".join(text.replace(".", "").lstrip("0") for level in found[:10] for text in level)
            data = {"symbol": topic[1], **sides, "checksum": zlib.crc32(digits.encode())}
            yield {"channel": "book", "type": "snapshot", "data": [data]}

    def answer(self, path: str, query: dict[str, str]) -> Any:
        if path.endswith("AssetPairs"):
            return self.recording.info
        if path.endswith("Time"):
            return {"error": [], "result": {"unixtime": 1618678132}}
        pair = self.recording.info["result"][query["pair"]]
        since = float(query.get("since", 0)) / 1e9
        found = [list(trade) for trade in self.trades[pair["wsname"].replace("XBT", "BTC")] if trade[2] > since][:1000]
        last = str(int(found[-1][2] * 1e9)) if found else query.get("since", "0")
        return {"error": [], "result": {query["pair"]: found, "last": last}}

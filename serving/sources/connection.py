"""Reading a WebSocket connection in ccxt's place.

ccxt 4.5 empties aiohttp's buffer behind its back and corrects the buffer's size by the messages' length alone. Since
aiohttp counts an overhead a message, what is not corrected adds up until aiohttp stops reading for good, without an
error: in the recorded Coinbase traffic after some 4,000 messages. ccxt also stops reading, and leaves the connection in
place, when a read fails. Here messages are read one by one, as aiohttp offers them, and any end of it is told.

One thing more: a failure that nobody waited for is told to the next who asks, and by ccxt to all who ask later, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

_ABNORMAL = 1006


def with_own_reading(make_client: Callable[[str], Any], known: Callable[[], Any]) -> Callable[[str], Any]:
    """Return what makes ccxt's WebSocket clients, so that new ones behave as above.

    Args:
        make_client: ccxt's method that returns the client of a URL, made if there is none.
        known: Returns the clients that there are, by URL.
    """

    def client_of(url: str) -> Any:  # noqa: ANN401 - ccxt ships no types
        fresh = url not in (known() or {})
        client = make_client(url)
        if fresh:
            client.receive_loop = lambda: setattr(client, "reading", asyncio.ensure_future(read_messages(client)))
            client.future = _each_once(client, client.future)
        return client

    return client_of


def _each_once(client: Any, future: Callable[[str], Any]) -> Callable[[str], Any]:  # noqa: ANN401 - ccxt ships no types
    def future_of(key: str) -> Any:  # noqa: ANN401 - as above
        found = future(key)
        if found.done():
            client.futures.pop(key, None)
        return found

    return future_of


async def read_messages(client: Any) -> None:  # noqa: ANN401 - ccxt ships no types
    """Hand over messages until the connection ends; whoever waits for one runs before the next is read."""
    from aiohttp import WSMsgType  # noqa: PLC0415 - loaded with ccxt
    from ccxt.base.errors import NetworkError  # noqa: PLC0415 - as above

    gone = {WSMsgType.CLOSED, WSMsgType.CLOSING}
    while not client.closed():
        try:
            message = await client.receive()
        except Exception as error:  # noqa: BLE001 - whatever it is, the feeds are told and connect again
            client.on_error(NetworkError(f"the connection could not be read: {error!r}"))
            return
        if message.type not in gone:
            client.handle_message(message)
            if message.type in {WSMsgType.CLOSE, WSMsgType.ERROR}:
                return
        await asyncio.sleep(0)
    client.on_close(_ABNORMAL)

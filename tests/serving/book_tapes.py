"""Books told by hand, as records: calm ones, with walls that vanish, or emptied at once."""

from __future__ import annotations

from typing import Any

from serving.times import iso

START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
Records = list[dict[str, Any]]


def row(t: float, **cells: object) -> dict[str, Any]:
    """Return a record at a second."""
    return {"timestamp": iso(START + round(t * SECOND)), "symbol": "BTC/USD", **cells}


def level(t: float, side: str, price: float, quantity: float, *, snapshot: bool = False) -> dict[str, Any]:
    """Return a level that is set at a second."""
    return row(t, side=side, price=price, quantity=quantity, snapshot=snapshot)


def calm(seconds: int) -> dict[str, Records]:
    """Return trades and levels of a book of six levels a side around 100 that lives a little."""
    sides = (("buy", -1.0), ("sell", 1.0))
    books = [
        level(0.0, side, round(100.0 + sign * 0.01 * k, 2), 1.0, snapshot=True)
        for side, sign in sides
        for k in range(1, 7)
    ]
    trades: Records = []
    for second in range(1, seconds):
        books.append(level(second, "buy", 99.0, 0.5 + second % 2))
        if second % 7 == 0:
            trades.append(row(second + 0.1, price=100.01, quantity=0.1, aggressor="buy"))
            books += [level(second + 0.1, "sell", 100.01, 0.9), level(second + 0.4, "sell", 100.01, 1.0)]
    return {"trades": trades, "books": books}


def moved(*times: float) -> dict[str, Records]:
    """Return a quote of forty levels that moves by a tick, there or back, at each time after the first."""
    books, here, there = [], 100.02, 100.03
    for number, t in enumerate(times):
        if number:
            books += [level(t, "sell", here, 1.0)]
            here, there = there, here
        books.append(level(t, "sell", here, 40.0))
    return {"trades": [], "books": books}


def walls(*times: float, traded: bool = False) -> dict[str, Records]:
    """Return a wall of forty levels at each time, gone four seconds later: pulled, or traded."""
    books, trades = [], []
    for t in times:
        books += [level(t, "sell", 100.02, 40.0), level(t + 4.0, "sell", 100.02, 1.0)]
        if traded:
            trades.append(row(t + 4.0, price=100.02, quantity=39.0, aggressor="buy"))
    return {"trades": trades, "books": books}


def emptied(t: float, *, traded: bool = False, image: bool = False) -> dict[str, Records]:
    """Return the bids gone but for one, at a time: pulled, traded, or missing in a new image of the book."""
    gone = [round(99.99 - 0.01 * k, 2) for k in range(6)]
    if image:
        books = [level(t, "buy", 99.5, 0.2, snapshot=True), level(t, "sell", 100.01, 1.0, snapshot=True)]
        return {"trades": [], "books": books}
    books = [level(t, "buy", price, 0.0) for price in gone] + [level(t, "buy", 99.9, 0.2), level(t, "buy", 99.0, 0.0)]
    trades = [row(t, price=price, quantity=1.0, aggressor="sell") for price in gone] if traded else []
    return {"trades": trades, "books": books}


def together(*parts: dict[str, Records]) -> dict[str, Records]:
    """Return records of several parts, each table in time order."""
    return {
        name: sorted((one for part in parts for one in part.get(name, [])), key=lambda one: str(one["timestamp"]))
        for name in ("trades", "books")
    }

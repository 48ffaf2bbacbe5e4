"""A random market's messages, with abuse and a book written by hand among them."""

from __future__ import annotations

from typing import Any

import numpy as np

SECOND = 1_000_000_000
START = 1_714_521_600 * SECOND
MINUTES = 42
Message = dict[str, Any]


class Writer:
    """Writes a random market's messages."""

    def __init__(self, symbol: str, seed: int) -> None:
        self.symbol = symbol
        self.random = np.random.default_rng(seed)
        self.messages: list[Message] = []
        self.price = 100.0
        self.orders = 0

    def trade(self, time: float, buyer: str | None, seller: str | None, quantity: float, side: str | None) -> None:
        self.messages.append(
            {"timestamp": START + round(time * SECOND), "symbol": self.symbol, "trade_id": f"t{len(self.messages)}",
             "price": round(self.price, 2), "quantity": quantity, "buyer_id": buyer, "seller_id": seller,
             "aggressor": side}
        )  # fmt: skip

    def order(self, time: float, key: int, account: str, event: str, side: str, quantity: float, leaves: float) -> None:
        self.messages.append(
            {"timestamp": START + round(time * SECOND), "symbol": self.symbol, "order_id": f"{self.symbol}{key}",
             "account_id": account, "event": event, "side": side, "price": self.price, "quantity": quantity,
             "leaves_quantity": leaves}
        )  # fmt: skip

    def background(self) -> None:
        names = ["abe", "bob", "cid", "dan", "eve", "zoe", None]
        for minute in range(MINUTES):
            if self.random.random() < 0.15:
                continue
            for _ in range(int(self.random.integers(1, 9))):
                # Whole seconds, so that many timestamps are equal; now and then the very same trade twice.
                time = 60.0 * minute + float(self.random.integers(0, 60))
                buyer, seller = self.random.choice(np.array(names, dtype=object), 2)
                self.price *= float(np.exp(self.random.normal(0, 0.002)))
                side = [None, "buy", "sell", "buy", "sell"][int(self.random.integers(0, 5))]
                quantity = float(self.random.integers(1, 50)) / 10
                for _ in range(1 + int(self.random.random() < 0.1)):
                    self.trade(time, buyer, seller, quantity, side)
        for _ in range(40):
            time, account = float(self.random.integers(0, MINUTES * 60)), str(self.random.choice(["bob", "dan", "eve"]))
            self.orders += 1
            event = str(self.random.choice(["cancel", "fill", "expire", "replace"]))
            self.order(time, self.orders, account, "new", "buy", 1.0, 1.0)
            self.order(time + float(self.random.integers(0, 20)), self.orders, account, event, "buy", 1.0, 0.0)

    def level(self, time: float, side: str, price: float, quantity: float, *, snapshot: bool = False) -> None:
        self.messages.append(
            {"timestamp": START + round(time * SECOND), "symbol": self.symbol, "side": side, "price": price,
             "quantity": quantity, "snapshot": snapshot}
        )  # fmt: skip

    def book(self) -> None:
        def image(time: float) -> None:
            for side, sign in (("buy", -1), ("sell", 1)):
                for k in range(1, 6):
                    self.level(time, side, round(100.0 + sign * 0.02 * k, 2), 2.0 + k % 3, snapshot=True)

        image(0.0)
        for k in range(1, 300):
            price = round(99.98 - 0.02 * float(self.random.integers(0, 5)), 2)
            side = str(self.random.choice(["buy", "sell"]))
            self.level(8.0 * k, side, price if side == "buy" else 200.0 - price, float(self.random.integers(0, 6)))
        for k in range(4):
            # A wall that is pulled in the last second of a bucket, and half of the bids with it.
            time = 700.0 + 200.0 * k + float(self.random.integers(0, 10))
            self.level(time, "buy", 99.98, 60.0)
            self.level(time + 3.7, "buy", 99.98, 0.0)
            for price in (99.96, 99.94, 99.92):
                self.level(time + 3.8, "buy", price, 0.0)
            image(time + 40.0)

    def wash(self, time: float) -> None:
        for k in range(10):
            buyer, seller = ("cid", "dan") if k % 2 else ("dan", "cid")
            self.trade(time + k, buyer, seller, 5.0, "buy")
            self.trade(time + k, "bob", "bob", 3.0, "sell")

    def spoof(self, time: float) -> None:
        genuine, *baits = range(self.orders + 1, self.orders + 5)
        self.orders += 4
        self.order(time, genuine, "abe", "new", "buy", 2.0, 2.0)
        for bait in baits:
            self.order(time + 0.1, bait, "zoe", "new", "sell", 9.0, 9.0)
        self.order(time + 0.3, genuine, "abe", "fill", "buy", 2.0, 0.0)
        self.trade(time + 0.3, "abe", "eve", 2.0, "sell")
        for bait in baits:
            self.order(time + 0.5, bait, "zoe", "cancel", "sell", 9.0, 0.0)

    def pump(self, time: float) -> None:
        for k in range(20):
            self.price *= 1.01
            for _ in range(3):
                self.trade(time + k, "eve", "bob", 20.0, "buy")

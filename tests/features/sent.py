"""Hand-made order messages, as sweeps see them: lives are followed here, the market stands still or is set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from features.events import CANCEL, EXPIRE, FILL, NEW, REPLACE
from features.seen import Seen, blank_seen

SECOND_NS = 1_000_000_000
BEGIN_S = 1_767_571_200
USUAL, SIGMA = 100.0, 1e-3


@dataclass
class _Order:
    who: int
    side: int
    price: float
    left: int
    placed: int
    filled: int = 0


@dataclass
class Sent:
    """Messages in order of time; `bid` and `ask` hold for those that are sent next."""

    bid: float = 99.99
    ask: float = 100.01
    rows: list[dict[str, Any]] = field(default_factory=list)
    orders: dict[int, _Order] = field(default_factory=dict)

    def new(self, at_s: float, who: int, side: int, price: float, lots: int = 100) -> int:
        """Send an order; return its number."""
        number = len(self.orders) + 1_000_000
        self.orders[number] = _Order(who, side, price, lots, _ns(at_s))
        self._note(at_s, NEW, number, lots, {"size": lots, "after": lots, "placed": _ns(at_s), "was": price})
        return number

    def cancel(self, at_s: float, number: int) -> None:
        """Take an order back."""
        self._end(at_s, CANCEL, number, self.orders[number].left)

    def expire(self, at_s: float, number: int) -> None:
        """Let an order expire."""
        self._end(at_s, EXPIRE, number, self.orders[number].left)

    def fill(self, at_s: float, number: int, lots: int = 0) -> None:
        """Fill an order, wholly if no lots are given."""
        lots = lots or self.orders[number].left
        self._end(at_s, FILL, number, lots)
        self.orders[number].filled += lots

    def replace(self, at_s: float, number: int, price: float) -> None:
        """Change the price of an order."""
        was, self.orders[number].price = self.orders[number].price, price
        self._note(at_s, REPLACE, number, self.orders[number].left, {"after": self.orders[number].left, "was": was})

    def _end(self, at_s: float, kind: int, number: int, lots: int) -> None:
        order = self.orders[number]
        self._note(at_s, kind, number, lots, {"after": order.left - lots})
        order.left -= lots

    def _note(self, at_s: float, kind: int, number: int, lots: int, more: dict[str, Any]) -> None:
        order = self.orders[number]
        life: dict[str, float] = {
            "left": order.left,
            "filled": order.filled,
            "size": order.filled + order.left,
            "placed": order.placed,
        }
        life = {"was": order.price, **(life if kind != NEW else {}), **more}
        given = {"time": _ns(at_s), "kind": kind, "side": order.side, "price": order.price, "lots": lots,
                 "entity": order.who, "order": number, "bid": self.bid, "ask": self.ask}  # fmt: skip
        self.rows.append({**given, **life})

    def seen(self) -> Seen:
        """Return all messages as seen."""
        rows = sorted(self.rows, key=lambda row: row["time"])
        n = len(rows)
        blank = blank_seen(
            {
                "time": np.zeros(n, np.int64), "kind": np.zeros(n, np.int8), "side": np.zeros(n, np.int8),
                "price": np.zeros(n), "lots": np.zeros(n, np.int64), "entity": np.zeros(n, np.int32),
                "counter": np.full(n, -1, np.int32), "order": np.zeros(n, np.int64),
                "counter_order": np.zeros(n, np.int64),
            }
        )  # fmt: skip
        for i, row in enumerate(rows):
            for name, value in row.items():
                getattr(blank, name)[i] = value
        full = {name: np.full(n, value) for name, value in (("usual", USUAL), ("sigma", SIGMA), ("flow", 1_000.0))}
        return blank._replace(bid_depth=np.full(n, 1_500), ask_depth=np.full(n, 1_500), **full)


def _ns(at_s: float) -> int:
    return round((BEGIN_S + at_s) * SECOND_NS)


def honest(seed: int, count: int, sent: Sent | None = None) -> Sent:
    """Return messages of thirty accounts who rest and cancel at random around the touch."""
    rng, sent = np.random.default_rng(seed), sent or Sent()
    for at in np.sort(rng.uniform(0.0, 900.0, count)).tolist():
        side = int(rng.choice([-1, 1]))
        price = 100.0 - side * round(float(rng.exponential(0.05)) + 0.01, 2)
        number = sent.new(at, int(rng.integers(100, 130)), side, price, int(rng.integers(20, 300)))
        sent.cancel(at + float(rng.exponential(20.0)), number)
    return sent

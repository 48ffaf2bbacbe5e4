"""Abuse that every rule book knows, as events: what a canary shows. The same pattern, number and time, the same events.

Each spans `SPAN_S`: an ordinary market, the abuse, and after it so much ordinary trading that time alone closes the
buckets which the alert needs. Nothing is random, so that a canary which is missed is missed because of the pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from features.canary import CANARY_VENUE
from features.records import tables_from_records
from features.time_units import SECOND_NS
from serving.monitoring.wire import Canary, Pattern
from serving.times import iso

SPAN_S = 4500
ABUSE_S = 3900
Record = dict[str, Any]
Records = list[Record]


def tables_of(canary: Canary) -> dict[str, pa.Table]:
    """Return the events of a canary as canonical tables by name."""
    shown = PATTERNS[canary.pattern]()
    stamped = {name: _stamped(canary, name, records) for name, records in shown.items() if records}
    tape = tables_from_records(**stamped, name="canary")
    return {name: getattr(tape, name) for name in stamped}


def tipped_at(canary: Canary, detected_at: int) -> int:
    """Return the time of the last event before an alert on a canary was detected, ns UTC."""
    records = [record for table in PATTERNS[canary.pattern]().values() for record in table]
    times = [canary.start + round(record["at_s"] * SECOND_NS) for record in records]
    return max((time for time in times if time <= detected_at), default=canary.start)


def wash_trading() -> dict[str, Records]:
    """Return an account that trades with itself every five seconds, for five minutes, in most of the volume."""
    wash = [
        _trade(ABUSE_S + 5.0 * k + 1, 100.0 + 0.01 * (k % 3), 25.0, "washer", "washer", "buy" if k % 2 else "sell")
        for k in range(60)
    ]
    return {"trades": _in_time(_ordinary() + wash)}


def pump_and_dump() -> dict[str, Records]:
    """Return a crowd that within half a minute buys the price up by a third, sweeping level after level."""
    rush = []
    for k in range(60):
        price, at_s = 100.0 + 0.5 * k, ABUSE_S + 0.5 * k
        rush += [_trade(at_s, price + 0.1 * level, 4.0, f"buyer{k}", "maker", "buy") for level in range(4)]
    return {"trades": _in_time(_ordinary() + rush)}


def spoofing() -> dict[str, Records]:
    """Return an account that eight times lays out large buy orders, sells a little, and pulls them at once."""
    orders, trades = _quotes(), _ordinary()
    for k in range(8):
        at_s, names = ABUSE_S + 30.0 * k + 3.0, [f"bait{k}-{n}" for n in range(3)]
        for n, name in enumerate(names):
            orders.append(_order(at_s + 0.01 * n, name, "spoofer", "new", "buy", 99.9, 100.0))
            orders.append(_order(at_s + 0.9 + 0.01 * n, name, "spoofer", "cancel", "buy", 99.9, 100.0))
        orders.append(_order(at_s + 0.2, f"real{k}", "spoofer", "new", "sell", 100.05, 2.0))
        orders.append(_order(at_s + 0.5, f"real{k}", "spoofer", "fill", "sell", 100.05, 2.0))
        trades.append({**_trade(at_s + 0.5, 100.05, 2.0, "lured", "spoofer", "buy"), "sell_order_id": f"real{k}"})
    return {"orders": _in_time(orders), "trades": _in_time(trades)}


PATTERNS: Mapping[Pattern, Callable[[], dict[str, Records]]] = {
    "wash_trading": wash_trading,
    "pump_and_dump": pump_and_dump,
    "spoofing": spoofing,
}


def _ordinary() -> Records:
    """Return one trade in about twenty seconds, by twenty buyers and seven sellers in turn."""
    return [
        _trade(
            at_s + at_s * 7919 % 1777 / 100,
            100.0 + 0.01 * (at_s * 7 % 11 - 5),
            1.0 + at_s * 3 % 5 / 5,
            f"buyer{at_s // 20 % 20}",
            f"seller{at_s // 20 % 7}",
            "buy" if at_s * 3 % 7 < 4 else "sell",
        )
        for at_s in range(0, SPAN_S - 20, 20)
    ]


def _quotes() -> Records:
    """Return orders of ordinary size that come every four seconds and are cancelled three seconds later."""
    orders = []
    for k, at_s in enumerate(range(0, SPAN_S - 4, 4)):
        side, price = ("buy", 99.95) if k % 2 else ("sell", 100.05)
        who, size = f"quoter{k % 9}", 2.0 + k % 4
        orders.append(_order(float(at_s), f"quote{k}", who, "new", side, price, size))
        orders.append(_order(at_s + 3.0, f"quote{k}", who, "cancel", side, price, size))
    return orders


def _trade(at_s: float, price: float, quantity: float, buyer: str, seller: str, aggressor: str) -> Record:
    return {
        "at_s": at_s, "price": round(price, 4), "quantity": quantity, "buyer_id": buyer, "seller_id": seller,
        "aggressor": aggressor,
    }  # fmt: skip


def _order(at_s: float, order: str, account: str, event: str, side: str, price: float, quantity: float) -> Record:
    return {
        "at_s": at_s, "order_id": order, "account_id": account, "event": event, "side": side, "price": price,
        "quantity": quantity,
    }  # fmt: skip


def _in_time(records: Records) -> Records:
    return sorted(records, key=lambda record: float(record["at_s"]))


def _stamped(canary: Canary, table: str, records: Records) -> Records:
    """Return the records at their times and on their market, with ids that are this canary's own."""
    mine = f"{canary.pattern}-{canary.number}"
    ids = {"order_id", "buy_order_id", "sell_order_id"}
    accounts = {"account_id", "buyer_id", "seller_id"}

    def named(name: str, cell: object) -> object:
        """Return a cell; ids are the canary's own, and accounts nobody else's."""
        return f"{mine}-{cell}" if name in ids else f"canary-{cell}" if name in accounts else cell

    return [
        {
            "event_id": f"{mine}-{table}-{row}",
            "timestamp": iso(canary.start + round(record["at_s"] * SECOND_NS)),
            "venue": CANARY_VENUE,
            "symbol": canary.symbol,
            **{name: named(name, cell) for name, cell in record.items() if name != "at_s"},
        }
        for row, record in enumerate(records)
    ]

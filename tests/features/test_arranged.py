from __future__ import annotations

from typing import Any

import numpy as np

from features.arranged import new_arrivals, note_arrivals
from features.events import NEW, TRADE
from features.seen import Seen, blank_seen

SECOND_NS = 1_000_000_000


def seen_of(*events: tuple[float, int, int, int, int]) -> Seen:
    """Return seconds, kind, order, other order and lots of each event as seen."""
    table = np.array([(s * SECOND_NS, *rest) for s, *rest in events])
    n = len(table)
    given: dict[str, Any] = {
        "time": table[:, 0].astype(np.int64), "kind": table[:, 1].astype(np.int8), "side": np.ones(n, np.int8),
        "price": np.ones(n), "lots": table[:, 4].astype(np.int64), "entity": np.zeros(n, np.int32),
        "counter": np.ones(n, np.int32), "order": table[:, 2].astype(np.int64),
        "counter_order": table[:, 3].astype(np.int64),
    }  # fmt: skip
    return blank_seen(given)


def arranged(*events: tuple[float, int, int, int, int]) -> list[bool]:
    seen = seen_of(*events)
    out = np.zeros(len(events), np.bool_)
    note_arrivals(new_arrivals(), seen, out)
    told: list[bool] = out[seen.kind == TRADE].tolist()
    return told


def test_orders_of_one_size_that_come_moments_apart_and_meet_look_arranged() -> None:
    assert arranged((10.0, NEW, 7, 0, 30), (10.2, NEW, 8, 0, 30), (10.2, TRADE, 7, 8, 30)) == [True]
    assert arranged((10.0, NEW, 7, 0, 30), (10.2, NEW, 8, 0, 30), (10.2, TRADE, 8, 7, 30)) == [True]


def test_what_a_stranger_left_of_an_order_is_its_size() -> None:
    both = ((10.0, NEW, 7, 0, 30), (10.1, NEW, 9, 0, 10), (10.1, TRADE, 9, 7, 10), (10.2, NEW, 8, 0, 20))
    assert arranged(*both, (10.2, TRADE, 8, 7, 20)) == [False, True]


def test_orders_of_other_sizes_or_long_apart_do_not_look_arranged() -> None:
    assert arranged((10.0, NEW, 7, 0, 30), (10.2, NEW, 8, 0, 31), (10.2, TRADE, 7, 8, 30)) == [False]
    assert arranged((10.0, NEW, 7, 0, 30), (12.0, NEW, 8, 0, 30), (12.0, TRADE, 7, 8, 30)) == [False]


def test_trades_of_unknown_orders_do_not_look_arranged() -> None:
    assert arranged((10.0, TRADE, 0, 0, 30), (10.0, TRADE, 5, 6, 30)) == [False, False]

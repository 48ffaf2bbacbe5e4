from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from features.readers import Tape
from models.catalogue import detectors
from models.parameters import Parameters
from serving.abstention import abstentions

Columns = dict[str, list[object]]
TRADES: Columns = {
    "venue": ["x", "y"], "symbol": ["BTC/USD", "BTC-USD"], "price": [1.0, 1.0], "buyer_id": ["a", "a"],
    "seller_id": ["b", "b"], "aggressor": ["buy", "buy"],
}  # fmt: skip
ORDERS: Columns = {"order_id": ["o"], "account_id": ["a"]}
BOOKS = pa.table({"price": [1.0]})


def tape(trades: Columns | None, orders: Columns | None = None) -> Tape:
    return Tape("t", trades and pa.table(trades), orders and pa.table(orders), BOOKS)


def without(table: Columns, *names: str) -> Columns:
    return {name: column for name, column in table.items() if name not in names}


def names_in(line: str) -> set[str]:
    return set(line.partition(": ")[2].removesuffix("s").removesuffix(" abstain").replace(" and ", ", ").split(", "))


def those_that_need(*kinds: str) -> set[str]:
    return {one.name for one in detectors(Parameters()) if set(kinds) <= set(one.needs)}


def test_abstentions_of_a_tape_with_everything_are_none() -> None:
    assert abstentions(tape(TRADES, ORDERS), Parameters()) == []


def test_abstentions_of_a_tape_without_orders_name_who_needs_them_once() -> None:
    (line,) = abstentions(tape(TRADES), Parameters())
    assert line.startswith("no order messages on this tape: ")
    assert line.endswith((" abstain", " abstains"))
    assert names_in(line) == those_that_need("orders")
    assert "spoofing" in line


def test_abstentions_of_a_tape_without_books_name_who_needs_them() -> None:
    (line,) = abstentions(replace(tape(TRADES, ORDERS), books=None), Parameters())
    assert line.startswith("no book levels on this tape: ")
    assert names_in(line) == those_that_need("books") == {"vanishing_wall", "liquidity_withdrawal"}


def test_abstentions_of_a_tape_without_accounts_name_who_needs_them() -> None:
    lines = abstentions(tape(without(TRADES, "buyer_id", "seller_id"), ORDERS), Parameters())
    (line,) = lines
    assert line.startswith("trades of this tape name no accounts: ")
    assert names_in(line) == those_that_need("accounts") - those_that_need("orders")


def test_abstentions_of_orders_without_accounts_are_of_those_that_read_orders() -> None:
    (line,) = abstentions(tape(TRADES, without(ORDERS, "account_id")), Parameters())
    assert line.startswith("orders of this tape name no accounts: ")
    assert names_in(line) == those_that_need("accounts", "orders")


@pytest.mark.parametrize("known", [True, False])
def test_abstentions_for_want_of_who_took_are_said_only_without_a_book(*, known: bool) -> None:
    bare = without(TRADES, "aggressor")
    lines = abstentions(tape(bare, ORDERS if known else None), Parameters())
    said = [line for line in lines if line.startswith("trades of this tape do not tell who took: ")]
    expected = those_that_need("aggressor") - those_that_need("orders") if not known else set()
    assert {name for line in said for name in names_in(line)} == expected


@pytest.mark.parametrize("symbols", [["BTC/USD", "ETH/USD"], ["BTC/USD", "BTC/USDT"]])
def test_abstentions_of_a_tape_without_a_second_venue_name_who_needs_one(symbols: list[object]) -> None:
    (line,) = abstentions(tape({**TRADES, "symbol": symbols}, ORDERS), Parameters())
    assert line.startswith("nothing on this tape trades on two venues: ")
    assert names_in(line) == those_that_need("venues")


def test_abstentions_of_an_empty_tape_are_not_said() -> None:
    assert abstentions(Tape("t"), Parameters()) == []

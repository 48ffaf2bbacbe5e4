from __future__ import annotations

import pytest

from features.errors import SchemaError
from features.fills import FILLS, TRADE_LAYOUTS
from features.recognition import recognise
from features.schema import ORDERS, PARTS, TRADES, Layout

LAYOUTS = [ORDERS, *TRADE_LAYOUTS]


@pytest.mark.parametrize("layout", [*PARTS.values(), FILLS], ids=lambda layout: layout.name)
def test_recognise_required_columns_gives_layout(layout: Layout) -> None:
    assert recognise(sorted(layout.required), [layout], "file")[0] is layout


def test_recognise_orders_with_all_columns_of_trades_gives_orders() -> None:
    assert recognise(ORDERS.names, LAYOUTS, "file")[0] is ORDERS


def test_recognise_misspelled_required_column_names_missing_unknown_and_nearest() -> None:
    with pytest.raises(SchemaError) as caught:
        recognise(["timestamp", "symbol", "Price", "quantitty", "colour"], LAYOUTS, "tape.csv")
    text = str(caught.value)
    assert text.startswith("tape.csv: columns must be those of orders or trades or one-sided fills")
    assert "nearest layout: trades; missing: price, quantity" in text
    assert "Price (did you mean price?), quantitty (did you mean quantity?), colour" in text


def test_recognise_unknown_optional_column_says_it_is_not_read() -> None:
    layout, note = recognise(["timestamp", "symbol", "price", "quantity", "agressor"], LAYOUTS, "file")
    assert layout is TRADES
    assert note == "columns that are not read: agressor (did you mean aggressor?)"


def test_recognise_column_twice_is_refused() -> None:
    with pytest.raises(SchemaError, match="must have unique names, was twice: price"):
        recognise(["timestamp", "symbol", "price", "price", "quantity"], LAYOUTS, "file")


@pytest.mark.parametrize("layout", [*PARTS.values(), FILLS], ids=lambda layout: layout.name)
def test_rule_of_every_column_says_what_it_must_be(layout: Layout) -> None:
    assert all(column.rule.startswith("must be ") for column in layout.columns)
    assert all(column.rule.endswith(", or empty") == column.may_be_empty for column in layout.columns)

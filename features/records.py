"""Events that come as records (a request body, a message) instead of files: the same rules, the same mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from features.fills import TRADE_LAYOUTS
from features.readers import Tape, assemble
from features.record_cells import raw_from_records
from features.schema import PARTS, TRADES
from features.validation import Checked, check

Records = Sequence[Mapping[str, object]]


def tables_from_records(
    *,
    trades: Records | None = None,
    orders: Records | None = None,
    books: Records | None = None,
    accounts: Records | None = None,
    rates: Records | None = None,
    name: str = "request body",
) -> Tape:
    """Return records as a tape, checked by the rules of files; rows are counted from 1 in each list.

    Args:
        trades: Trades or one-sided fills.
        orders: Order messages.
        books: Book levels.
        accounts: Accounts and their owners.
        rates: USD per unit of a currency.
        name: The tape's name, also in messages.

    Raises:
        RefusedRowsError: Records break the schema; its `mistakes` name list, row, field, value and rule. The lists are
            checked in the order above and the first with mistakes is reported.
        SchemaError: Fields that must be there are in no record of a list.

    Example:
        >>> trade = {"timestamp": "2024-05-01T09:30:00Z", "symbol": "BTC/USD", "price": 60000, "quantity": "0.5"}
        >>> len(tables_from_records(trades=[trade]))
        1
    """
    given = {"trades": trades, "orders": orders, "books": books, "accounts": accounts, "rates": rates}
    checked = {part: _checked(part, records, name) for part, records in given.items() if records is not None}
    return assemble(name, checked)


def _checked(part: str, records: Records, name: str) -> Checked:
    layouts = TRADE_LAYOUTS if part == TRADES.name else [PARTS[part]]
    return check(raw_from_records(list(enumerate(records, start=1)), layouts, f"{name}: {part}"))

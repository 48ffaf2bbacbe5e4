"""One-sided fills: what a desk knows of its own users, one row a user's fill."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from features.schema import DEFAULT_VENUE, SIDE_WORDS, TIMESTAMP, TRADES, Column, Layout, positive

FILLS = Layout(
    "one-sided fills",
    (
        *(TIMESTAMP, Column("user_id", "name"), Column("symbol_pair", "name")),
        *(Column("side", "word", words=SIDE_WORDS), positive("price_usd"), positive("amount")),
    ),
)
TRADE_LAYOUTS = (TRADES, FILLS)


def trades_of_fills(fills: pa.Table) -> pa.Table:
    """Return one-sided fills as trades.

    Only the user's own side is known: a BUY names the buyer, a SELL the seller, and the other side stays empty. Nor is
    it known who took liquidity, so there is no aggressor. A trade between two of the desk's users stands in such a
    file twice, once for each, and is counted twice.

    Args:
        fills: Checked table with `timestamp`, `user_id`, `symbol_pair`, `side`, `price_usd`, `amount`.
    """
    bought = pc.equal(fills["side"].cast(pa.string()), "buy")
    user = fills["user_id"].cast(pa.string())
    nobody = pa.scalar(None, pa.string())
    sides = {"buyer_id": pc.if_else(bought, user, nobody), "seller_id": pc.if_else(bought, nobody, user)}
    coded = {name: column.combine_chunks().dictionary_encode() for name, column in sides.items()}
    venue = pa.repeat(DEFAULT_VENUE, len(fills)).dictionary_encode()
    return pa.table(
        {
            "timestamp": fills["timestamp"],
            "venue": venue,
            "symbol": fills["symbol_pair"],
            "price": fills["price_usd"],
            "quantity": fills["amount"],
            **{name: column for name, column in coded.items() if column.null_count < len(column)},
        }
    )

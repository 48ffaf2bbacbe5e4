"""What a tape says about a planned look-alike and those behind it."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.showing import Shown


def rows_of(shown: Shown, kind: str) -> pd.DataFrame:
    """Return the record of a look-alike, one row a market; roles recorded for the whole tape are left out."""
    own = shown.innocent[shown.innocent["kind"] == kind]
    return own[own["start"] != own["start"].min()] if (own["orders"] + own["trades"] == 0).any() else own


def accounts_of(shown: Shown, kind: str) -> list[str]:
    """Return who is behind it."""
    return list(rows_of(shown, kind)["accounts"].iloc[0].split(";"))


def span_of(shown: Shown, kind: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return when it began and ended."""
    row = rows_of(shown, kind).iloc[0]
    return pd.Timestamp(row["start"]), pd.Timestamp(row["end"])


def orders_of(shown: Shown, kind: str) -> pd.DataFrame:
    """Return the messages of those behind it while it lasted."""
    start, end = span_of(shown, kind)
    within = shown.orders["timestamp"].between(start, end)
    return shown.orders[within & shown.orders["account_id"].isin(accounts_of(shown, kind))]


def between(table: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Return rows of a span."""
    return table[table["timestamp"].between(start, end)]


def price_at(shown: Shown, when: pd.Timestamp, symbol: str | None = None) -> float:
    """Return the median price of the ten trades before a time."""
    trades = shown.trades if symbol is None else shown.trades[shown.trades["symbol"] == symbol]
    return float(trades[trades["timestamp"] <= when]["price"].tail(10).median())


def takers(trades: pd.DataFrame) -> pd.Series:
    """Return the account that took in each trade."""
    return trades["buyer_id"].where(trades["aggressor"] == "buy", trades["seller_id"])


def volume_share(trades: pd.DataFrame, accounts: list[str]) -> float:
    """Return the share of the volume in which accounts took part."""
    part = trades["buyer_id"].isin(accounts) | trades["seller_id"].isin(accounts)
    return float(trades.loc[part, "quantity"].sum() / trades["quantity"].sum())

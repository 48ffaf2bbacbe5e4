"""Excessive accumulation and offloading: a user who trades one way, out of proportion to the user's own history.

Days are rolling spans of 24 hours back from `as_of`: a fill exactly 24 hours old opens the day before. The history
ends where the analysis window begins. Proportions are of dollar value.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from models.rules.base import RuleParams, parameter

Per = Literal["user_symbol", "user"]
SIDES = {"excessive_accumulation_own": "buy", "excessive_offloading_own": "sell"}
FILL_COLUMNS = ["timestamp", "user_id", "symbol_pair", "side", "price_usd", "amount"]
ALL_SYMBOLS = "*"
_KEY = ["user_id", "symbol_pair"]
_DECIMALS = 12
_DAY = pd.Timedelta(days=1)
_SOURCE = "detectors.md, the nine parameters"


class Params(RuleParams):
    """The nine parameters of excessive accumulation, and a tenth that is ours."""

    analysis_window: int = parameter(1, "days over which trades are analysed for alerts", _SOURCE, ge=1)
    historical_window: int = parameter(7, "days to look back", _SOURCE, ge=1)
    analysis_minimum_aggregate_dollar_threshold: float = parameter(
        10000.0, "minimum traded value to qualify, USD", _SOURCE, ge=0
    )
    analysis_minimum_transaction_count_threshold: int = parameter(
        5, "minimum transactions of the user in the analysis window", _SOURCE, ge=1
    )
    historical_minimum_number_transactions: int = parameter(
        10, "minimum historical transactions for a benchmark of one's own", _SOURCE, ge=1
    )
    historical_minimum_number_unique_days: int = parameter(
        5, "minimum distinct days in the history; a deviation needs 2", _SOURCE, ge=1
    )
    analysis_buy_proportion_threshold: float = parameter(
        0.7, "proportion of buys that flags accumulation; of sells, offloading", _SOURCE, gt=0, le=1
    )
    analysis_buy_trade_count_threshold: int = parameter(5, "minimum buy trades", _SOURCE, ge=0)
    analysis_sell_trade_count_threshold: int = parameter(
        5, "minimum sell trades (for the offloading side)", _SOURCE, ge=0
    )
    deviation_multiple: float = parameter(
        2.0, "standard deviations above the user's own mean proportion that a flag must exceed", "ours", ge=0
    )


def flag_accumulation(
    fills: pd.DataFrame, params: Params, as_of: pd.Timestamp | None = None, per: Per = "user_symbol"
) -> pd.DataFrame:
    """Return the users who bought, or sold, out of proportion to their own history.

    Args:
        fills: One-sided fills with the columns of `FILL_COLUMNS`; side BUY or SELL in any case, times without a zone
            are UTC, a `price_usd` of NaN has no known rate.
        params: The parameters.
        as_of: End of the analysis window (inclusive); the last fill where left out.
        per: Whether a user is judged in each symbol pair, or over all of them (`symbol_pair` then is "*").

    Returns:
        One row a flag, sorted by user, symbol pair and typology: who and which side, both windows' dates, trade
        counts, total, buy and sell USD and proportions, the history's mean and sample standard deviation of daily
        proportions over the days with trades, deviation in those (inf where they never varied), and the thresholds.
        Users with too little data, or with a fill in the windows whose value is unknown, have no row.
    """
    table = _prepared(fills, per)
    end = _utc(as_of) if as_of is not None else table["timestamp"].max()
    table["day"] = (end - table["timestamp"]).dt.days
    table = table[table["day"].between(0, params.analysis_window + params.historical_window - 1)]
    unknown = table["total_usd"].isna().groupby([table[name] for name in _KEY]).any()
    analysis = _sums(table[table["day"] < params.analysis_window])
    history = _history(table[table["day"] >= params.analysis_window])
    users = analysis.add_prefix("analysis_").join(history, how="inner")
    users = users[~unknown.reindex(users.index, fill_value=False)].reset_index()
    flags = pd.concat([_flags(users, params, typology) for typology in SIDES], ignore_index=True)
    return _presented(flags, params, end).sort_values([*_KEY, "typology"], ignore_index=True)


def write_csv(flags: pd.DataFrame, path: Path) -> None:
    """Write flags as CSV, times as ISO 8601 UTC with microseconds."""
    table = flags.copy()
    for name in table.columns[[name.endswith(("_start", "_end")) for name in table.columns]]:
        table[name] = table[name].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    table.to_csv(path, index=False)


def fills_from_trades(
    trades: pd.DataFrame, rates: pd.DataFrame | None = None, *, priced_in_usd: bool = False
) -> pd.DataFrame:
    """Return one-sided fills of canonical trades: one for the buyer, one for the seller, where they are known.

    Args:
        trades: Canonical trades: `timestamp`, `symbol`, `price`, `quantity`, `buyer_id`, `seller_id`.
        rates: Canonical rates: `timestamp`, `currency`, `usd`; the last one at or before a trade counts.
        priced_in_usd: Whether prices are dollars already, as in a table of one-sided fills.

    Returns:
        Columns of `FILL_COLUMNS`. `price_usd` is NaN where the quote currency ("BTC/EUR": EUR) is not USD and has no
        rate yet, or cannot be told from the symbol; see `symbols_without_rate`.
    """
    priced = trades.assign(timestamp=_utc_column(trades["timestamp"]))
    factor = 1.0 if priced_in_usd else _usd_factor(priced, rates)
    common = pd.DataFrame(
        {
            "timestamp": priced["timestamp"],
            "symbol_pair": priced["symbol"],
            "price_usd": priced["price"].astype(float) * factor,
            "amount": priced["quantity"].astype(float),
        }
    )
    sides = [
        common.assign(user_id=priced[column], side=side)
        for column, side in (("buyer_id", "BUY"), ("seller_id", "SELL"))
        if column in priced
    ]
    if not sides:
        return pd.DataFrame(columns=FILL_COLUMNS)
    fills = pd.concat(sides, ignore_index=True)
    return fills.loc[fills["user_id"].notna(), FILL_COLUMNS].sort_values("timestamp", kind="stable", ignore_index=True)


def symbols_without_rate(fills: pd.DataFrame) -> list[str]:
    """Return the symbol pairs with fills of unknown dollar value, in which users are not judged."""
    return sorted(fills.loc[fills["price_usd"].isna(), "symbol_pair"].unique().tolist())


def _usd_factor(trades: pd.DataFrame, rates: pd.DataFrame | None) -> pd.Series[float]:
    quote = trades["symbol"].astype("str").str.extract(r"[/\-_]([^/\-_]+)$", expand=False)
    factor = pd.Series(np.where(quote == "USD", 1.0, np.nan), index=trades.index)
    if rates is None or rates.empty:
        return factor
    asked = pd.DataFrame({"timestamp": trades["timestamp"], "currency": quote.fillna("")})
    asked["place"] = np.arange(len(asked))
    known = rates.assign(timestamp=_utc_column(rates["timestamp"])).sort_values("timestamp")
    found = pd.merge_asof(asked.sort_values("timestamp"), known, on="timestamp", by="currency").sort_values("place")
    return factor.fillna(pd.Series(found["usd"].to_numpy(float), index=trades.index))


def _utc(time: pd.Timestamp) -> pd.Timestamp:
    return time.tz_localize("UTC") if time.tzinfo is None else time.tz_convert("UTC")


def _utc_column(times: pd.Series[pd.Timestamp]) -> pd.Series[pd.Timestamp]:
    return pd.to_datetime(times, utc=True).astype("datetime64[ns, UTC]")


def _prepared(fills: pd.DataFrame, per: Per) -> pd.DataFrame:
    value = fills["price_usd"].astype(float) * fills["amount"].astype(float)
    is_buy = fills["side"].astype("str").str.upper() == "BUY"
    return pd.DataFrame(
        {
            "timestamp": _utc_column(fills["timestamp"]),
            "user_id": fills["user_id"].astype("str"),
            "symbol_pair": fills["symbol_pair"].astype("str") if per == "user_symbol" else ALL_SYMBOLS,
            "total_usd": value,
            "buy_usd": value.where(is_buy, 0.0),
            "sell_usd": value.where(~is_buy, 0.0),
            "buy_count": is_buy.astype(np.int64),
            "sell_count": (~is_buy).astype(np.int64),
        }
    )


def _sums(table: pd.DataFrame, *extra: str) -> pd.DataFrame:
    sums = table.groupby([*_KEY, *extra])[["total_usd", "buy_usd", "sell_usd", "buy_count", "sell_count"]].sum()
    sums["trade_count"] = sums["buy_count"] + sums["sell_count"]
    for side in SIDES.values():
        # Rounded, so that days of one proportion are equal however their sums were rounded.
        sums[f"{side}_proportion"] = (sums[f"{side}_usd"] / sums["total_usd"]).round(_DECIMALS)
    return sums


def _history(table: pd.DataFrame) -> pd.DataFrame:
    days = _sums(table, "day")
    groups = days.groupby(_KEY)
    history = _sums(table).add_prefix("historical_")
    history["historical_unique_days"] = groups.size()
    for side in SIDES.values():
        daily = groups[f"{side}_proportion"]
        least, most = daily.min(), daily.max()
        # Exact where the days are equal: rounding in a mean must not make a deviation.
        history[f"historical_{side}_mean"] = daily.mean().where(least < most, least)
        history[f"historical_{side}_std"] = daily.std().where((least < most) | (daily.size() < 2), 0.0)
    return history


def _flags(users: pd.DataFrame, params: Params, typology: str) -> pd.DataFrame:
    side = SIDES[typology]
    least_trades = {
        "buy": params.analysis_buy_trade_count_threshold,
        "sell": params.analysis_sell_trade_count_threshold,
    }[side]
    proportion = users[f"analysis_{side}_proportion"]
    mean, std = users[f"historical_{side}_mean"], users[f"historical_{side}_std"]
    flagged = (
        (users["analysis_total_usd"] >= params.analysis_minimum_aggregate_dollar_threshold)
        & (users["analysis_trade_count"] >= params.analysis_minimum_transaction_count_threshold)
        & (users[f"analysis_{side}_count"] >= least_trades)
        & (users["historical_trade_count"] >= params.historical_minimum_number_transactions)
        & (users["historical_unique_days"] >= params.historical_minimum_number_unique_days)
        & (proportion >= params.analysis_buy_proportion_threshold)
        & (proportion > mean + params.deviation_multiple * std)
    )
    flags = users[flagged].assign(typology=typology, side_flagged=side.upper())
    flags["historical_mean"], flags["historical_std"] = mean[flagged], std[flagged]
    flags["deviation_stds"] = (proportion - mean)[flagged] / std[flagged]
    return flags


def _presented(flags: pd.DataFrame, params: Params, end: pd.Timestamp) -> pd.DataFrame:
    begin = end - params.analysis_window * _DAY
    figures = ("trade_count", "buy_count", "sell_count", "total_usd", "buy_usd", "sell_usd", "buy_proportion",
               "sell_proportion")  # fmt: skip
    dates = {
        "analysis_start": begin,
        "analysis_end": end,
        "historical_start": begin - params.historical_window * _DAY,
        "historical_end": begin,
    }
    columns = [
        *_KEY,
        "typology",
        "side_flagged",
        *dates,
        *(f"{window}_{figure}" for window in ("analysis", "historical") for figure in figures),
        "historical_unique_days",
        "historical_mean",
        "historical_std",
        "deviation_stds",
    ]
    return flags.assign(**dates)[columns].assign(**{f"threshold_{k}": v for k, v in params.model_dump().items()})

"""Excessive accumulation and offloading: a user who trades one way, out of proportion to own history or to peers.

Days are rolling spans of 24 hours back from `as_of`: a fill exactly 24 hours old opens the day before. The history
ends where the analysis window begins. Proportions are of dollar value.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from features.days import SLOT_NS, peers_habit
from features.dollars import quoted_in_usd
from features.sweeps.daily import PEER_DAYS, PEER_OCCASIONS, PEER_PAST_TRADES
from models.rules.one_sided_params import OthersParams, Params

Per = Literal["user_symbol", "user"]
SIDES = {"excessive_accumulation_own": "buy", "excessive_offloading_own": "sell"}
OTHERS = {"excessive_accumulation_others": "buy", "excessive_offloading_others": "sell"}
FILL_COLUMNS = ["timestamp", "user_id", "symbol_pair", "side", "price_usd", "amount"]
ALL_SYMBOLS = "*"
_KEY = ["user_id", "symbol_pair"]
_DECIMALS = 12
_COUNTS = ("trade_count", "buy_count", "sell_count")
_DAY = pd.Timedelta(days=1)


def flag_accumulation(
    fills: pd.DataFrame,
    params: Params,
    as_of: pd.Timestamp | None = None,
    per: Per = "user_symbol",
    others: OthersParams | None = None,
) -> pd.DataFrame:
    """Return the users who bought, or sold, out of proportion to their own history, or to the other users.

    Args:
        fills: One-sided fills with the columns of `FILL_COLUMNS`; side BUY or SELL in any case, times without a zone
            are UTC, a `price_usd` of NaN has no known rate.
        params: The parameters.
        as_of: End of the analysis window (inclusive); the last fill where left out.
        per: Whether a user is judged in each symbol pair, or over all of them (`symbol_pair` then is "*").
        others: Parameters of the siblings: flag against the symbol pair's other users, not against the own history.
            Peers are those who traded on at least 5 occasions (5 minutes each) in the analysis window, and 10 times
            on 5 days before.

    Returns:
        One row a flag, sorted by user, symbol pair and typology: who and which side, both windows' dates, trade
        counts, total, buy and sell USD and proportions, the history's mean and sample standard deviation of daily
        proportions over the days with trades, deviation in those (inf where they never varied), and the thresholds.
        Against others, mean and standard deviation are the median of the peers' proportions in the analysis window
        and what is to be expected of the user's (see `features.days.peers_habit`), and the number of peers and the
        user's multiple of a usual day stand beside them.
        Users with too little data, or with a fill in the windows whose value is unknown, have no row.
    """
    table = _prepared(fills, per)
    end = _utc(as_of) if as_of is not None else table["timestamp"].max()
    table["day"] = (end - table["timestamp"]).dt.days
    table = table[table["day"].between(0, params.analysis_window + params.historical_window - 1)]
    unknown = table["total_usd"].isna().groupby([table[name] for name in _KEY]).any()
    window = table[table["day"] < params.analysis_window]
    analysis = _sums(window)
    history = _history(table[table["day"] >= params.analysis_window])
    users = analysis.add_prefix("analysis_").join(history.reindex(analysis.index)).assign(occasions=_occasions(window))
    users = users[~unknown.reindex(users.index, fill_value=False)].reset_index()
    counts = [*(f"historical_{name}" for name in _COUNTS), "historical_unique_days"]
    users[counts] = users[counts].fillna(0).astype(np.int64)
    if others is None:
        flags = pd.concat([_against_own(users, params, typology) for typology in SIDES], ignore_index=True)
    else:
        flags = pd.concat([_against_others(users, params, others, name) for name in OTHERS], ignore_index=True)
    return _presented(flags, params, others, end).sort_values([*_KEY, "typology"], ignore_index=True)


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
        Columns of `FILL_COLUMNS`. `price_usd` is NaN where the quote currency ("BTC/EUR": EUR) is neither the dollar
        nor a coin redeemed for one and has no rate yet, or cannot be told from the symbol; see `symbols_without_rate`.
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
    symbols = trades["symbol"].astype("str")
    dollars = {symbol: 1.0 if quoted_in_usd(symbol) else np.nan for symbol in symbols.unique()}
    factor = symbols.map(dollars).astype(float)
    quote = symbols.str.extract(r"[/\-_]([^/\-_]+)$", expand=False)
    if rates is None or rates.empty:
        return factor
    asked = pd.DataFrame({"timestamp": trades["timestamp"], "currency": quote.fillna("")})
    asked["place"] = np.arange(len(asked))
    known = rates.assign(timestamp=_utc_column(rates["timestamp"])).sort_values("timestamp")
    found = pd.merge_asof(asked.sort_values("timestamp"), known, on="timestamp", by="currency").sort_values("place")
    return pd.Series(found["usd"].to_numpy(float), index=trades.index).fillna(factor)


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


def _one_way(users: pd.DataFrame, params: Params | OthersParams, side: str) -> pd.Series[bool]:
    least_trades = {
        "buy": params.analysis_buy_trade_count_threshold,
        "sell": params.analysis_sell_trade_count_threshold,
    }[side]
    return (
        (users["analysis_total_usd"] >= params.analysis_minimum_aggregate_dollar_threshold)
        & (users["analysis_trade_count"] >= params.analysis_minimum_transaction_count_threshold)
        & (users[f"analysis_{side}_count"] >= least_trades)
        & (users["historical_trade_count"] >= params.historical_minimum_number_transactions)
        & (users["historical_unique_days"] >= params.historical_minimum_number_unique_days)
        & (users[f"analysis_{side}_proportion"] >= params.analysis_buy_proportion_threshold)
    )


def _against_own(users: pd.DataFrame, params: Params, typology: str) -> pd.DataFrame:
    side = SIDES[typology]
    mean, std = users[f"historical_{side}_mean"], users[f"historical_{side}_std"]
    return _beyond(users[_one_way(users, params, side)], typology, side, mean, std, params.deviation_multiple)


def _against_others(users: pd.DataFrame, params: Params, others: OthersParams, typology: str) -> pd.DataFrame:
    side = OTHERS[typology]
    days, usual = params.analysis_window, users[f"historical_{side}_usd"] / users["historical_unique_days"]
    users = users.assign(usual_multiple=users[f"analysis_{side}_usd"] / days / usual)
    enough = _one_way(users, others, side) & ~(users["usual_multiple"] < others.usual_multiple)
    habits = pd.DataFrame(
        [_peers(users, at, side) for at in users.index[enough]],
        columns=["peer_count", "median", "spread"],
        index=users.index[enough],
    )
    found = users[enough].assign(peer_count=habits["peer_count"])
    spread = habits["spread"].clip(lower=others.least_deviation)
    found = found[found["peer_count"] >= others.minimum_peers]
    return _beyond(found, typology, side, habits["median"], spread, others.deviation_multiple)


def _peers(users: pd.DataFrame, at: int, side: str) -> tuple[int, float, float]:
    regular = (users["occasions"] >= PEER_OCCASIONS) & (users["historical_trade_count"] >= PEER_PAST_TRADES)
    regular &= (users["historical_unique_days"] >= PEER_DAYS) & (users["symbol_pair"] == users["symbol_pair"][at])
    peers = users[regular & (users.index != at)]
    shares, occasions = (peers[name].to_numpy(float) for name in (f"analysis_{side}_proportion", "occasions"))
    return peers_habit(shares, occasions, -1, float(users["occasions"][at]))


def _occasions(table: pd.DataFrame) -> pd.Series[float]:
    slot = table["timestamp"].astype("int64") // SLOT_NS
    slots = table.groupby([*(table[name] for name in _KEY), slot])[["buy_usd", "sell_usd"]].sum()
    squares = (slots**2).sum(axis=1).groupby(_KEY).sum()
    return slots.sum(axis=1).groupby(_KEY).sum() ** 2 / squares


def _beyond(
    users: pd.DataFrame, typology: str, side: str, usual: pd.Series[float], spread: pd.Series[float], multiple: float
) -> pd.DataFrame:
    proportion = users[f"analysis_{side}_proportion"]
    usual, spread = usual[users.index], spread[users.index]
    flagged = proportion > usual + multiple * spread
    flags = users[flagged].assign(typology=typology, side_flagged=side.upper())
    flags["historical_mean"], flags["historical_std"] = usual[flagged], spread[flagged]
    flags["deviation_stds"] = (proportion - usual)[flagged] / spread[flagged]
    return flags


def _presented(flags: pd.DataFrame, params: Params, others: OthersParams | None, end: pd.Timestamp) -> pd.DataFrame:
    begin = end - params.analysis_window * _DAY
    figures = (*_COUNTS, "total_usd", "buy_usd", "sell_usd", "buy_proportion", "sell_proportion")
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
        *(("peer_count", "usual_multiple") if others else ()),
        "historical_mean",
        "historical_std",
        "deviation_stds",
    ]
    found = flags.assign(**dates)[columns]
    if others:
        found = found.rename(columns={"historical_mean": "peer_median", "historical_std": "peer_std"})
    return found.assign(**{f"threshold_{k}": v for k, v in (others or params).model_dump().items()})

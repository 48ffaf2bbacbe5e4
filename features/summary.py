"""A window told by its totals, without events, as feature rows.

The mission's own `/v1/score` shape: histories of bucket volumes and closes, shares of users, counts. The features are
computed by the very kernel that folds events, on buckets filled from the histories.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from features import buckets as bk
from features.catalogue import COLUMN, MARKET_FEATURES
from features.day import new_day
from features.market import market_row
from features.rows import Rows, blank_rows
from features.shares import new_shares
from features.slots import new_slots
from features.time_units import DAY_NS

# What volumes and closes alone tell; the rest came from stand-ins.
_TOLD = np.isin(
    [feature.name for feature in MARKET_FEATURES],
    ["volume_volatility", "price_volatility", "volume_price_correlation", "volume_ratio", "robust_volume_ratio",
     "price_change", "bucket_return", "return_deviation", "rise", "fall"],
)  # fmt: skip
# Volumes become whole lots of this fraction of the largest: exact to 15 digits, far from overflow.
_LOTS = 1 << 50


def summary_rows(
    volumes: Sequence[float],
    prices: Sequence[float],
    bucket_s: float,
    *,
    shares: Mapping[str, float] | None = None,
    trades: int | None = None,
    cancels: int | None = None,
    orders: int | None = None,
) -> Rows:
    """Return one feature row for the window whose last bucket is the current one.

    Args:
        volumes: Volume of each bucket, oldest first, the current one last; >= 0.
        prices: Close of each bucket, as many; > 0.
        bucket_s: Length of a bucket, seconds, > 0.
        shares: Volume (or share) of each user in the window.
        trades: Trades of the window.
        cancels: Orders cancelled in the window.
        orders: New orders of the window.

    Returns:
        One row; what was not given is unknown. `top_entity` is the number of the largest user, in order of `shares`.
    """
    row = blank_rows("market", 1, bucket_ns=round(bucket_s * 1e9))
    row.values[0] = _from_histories(volumes, prices, round(bucket_s * 1e9))
    values = {
        "trading_frequency": _ratio(trades, len(volumes) * bucket_s / 60.0),
        "trade_count": np.nan if trades is None else float(trades),
        "cancellation_rate": _ratio(cancels, orders),
    }
    total = sum(shares.values()) if shares else 0.0
    top = -1
    if shares and total > 0:
        parts = [volume / total for volume in shares.values()]
        top = int(np.argmax(parts))
        values["user_concentration"] = min(1.0, sum(part * part for part in parts))
        values["top_account_share"] = max(parts)
        values["account_count"] = float(len(parts))
    for name, value in values.items():
        row.values[0, COLUMN[name]] = value
    return replace(row, top_entity=np.array([top], np.int32))


def _ratio(part: float | None, whole: float | None) -> float:
    return part / whole if part is not None and whole else float("nan")


def _from_histories(volumes: Sequence[float], prices: Sequence[float], bucket_ns: int) -> NDArray[np.float64]:
    buckets = bk.new_buckets(bucket_ns, len(volumes))
    largest = max(volumes)
    for number, (volume, price) in enumerate(zip(volumes, prices, strict=True)):
        buckets.open_whole[bk.VOLUME] = round(volume / largest * _LOTS) if largest > 0 else 0
        buckets.open_whole[bk.TRADES] = 1
        buckets.open_real[[bk.CLOSE, bk.HIGH, bk.LOW]] = price
        buckets.marks[bk.OPEN] = number
        bk.shut(buckets)
        bk.clear_open(buckets)
    nobody, nothing = new_slots(1), new_shares(1)
    row = np.empty(len(MARKET_FEATURES))
    market_row(row, buckets, new_day(DAY_NS), nobody, nothing, nobody, nothing)
    row[~_TOLD] = np.nan
    return row

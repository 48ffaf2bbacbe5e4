"""An entity's row: features of the account grain from its figures and the market's, in catalogue order."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features import account_state as st
from features import counterparties as cp
from features.account_catalogue import ACCOUNT_COLUMN as _C
from features.account_state import Accounts
from features.time_units import MINUTE_NS

_BPS, _SECOND = 1e-2, 1e-6
_QUIET = 0.2
MESSAGE_SHARE, MESSAGE_RATE, MESSAGE_BURST = _C["message_share"], _C["message_rate"], _C["message_burst"]
MESSAGE_SURGE, PER_TRADE, CANCEL_RATIO = _C["message_surge"], _C["messages_per_trade"], _C["cancel_ratio"]
REPLACE_RATIO, FILL_RATIO = _C["replace_ratio"], _C["fill_ratio"]
LIFE, QUICK = _C["order_life_s"], _C["quick_cancel_share"]
IMMEDIATE, SIZE, LARGEST, TINY = _C["immediate_share"], _C["order_size"], _C["largest_order"], _C["tiny_share"]
DISTANCE, SIGMAS, BETTERING = _C["distance_bps"], _C["distance_sigmas"], _C["bettering_share"]
CROSSING, LAYERS, IMBALANCE, DEPTH = _C["crossing_share"], _C["layers"], _C["resting_imbalance"], _C["resting_to_depth"]
VOLUME, HOUR_VOLUME, TRADES, NET = _C["volume_share"], _C["hour_volume_share"], _C["own_trades"], _C["net_ratio"]
HOUR_NET, BUY, SELF, PARTNERS = _C["hour_net_ratio"], _C["buy_share"], _C["self_match_share"], _C["counterparties"]
CONCENTRATION, TAKEN, TAKER = _C["counterparty_concentration"], _C["taken_share"], _C["taker_share"]
DRIFT, DRIFT_SIGMAS, PUSH, HOUR_DRIFT = _C["drift_bps"], _C["drift_sigmas"], _C["push_bps"], _C["hour_drift_bps"]
BAIT, REST, AFTER_FILL = _C["bait_to_genuine"], _C["rest_to_genuine"], _C["pulled_after_fill_share"]
PULL, REPEATS = _C["pull_s"], _C["bait_repeats"]


@nb.njit(cache=True)
def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else np.nan


@nb.njit(cache=True)
def _net(figures: NDArray[np.int64]) -> float:
    gross = figures[st.BOUGHT] + figures[st.SOLD]
    return abs(figures[st.BOUGHT] - figures[st.SOLD]) / gross if gross > 0 else np.nan


@nb.njit(cache=True)
def _minutes(s: Accounts, bucket: int, span_ns: int) -> float:
    # Of the window, but no longer than the market is on record.
    on_record = (bucket - s.marks[st.FIRST] + 1) * s.spans[st.FINE_NS]
    return float(min(span_ns, on_record)) / MINUTE_NS


@nb.njit(cache=True)
def _messages(
    row: NDArray[np.float64], mine: NDArray[np.int64], market: NDArray[np.int64], peaks: NDArray[np.float64]
) -> None:
    if market[st.MESSAGES] == 0:
        return
    row[MESSAGE_SHARE] = mine[st.MESSAGES] / market[st.MESSAGES]
    row[MESSAGE_BURST] = peaks[st.BURST]
    row[PER_TRADE] = mine[st.MESSAGES] / max(1, mine[st.TRADES])
    row[BAIT], row[REST] = peaks[st.BAIT], peaks[st.REST]


@nb.njit(cache=True)
def _pace(row: NDArray[np.float64], s: Accounts, slot: int, bucket: int) -> None:
    messages = s.sums.window[slot, st.MESSAGES]
    hour = s.hour.window[slot, st.MESSAGES] + s.hour.open[slot, st.MESSAGES]
    rate = messages / _minutes(s, bucket, s.spans[st.FINE_NS] * s.spans[st.FINE_BUCKETS])
    if s.sums.window[0, st.MESSAGES] > 0:
        row[MESSAGE_RATE] = rate
    if s.hour.window[0, st.MESSAGES] + s.hour.open[0, st.MESSAGES] > 0:
        usual = hour / _minutes(s, bucket, s.spans[st.HOUR_NS] * s.spans[st.HOUR_BUCKETS])
        row[MESSAGE_SURGE] = np.log((rate + _QUIET) / (usual + _QUIET))
        row[REPEATS] = s.hour.window[slot, st.ROUNDS] + s.hour.open[slot, st.ROUNDS]


@nb.njit(cache=True)
def _orders(row: NDArray[np.float64], mine: NDArray[np.int64], peaks: NDArray[np.float64]) -> None:
    row[CANCEL_RATIO] = _ratio(mine[st.CANCELS], mine[st.NEWS])
    row[REPLACE_RATIO] = _ratio(mine[st.REPLACES], mine[st.NEWS])
    row[FILL_RATIO] = _ratio(mine[st.FILLED], mine[st.PLACED])
    row[LIFE] = _ratio(mine[st.LIFE_US] * _SECOND, mine[st.ENDED])
    row[QUICK] = _ratio(mine[st.QUICK], mine[st.ENDED])
    row[IMMEDIATE] = _ratio(mine[st.IMMEDIATE], mine[st.ENDED])
    if mine[st.SIZED] > 0:
        row[SIZE] = np.exp(1e-6 * mine[st.SIZE] / mine[st.SIZED])
    if peaks[st.LARGEST] > 0.0:
        row[LARGEST] = peaks[st.LARGEST]
    row[TINY] = _ratio(mine[st.TINY], mine[st.SIZED])
    row[AFTER_FILL] = _ratio(mine[st.AFTER_FILL], mine[st.PULLED])
    row[PULL] = _ratio(mine[st.PULL_US] * _SECOND, mine[st.FOLLOWED])


@nb.njit(cache=True)
def _quotes(row: NDArray[np.float64], mine: NDArray[np.int64], sigma: float) -> None:
    distance = _ratio(float(mine[st.BEHIND]), mine[st.QUOTED])
    row[DISTANCE] = distance * _BPS
    if sigma > 0.0:
        row[SIGMAS] = distance * 1e-6 / sigma
    row[BETTERING] = _ratio(mine[st.BETTERED], mine[st.INSIDE])
    row[CROSSING] = _ratio(mine[st.CROSSED], mine[st.INSIDE])


@nb.njit(cache=True)
def _resting(row: NDArray[np.float64], s: Accounts, carried: NDArray[np.int64], peak: float) -> None:
    # Without fill messages, which of the orders that trades named are still open is not told.
    if s.sums.window[0, st.MESSAGES] > 0 and (s.marks[st.FILLS] > 0 or s.marks[st.NAMED] == 0):
        row[LAYERS] = max(peak, carried[st.ORDERS], carried[st.ORDERS + 1])
    sell, buy = carried[st.RESTING], carried[st.RESTING + 1]
    row[IMBALANCE] = _ratio(abs(buy - sell), buy + sell)
    if max(buy, sell) > 0:
        row[DEPTH] = _ratio(float(max(buy, sell)), s.latest[st.BID_DEPTH if buy >= sell else st.ASK_DEPTH])


@nb.njit(cache=True)
def _trades(row: NDArray[np.float64], mine: NDArray[np.int64], market: NDArray[np.int64]) -> None:
    row[VOLUME] = _ratio(mine[st.EITHER], market[st.EITHER])
    if market[st.TRADES] > 0:
        row[TRADES] = mine[st.TRADES]
    row[NET] = _net(mine)
    row[BUY] = _ratio(mine[st.BOUGHT], mine[st.BOUGHT] + mine[st.SOLD])
    row[SELF] = _ratio(mine[st.SELF], mine[st.EITHER])
    row[TAKER] = _ratio(mine[st.TAKEN], mine[st.KNOWN])


@nb.njit(cache=True)
def _takes(row: NDArray[np.float64], mine: NDArray[np.int64], market: NDArray[np.int64], sigma: float) -> None:
    if market[st.TAKEN] == 0:
        return
    row[TAKEN] = mine[st.TAKEN] / market[st.TAKEN]
    row[DRIFT] = abs(mine[st.DRIFT]) * _BPS
    row[PUSH] = mine[st.PUSH] * _BPS
    if sigma > 0.0:
        row[DRIFT_SIGMAS] = abs(mine[st.DRIFT]) * 1e-6 / sigma


@nb.njit(cache=True)
def _hour(row: NDArray[np.float64], mine: NDArray[np.int64], market: NDArray[np.int64]) -> None:
    row[HOUR_VOLUME] = _ratio(mine[st.EITHER], market[st.EITHER])
    row[HOUR_NET] = _net(mine)
    if market[st.TAKEN] > 0:
        row[HOUR_DRIFT] = abs(mine[st.DRIFT]) * _BPS


@nb.njit(cache=True)
def _met(row: NDArray[np.float64], of: NDArray[np.int64], trades: int) -> None:
    if trades > 0:
        row[PARTNERS] = of[cp.DISTINCT]
    if of[cp.TRADES] > 0:
        row[CONCENTRATION] = of[cp.SQUARES] / (float(of[cp.TRADES]) * float(of[cp.TRADES]))


@nb.njit(cache=True)
def account_row(row: NDArray[np.float64], s: Accounts, slot: int, bucket: int) -> None:
    """Write an entity's row for the fine bucket that just closed; the market's context is left unknown.

    Args:
        row: Where to, in catalogue order.
        s: The state, with that bucket in the windows, and its peaks.
        slot: The entity's.
        bucket: Number of the bucket.
    """
    row[:] = np.nan
    mine, market, sigma = s.sums.window[slot], s.sums.window[0], s.latest[st.SIGMA]
    peaks = s.peaks[slot]
    _messages(row, mine, market, peaks)
    _pace(row, s, slot, bucket)
    _orders(row, mine, peaks)
    _quotes(row, mine, sigma)
    _resting(row, s, s.carried[slot], peaks[st.LAYERS])
    _trades(row, mine, market)
    _takes(row, mine, market, sigma)
    _hour(row, s.hour.window[slot] + s.hour.open[slot], s.hour.window[0] + s.hour.open[0])
    _met(row, s.met.of[slot], market[st.TRADES])

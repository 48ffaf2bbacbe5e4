"""The catalogue of features: name, unit, range, formula and meaning of each; its hash is the schema version.

Here those of the market grain, those of the account grain are in `account_catalogue`, those of books in
`book_catalogue`, those of the cross grain in `cross_catalogue`.

Windows: a row belongs to the bucket that just closed. "Window" is the last `buckets` buckets up to and with that one;
"preceding" are the window's buckets without it. For volumes and prices
the window begins with the first trade's bucket at the earliest; an empty bucket has volume 0 and the last close.
Standard deviations are population ones, numpy's default. Every feature is NaN where it is undefined, and the entry
says when; 0 always means a measured zero.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from features.account_catalogue import ACCOUNT_COLUMN, ACCOUNT_FEATURES
from features.book_catalogue import BOOK_COLUMN, BOOK_FEATURES
from features.cross_catalogue import CROSS_COLUMN, CROSS_FEATURES
from features.feature import Feature

_F = Feature
MARKET_FEATURES: tuple[Feature, ...] = (
    _F("volume_volatility", "trades", "ratio", 0.0, None, "std / mean of the window's bucket volumes",
       "Bursts of volume against a steady market.", "window shorter than 2 buckets, or without volume"),
    _F("price_volatility", "trades", "ratio", 0.0, None, "std / mean of the window's bucket closes",
       "How much the price moved.", "fewer than 2 known closes"),
    _F("volume_price_correlation", "trades", "correlation", -1.0, 1.0, "Pearson of bucket volumes and bucket closes",
       "Volume that carries the price.", "fewer than 2 known closes, or either is constant"),
    _F("user_concentration", "accounts", "ratio", 0.0, 1.0,
       "sum of squared shares of entities' volume, buyer and seller",
       "Herfindahl index: few do all the trading.", "no trade with accounts in the window"),
    _F("trading_frequency", "trades", "trades per minute", 0.0, None, "trades / minutes of the window",
       "Activity.", "before the first trade"),
    _F("cancellation_rate", "orders", "ratio", 0.0, None, "cancels / new orders of the window",
       "Orders that were not meant to stay; may exceed 1.", "no new order in the window"),
    _F("volume_ratio", "trades", "times", 0.0, None, "bucket volume / mean of the preceding bucket volumes",
       "A spike of volume.", "fewer than 2 preceding buckets, or none with volume"),
    _F("robust_volume_ratio", "trades", "times", 0.0, None, "bucket volume / median of the preceding non-empty volumes",
       "A spike of volume that one earlier spike cannot hide.", "fewer than 5 preceding non-empty buckets"),
    _F("lasting_volume_ratio", "trades", "times", 0.0, None,
       "lesser of the last two bucket volumes / mean of those before", "A spike that goes on is more than one order.",
       "fewer than 10 preceding buckets, none before the last two with volume, or buckets shorter than 30 s"),
    _F("count_deviation", "trades", "deviations", None, None,
       "(n - m) / sqrt(max(m, 1) + v): moments with a trade in the bucket, their mean and variance in the preceding",
       "More orders than this market's own clusters explain; in a thin one a multiple says nothing.",
       "fewer than 10 preceding buckets, or buckets shorter than 30 s"),
    _F("price_change", "trades", "ratio", -1.0, None, "close / mean of the preceding closes - 1",
       "How far the price left its level.", "fewer than 2 preceding closes"),
    _F("bucket_return", "trades", "ratio", -1.0, None, "close / preceding close - 1",
       "Move within the bucket.", "no preceding close"),
    _F("return_deviation", "trades", "deviations", 0.0, None,
       "|bucket return| / root mean square of the preceding bucket returns", "A move beyond the market's own habit.",
       "fewer than 10 preceding returns, or all zero"),
    _F("rise", "trades", "ratio", -1.0, None, "bucket high / mean of the preceding closes - 1",
       "How far the bucket's best price stands above the last hour.", "no preceding close or no trade in the bucket"),
    _F("fall", "trades", "ratio", None, 1.0, "1 - bucket low / mean of the preceding closes",
       "How far the bucket's worst price stands below the last hour.", "no preceding close or no trade in the bucket"),
    _F("rush_orders", "aggressor", "orders", 0.0, None,
       "buying market orders of the last 30 s (at least the bucket) that took several orders in one millisecond",
       "Buyers who do not look at the price: the mark of a pump.", "no trade with known aggressor in the window"),
    _F("rush_rate", "aggressor", "log ratio", None, None,
       "ln((rush orders + .006) / (their mean over the day that ended 5 minutes ago + .006))",
       "Rush orders against the market's own.", "as rush_orders, or less than half an hour on record"),
    _F("sweep", "aggressor", "log ratio", 0.0, None,
       "sum over the rush orders of the last 30 s of ln(highest / lowest price paid)",
       "How much of the book they walked through.", "as rush_orders"),
    _F("recent_trades", "trades", "trades", 0.0, None, "trades of the last 30 s (at least the bucket)",
       "Activity now.", "before the first trade"),
    _F("trade_surge", "trades", "log ratio", None, None,
       "ln((recent trades + .006) / (their mean over the day that ended 5 minutes ago + .006))",
       "Activity now against the market's own.", "less than half an hour on record"),
    _F("buy_surge", "aggressor", "times", 0.0, None,
       "taker-buy volume of the last 30 s (at least the bucket) / its mean over the day that ended 5 minutes ago, "
       "each half hour of it capped at 4 times the median of those with any (where there are 3)",
       "Multiplied buying, which an earlier pump cannot hide.",
       "no taker-buy volume in that day, or less than half an hour on record"),
    _F("rush_sells", "aggressor", "orders", 0.0, None, "as rush_orders, of selling market orders",
       "Sellers who do not look at the price: the mark of a panic.", "as rush_orders"),
    _F("sell_surge", "aggressor", "times", 0.0, None, "as buy_surge, of taker-sell volume", "Multiplied selling.",
       "no taker-sell volume in that day, or less than half an hour on record"),
    _F("usual_trades", "trades", "trades", 0.0, None,
       "mean trades of 30 s (at least the bucket) over the day that ended 5 minutes ago, half hours capped as in "
       "buy_surge", "How much a ratio of counts can say.", "less than half an hour on record"),
    _F("usual_return", "trades", "ratio", 0.0, None,
       "root mean squared 60 s return of that day, half hours (of squares) capped alike",
       "How wild the market usually is, which an earlier pump cannot hide.", "less than half an hour on record"),
    _F("buy_record", "aggressor", "log ratio", None, None,
       "ln(taker-buy volume of the last 30 s / its largest 30 s of the window, the last minute left out)",
       "Buying without example in the last hour.", "less than 90 s of the window, or as rush_rate"),
    _F("buy_acceleration", "aggressor", "log ratio", None, None,
       "ln(taker-buy volume of the last 30 s / its mean over the 270 s before)",
       "Buying that starts at once.", "less than 5 minutes of the window, or as rush_rate"),
    _F("volume_surge", "aggressor", "log ratio", None, None,
       "ln(volume of the last 30 s / its mean over the window, the last 5 minutes left out)",
       "Volume against the last hour.", "as buy_acceleration"),
    _F("buy_share_60s", "aggressor", "ratio", 0.0, 1.0, "taker-buy / taker volume of the last 60 s",
       "Who presses the price.", "no trade with known aggressor in them"),
    _F("buy_share_300s", "aggressor", "ratio", 0.0, 1.0, "taker-buy / taker volume of the last 300 s",
       "Who pressed it before.", "no trade with known aggressor in them"),
    _F("rise_10s", "trades", "log ratio", None, None, "ln(high of the last 10 s (at least the bucket) / close before)",
       "A jump.", "no trade in them, or no close before"),
    _F("rise_120s", "trades", "log ratio", None, None, "ln(high of the last 120 s / close before)",
       "A steep rise.", "no trade in them, or no close before"),
    _F("rise_deviation", "trades", "deviations", None, None,
       "ln(high of the last 30 s / close before) / day volatility (at least .0002)",
       "A rise beyond the market's own habit.", "no trade in them, no close before, or no day volatility"),
    _F("day_volatility", "trades", "ratio", 0.0, None,
       "root of the exponentially weighted mean squared 60 s return, half-life 6 hours",
       "How wild the market usually is.", "no return on record"),
    _F("above_high", "trades", "log ratio", None, None, "ln(close / high of the window, the last minute left out)",
       "A price the last hour had not seen.", "no trade in the window before the last minute"),
    _F("buy_jump", "aggressor", "log ratio", None, None,
       "ln((b + f) / (b of the 25 s before + f)): b taker-buy volume of the last 25 s (at least the bucket), f 1 % of "
       "the window's mean volume of 25 s + 1e-9", "Buying that begins, rather than goes on.",
       "less than 50 s of the window, or no trade with known aggressor in it"),
    _F("buy_record_300s", "aggressor", "log ratio", None, None,
       "the same against the largest b of any 25 s that ended in the 300 s before", "Buying louder than just before.",
       "less than 345 s of the window (each of its parts whole buckets), or as buy_jump"),
    _F("buy_record_1800s", "aggressor", "log ratio", None, None,
       "the same, of the 1800 s before", "Buying louder than in the half hour before.",
       "less than 1845 s of the window (each of its parts whole buckets), or as buy_jump"),
    _F("trade_jump", "trades", "log ratio", None, None, "as buy_jump, b trades and f .006", "Trading that begins.",
       "less than 50 s of the window"),
    _F("trade_record_300s", "trades", "log ratio", None, None, "as buy_record_300s, b trades and f .006",
       "More trades than just before.", "less than 345 s of the window"),
    _F("trade_record_1800s", "trades", "log ratio", None, None, "as buy_record_1800s, b trades and f .006",
       "More trades than in the half hour before.", "less than 1845 s of the window"),
    _F("rush_jump", "aggressor", "log ratio", None, None, "as buy_jump, b rush orders and f .006", "A rush begins.",
       "as buy_jump"),
    _F("rush_record_300s", "aggressor", "log ratio", None, None, "as buy_record_300s, b rush orders and f .006",
       "More rush orders than just before.", "as buy_record_300s"),
    _F("rush_record_1800s", "aggressor", "log ratio", None, None, "as buy_record_1800s, b rush orders and f .006",
       "More rush orders than in the half hour before.", "as buy_record_1800s"),
    _F("range_before_300s", "trades", "log ratio", 0.0, None,
       "ln(highest / lowest price of the 300 s before the last 25 s; an empty bucket has the last close)",
       "Whether the price stood still before.", "less than 325 s of the window"),
    _F("range_before_1800s", "trades", "log ratio", 0.0, None, "the same, of 1800 s before",
       "Whether it stood still for half an hour.", "less than 1825 s of the window"),
    _F("hour_phase_s", "trades", "seconds", -1800.0, 1799.0, "seconds from the nearest full hour to the bucket's end",
       "Pumps are announced for round times.", "before the first trade"),
    _F("half_hour_phase_s", "trades", "seconds", -900.0, 899.0, "seconds from the nearest full or half hour",
       "The same.", "before the first trade"),
    _F("signed_imbalance", "aggressor", "ratio", -1.0, 1.0, "(taker-buy - taker-sell) / their sum, over the bucket",
       "Who presses the price.", "no trade with known aggressor in the bucket"),
    _F("arrival_burstiness", "trades", "ratio", -1.0, 1.0,
       "(s - m) / (s + m) of the window's times between trades: -1 a metronome, 0 Poisson, 1 bursts",
       "Arrivals too regular or too clustered.", "fewer than 9 times between trades end in the window, or all are 0"),
    _F("burstiness_deviation", "trades", "deviations", None, None,
       "arrival burstiness against its exponentially weighted mean and deviation (weight of a row: 1 / (2 buckets))",
       "Arrivals unlike this market's own.", "as arrival_burstiness, fewer than 30 rows of it before, or all alike"),
    _F("top_account_share", "accounts", "ratio", 0.0, 1.0,
       "largest entity's volume (of equals, the one that traded first), on either side / window volume",
       "One account in most trades.", "no trade with accounts in the window"),
    _F("top_account_net_ratio", "accounts", "ratio", 0.0, 1.0, "net over gross volume of that entity",
       "0: two-sided, as a market maker is; 1: it only bought or only sold.", "as top_account_share"),
    _F("top_account_taker_ratio", "accounts", "ratio", 0.0, 1.0, "of that entity's volume, the part it took",
       "A market maker gives; who paints or pushes takes.", "as top_account_share, or an aggressor is unknown"),
    _F("self_match_share", "accounts", "ratio", 0.0, 1.0, "volume with one entity on both sides / window volume",
       "Volume without change of owner.", "no trade with accounts in the window"),
    _F("pair_share", "accounts", "ratio", 0.0, 1.0,
       "of the pair (or self-match) that most trades with itself: its common volume / all volume of its members; "
       "among those at half and more the one with the largest common volume",
       "Two accounts that trade with each other only.",
       "no pair with at least 3 common trades in the window and one in the last 5 minutes"),
    _F("pair_net_ratio", "accounts", "ratio", 0.0, 1.0, "net over gross of that pair's common volume",
       "0: what went over came back, no risk changed hands.", "as pair_share"),
    _F("pair_trades", "accounts", "trades", 0.0, None, "common trades of that pair in the window",
       "How much evidence the pair share rests on.", "as pair_share"),
    _F("pair_volume_share", "accounts", "ratio", 0.0, 1.0, "common volume of that pair / window volume",
       "How much of the market the pair is.", "as pair_share"),
    _F("order_to_trade_ratio", "orders", "ratio", 0.0, None, "new, replace and cancel messages / trades of the window",
       "Messages that lead to nothing.", "no trade or no order message in the window"),
    _F("crowd", "accounts", "accounts", 1.0, None,
       "inverse of the sum of squared shares of the volume taken in the last 30 s (at least one bucket)",
       "A rush of many is a crowd; a price that few carry is not.", "nobody known took in that time"),
    _F("account_count", "accounts", "accounts", 0.0, None, "entities that traded in the window",
       "Evidence behind the shares.", "no trade with accounts in the window"),
    _F("trade_count", "trades", "trades", 0.0, None, "trades of the window", "Evidence.", "never"),
)  # fmt: skip

COLUMN = {feature.name: column for column, feature in enumerate(MARKET_FEATURES)}
SIX = tuple(feature.name for feature in MARKET_FEATURES[:6])


MARKET_GRAIN, ACCOUNT_GRAIN, BOOK_GRAIN, CROSS_GRAIN = "market", "account", "book", "cross"
GRAINS: dict[str, tuple[Feature, ...]] = {
    MARKET_GRAIN: MARKET_FEATURES,
    ACCOUNT_GRAIN: ACCOUNT_FEATURES,
    BOOK_GRAIN: BOOK_FEATURES,
    CROSS_GRAIN: CROSS_FEATURES,
}
COLUMNS: dict[str, dict[str, int]] = {
    MARKET_GRAIN: COLUMN,
    ACCOUNT_GRAIN: ACCOUNT_COLUMN,
    BOOK_GRAIN: BOOK_COLUMN,
    CROSS_GRAIN: CROSS_COLUMN,
}


def grain_of(scale: str) -> str:
    """Return the grain of a scale's rows: "market" and "fast" have one grain, the other scales are their own."""
    return MARKET_GRAIN if scale == "fast" else scale


def schema_hash() -> str:
    """Return 12 hexadecimal digits that change with any name, formula or order in the catalogue."""
    entries = {grain: [asdict(feature) for feature in features] for grain, features in GRAINS.items()}
    return hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest()[:12]

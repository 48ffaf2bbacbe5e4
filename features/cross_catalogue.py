"""The catalogue of the cross grain: features of one venue's market against the others that list the same thing.

A row belongs to a market of a group (see `features.cross.names`) and the fine bucket that just closed, in which any
market of the group traded. "Window" is the last 10 minutes up to and with that bucket, "lately" its last minute.
"Others" are the group's markets but this one, weighted by their volume of the window. A price is stale when it is of no
bucket of the last `stale_s`: then it is unknown, never a gap. Prices are those of trades; no book is asked.
"""

from __future__ import annotations

from features.feature import Feature

_F = Feature
_STALE = "own price or all others' are stale"
_QUIET = "fewer than 20 buckets of the window with a trade, of this market or of the others"
CROSS_FEATURES: tuple[Feature, ...] = (
    _F("price_gap_bps", "trades", "basis points", None, None, "(last price / others' mean last price - 1) * 10^4",
       "How far this venue stands from the others; below 0: cheaper.", _STALE),
    _F("net_gap_bps", "trades", "basis points", None, None,
       "(lowest price of the dearer market's last bucket with trades / highest of the cheaper one's - 1) * 10^4 - both "
       "taker fees, of the other market with which a gap stands, else of the one for which it is largest",
       "What is left for who buys at the worst price of one and sells at the worst of the other; mostly below 0.",
       _STALE),
    _F("gap_side", "trades", "sign", -1.0, 1.0, "1: this market is the dearer of the two; -1: the cheaper",
       "Which way.", _STALE),
    _F("gap_s", "trades", "s", 0.0, None, "time since the net gap is above 0 with the same market and side",
       "Honest venues follow one another within seconds.", _STALE),
    _F("gap_trades", "trades", "trades", 0.0, None, "trades since then on the market of the two with fewer of them",
       "A gap to a price at which nobody trades is none.", _STALE),
    _F("gap_size", "trades", "base units", 0.0, None, "lesser of both markets' volumes lately",
       "What could be traded at most; books are not known here.", _STALE),
    _F("gap_value", "trades", "quote units", None, None, "gap_size * last price * net_gap_bps / 10^4",
       "What that would earn.", _STALE),
    _F("moved_share", "trades", "ratio", 0.0, 1.0,
       "|own log price move since a minute before the gap| / sum of that and the other market's",
       "Who of the two went away.", "no gap, or neither moved"),
    _F("return_bps", "trades", "basis points", None, None, "own log return lately", "What happened here.", _STALE),
    _F("others_return_bps", "trades", "basis points", None, None, "others' mean log return lately",
       "What happened elsewhere.", _STALE),
    _F("usual_return_bps", "trades", "basis points", 0.0, None,
       "root mean squared own log return of a bucket, over the window before it", "How wild it usually is.",
       "fewer than 20 returns on record"),
    _F("lead_s", "trades", "s", -60.0, 60.0,
       "lag of the largest correlation of own returns with others' later ones, in buckets, at most a minute either way",
       "Above 0: this venue leads; below: it follows.", _QUIET),
    _F("lead_correlation", "trades", "correlation", -1.0, 1.0, "that correlation", "How sure that is.", _QUIET),
    _F("volume_share", "trades", "ratio", 0.0, 1.0, "own volume of the window / the group's",
       "Which venue is the market.", "no trade of the group in the window"),
    _F("volume_correlation", "trades", "correlation", -1.0, 1.0, "Pearson of own and others' bucket volumes, window",
       "Venues of one thing are busy together.", _QUIET),
    _F("signed_imbalance", "aggressor", "ratio", -1.0, 1.0, "(taker-buy - taker-sell) / their sum, lately",
       "Who presses the price here.", "no trade with known aggressor lately"),
    _F("others_imbalance", "aggressor", "ratio", -1.0, 1.0, "the same of the others together",
       "Who presses it elsewhere.", "no trade with known aggressor lately"),
    _F("price_change", "trades", "ratio", -1.0, None, "last price / mean of the window's closes before - 1",
       "What happened meanwhile.", "no close before"),
    _F("volume_ratio", "trades", "times", 0.0, None, "bucket volume / mean bucket volume of the window before",
       "What happened meanwhile.", "no volume in the window before"),
)  # fmt: skip
CROSS_COLUMN = {feature.name: column for column, feature in enumerate(CROSS_FEATURES)}

"""The catalogue of the account grain: features of one entity in one market.

A row belongs to an entity and the fine bucket that just closed, in which it acted: sent or owned an order message, or
traded. "Window" is the last 5 minutes up to and with that bucket, "hour" the market scale's window up to and with it
(whole buckets of that scale, the last one as far as it went). Sizes are told in the market's usual order size,
distances from the touch before the moment (see `Seen`). A round is what filled on one side without 4 s in between.
"""

from __future__ import annotations

from features.feature import Feature

CONTEXT = ("price_change", "volume_ratio", "signed_imbalance")
"""Features of the market grain, at the fine scale, that an account's row repeats."""

_F = Feature
_SILENT = "no order message in the market's window"
_NO_NEW = "no new order of the entity in the window"
_NO_TRADE = "no trade of the entity in the window"
_MARKET_TRADED = "no trade in the market's window"
ACCOUNT_FEATURES: tuple[Feature, ...] = (
    _F("message_share", "orders", "ratio", 0.0, 1.0, "own / all new, replace and cancel messages of the window",
       "One account that floods the market.", _SILENT),
    _F("message_rate", "orders", "messages per minute", 0.0, None, "own messages / minutes of the window on record",
       "Pace.", _SILENT),
    _F("message_burst", "orders", "messages", 0.0, None, "most own messages within one second of the bucket",
       "Stuffing comes in bursts.", _SILENT),
    _F("message_surge", "orders", "log ratio", None, None,
       "ln((messages a minute of the window + .2) / (those of the hour + .2))", "Pace against its own habit.",
       "no order message in the market's hour"),
    _F("messages_per_trade", "orders", "messages", 0.0, None, "own messages of the window / trades, at least 1",
       "Messages that lead to nothing.", _SILENT),
    _F("cancel_ratio", "orders", "ratio", 0.0, None, "own cancels / new orders of the window",
       "Orders that were not meant to stay; may exceed 1.", _NO_NEW),
    _F("replace_ratio", "orders", "ratio", 0.0, None, "own replaces / new orders of the window",
       "Orders that are moved and moved again.", _NO_NEW),
    _F("fill_ratio", "orders", "ratio", 0.0, None, "lots filled / lots of new orders of the window",
       "Orders that were meant to trade; may exceed 1.", "no lots in new orders of the window"),
    _F("order_life_s", "orders", "s", 0.0, 3600.0,
       "mean time from placing to the end of orders cancelled or expired in the window, at most an hour each",
       "How long a quote could be hit.", "no order with a known placing was cancelled in the window"),
    _F("quick_cancel_share", "orders", "ratio", 0.0, 1.0, "of those orders, the part that lived at most 1 s",
       "Flickering quotes.", "as order_life_s"),
    _F("immediate_share", "orders", "ratio", 0.0, 1.0, "of those orders, the part that lived at most 10 ms",
       "Immediate-or-cancel probes.", "as order_life_s"),
    _F("order_size", "orders", "times", 0.0, None, "geometric mean of new orders' lots / usual order size",
       "Large or small against the market.", "no new order in the window, or no usual size yet"),
    _F("largest_order", "orders", "times", 0.0, None, "largest new order of the bucket / usual order size",
       "Bait must be large to be seen.", "no new order in the bucket, or no usual size yet"),
    _F("tiny_share", "orders", "ratio", 0.0, 1.0, "of the new orders, the part of at most a fifth of the usual size",
       "Pinging for hidden orders.", "as order_size"),
    _F("distance_bps", "orders", "basis points", None, None,
       "mean distance of new and moved orders behind the best price of their side; below 0: better than it",
       "Quotes that nobody can hit.", "none of them in the window with a known touch"),
    _F("distance_sigmas", "orders", "deviations", None, None, "the same / usual price change of a minute",
       "The same against the market's own moves.", "as distance_bps, or no usual price change yet"),
    _F("bettering_share", "orders", "ratio", 0.0, 1.0, "of them, the part that bettered the touch without crossing it",
       "Who leads the bid or the ask.", "as distance_bps, the other side's touch included"),
    _F("crossing_share", "orders", "ratio", 0.0, 1.0, "of them, the part that reached the other side's touch",
       "Who takes.", "as bettering_share"),
    _F("layers", "orders", "orders", 0.0, None, "most open orders of one side at one time in the bucket",
       "A ladder that looks like many traders.",
       "as message_share, or trades name orders and no fill message was seen"),
    _F("resting_imbalance", "orders", "ratio", 0.0, 1.0, "|buy - sell| / (buy + sell) lots resting at the last event",
       "A book on one side only.", "nothing rests"),
    _F("resting_to_depth", "orders", "times", 0.0, None,
       "lots resting on the fuller side / lots on the five best levels of that side, before the bucket's last event",
       "Who is the book.", "nothing rests, or the side is empty"),
    _F("volume_share", "accounts", "ratio", 0.0, 1.0, "volume with the entity on either side / volume of the window",
       "One account in most trades.", _MARKET_TRADED),
    _F("hour_volume_share", "accounts", "ratio", 0.0, 1.0, "the same over the hour",
       "Whether that is its habit.", "no trade in the market's hour"),
    _F("own_trades", "accounts", "trades", 0.0, None, "trades of the entity in the window", "Evidence.",
       _MARKET_TRADED),
    _F("net_ratio", "accounts", "ratio", 0.0, 1.0, "|bought - sold| / (bought + sold) of the window",
       "0: two-sided, as a market maker is; 1: it only bought or only sold.", _NO_TRADE),
    _F("hour_net_ratio", "accounts", "ratio", 0.0, 1.0, "the same over the hour",
       "Whether a position was built or only turned over.", "no trade of the entity in the hour"),
    _F("buy_share", "accounts", "ratio", 0.0, 1.0, "bought / (bought + sold) of the window",
       "Direction.", _NO_TRADE),
    _F("self_match_share", "accounts", "ratio", 0.0, 1.0, "volume with the entity on both sides / its volume",
       "Volume without change of owner.", _NO_TRADE),
    _F("counterparties", "accounts", "entities", 0.0, None, "entities it traded with in the window, itself included",
       "How many it needs.", _MARKET_TRADED),
    _F("counterparty_concentration", "accounts", "ratio", 0.0, 1.0,
       "sum of squared shares of counterparties in its trades", "1: always the same one.",
       "no trade with a known counterparty in the window"),
    _F("taken_share", "aggressor", "ratio", 0.0, 1.0, "lots it took / lots taken by anybody in the window",
       "Who presses the price.", "no trade with a known aggressor in the market's window"),
    _F("taker_share", "aggressor", "ratio", 0.0, 1.0, "lots it took / its lots with a known aggressor",
       "A market maker gives; who paints or pushes takes.", "none of those in the window"),
    _F("drift_bps", "aggressor", "basis points", 0.0, None,
       "|sum of price changes from trade to trade made by its own takes| in the window",
       "Who carried the price.", "as taken_share"),
    _F("drift_sigmas", "aggressor", "deviations", 0.0, None, "the same / usual price change of a minute",
       "The same against the market's own moves.", "as drift_bps, or no usual price change yet"),
    _F("push_bps", "aggressor", "basis points", None, None,
       "sum of those changes in the direction of each take", "Who pays up, whichever way.", "as taken_share"),
    _F("hour_drift_bps", "aggressor", "basis points", 0.0, None, "as drift_bps, over the hour",
       "Whether it goes on.", "no trade with a known aggressor in the market's hour"),
    _F("bait_to_genuine", "orders", "times", 0.0, None,
       "most lots cancelled within 4 s after a fill on the other side, in the bucket / lots of that round and what "
       "else rested with them; 0 without any",
       "A spoofer's bait dwarfs what it trades.", _SILENT),
    _F("rest_to_genuine", "orders", "times", 0.0, None,
       "most lots resting on the other side at a fill in the bucket / lots of that round and what else rested with "
       "them; 0 without any", "Bait stands while the genuine order fills.", _SILENT),
    _F("pulled_after_fill_share", "orders", "ratio", 0.0, 1.0,
       "of the lots cancelled in the window, the part within 4 s after a fill on the other side",
       "Busy honest accounts cancel at any time.", "nothing cancelled in the window"),
    _F("pull_s", "orders", "s", 0.0, 4.0, "mean time from the fill to those cancels",
       "Bait is gone at once.", "none of those in the window"),
    _F("bait_repeats", "orders", "rounds", 0.0, None, "rounds of the hour after which it pulled from the other side",
       "A coincidence happens once; a spoofer goes on.", "no order message in the market's hour"),
    _F("price_change", "trades", "ratio", -1.0, None, "of the market's row at the fine scale",
       "What happened meanwhile.", "as there"),
    _F("volume_ratio", "trades", "times", 0.0, None, "of the market's row at the fine scale",
       "What happened meanwhile.", "as there"),
    _F("signed_imbalance", "trades", "ratio", -1.0, 1.0, "of the market's row at the fine scale",
       "Who pressed the price meanwhile.", "as there"),
)  # fmt: skip
ACCOUNT_COLUMN = {feature.name: column for column, feature in enumerate(ACCOUNT_FEATURES)}

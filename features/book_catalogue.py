"""The catalogue of the book grain: features of a market's order book, told by its levels.

A row belongs to a fine bucket that just closed, in which the book was known and a message or trade came. "Depth" is
what stands within the band around the mid: 25 basis points, or 5 usual spreads where that is wider; "near" is what
stands within 25 basis points of its own side's best price or among the ten best levels; quantities are base units.
"Preceding" are the buckets of the 5 minutes before, those without a message with the book that stood. A wall is a level
of at least 3 times the usual one (geometric mean of near levels, learned slowly); the vanished one is, of the bucket's,
the largest by what was pulled and did not come back. It is told when a second has passed, so that trades and levels
that come later than its removal count as well.
"""

from __future__ import annotations

from features.feature import Feature

WITHIN_BPS = (10.0, 25.0, 50.0, 100.0)
"""Distances from the mid within which depth is told."""

_F = Feature
_ONE_SIDED = "a side of the book is empty at the bucket's end, or it stands crossed"
_NEVER_WHOLE = "no moment of the bucket with both sides and bid < ask"
_NO_WALL = "no wall vanished, an image came in its second, or the usual level is not known (12 buckets)"
_YOUNG = "fewer than 12 preceding buckets, or their median depth is 0"


def _depths(side: str, word: str) -> tuple[Feature, ...]:
    return tuple(
        _F(f"{side}_depth_{bps:.0f}bps", "books", "base units", 0.0, None,
           f"quantity of {word} within {bps:.0f} bps of the mid at the bucket's end", "What can be traded at once.",
           _ONE_SIDED)
        for bps in WITHIN_BPS
    )  # fmt: skip


def _of_side(side: str, word: str) -> tuple[Feature, ...]:
    return (
        _F(f"{side}_touch_depth", "books", "base units", 0.0, None, f"quantity at the best of {word}",
           "What stands first.", _ONE_SIDED),
        *_depths(side, word),
        _F(f"{side}_depth_ratio", "books", "ratio", 0.0, None,
           "time-weighted depth of the bucket / median of the preceding", "A side that was taken away.", _YOUNG),
        _F(f"{side}_depth_to_least", "books", "ratio", 0.0, None,
           "the same / its least in the preceding", "A book that is always patchy has been as thin before.",
           "as the ratio, or the least is 0"),
        _F(f"{side}_pulled_share", "books", "ratio", 0.0, 1.0,
           "1 - lots traded against the side in this bucket and the one before / (median preceding depth - depth)",
           "Gone without a trade.", "as the ratio, or there is no less than before, or no trade was ever told"),
        _F(f"{side}_wall_share", "books", "ratio", 0.0, 1.0, f"largest near level of {word} / all near ones",
           "One level that is the book.", _ONE_SIDED),
        _F(f"{side}_wall_age_s", "books", "s", 0.0, None, "since when that level stands (half as large or larger)",
           "Lasting size, or a flash.", _ONE_SIDED),
    )  # fmt: skip


BOOK_FEATURES: tuple[Feature, ...] = (
    _F("spread_bps", "books", "basis points", 0.0, None, "time-weighted (ask - bid) / mid", "Cost of immediacy.",
       _NEVER_WHOLE),
    _F("closing_spread_bps", "books", "basis points", 0.0, None, "the same at the bucket's end", "Cost now.",
       _ONE_SIDED),
    _F("mid", "books", "price", 0.0, None, "(bid + ask) / 2 at the bucket's end", "Where the market is.", _ONE_SIDED),
    _F("microprice_offset_bps", "books", "basis points", None, None,
       "(bid x ask lots + ask x bid lots) / their sum, against the mid", "Where the touch leans.", _ONE_SIDED),
    _F("touch_imbalance", "books", "ratio", -1.0, 1.0, "(bid - ask) / (bid + ask) lots at the touch",
       "Who waits at the touch.", _ONE_SIDED),
    _F("depth_imbalance", "books", "ratio", -1.0, 1.0, "the same of the depth within the band",
       "A lopsided book pushes the price.", "as there, or no depth"),
    *_of_side("bid", "bids"),
    *_of_side("ask", "asks"),
    _F("wall_side", "books", "sign", -1.0, 1.0, "side of the vanished wall, 1 bid, -1 ask", "Which way it pushed.",
       _NO_WALL),
    _F("wall_multiple", "books", "times", 0.0, None, "its largest quantity / the usual level's",
       "Large enough to be seen.", _NO_WALL),
    _F("wall_share", "books", "ratio", 0.0, 1.0, "its part of the near depth of its side just before",
       "It was the book.", _NO_WALL),
    _F("wall_age_s", "books", "s", 0.0, None, "how long it had stood", "Long enough to be seen.", _NO_WALL),
    _F("wall_distance_bps", "books", "basis points", 0.0, None, "from the best of its side, just before",
       "Near enough to matter.", _NO_WALL),
    _F("wall_pulled_ratio", "books", "ratio", 0.0, 1.0,
       "1 - lots traded at or through its price while it stood and in the second after / lots that vanished",
       "Pulled, not traded.", "as wall_side, or no trade was ever told"),
    _F("wall_returned_ratio", "books", "ratio", 0.0, None,
       "lots added near on its side at that moment and in the second after / lots that vanished",
       "A quote that was only moved comes back at once.", _NO_WALL),
    _F("wall_trade_lag_s", "books", "s", 0.0, None, "since the last trade against the other side, when it vanished",
       "Bait goes when the genuine order has filled.", "as wall_side, or no such trade yet"),
    _F("walls_pulled", "books", "walls", 0.0, None,
       "walls of 8 usual levels and .4 of their side that vanished within 10 minutes, at least .9 of them pulled and "
       "at most .2 returned", "A habit.", "the usual level is not known"),
    _F("cancel_to_trade", "books", "ratio", 0.0, None,
       "(lots taken from near levels - lots traded, at least 0) / lots traded, over 5 minutes",
       "How much of the book is for show.", "no trade in them, or an image"),
    _F("refill_ratio", "books", "ratio", 0.0, None, "lots added to / taken from near levels, over 5 minutes",
       "Resilience: below 1 the book runs dry.", "nothing was taken, or an image"),
    _F("depth_band_bps", "books", "basis points", 25.0, None, "how far from the mid depth is counted",
       "The market's own measure.", "never"),
    _F("mid_move_bps", "books", "basis points", None, None, "mid against the last known one of a preceding bucket",
       "A price that moves leaves depth behind.", "as mid, or no preceding mid"),
    _F("near_levels", "books", "levels", 0.0, None, "near levels of the thinner side at the bucket's end",
       "Evidence.", _ONE_SIDED),
    _F("updates_per_s", "books", "levels per second", 0.0, None, "book messages of the bucket / its length", "Pace.",
       "never"),
    _F("book_gap_s", "books", "s", 0.0, None, "longest time without a book message that ended in the last 5 minutes",
       "A feed that was silent tells nothing of what happened meanwhile.", "before the second message"),
    _F("image_share", "books", "ratio", 0.0, 1.0, "images / (images and single levels) of the last 5 minutes",
       "Above 0 and below 1 the book was told anew in between.", "no book message in them"),
    _F("crossed_share", "books", "ratio", 0.0, 1.0, "time with bid >= ask / time with both sides, of the bucket",
       "A feed in disorder, or an auction.", "no moment with both sides"),
    _F("price_change", "books", "ratio", -1.0, None, "mid / mean of the preceding mids - 1", "What happened meanwhile.",
       "as mid, or no preceding mid"),
    _F("volume_ratio", "books", "times", 0.0, None, "lots traded / mean of the preceding buckets'",
       "What happened meanwhile.", "nothing was traded in them"),
)  # fmt: skip
BOOK_COLUMN = {feature.name: column for column, feature in enumerate(BOOK_FEATURES)}

"""Facts of the order flow: spread, shape of the book, where orders are placed and how long they live."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.events import CANCEL, NEW, REPLACE
from training.facts.book import DELETED, FILLED, N_BINS, OPEN, Placements, depth_profile, walk
from training.facts.market import Market
from training.facts.statistics import FEWEST, hill, weighted_median

HALF_SECOND, TWO_SECONDS = 0.5, 2.0
NEAR_BINS = 10
NAMES = ("spread_bps", "touch_depth_share", "depth_hump_spreads", "placement_tail", "placed_inside_share",
         "placed_at_touch_share", "deleted_share", "fast_deleted_share", "fleeting_share", "life_median_s",
         "cancels_per_new", "orders_per_trade")  # fmt: skip


def order_facts(market: Market) -> dict[str, float]:
    """Return the facts of order messages; all NaN where a market has fewer than 50 of them.

    Args:
        market: The market; spans that are left out are not cut out of its book.
    """
    orders = market.orders
    if len(orders) < FEWEST:
        return dict.fromkeys(NAMES, np.nan)
    book = walk(orders)
    known = np.isfinite(book.spread)
    spread = weighted_median(book.spread[known], book.held_s[known])
    usual = spread * float(np.median(book.mid[known])) if known.any() else np.nan
    profile = depth_profile(orders, usual) if usual > 0.0 else np.full(N_BINS + 1, np.nan)
    kinds = np.bincount(orders.kind, minlength=REPLACE + 2)
    new, cancels = int(kinds[NEW]), int(kinds[CANCEL])
    near = profile[:NEAR_BINS].sum()
    return {
        "spread_bps": 1e4 * spread,
        "touch_depth_share": float(profile[-1] / near) if near > 0.0 else np.nan,
        "depth_hump_spreads": float(np.argmax(profile[:N_BINS])) if near > 0.0 else np.nan,
        "cancels_per_new": cancels / new if new else np.nan,
        "orders_per_trade": (new + cancels + int(kinds[REPLACE])) / len(market.trades),
    } | _placement_facts(book.added)


def _placement_facts(added: Placements) -> dict[str, float]:
    resting = ~added.marketable
    behind = added.behind[resting & added.is_new]
    behind = behind[np.isfinite(behind)]
    life, end = added.life_s[resting], added.end[resting]
    deleted = end == DELETED
    return {
        # The far tenth: nearer, the size of a tick and of the spread are seen, not the tail.
        "placement_tail": hill(behind, 0.1),
        "placed_inside_share": _share(behind < 0.0),
        "placed_at_touch_share": _share(behind == 0.0),
        "deleted_share": _share(deleted[end != OPEN]),
        "fast_deleted_share": _share(life[deleted] <= HALF_SECOND),
        "fleeting_share": _share((deleted & (life <= TWO_SECONDS))[end != OPEN]),
        "life_median_s": float(np.median(life[deleted | (end == FILLED)])) if (end != OPEN).any() else np.nan,
    }


def _share(true: NDArray[np.bool_]) -> float:
    return float(true.mean()) if len(true) >= FEWEST else np.nan

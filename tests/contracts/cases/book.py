"""Rules over the rows of an order book."""

from __future__ import annotations

import math

from tests.contracts.cases.case import Case

CASES: dict[str, Case] = {
    "vanishing_wall": Case(
        pattern={
            "wall_side": 1.0, "wall_multiple": 40.0, "wall_share": 0.8, "wall_age_s": 9.0, "wall_distance_bps": 1.0,
            "spread_bps": 2.0, "wall_pulled_ratio": 1.0, "wall_returned_ratio": 0.02, "walls_pulled": 6.0,
            "near_levels": 12.0, "wall_trade_lag_s": 0.8,
        },
        look_alikes={
            "wall that was traded": {"wall_pulled_ratio": 0.1},
            "wall that was half traded": {"wall_pulled_ratio": 0.5},
            "maker who moves a quote by a tick": {"wall_returned_ratio": 1.0},
            "large genuine order that gives up": {"walls_pulled": 1.0},
            "large order of a deep book": {"wall_share": 0.1},
            "level hardly larger than others": {"wall_multiple": 4.0},
            "size far from the touch": {"wall_distance_bps": 40.0},
            "size that nobody could see": {"wall_age_s": 0.05},
            "halt that empties the book": {"near_levels": 0.0},
            "new image of the book": {"wall_multiple": math.nan, "wall_share": math.nan},
            "tape without trades": {"wall_pulled_ratio": math.nan},
        },
        threshold=("wall_multiple", (4.0, 8.0, 20.0, 200.0)),
        always_known=("wall_side", "wall_trade_lag_s"),
    ),
    "liquidity_withdrawal": Case(
        pattern={
            "bid_depth_ratio": 0.02, "bid_depth_to_least": 0.05, "bid_pulled_share": 0.98, "ask_depth_ratio": 0.9,
            "ask_depth_to_least": 1.2, "ask_pulled_share": 0.4, "mid_move_bps": -1.0, "price_change": -0.0002,
            "depth_band_bps": 25.0, "book_gap_s": 2.0, "image_share": 0.0,
        },
        look_alikes={
            "news shock that trades the depth away": {"bid_pulled_share": 0.3},
            "price that leaves its depth behind": {"mid_move_bps": -60.0},
            "price that has left it for a minute": {"price_change": -0.01},
            "thin market that was as empty minutes ago": {"bid_depth_to_least": 0.9},
            "side that thins out": {"bid_depth_ratio": 0.3},
            "outage, or a gap of the feed": {"book_gap_s": 60.0},
            "new image in the middle of single levels": {"image_share": 0.01},
            "halt that empties both sides": {"mid_move_bps": math.nan},
            "tape without trades": {"bid_pulled_share": math.nan},
        },
        threshold=("pulled_share", (0.5, 0.9, 0.97)),
        always_known=("image_share",),
    ),
}  # fmt: skip

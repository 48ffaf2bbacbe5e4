"""Rules over orders that are shown."""

from __future__ import annotations

from tests.contracts.cases.case import Case

CASES: dict[str, Case] = {
    "quote_stuffing": Case(
        pattern={
            "messages": 600.0, "burst_messages": 480.0, "burst_share": 0.9, "own_usual": 2.0, "market_usual": 90.0,
            "cancelled_share": 1.0, "filled_share": 0.01,
        },
        look_alikes={
            "maker who sends as much in every minute": {"own_usual": 450.0},
            "fleeting quoter, some twenty a second for minutes": {"messages": 1_300.0, "burst_messages": 180.0},
            "maker in a rush in which everybody sends more": {"burst_share": 0.25, "filled_share": 0.1},
            "maker who is hit again and again": {"filled_share": 0.4},
            "account that lays out many orders and leaves them": {"cancelled_share": 0.2},
            "quick account of a quiet market": {"messages": 120.0, "burst_messages": 40.0, "market_usual": 60.0},
        },
        threshold=("minimum_messages", (50.0, 400.0, 5_000.0)),
        always_known=("market_usual",),
    ),
    "ping_orders": Case(
        pattern={
            "pings": 30.0, "ping_size": 0.03, "size_spread": 0.0, "gap_s": 0.3, "missed_share": 0.4,
            "one_way_share": 1.0, "pings_share": 1.0, "ahead_multiple": 60.0, "ahead_size": 2.0, "repeats": 1.0,
        },
        look_alikes={
            "small account that takes what is shown": {"size_spread": 1.0, "missed_share": 0.0},
            "algorithm's remainders, one a slice": {"gap_s": 12.0, "pings": 9.0},
            "fleeting quoter of both sides": {"one_way_share": 0.5, "ping_size": 0.3},
            "a few tiny orders": {"pings": 4.0},
            "busy account that also sends tiny ones": {"pings_share": 0.2},
            "small regular buyer": {"missed_share": 0.0, "ahead_multiple": 0.0, "pings": 10.0},
        },
        threshold=("minimum_pings", (4.0, 12.0, 60.0)),
    ),
    "smoking": Case(
        pattern={
            "rounds": 8.0, "caught": 10.0, "inside_share": 1.0, "orders_share": 1.0, "age_s": 0.2, "size": 2.0,
            "retreat": 0.9,
        },
        look_alikes={
            "maker who changes its mind": {"orders_share": 0.04, "inside_share": 0.4},
            "fleeting quoter": {"orders_share": 0.05, "inside_share": 0.3},
            "one change of mind": {"rounds": 1.0},
            "nobody traded on the worse terms": {"caught": 0.0},
            "terms that stood for minutes": {"age_s": 60.0},
            "a tick less generous": {"retreat": 0.2},
        },
        threshold=("minimum_rounds", (1.5, 4.0, 20.0)),
    ),
    "advancing_the_bid": Case(
        pattern={
            "orders": 16.0, "ups": 6.0, "overlap_share": 1.0, "taken_back_share": 1.0, "filled_share": 0.02,
            "one_sided_share": 1.0, "leading_share": 1.0, "size": 3.0, "advance_sigma": 2.0, "touch_sigma": 2.0,
            "span_s": 45.0, "accounts": 1.0,
        },
        look_alikes={
            "TWAP that joins the touch, slice after slice": {"overlap_share": 0.0, "filled_share": 0.95},
            "maker that follows the price": {"one_sided_share": 0.55},
            "fleeting quoter, one order at a time": {"overlap_share": 0.0, "one_sided_share": 0.65},
            "person who spreads orders behind the touch": {"leading_share": 0.3},
            "large genuine order that follows the market": {"orders": 4.0, "overlap_share": 0.0},
            "iceberg that stays": {"ups": 0.0, "taken_back_share": 0.0},
            "orders that chase a price that runs away": {"touch_sigma": -8.0},
        },
        threshold=("minimum_orders", (4.0, 9.0, 40.0)),
        always_known=("touch_sigma",),
    ),
    "no_intent_to_execute": Case(
        pattern={
            "orders": 9.0, "standing": 5.0, "standing_size": 25.0, "depth_multiple": 1.2, "distance_sigma": 30.0,
            "nearest_sigma": 25.0, "size": 5.0, "taken_back": 4.0, "fills": 0.0, "fled": 1.0, "far_share": 1.0,
            "span_s": 400.0, "accounts": 1.0,
        },
        look_alikes={
            "large genuine order near the touch": {"orders": 1.0, "standing": 1.0, "distance_sigma": 1.0},
            "one bargain hunter": {"orders": 1.0, "standing": 1.0},
            "ladder from near to far": {"nearest_sigma": 4.0},
            "maker whose market widens": {"far_share": 0.5},
            "maker's ladder, all at once": {"span_s": 0.0},
            "small orders": {"standing_size": 2.0},
            "orders that trade": {"fills": 6.0},
        },
        threshold=("minimum_sigma", (4.0, 15.0, 90.0)),
    ),
    "floor_ceiling": Case(
        pattern={
            "refills": 6.0, "hits": 40.0, "standing_size": 12.0, "most_size": 15.0, "absorbed_size": 20.0,
            "at_price_share": 1.0, "taken_back_share": 0.0, "span_s": 400.0, "behind_spreads": 0.0, "accounts": 1.0,
        },
        look_alikes={
            "iceberg of ordinary size": {"most_size": 1.2},
            "large genuine order that is not put back": {"refills": 0.0},
            "maker who quotes anew": {"at_price_share": 0.1, "taken_back_share": 0.9},
            "algorithm at the touch": {"at_price_share": 0.4, "most_size": 1.0},
            "desks of an index rebalance at one price": {"accounts": 6.0},
            "price that nobody tries": {"hits": 1.0, "absorbed_size": 0.3},
            "moment": {"span_s": 5.0},
        },
        threshold=("minimum_size", (3.0, 9.0, 60.0)),
    ),
}  # fmt: skip

"""Rules over what users do in days."""

from __future__ import annotations

from tests.contracts.cases.case import Case

DAY = {
    "usd": 60_000.0, "trades": 40.0, "buys": 36.0, "sells": 36.0, "buying": 15.0, "selling": 15.0, "past_trades": 60.0,
    "past_days": 7.0, "past_share": 0.5, "past_std": 0.08, "buy_multiple": 12.0, "sell_multiple": 12.0, "peers": 30.0,
    "peer_share": 0.5, "peer_std": 0.12, "market_usd": 200_000.0, "volume_share": 0.3, "known_days": 8.0,
    "usual_multiple": 9.0,
}  # fmt: skip
BUYING, SELLING = {**DAY, "bought_share": 0.95}, {**DAY, "bought_share": 0.05}
OWN = {
    "investor who only came to trade": {"past_trades": 0.0, "past_days": 0.0},
    "user of a few days": {"past_days": 3.0},
    "user whose days differ widely": {"past_std": 0.3},
    "small change": {"usd": 900.0},
    "three large orders": {"trades": 3.0, "buys": 3.0, "sells": 3.0},
    "market maker on an uneven day": {"bought_share": 0.55},
}
OTHERS = {
    "investor who only came to trade": {"past_trades": 0.0, "past_days": 0.0},
    "thin market with three active users": {"peers": 2.0},
    "day on which few agree with anybody": {"peer_std": 0.4},
    "user who does so every day": {"buy_multiple": 1.1, "sell_multiple": 1.1},
    "small change": {"usd": 900.0},
    "market maker on an uneven day": {"bought_share": 0.55},
}
SHARE = ("analysis_buy_proportion_threshold", (0.5, 0.7, 0.9, 0.99))

CASES = {
    "excessive_accumulation_own": Case(
        BUYING, {**OWN, "user who always buys": {"past_share": 0.95}, "seller": {"bought_share": 0.05}}, SHARE
    ),
    "excessive_offloading_own": Case(
        SELLING,
        {**OWN, "user who always sells": {"past_share": 0.05}, "buyer": {"bought_share": 0.95}},
        SHARE,
        table="excessive_accumulation_own",
    ),
    "excessive_accumulation_others": Case(
        BUYING, {**OTHERS, "day on which all buy": {"peer_share": 0.9}, "seller": {"bought_share": 0.05}}, SHARE
    ),
    "excessive_offloading_others": Case(
        SELLING,
        {**OTHERS, "day on which all sell": {"peer_share": 0.1}, "buyer": {"bought_share": 0.95}},
        SHARE,
        table="excessive_accumulation_others",
    ),
    "adv_outlier": Case(
        {**DAY, "bought_share": 0.6},
        {
            "market maker": {"usual_multiple": 1.2},
            "omnibus account on a busy day": {"usual_multiple": 2.4},
            "large order in a busy market": {"volume_share": 0.04},
            "thin market that hardly trades": {"usd": 4_000.0},
            "one block": {"trades": 2.0},
        },
        ("volume_share", (0.05, 0.1, 0.2, 0.9)),
    ),
}

"""Rules over several venues of one thing."""

from __future__ import annotations

from tests.contracts.cases.case import Case

CASES: dict[str, Case] = {
    "price_discrepancy": Case(
        pattern={
            "net_gap_bps": 45.0, "gap_s": 75.0, "gap_trades": 40.0, "moved_share": 0.8, "price_gap_bps": 65.0,
            "gap_size": 12.0, "gap_value": 5_400.0,
        },
        look_alikes={
            "news shock on all venues, met again in seconds": {"gap_s": 10.0},
            "thin venue that lags": {"gap_trades": 2.0, "gap_s": 45.0},
            "stale price of a quiet venue": {"net_gap_bps": float("nan"), "gap_s": float("nan")},
            "outage of one venue": {"net_gap_bps": float("nan"), "gap_trades": float("nan")},
            "gap within fees": {"net_gap_bps": -3.0},
            "the venue that stayed where it was": {"moved_share": 0.2},
        },
        threshold=("minimum_net_bps", (2.0, 20.0, 80.0)),
        always_known=("price_gap_bps", "gap_size", "gap_value"),
    ),
    "arbitrage": Case(
        pattern={
            "pairs": 40.0, "pair_share": 0.6, "others_pairs": 25.0, "next_pairs": 8.0, "gain_share": 1.0,
            "gain_bps": 6.0, "value": 300.0, "net_ratio": 0.0,
        },
        look_alikes={
            "one of many arbitrageurs": {"pair_share": 0.17, "next_pairs": 38.0},
            "first of a few arbitrageurs": {"pairs": 30.0, "next_pairs": 18.0},
            "one who came first by chance": {"pairs": 12.0, "next_pairs": 4.0},
            "hedger across venues, who gains nothing": {"gain_share": 0.5, "gain_bps": 0.3},
            "market maker on two venues, who hardly takes": {"pairs": 3.0},
            "trader who builds a position": {"net_ratio": 0.9},
        },
        threshold=("minimum_pairs", (5, 20, 60)),
        always_known=("pair_share", "others_pairs", "value"),
    ),
    "inter_venue_manipulation": Case(
        pattern={
            "move_bps": 20.0, "sigmas": 7.0, "taken_share": 0.95, "takes": 5.0, "built": 10.0, "exit_share": 1.0,
            "exit_s": 5.0, "gain_bps": 8.0, "lift_bps": 7.0, "opposed": 0.0, "size_ratio": 1.5, "usual_trades": 9.0,
        },
        look_alikes={
            "arbitrageur who closes the gap": {"opposed": 1.0},
            "hedger across venues": {"built": -10.0, "exit_share": 0.0, "opposed": float("nan")},
            "first at news, without a position": {"built": 0.0, "exit_share": 0.0, "opposed": float("nan")},
            "one small trade that is turned round": {"usual_trades": 0.9},
            "news shock, in which many take": {"taken_share": 0.15},
            "trader who turns round after a minute": {"exit_s": 70.0},
            "trader who turns round a little after an ordinary burst": {
                "sigmas": 3.0, "usual_trades": 6.0, "exit_s": 20.0,
            },
            "market maker on two venues": {"move_bps": 1.0, "sigmas": 0.5, "exit_share": 0.4},
            "one who loses more than fees": {"gain_bps": -60.0},
        },
        threshold=("minimum_sigmas", (1.0, 4.0, 12.0)),
        always_known=("takes", "built", "lift_bps", "size_ratio"),
    ),
    "cross_market_wash": Case(
        pattern={
            "rounds": 9.0, "volume_share": 0.9, "net_ratio": 0.05, "size_ratio": 0.95, "seconds": 3.0, "cost_bps": 1.0,
        },
        look_alikes={
            "two market makers who meet now and then": {"volume_share": 0.1},
            "hedger across venues, whose others are many": {"volume_share": 0.03},
            "two desks, one of which passes a position on": {"net_ratio": 1.0},
            "once by chance": {"rounds": 1.0},
            "arbitrageurs who meet again much later": {"seconds": 220.0, "volume_share": 0.3},
        },
        threshold=("minimum_rounds", (3, 9, 30)),
        always_known=("size_ratio", "cost_bps"),
    ),
}  # fmt: skip

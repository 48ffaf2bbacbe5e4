"""Rules over the rows of a market."""

from __future__ import annotations

from tests.contracts.cases.case import Case

SPIKE = {
    "volume_ratio": 12.0, "robust_volume_ratio": 11.0, "volume_volatility": 1.3, "trade_count": 400.0,
}  # fmt: skip
LEAP = {"move": 0.07, "deviations": 50.0, "minutes": 1.0}
RING = {
    "window_min": 60.0, "size": 3.0, "share": 0.9, "open_ratio": 0.02, "meetings": 40.0, "expected": 2.0,
    "surprise": 30.0, "arranged": 20.0, "usual_arranged": 0.05, "volume_share": 0.4, "outsiders": 20.0,
}  # fmt: skip
MADE_UP = {
    "trades": 800.0, "benford": 0.3, "round_share": 0.01, "round_excess": -20.0, "tail_exponent": 30.0,
    "inside_share": 0.9, "repeat_share": 0.5, "alternation": 0.4,
}  # fmt: skip
HONEST = {"benford": 0.026, "round_excess": 2.75, "tail_exponent": 1.4, "inside_share": 0.0, "alternation": -0.2}
DOMINANT = {
    "top_account_share": 0.85, "top_account_net_ratio": 0.1, "top_account_taker_ratio": 0.9, "account_count": 25.0,
    "trade_count": 200.0, "user_concentration": 0.3,
}  # fmt: skip
CLOCK = {
    "gaps": 48.0, "beat_share": 0.95, "digits": 41.0, "period_s": 10.0, "arrival_share": 0.9, "one_sided": 0.05,
}  # fmt: skip
PUMP = {
    "rise": 0.3, "buy_surge": 400.0, "rush_orders": 12.0, "signed_imbalance": 0.8, "robust_volume_ratio": 60.0,
    "trade_count": 300.0,
}  # fmt: skip

DUMP = {
    "fall": 0.3, "sell_surge": 400.0, "rush_sells": 12.0, "signed_imbalance": -0.8, "robust_volume_ratio": 60.0,
    "trade_count": 300.0,
}  # fmt: skip

CASES = {
    "volume_spike": Case(
        SPIKE,
        {
            "thin market with three active users": {"trade_count": 12.0},
            "market that trades in lumps": {"volume_volatility": 3.5},
            "trade after a quiet hour of empty buckets": {"robust_volume_ratio": 1.2},
            "busy bucket of a busy market": {"volume_ratio": 2.5, "robust_volume_ratio": 2.6},
        },
        ("volume_spike_multiplier", (2.0, 3.0, 5.0, 20.0)),
    ),
    "price_anomaly": Case(
        LEAP,
        {
            "tick of a market that stood still": {"move": 0.004},
            "volatile market": {"deviations": 6.0},
        },
        ("leap_multiple", (6.0, 12.0, 30.0, 60.0)),
        always_known=("minutes",),
    ),
    "wash_trading": Case(
        RING,
        {
            "market maker meeting everyone": {"share": 0.15},
            "TWAP filled by one maker": {"open_ratio": 1.0},
            "hedger who buys here and sells elsewhere": {"open_ratio": 0.9},
            "thin market with three active users": {"outsiders": 1.0, "surprise": 0.0},
            "fast taker against one maker": {"open_ratio": 0.16},
            "omnibus account that crosses some of its clients": {"size": 1.0, "share": 0.2},
            "some who met by chance": {"surprise": 1.0},
            "some who met a few times": {"meetings": 4.0},
            "some too small to paint a tape": {"volume_share": 0.002},
        },
        ("wash_trade_threshold", (0.5, 0.8, 0.9, 0.99)),
        always_known=tuple(name for name in RING if "arranged" not in name),
    ),
    "unlabelled_volume": Case(
        MADE_UP,
        {
            "one algorithm that repeats its slices": HONEST,
            "smallest order size that bends first digits": {**HONEST, "benford": 0.3, "repeat_share": 0.06},
            "midpoint crossing": {**HONEST, "inside_share": 0.9, "repeat_share": 0.06},
            "few trades": {"trades": 150.0},
        },
        ("agreeing_tests", (1, 2, 3, 4)),
        always_known=("trades", "benford"),
    ),
    "concentrated_trading": Case(
        DOMINANT,
        {
            "thin market with three active users": {"account_count": 3.0},
            "one of several market makers": {"top_account_share": 0.45},
            "first trades of a session": {"trade_count": 8.0},
            "only market maker of the market": {"top_account_net_ratio": 0.05, "top_account_taker_ratio": 0.02},
        },
        ("concentration_threshold", (0.4, 0.6, 0.8, 0.95)),
    ),
    "timing_anomaly": Case(
        CLOCK,
        {
            "TWAP in a thin market": {"one_sided": 1.0},
            "TWAP among other traders": {"one_sided": 1.0, "arrival_share": 0.1},
            "market maker who hedges what a clock does elsewhere": {"arrival_share": 0.38, "period_s": 0.1},
            "somebody who trades every few minutes, more or less": {"beat_share": 0.3},
            "few trades": {"digits": 5.0},
        },
        ("beat_share", (0.3, 0.5, 0.8, 0.94)),
        always_known=("gaps",),
    ),
    "dump_and_pump": Case(
        DUMP,
        {
            "bad news over minutes": {"fall": 0.05, "sell_surge": 60.0, "rush_sells": 1.0},
            "cascade of stop orders": {"sell_surge": 12.0, "rush_sells": 2.0},
            "re-opening after an outage": {"rush_sells": 0.0},
            "rally": {"fall": -0.3},
            "ordinary hour of a volatile market": {"fall": 0.1, "price_volatility": 0.03},
        },
        ("rise_threshold", (0.05, 0.08, 0.15, 0.4)),
    ),
    "pump_and_dump": Case(
        PUMP,
        {
            "news over minutes": {"rise": 0.05, "buy_surge": 60.0, "rush_orders": 1.0},
            "fat-finger order": {"buy_surge": 20.0, "rush_orders": 1.0},
            "re-opening after an outage": {"rush_orders": 0.0},
            "sell-off": {"rise": -0.3},
            "busy book without a rise": {"rise": 0.01},
            "ordinary hour of a volatile market": {"rise": 0.11, "price_volatility": 0.03},
        },
        ("rise_threshold", (0.05, 0.08, 0.15, 0.5)),
    ),
}

"""Rules over an account's own executions."""

from __future__ import annotations

from tests.contracts.cases.case import Case

CASES: dict[str, Case] = {
    "momentum_ignition": Case(
        pattern={
            "move": 0.006, "own_share": 0.95, "takes": 5.0, "burst_s": 1.5, "exit_s": 8.0, "exit_share": 0.7,
            "kept": 0.7, "gain": 0.3, "sigmas": 18.0, "half_spreads": 7.0, "usual_moves": 4.0, "taken_share": 0.8,
            "habit_share": 0.6, "usual_orders": 25.0,
        },
        look_alikes={
            "first at news, who keeps it for minutes": {"exit_s": 400.0},
            "stop-loss cascade of many accounts": {"own_share": 0.3, "taken_share": 0.1},
            "mistake that is taken back at a loss": {"gain": -0.4},
            "one who bursts all day": {"habit_share": 0.02},
            "market that always moves so": {"sigmas": 2.0, "usual_moves": 0.6},
            "account that sells hardly any of it": {"exit_share": 0.1, "usual_orders": 8.0},
        },
        threshold=("half_spreads", (1.0, 3.0, 9.0)),
        always_known=("move", "takes", "kept"),
    ),
    "ramping": Case(
        pattern={
            "move": 0.02, "own_share": 0.85, "steps": 20.0, "takes": 40.0, "seconds": 900.0, "one_sided": 1.0,
            "sigmas": 4.0, "half_spreads": 18.0, "volume_share": 0.75,
        },
        look_alikes={
            "VWAP in a rise that others make": {"own_share": 0.15, "volume_share": 0.15, "steps": 6.0},
            "patient buyer who advances nothing": {"steps": 3.0},
            "one who is most of the market, both ways": {"one_sided": 0.6},
            "burst of seconds": {"seconds": 20.0},
            "price that went nowhere": {"move": 0.002, "half_spreads": 2.0, "sigmas": 0.4},
        },
        threshold=("clear_steps", (2.0, 6.0, 20.0)),
        always_known=("one_sided",),
    ),
    "marking_the_close": Case(
        pattern={
            "span_s": 300.0, "share": 0.75, "own_share": 0.95, "move": 0.01, "sigmas": 5.0, "half_spreads": 18.0,
            "one_sided": 1.0, "lots_to_flow": 5.0, "steps": 12.0, "before": 0.0, "after": 0.0,
        },
        look_alikes={
            "index rebalance of many desks": {"share": 0.25, "own_share": 0.35},
            "ramp that goes on": {"before": 0.9, "after": 0.9},
            "one large order": {"steps": 1.0},
            "small order in a quiet minute": {"lots_to_flow": 0.5},
            "price that stands": {"half_spreads": 1.0, "sigmas": 0.4},
            "one who makes the market": {"one_sided": 0.6},
        },
        threshold=("volume_share", (0.2, 0.5, 0.9)),
        always_known=("span_s", "move"),
    ),
    "front_running": Case(
        pattern={
            "leads": 8.0, "closed": 8.0, "client_takes": 9.0, "leader_takes": 18.0, "expected": 0.2, "ratio": 0.1,
            "ahead_s": 0.2, "impact": 3.0, "usual_orders": 15.0,
        },
        look_alikes={
            "busy account near every large order": {"expected": 7.0, "leader_takes": 400.0},
            "algorithm that splits and keeps": {"closed": 1.0},
            "twice": {"leads": 2.0, "closed": 2.0},
            "as large as the other": {"ratio": 0.8},
            "too early to have known": {"ahead_s": 20.0},
            "large orders that are none": {"usual_orders": 1.0},
        },
        threshold=("chance_multiple", (2.0, 20.0, 80.0)),
    ),
}  # fmt: skip

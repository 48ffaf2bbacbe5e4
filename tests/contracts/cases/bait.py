"""Rules over bait."""

from __future__ import annotations

from tests.contracts.cases.case import Case

BAIT = {
    "bait_lots": 2000.0, "bait_orders": 2.0, "bait_levels": 2.0, "bait_filled_lots": 20.0, "genuine_lots": 100.0,
    "size_multiple": 25.0, "pull_s": 0.6, "rounds": 3.0, "round_share": 0.9, "surprise": 9.0, "usual_orders": 2.0,
    "usual_levels": 1.5, "tidy_share": 0.95,
}  # fmt: skip
LAYERS = {**BAIT, "bait_orders": 5.0, "bait_levels": 5.0, "usual_orders": 5.0, "usual_levels": 5.0}
LOOK_ALIKES = {
    "market maker pulling one side of a ladder": {"genuine_lots": 1900.0},
    "market maker who quotes all day": {"tidy_share": 0.1},
    "busy account, a coincidence": {"surprise": 0.5, "rounds": 1.0, "usual_orders": 1.0},
    "order that the venue cancelled when its owner turned": {
        "pull_s": -0.01, "surprise": 4.0, "rounds": 1.0, "usual_orders": 1.0,
    },
    "quoter of an ordinary order whose dust filled": {"genuine_lots": 1.0, "size_multiple": 0.5},
    "large order that mostly traded": {"bait_filled_lots": 3000.0},
    "one who cancels large orders all day, now and then after a fill": {"round_share": 0.05},
    "cancel long after the fill": {"pull_s": 20.0},
}  # fmt: skip
ALWAYS_KNOWN = (
    "bait_lots",
    "bait_orders",
    "bait_levels",
    "bait_filled_lots",
    "genuine_lots",
    "size_multiple",
    "rounds",
)

CASES = {
    "spoofing": Case(
        BAIT,
        {**LOOK_ALIKES, "layers, which are layering": {"usual_levels": 4.0, "usual_orders": 4.0}},
        ("spoofing_threshold", (0.5, 0.9, 0.95, 0.999)),
        always_known=(*ALWAYS_KNOWN, "usual_orders", "usual_levels"),
    ),
    "layering": Case(
        LAYERS,
        {**LOOK_ALIKES, "bait on one level, which is spoofing": {"usual_levels": 1.0}},
        ("minimum_levels", (1.5, 2.5, 4.0, 12.0)),
        always_known=(*ALWAYS_KNOWN, "usual_orders"),
    ),
}

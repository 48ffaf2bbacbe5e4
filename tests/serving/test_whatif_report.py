from __future__ import annotations

from collections.abc import Callable

import pytest

from models.alert import Alert
from serving.whatif_report import figures, rows_of
from training.whatif import Judged, WhatIf


@pytest.fixture
def result(alert: Callable[..., Alert]) -> WhatIf:
    """Return what gains a true alert and loses a false one and one that nobody has judged."""
    true, false, unknown, kept = (
        Judged(alert(number), "t", hits, known)
        for number, (hits, known) in enumerate(
            [(frozenset({0}), True), (frozenset(), False), (frozenset(), None), (frozenset(), None)]
        )
    )
    return WhatIf((), (false, unknown, kept), (true, kept), ((2, 1),), 1.0, 1, {0: "wash_trading"})


def test_rows_count_what_nobody_has_judged_neither_as_true_nor_as_false(result: WhatIf) -> None:
    (row, _) = rows_of(result)
    assert (row.gained, row.truths_gained) == (1, (1, 0))
    assert (row.lost, row.truths_lost) == (2, (0, 1))
    assert (row.precision, row.recall) == ((0.0, 1.0), (0.0, 1.0))


def test_figures_of_an_alert_that_nobody_has_judged_are_null(result: WhatIf) -> None:
    told = figures(result, details=True)
    assert [one["true"] for one in told["lost"]] == [False, None]
    assert [one["true"] for one in told["gained"]] == [True]

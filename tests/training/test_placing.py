from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.errors import TapeError
from features.readers import Dataset
from training.markets import MarketTape
from training.placing import refuse_misplaced, refuse_unknown

MakeMarket = Callable[..., MarketTape]
MakeLabels = Callable[..., pd.DataFrame]
HOUR = 3600.0


def dataset(labels: pd.DataFrame) -> Dataset:
    return Dataset(Path("mine"), (), labels)


def test_labels_on_their_tapes_are_fine(market: MakeMarket, labels: MakeLabels) -> None:
    mine = dataset(labels({}, {"start_s": HOUR - 1, "end_s": HOUR + 60}))
    refuse_unknown(mine)
    refuse_misplaced(mine, [market()])


def test_label_of_an_unknown_typology_is_refused_with_row_and_nearest(labels: MakeLabels) -> None:
    with pytest.raises(
        TapeError, match=r"row 3: typology must be a known one \(nearest: wash_trading\), was wash_trade"
    ):
        refuse_unknown(dataset(labels({}, {"typology": "wash_trade"})))


def test_labels_none_at_all_are_refused(labels: MakeLabels) -> None:
    with pytest.raises(TapeError, match=r"labels.csv must hold labelled episodes to learn from, was empty"):
        refuse_unknown(dataset(labels()))


def test_label_of_a_symbol_that_no_tape_has_is_refused(market: MakeMarket, labels: MakeLabels) -> None:
    with pytest.raises(TapeError, match="row 2: symbol and venue must be on a tape, was B on x; the tapes have A on x"):
        refuse_misplaced(dataset(labels({"symbol": "B"})), [market()])


def test_label_outside_of_every_tape_is_refused_and_many_are_counted(market: MakeMarket, labels: MakeLabels) -> None:
    late = [{"start_s": 2 * HOUR + n, "end_s": 2 * HOUR + n + 1} for n in range(12)]
    with pytest.raises(
        TapeError, match=r"12 mistake\(s\)\n  row 3: start and end must lie on a tape of A \(2024-05"
    ) as told:
        refuse_misplaced(dataset(labels({}, *late)), [market()])
    assert str(told.value).endswith("and 2 more")

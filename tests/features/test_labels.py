from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import SchemaError
from features.labels import read_labels

Write = Callable[[str, str], Path]
HEADER = "typology,venue,symbol,accounts,start,end,order_ids,severity\n"
SPAN = "2024-05-01T09:30:00Z,2024-05-01T09:31:00Z"


def test_read_labels_splits_lists_and_fills_what_is_missing(write: Write) -> None:
    text = f'{HEADER}wash_trading,x,A,ann;bob ,{SPAN},o1;o2,0.5\npump_and_dump,,B,"",{SPAN},,\n'
    labels = read_labels(write("labels.csv", text))
    assert labels["accounts"].tolist() == [("ann", "bob"), ()]
    assert labels["order_ids"].tolist() == [("o1", "o2"), ()]
    assert labels["trade_ids"].tolist() == [(), ()]
    assert labels["venue"].tolist() == ["x", "default"]
    assert labels["end"][0] == pd.Timestamp("2024-05-01T09:31:00Z")
    assert str(labels["start"].dtype) == "datetime64[ns, UTC]"
    np.testing.assert_array_equal(labels["severity"], [0.5, np.nan])


def test_read_labels_header_only_gives_no_rows(write: Write) -> None:
    assert len(read_labels(write("labels.csv", HEADER))) == 0


def test_read_labels_end_before_start_is_refused(write: Write) -> None:
    backwards = ",".join(reversed(SPAN.split(",")))
    with pytest.raises(SchemaError, match="row 1, end: must not be before start"):
        read_labels(write("labels.csv", f"{HEADER}spoofing,x,A,,{backwards},,\n"))


def test_read_labels_of_recorded_pumps_are_pumps(pumps: Path) -> None:
    labels = read_labels(pumps / "labels.csv")
    assert set(labels["typology"]) == {"pump_and_dump"}
    assert ((labels["end"] - labels["start"]) == pd.Timedelta(minutes=15)).all()

from __future__ import annotations

import io
from pathlib import Path

import pytest

from features.readers import read_dataset
from models.parameter_changes import changed
from models.parameters import Parameters
from training.alerts import alerts_of
from training.detection import detection
from training.evaluate import matched_over
from training.markets import fold_dataset
from training.thresholds import TOLD, over_thresholds, thresholds_figure


@pytest.mark.slow
def test_over_thresholds_are_what_the_parameters_would_give(small_dataset: Path) -> None:
    dataset, parameters = read_dataset(small_dataset), Parameters()
    markets = fold_dataset(dataset, parameters, tapes=dataset.tapes[:1])
    table = over_thresholds(markets, parameters, None, [0.5, 0.9])
    for threshold, row in table.iterrows():
        held = changed(parameters, {"alerts": {"confidence_threshold": threshold}})
        raised = list(alerts_of(markets, held, None))
        found = detection(matched_over(raised), raised)
        assert row.to_dict() == pytest.approx({name: found[name] for name in TOLD}, nan_ok=True)
    assert table["alerts_a_day"].is_monotonic_decreasing
    figure = thresholds_figure(table, 0.7)
    assert len(figure.axes) == 2
    figure.savefig(io.BytesIO(), format="png")

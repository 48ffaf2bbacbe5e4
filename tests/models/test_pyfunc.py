from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from features.catalogue import MARKET_FEATURES, SIX
from models.bundle import Bundle
from models.pyfunc import BundleModel, _load_pyfunc

NAMES = [feature.name for feature in MARKET_FEATURES]


@pytest.fixture
def model(bundle: Bundle, tmp_path: Path) -> BundleModel:
    return _load_pyfunc(str(bundle.save(tmp_path / "bundle")))


def test_predict_features_in_any_column_order_gives_what_the_bundle_says(
    model: BundleModel, bundle: Bundle, values: NDArray[np.float64]
) -> None:
    frame = pd.DataFrame(values, columns=NAMES, index=range(100, 150)).loc[:, NAMES[::-1]]
    found = model.predict(frame)
    assert found.columns.tolist() == ["isolation_forest_p", "none", "spoofing", "wash_trading"]
    np.testing.assert_array_equal(found["isolation_forest_p"], bundle.isolation_forests["market"].p_values(values))
    np.testing.assert_array_equal(found["spoofing"], bundle.classifiers["market"].by_typology(values)["spoofing"])
    assert found.index.tolist() == list(range(100, 150))


def test_predict_the_six_features_alone_are_judged(model: BundleModel, values: NDArray[np.float64]) -> None:
    frame = pd.DataFrame(values, columns=NAMES)[list(SIX)]
    assert model.predict(frame).notna().all(axis=None)


def test_predict_unknown_scale_is_refused(model: BundleModel) -> None:
    with pytest.raises(ValueError, match="scale must be one of account, fast, market, was hourly"):
        model.predict(pd.DataFrame(), {"scale": "hourly"})

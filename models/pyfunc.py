"""The bundle as an MLflow pyfunc: what `mlflow models serve` and notebooks load, without a pickle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.catalogue import COLUMNS, grain_of
from models.bundle import Bundle

P_VALUE = "isolation_forest_p"
SCALE = "market"
SCALES = ("account", "fast", "market")


@dataclass(frozen=True)
class BundleModel:
    """Scores data frames of features."""

    bundle: Bundle

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return what the learned models say of each row, before rules and calibration.

        Args:
            model_input: Feature columns by their catalogue names; missing columns and cells are unknown.
            params: `scale`: "market" (60 s buckets, the default), "fast" (5 s) or "account" (5 s, of one entity).

        Returns:
            `isolation_forest_p`, the conformal p-value, and one probability column for each class of the classifier, if
            the scale has one; NaN where a model abstains, or the bundle has no forest for the scale. Same index.

        Raises:
            ValueError: There is no such scale.
        """
        scale = (params or {}).get("scale", SCALE)
        forest, classifier = self.bundle.isolation_forests.get(scale), self.bundle.classifiers.get(scale)
        if scale not in SCALES:
            raise ValueError(f"scale must be one of {', '.join(SCALES)}, was {scale}")
        names = list(COLUMNS[grain_of(scale)])
        values = model_input.reindex(columns=names).to_numpy(dtype=np.float64, na_value=np.nan)
        columns = {P_VALUE: np.full(len(values), np.nan) if forest is None else forest.p_values(values)}
        if classifier is not None:
            columns |= dict(zip(classifier.classes, classifier.probabilities(values).T, strict=True))
        return pd.DataFrame(columns, index=model_input.index)


def _load_pyfunc(data_path: str) -> BundleModel:
    """Return the model in a folder: MLflow's contract for `loader_module`."""
    return BundleModel(Bundle.load(Path(data_path)))

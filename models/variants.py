"""Which model judges a row: the first whose features are known.

A model abstains on data it was not made for. So each learned model exists in several variants, from the one that sees
everything to the one that needs public trades only, and a row goes to the first that may judge it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.catalogue import COLUMN, MARKET_FEATURES, SIX
from features.errors import BundleError

NEEDS = {feature.name: feature.needs for feature in MARKET_FEATURES}
PUBLIC_NEEDS = ("trades", "aggressor")
VARIANTS: dict[str, tuple[str, ...]] = {
    "full": tuple(NEEDS),
    "public": tuple(name for name, needs in NEEDS.items() if needs in PUBLIC_NEEDS),
    "six": SIX,
    "six_public": tuple(name for name in SIX if NEEDS[name] == "trades"),
}


@dataclass(frozen=True)
class Inputs:
    """What one model reads of a feature row.

    Attributes:
        variant: Name of the variant, see `VARIANTS`.
        features: Feature names, in the order of the model's columns.
        required: Those without which it abstains.
        fill: What stands in for an unknown value of the others; NaN where the trees have a branch of their own for
            unknown values, shape (n_features,).
    """

    variant: str
    features: tuple[str, ...]
    required: tuple[str, ...]
    fill: NDArray[np.float64]

    def judges(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which rows have all that is required, shape (n_rows,); values are in catalogue order."""
        columns = [COLUMN[name] for name in self.required]
        unknown = ~np.isfinite(values[:, columns])
        return np.asarray(unknown.sum(axis=1) == 0, dtype=np.bool_)

    def matrix(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the model's columns of catalogue-ordered rows, unknown ones filled, shape (n_rows, n_features)."""
        columns = values[:, [COLUMN[name] for name in self.features]]
        return np.where(np.isfinite(columns), columns, self.fill)

    def state(self) -> dict[str, Any]:
        """Return the fields by name: arrays and JSON types only."""
        return {
            "variant": self.variant,
            "features": list(self.features),
            "required": list(self.required),
            "fill": self.fill,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Inputs:
        """Return the inputs that `state` described.

        Raises:
            BundleError: A feature is not in the catalogue.
        """
        unknown = sorted({*state["features"], *state["required"]} - COLUMN.keys())
        if unknown:
            raise BundleError(f"features of a model must be in the catalogue, was {', '.join(unknown)}")
        return cls(state["variant"], tuple(state["features"]), tuple(state["required"]), state["fill"])


def route(inputs: Sequence[Inputs], values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return for each row the number of the first model that may judge it; -1 where all abstain."""
    judge = np.full(len(values), -1, dtype=np.int64)
    for number in reversed(range(len(inputs))):
        judge[inputs[number].judges(values)] = number
    return judge

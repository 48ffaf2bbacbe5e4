"""Which model judges a row: the first whose features are known.

A model abstains on data it was not made for. So each learned model exists in several variants, from the one that sees
everything to the one that needs public trades only, and a row goes to the first that may judge it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.catalogue import ACCOUNT_GRAIN, COLUMNS, GRAINS, MARKET_GRAIN, SIX
from features.errors import BundleError

NEEDS: dict[str, dict[str, str]] = {
    grain: {feature.name: feature.needs for feature in features} for grain, features in GRAINS.items()
}
"""Of each grain, what kind of data each feature needs."""


def _with(grain: str, *kinds: str) -> tuple[str, ...]:
    return tuple(name for name, needs in NEEDS[grain].items() if needs in kinds)


VARIANTS: dict[str, dict[str, tuple[str, ...]]] = {
    MARKET_GRAIN: {
        "full": tuple(NEEDS[MARKET_GRAIN]),
        "public": _with(MARKET_GRAIN, "trades", "aggressor"),
        "six": SIX,
        "six_public": tuple(name for name in SIX if NEEDS[MARKET_GRAIN][name] == "trades"),
    },
    ACCOUNT_GRAIN: {
        "full": tuple(NEEDS[ACCOUNT_GRAIN]),
        "executions": _with(ACCOUNT_GRAIN, "trades", "accounts", "aggressor"),
        "messages": _with(ACCOUNT_GRAIN, "orders"),
        "trades": _with(ACCOUNT_GRAIN, "accounts"),
    },
}
"""Of each grain, the features of each variant, the one that sees most first."""


@dataclass(frozen=True)
class Inputs:
    """What one model reads of a feature row.

    Attributes:
        variant: Name of the variant, see `VARIANTS`.
        features: Feature names, in the order of the model's columns.
        required: Those without which it abstains.
        fill: What stands in for an unknown value of the others; NaN where the trees have a branch of their own for
            unknown values, shape (n_features,).
        grain: Grain of the rows.
    """

    variant: str
    features: tuple[str, ...]
    required: tuple[str, ...]
    fill: NDArray[np.float64]
    grain: str = MARKET_GRAIN

    def judges(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which rows have all that is required, shape (n_rows,); values are in catalogue order."""
        columns = [COLUMNS[self.grain][name] for name in self.required]
        unknown = ~np.isfinite(values[:, columns])
        return np.asarray(unknown.sum(axis=1) == 0, dtype=np.bool_)

    def matrix(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the model's columns of catalogue-ordered rows, unknown ones filled, shape (n_rows, n_features)."""
        columns = values[:, [COLUMNS[self.grain][name] for name in self.features]]
        return np.where(np.isfinite(columns), columns, self.fill)

    def state(self) -> dict[str, Any]:
        """Return the fields by name: arrays and JSON types only."""
        return {
            "grain": self.grain,
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
        unknown = sorted({*state["features"], *state["required"]} - COLUMNS[state["grain"]].keys())
        if unknown:
            raise BundleError(f"features of a model must be in the catalogue, was {', '.join(unknown)}")
        features, required = tuple(state["features"]), tuple(state["required"])
        return cls(state["variant"], features, required, state["fill"], state["grain"])


def in_order(parts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return saved variants, each with its `inputs`, the one that sees most first: JSON keeps no order of keys."""

    def place(part: dict[str, Any]) -> int:
        names = list(VARIANTS[part["inputs"]["grain"]])
        variant = part["inputs"]["variant"]
        return names.index(variant) if variant in names else len(names)

    return sorted(parts, key=place)


def route(inputs: Sequence[Inputs], values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return for each row the number of the first model that may judge it; -1 where all abstain."""
    judge = np.full(len(values), -1, dtype=np.int64)
    for number in reversed(range(len(inputs))):
        judge[inputs[number].judges(values)] = number
    return judge

"""What markets and alerts looked like, small enough to travel in a bundle: what drift is measured from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.catalogue import GRAINS, grain_of
from features.errors import BundleError
from features.fold import ACCOUNT, FAST, MARKET
from models.bundle import Bundle
from training.alerts import Raised
from training.fit import non_overlapping
from training.labelling import NEAR_NS
from training.markets import MarketTape

SCALES = (MARKET, FAST, ACCOUNT)
MOST_ROWS = 600


@dataclass(frozen=True)
class Sample:
    """Rows of windows that do not overlap.

    Attributes:
        values: Values, NaN where unknown, shape (n_rows, n_features).
        cluster: Which market of which tape each row is from, shape (n_rows,); rows of one are alike.
    """

    values: NDArray[np.float64]
    cluster: NDArray[np.int64]


@dataclass(frozen=True)
class Reference:
    """Samples of features by scale, and of alerts.

    Attributes:
        samples: Rows by scale.
        confidence: Confidence of each calibrated alert at its end, down to any, shape (n_alerts, 1).
        alerts: Alerts that people saw, by typology.
        hours: Market hours over which they were counted.
    """

    samples: Mapping[str, Sample]
    confidence: Sample
    alerts: Mapping[str, int]
    hours: float

    def state(self) -> dict[str, Any]:
        """Return arrays and JSON types only."""
        parts = {scale: vars(sample) for scale, sample in self.samples.items()}
        told = {"alerts": dict(self.alerts), "hours": self.hours}
        return {"samples": parts, "confidence": vars(self.confidence), **told}

    @classmethod
    def of(cls, bundle: Bundle) -> Reference:
        """Return the reference of a bundle.

        Raises:
            BundleError: It has none.
        """
        state = bundle.reference
        if not state:
            raise BundleError(
                f"bundle {bundle.version} must hold a reference to measure drift from, was without; retrain"
            )
        samples = {scale: Sample(**part) for scale, part in state["samples"].items()}
        return cls(samples, Sample(**state["confidence"]), dict(state["alerts"]), float(state["hours"]))


def reference_of(markets: Sequence[MarketTape], raised: Sequence[Raised], unsure: Sequence[Raised]) -> Reference:
    """Return what markets and alerts look like.

    Args:
        markets: Markets whose features are sampled.
        raised: Alerts that people would see, one entry a market.
        unsure: Alerts of the same markets down to any confidence.
    """
    alerts = Counter(alert.typology for one in raised for alert in one.last)
    hours = float(sum(one.market.hours for one in raised))
    return Reference({scale: sample_of(markets, scale) for scale in SCALES}, _confidences(unsure), alerts, hours)


def sample_of(markets: Sequence[MarketTape], scale: str) -> Sample:
    """Return rows of a scale an hour apart, at most 600, evenly over markets and time.

    The first hour of a tape is left out: its windows are not full.
    """
    values, cluster = [np.empty((0, len(GRAINS[grain_of(scale)])))], [np.empty(0, np.int64)]
    for number, market in enumerate(markets):
        rows = market.folded.rows_of(scale)
        full = np.flatnonzero(rows.end >= market.start + NEAR_NS)
        apart = full[non_overlapping(rows.entity[full].astype(np.int64), rows.end[full], NEAR_NS)]
        values.append(rows.values[apart])
        cluster.append(np.full(len(apart), number))
    together, of_market = np.concatenate(values), np.concatenate(cluster)
    few = np.unique(np.linspace(0, len(together) - 1, min(len(together), MOST_ROWS)).astype(np.int64))
    return Sample(together[few], of_market[few])


def _confidences(unsure: Sequence[Raised]) -> Sample:
    found = [
        (alert.confidence, number)
        for number, one in enumerate(unsure)
        for alert in one.last
        if alert.calibrated_on != "definition"
    ]
    values = np.array([confidence for confidence, _ in found], dtype=float).reshape(-1, 1)
    return Sample(values, np.array([number for _, number in found], dtype=np.int64))

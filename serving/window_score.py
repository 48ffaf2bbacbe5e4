"""One window of one market: what it is told by, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.errors import ParameterError
from models.findings import Evidence


@dataclass(frozen=True)
class Totals:
    """A window told by its totals, the mission's own shape; None is unknown.

    Attributes:
        symbol: Symbol.
        volumes: Bucket volumes, oldest first, the current one last; at least one, each >= 0.
        prices: Bucket closes, as many, each > 0.
        bucket_s: Length of a bucket, seconds, > 0.
        shares: Volume, or share, of each user, each >= 0.
        trades: Trades of the window.
        cancels: Orders cancelled in the window.
        orders: New orders of the window.
    """

    symbol: str
    volumes: Sequence[float]
    prices: Sequence[float]
    bucket_s: float = 60.0
    shares: Mapping[str, float] | None = None
    trades: int | None = None
    cancels: int | None = None
    orders: int | None = None

    def check(self) -> None:
        """Raise a ParameterError that lists every mistake, if there is any."""
        counts = {"trades": self.trades, "cancels": self.cancels, "orders": self.orders}
        rules = [
            ("volumes", "at least one number >= 0", self.volumes, _all(self.volumes, 0.0, above=False)),
            ("prices", "numbers > 0", self.prices, _all(self.prices, 0.0, above=True)),
            ("prices", f"as many as volumes, {len(self.volumes)}", len(self.prices), self._is_even()),
            ("bucket_s", "a number of seconds > 0", self.bucket_s, _all([self.bucket_s], 0.0, above=True)),
            (
                "shares",
                "numbers >= 0",
                self.shares,
                not self.shares or _all(list(self.shares.values()), 0.0, above=False),
            ),
            *((name, "a count >= 0", count, count is None or count >= 0) for name, count in counts.items()),
        ]
        mistakes = [f"{name} must be {rule}, was {str(was)[:80]}" for name, rule, was, holds in rules if not holds]
        if mistakes:
            raise ParameterError("; ".join(mistakes))

    def _is_even(self) -> bool:
        return len(self.prices) == len(self.volumes)


def _all(values: Sequence[float], least: float, *, above: bool) -> bool:
    array = np.asarray(values, dtype=np.float64)
    inside = (array > least) if above else (array >= least)
    return bool(len(array) and np.isfinite(array).all() and inside.all())


@dataclass(frozen=True)
class Pattern:
    """One pattern found in a window.

    Attributes:
        pattern_type: Typology.
        confidence: Combined confidence, in [0, 1]; below the threshold where the rule raised it by itself.
        risk_score: Confidence times severity, in [0, 1].
        accounts: Whom it is about; empty where that is the market, or nobody is known.
        evidence: The figures behind it, of every detector that spoke.
    """

    pattern_type: str
    confidence: float
    risk_score: float
    accounts: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class DetectorFinding:
    """The strongest thing that one detector has to say about a window.

    Attributes:
        detector: Detector name; a rule's is its typology.
        kind: What sort of detector it is.
        typology: What it speaks of.
        score: How strong the pattern is, in [0, 1].
        confidence: How much evidence the score rests on, in [0, 1].
    """

    detector: str
    kind: str
    typology: str
    score: float
    confidence: float


@dataclass(frozen=True)
class WindowScore:
    """Features, findings and patterns of one window of one market.

    Attributes:
        venue: Venue.
        symbol: Symbol.
        features: Every feature of the window's last 60 s row; NaN is unknown.
        findings: What each detector says, strongest rows only.
        patterns: What would open an alert: confidence, or the rule by itself, reaches the threshold.
        model_version: Version of the bundle, "rules" without one.
    """

    venue: str
    symbol: str
    features: dict[str, float]
    findings: tuple[DetectorFinding, ...]
    patterns: tuple[Pattern, ...]
    model_version: str

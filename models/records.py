"""Records: how often a detector was right when it spoke up, as Beta posteriors.

A record is seeded by training and moved by what analysts decide. It is the prior of the detector's weight, so it acts
only through the weights of a new bundle, never in a running process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from scipy.stats import beta

LEVEL = 0.9


@dataclass(frozen=True)
class Record:
    """Beta(1 + right, 1 + wrong): from one of each to begin with, which says nothing.

    Attributes:
        right: How often it spoke up and was right, >= 0; episodes count as one, however long.
        wrong: How often it spoke up and was wrong, >= 0.
    """

    right: float = 0.0
    wrong: float = 0.0

    @property
    def mean(self) -> float:
        """Expected share of right ones, in (0, 1).

        Example:
            >>> Record(right=7, wrong=1).mean
            0.8
        """
        return (1.0 + self.right) / (2.0 + self.right + self.wrong)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Return the central interval that holds the share with a probability of `level`."""
        tail = (1.0 - level) / 2.0
        low, high = beta.ppf([tail, 1.0 - tail], 1.0 + self.right, 1.0 + self.wrong)
        return float(low), float(high)

    def __add__(self, other: Record) -> Record:
        """Return both records together."""
        return Record(self.right + other.right, self.wrong + other.wrong)

    def state(self) -> dict[str, float]:
        """Return JSON types."""
        return asdict(self)


Records = Mapping[str, Mapping[str, Record]]
"""Records by typology and detector."""


def rows_of(records: Records) -> list[dict[str, str | float]]:
    """Return one row a typology and detector: `right`, `wrong`, `mean`, `low`, `high` (90 % interval)."""
    out: list[dict[str, str | float]] = []
    for typology, detectors in sorted(records.items()):
        for detector, record in detectors.items():
            low, high = record.interval()
            figures = {**record.state(), "mean": record.mean, "low": low, "high": high}
            out.append({"typology": typology, "detector": detector, **figures})
    return out


def spoke_up(score: float | None, confidence: float | None) -> bool:
    """Return whether a detector's opinion in an alert was suspicion: log-odds above 0, with some evidence."""
    return (score or 0.0) > 0.5 and (confidence or 0.0) > 0.0

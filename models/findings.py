"""Findings: one detector's opinions over feature rows, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["rule", "isolation_forest", "classifier"]


@dataclass(frozen=True)
class Evidence:
    """One figure that an analyst can check.

    Attributes:
        name: What was measured; a feature's name where it is one.
        value: The value as measured.
        unit: Its unit.
        threshold: What it was held against, None where it is told for context only.
        says: The same in plain words.
    """

    name: str
    value: float
    unit: str
    threshold: float | None
    says: str


@dataclass(frozen=True)
class Findings:
    """Opinions of one detector on one typology, shape (n_findings,) each; rows without an entry: nothing to say.

    Attributes:
        detector: Detector name; a rule's is its typology.
        typology: What it found.
        kind: What sort of detector it is.
        row: Row number in the feature rows that were judged, ascending.
        members: Entities the finding is about, the subject first, -1 where there are no more (none: the market as a
            whole), shape (n_findings, 8).
        score: How strong the pattern is, in [0, 1]; a rule's is 0.7 exactly at its threshold.
        confidence: How much evidence the score rests on, in [0, 1].
        episode: Episode number, -1 where the finding rests on the row alone.
    """

    detector: str
    typology: str
    kind: Kind
    row: NDArray[np.int64]
    members: NDArray[np.int32]
    score: NDArray[np.float64]
    confidence: NDArray[np.float64]
    episode: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.row)

    @property
    def entity(self) -> NDArray[np.int32]:
        """The subjects, -1 for the market as a whole."""
        subject: NDArray[np.int32] = self.members[:, 0]
        return subject

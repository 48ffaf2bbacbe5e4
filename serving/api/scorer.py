"""What judges a window for the API: the served parameters and bundle around `serving.scoring`."""

from __future__ import annotations

from typing import Protocol

from features.catalogue import schema_hash
from features.encoding import Lots
from features.readers import Tape
from serving.champion import Champion
from serving.scoring import score_events, score_totals
from serving.window_score import Totals, WindowScore


class Scorer(Protocol):
    """Judges windows, and says by what."""

    @property
    def lots(self) -> Lots:
        """Smallest quantities."""
        ...

    @property
    def version(self) -> str:
        """Version of the bundle, or "rules only"."""
        ...

    @property
    def digest(self) -> str:
        """Digest of the bundle, or "rules only"."""
        ...

    @property
    def parameters(self) -> str:
        """Version of the parameters."""
        ...

    @property
    def feature_schema(self) -> str:
        """Version of the features."""
        ...

    def of_events(self, tape: Tape) -> WindowScore:
        """Return the score of a window of events of one market."""
        ...

    def of_totals(self, totals: Totals) -> WindowScore:
        """Return the score of a window told by its totals."""
        ...


class ChampionScorer:
    """Judges by the promoted bundle, or by the rules alone where there is none."""

    def __init__(self, champion: Champion) -> None:
        self._champion = champion
        self.lots = champion.lots
        self.version = champion.version
        self.digest = champion.digest
        self.parameters = champion.parameters.version()
        self.feature_schema = schema_hash()

    def of_events(self, tape: Tape) -> WindowScore:
        """Return the score of a window of events of one market.

        Raises:
            RequestError: There is no event, or there is more than one market.
        """
        return score_events(tape, self._champion.parameters, self._champion.bundle)

    def of_totals(self, totals: Totals) -> WindowScore:
        """Return the score of a window told by its totals."""
        return score_totals(totals, self._champion.parameters, self._champion.bundle)

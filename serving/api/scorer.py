"""What judges a window for the API: the served parameters and bundle around `serving.scoring`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from features.catalogue import schema_hash
from features.encoding import Lots
from features.readers import Tape
from serving.champion import Champion
from serving.scoring import WindowScore, score_events, score_summary


@dataclass(frozen=True)
class Totals:
    """A window told by its totals, the mission's own shape; None is unknown.

    Attributes:
        symbol: Symbol.
        volumes: Bucket volumes, oldest first, the current one last.
        prices: Bucket closes, as many.
        bucket_s: Length of a bucket, seconds.
        shares: Volume of each user.
        trades: Trades of the window.
        cancels: Orders cancelled.
        orders: New orders.
    """

    symbol: str
    volumes: Sequence[float]
    prices: Sequence[float]
    bucket_s: float
    shares: Mapping[str, float] | None
    trades: int | None
    cancels: int | None
    orders: int | None


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
            TapeError: There is no event, or there is more than one market.
        """
        return score_events(tape, self._champion.parameters, self._champion.bundle)

    def of_totals(self, totals: Totals) -> WindowScore:
        """Return the score of a window told by its totals."""
        return score_summary(
            totals.symbol,
            totals.volumes,
            totals.prices,
            self._champion.parameters,
            self._champion.bundle,
            bucket_s=totals.bucket_s,
            shares=None if totals.shares is None else dict(totals.shares),
            trades=totals.trades,
            cancels=totals.cancels,
            orders=totals.orders,
        )

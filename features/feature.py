"""What an entry of the catalogue of features says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Feature:
    """One entry of the catalogue.

    Attributes:
        name: Column name, the same everywhere.
        needs: Data without which it is NaN: trades, aggressor, accounts, orders or books.
        unit: Unit of the value.
        low: Least possible value, or None.
        high: Greatest possible value, or None.
        formula: How it is computed.
        meaning: Why a market watcher looks at it.
        unknown: When it is NaN.
    """

    name: str
    needs: str
    unit: str
    low: float | None
    high: float | None
    formula: str
    meaning: str
    unknown: str

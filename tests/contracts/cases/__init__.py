"""The cases of every rule, by typology."""

from __future__ import annotations

from tests.contracts.cases import bait, behaviour, book, market, quoting, trading, venues
from tests.contracts.cases.case import Case, Figures

CASES: dict[str, Case] = {
    **market.CASES, **bait.CASES, **quoting.CASES, **trading.CASES, **behaviour.CASES, **book.CASES, **venues.CASES,
}  # fmt: skip

__all__ = ["CASES", "Case", "Figures"]

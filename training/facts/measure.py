"""All facts of one market."""

from __future__ import annotations

from collections.abc import Callable

from training.facts.market import Market
from training.facts.orders import order_facts
from training.facts.returns import day_facts, return_facts
from training.facts.trades import arrival_facts, bounce_facts, sign_facts, size_facts, volume_facts

FAMILIES: tuple[Callable[[Market], dict[str, float]], ...] = (
    size_facts,
    arrival_facts,
    sign_facts,
    bounce_facts,
    return_facts,
    volume_facts,
    day_facts,
    order_facts,
)


def measure(market: Market) -> dict[str, float]:
    """Return every fact of a market by name; NaN where the market cannot say.

    Args:
        market: Trades, and order messages where there are any.
    """
    return {name: float(value) for family in FAMILIES for name, value in family(market).items()}

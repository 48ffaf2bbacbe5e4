"""Who there is: accounts with owners and habits, and which of them trade a market.

Ids say nothing about roles. One owner in twelve has several accounts. Two omnibus accounts gather many clients and may
innocently meet themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.simulator.symbols import TYPICAL_LOTS, Market
from training.simulator.world import (
    MAX_LEVELS,
    N_ACCOUNTS,
    N_EXECUTORS,
    N_MAKERS,
    N_RETAIL,
    N_SNIPERS,
    Makers,
    People,
    make_makers,
    make_people,
)  # fmt: skip

_OMNIBUS = 2
_LARGEST_SHARE = 0.06


@dataclass(frozen=True)
class Population:
    """All accounts of a dataset; indices 0 … n_retail - 1 are retail, then makers, snipers and executors.

    Attributes:
        account_ids: Names, shape (n_accounts,).
        owner_ids: Owner of each account.
        activity: Relative activity of retail accounts.
        impatience: Share of decisions that take liquidity.
        roundness: Share of orders in round sizes.
        scale: Order size relative to the market's typical size.
        owned_together: Retail accounts of owners with several.
    """

    account_ids: list[str]
    owner_ids: list[str]
    activity: NDArray[np.float64]
    impatience: NDArray[np.float64]
    roundness: NDArray[np.float64]
    scale: NDArray[np.float64]
    owned_together: list[tuple[int, ...]]

    retail: int = N_RETAIL
    makers: range = range(N_RETAIL, N_RETAIL + N_MAKERS)
    snipers: range = range(N_RETAIL + N_MAKERS, N_RETAIL + N_MAKERS + N_SNIPERS)
    executors: range = range(N_RETAIL + N_MAKERS + N_SNIPERS, N_RETAIL + N_MAKERS + N_SNIPERS + N_EXECUTORS)


def populate(rng: np.random.Generator) -> Population:
    """Return a population drawn from the generator."""
    count = N_ACCOUNTS
    numbers = rng.permutation(900_000)[: 2 * count] + 100_000
    owners = [f"P{number}" for number in numbers[count:]]
    together = []
    shuffled = list(rng.permutation(np.arange(_OMNIBUS, N_RETAIL)))
    for _ in range(N_RETAIL // 14):
        group = tuple(sorted(int(shuffled.pop()) for _ in range(int(rng.choice([2, 2, 3, 4])))))
        for member in group:
            owners[member] = owners[group[0]]
        together.append(group)
    return Population(
        account_ids=[f"A{number}" for number in numbers[:count]],
        owner_ids=owners,
        activity=rng.pareto(1.4, N_RETAIL) + 0.2,
        impatience=rng.beta(2.0, 3.0, N_RETAIL),
        roundness=rng.beta(2.0, 2.0, N_RETAIL),
        scale=np.exp(rng.normal(-0.25, 1.0, N_RETAIL)),
        owned_together=together,
    )


def people_of(population: Population, market: Market, rng: np.random.Generator) -> People:
    """Return the habits of the population in one market; only some accounts trade it by themselves."""
    active = rng.choice(np.arange(_OMNIBUS, N_RETAIL), min(market.active, N_RETAIL - _OMNIBUS), replace=False)
    weights = np.zeros(N_RETAIL)
    weights[active] = population.activity[active] * rng.exponential(1.0, len(active))
    weights[:_OMNIBUS] = _LARGEST_SHARE * weights.sum()
    largest = max(_LARGEST_SHARE, 2.0 / market.active) * weights.sum()
    reach = np.cumsum(np.minimum(weights, largest))
    omnibus = np.zeros(N_RETAIL, np.int64)
    omnibus[:_OMNIBUS] = 1
    return make_people(
        reach=reach / reach[-1],
        usual=TYPICAL_LOTS * population.scale,
        roundness=population.roundness,
        impatience=population.impatience,
        omnibus=omnibus,
        snipers=np.array(population.snipers, np.int64),
    )


def makers_of(population: Population, market: Market, start: int, rng: np.random.Generator) -> Makers:
    """Return the market's makers, each with a temper of its own."""
    n = market.makers
    half = market.half_spread_ticks
    lots = (TYPICAL_LOTS * rng.choice([1.0, 1.5, 2.0, 2.5, 5.0], n)).astype(np.int64)
    pace = float(np.clip(1.3 / market.trades_per_s**0.6, 1.0, 9.0))
    return make_makers(
        count=n,
        account=rng.choice(np.array(population.makers, np.int64), n, replace=False),
        levels=rng.integers(2, 6, n).clip(max=MAX_LEVELS),
        lots=lots,
        half_spread=half * rng.uniform(0.8, 1.7, n),
        gap=np.maximum(half * rng.uniform(0.5, 1.2, n), 1.0),
        refresh_s=pace * np.where(np.arange(n) % 3 == 0, 0.25, 1.0) * np.exp(rng.normal(0.0, 0.4, n)),
        latency_ns=(1e6 * np.exp(rng.uniform(np.log(1.0), np.log(60.0), n))).astype(np.int64),
        limit=lots * rng.integers(12, 30, n),
        lean=half * rng.uniform(0.2, 1.4, n),
        trust_s=rng.uniform(8.0, 45.0, n),
        replaces=(rng.random(n) < 0.3).astype(np.int64),
        belief=np.full(n, np.log(market.base)) + rng.normal(0.0, 1e-4, n),
        seen=np.full(n, start, np.int64),
    )

"""Who there is: accounts with owners and habits, and which of them trade a market.

Ids say nothing about roles. Some owners have several accounts. Omnibus accounts gather many clients and may innocently
meet themselves. Dormant accounts do nothing unless a plan wakes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.simulator.chance import Chance
from training.simulator.flow.world import People
from training.simulator.people.markets import Market

_SIZES = {
    "omnibus": 3, "retail": 2_400, "dormant": 240, "makers": 48, "snipers": 8, "arbitrageurs": 6, "desks": 60,
}  # fmt: skip
_LARGEST_SHARE = 0.04
_POPULATION = 2  # purpose of a random stream
_MILLISECOND = 1_000_000


def _ranges() -> dict[str, range]:
    ranges, first = {}, 0
    for name, size in _SIZES.items():
        ranges[name] = range(first, first + size)
        first += size
    return ranges


ROLES = _ranges()
N_BACKGROUND = _SIZES["omnibus"] + _SIZES["retail"]
N_ACCOUNTS = sum(_SIZES.values())


@dataclass(frozen=True)
class Account:
    """One account and its habits.

    Attributes:
        account_id: Its name.
        owner_id: Who owns it.
        activity: Relative activity, 0 for those who act by plan only.
        usual: Usual order size relative to the median account's.
        roundness: Share of orders in round sizes.
        impatience: Share of orders that take.
        latency_ns: Time to answer what happens at a venue.
    """

    account_id: str
    owner_id: str
    activity: float
    usual: float
    roundness: float
    impatience: float
    latency_ns: int


@dataclass(frozen=True)
class Population:
    """All accounts of a dataset by number, and those of owners with several.

    Attributes:
        accounts: Everybody; `ROLES` tells who is what.
        together: Background accounts of owners with several, each a group.
    """

    accounts: tuple[Account, ...]
    together: tuple[tuple[int, ...], ...]


def population_of(seed: int, tape: int) -> Population:
    """Return who there is on a tape. Every tape has people of its own, so that nobody is accused on two of them."""
    # The first tape keeps its stream: what is known of it (digests, seeds of tests) holds.
    return populate(Chance(seed, _POPULATION, tape) if tape else Chance(seed, _POPULATION))


def populate(chance: Chance) -> Population:
    """Return a population drawn from the generator."""
    names = _names(chance, 2 * N_ACCOUNTS)
    owners = [f"P{name}" for name in names[N_ACCOUNTS:]]
    together = []
    shuffled = chance.sample(ROLES["retail"], len(ROLES["retail"]))
    for _ in range(len(shuffled) // 14):
        group = tuple(sorted(shuffled.pop() for _ in range(chance.choice((2, 2, 3, 4)))))
        for member in group:
            owners[member] = owners[group[0]]
        together.append(group)
    accounts = [_account(number, f"A{names[number]}", owners[number], chance) for number in range(N_ACCOUNTS)]
    return Population(tuple(accounts), tuple(together))


def _names(chance: Chance, count: int) -> list[int]:
    taken: dict[int, None] = {}
    while len(taken) < count:
        taken[chance.integer(100_000, 1_000_000)] = None
    return list(taken)


def _account(number: int, account_id: str, owner_id: str, chance: Chance) -> Account:
    background = number < N_BACKGROUND
    slow = background or number in ROLES["dormant"]
    latency_ms = chance.log_uniform(150.0, 4_000.0) if slow else chance.log_uniform(0.4, 60.0)
    if number in ROLES["desks"]:
        latency_ms = chance.log_uniform(2.0, 200.0)
    return Account(
        account_id=account_id,
        owner_id=owner_id,
        activity=chance.pareto(1.4) - 0.8 if background else 0.0,
        usual=chance.log_normal(1.45),
        roundness=chance.uniform() ** 2 * 0.45,
        impatience=0.5 * (chance.uniform() + chance.uniform()),
        latency_ns=int(latency_ms * _MILLISECOND),
    )


def people_of(population: Population, markets: Sequence[Market], key: tuple[int, ...]) -> People:
    """Return everybody's habits in the markets; only some accounts trade each by themselves."""
    column = {
        name: np.array([getattr(account, name) for account in population.accounts])
        for name in ("usual", "roundness", "impatience", "latency_ns")
    }
    omnibus = np.zeros(N_ACCOUNTS, np.int64)
    omnibus[list(ROLES["omnibus"])] = 1
    return People(
        reach=np.array([_reach(population, market, Chance(*key, market.number)) for market in markets]),
        omnibus=omnibus,
        volume=np.zeros((N_ACCOUNTS, len(markets)), np.int64),
        snipers=np.array(ROLES["snipers"], np.int64),
        arbitrageurs=np.array(ROLES["arbitrageurs"], np.int64),
        **column,
    )


def _reach(population: Population, market: Market, chance: Chance) -> list[float]:
    retail = ROLES["retail"]
    weights = [0.0] * N_BACKGROUND
    for number in chance.sample(retail, min(market.symbol.active, len(retail))):
        weights[number] = population.accounts[number].activity * chance.exponential(1.0)
    total = sum(weights)
    largest = max(_LARGEST_SHARE, 2.0 / market.symbol.active) * total
    cumulative, reached = [], 0.0
    for number, weight in enumerate(weights):
        reached += _LARGEST_SHARE * total if number in ROLES["omnibus"] else min(weight, largest)
        cumulative.append(reached)
    return [value / reached for value in cumulative]

"""Deciding which abuse happens where, when and how blatantly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.simulator.labels import Episode
from training.simulator.plan import Planner
from training.simulator.population import Population
from training.simulator.scenarios import SCENARIOS
from training.simulator.scenarios.base import Scenario, Stage
from training.simulator.symbols import Market
from training.simulator.world import SECOND

_ATTEMPTS = 80
_APART = 180 * SECOND
_ROUND = 300 * SECOND


def plant(
    planners: Sequence[Planner],
    markets: Sequence[Market],
    population: Population,
    span: tuple[int, int],
    abuse_rate: float,
    rng: np.random.Generator,
) -> list[Episode]:
    """Write about `abuse_rate` episodes a symbol-hour into the planners.

    Typologies come in shuffled turns, so that short tapes show each. Episodes of one market do not overlap; one that
    finds no room is left out.

    Args:
        planners: One a market, shape (n_markets,).
        markets: The symbols.
        population: Everybody.
        span: First and last nanosecond.
        abuse_rate: Episodes a symbol-hour, >= 0.
        rng: Source of all chance.

    Returns:
        The episodes that were planned.
    """
    hours = (span[1] - span[0]) / (3_600 * SECOND)
    count = max(1, round(abuse_rate * len(markets) * hours)) if abuse_rate > 0.0 else 0
    turns = [int(i) for _ in range(count) for i in rng.permutation(len(SCENARIOS))][:count]
    longest_first = sorted(turns, key=lambda turn: SCENARIOS[turn].typology != "concentrated_trading")
    episodes: list[Episode] = []
    for turn in longest_first:
        severity = float(rng.random())
        found = _find_room(SCENARIOS[turn], markets, span, episodes, rng)
        if found is None:
            continue
        where, start, end = found
        tag = sum(episode.market == where for episode in episodes)
        stage = Stage(markets[where], population, planners[where], rng, tag, span[0], start, end, severity)
        accounts = SCENARIOS[turn].plan(stage)
        typology, sides = SCENARIOS[turn].typology, SCENARIOS[turn].sides
        episodes.append(Episode(typology, where, tag, tuple(accounts), start, end, severity, sides))
    return episodes


def _find_room(
    scenario: Scenario,
    markets: Sequence[Market],
    span: tuple[int, int],
    taken: Sequence[Episode],
    rng: np.random.Generator,
) -> tuple[int, int, int] | None:
    """Return market, start and end of a free place; pumps like to begin at a round time."""
    whole_s = (span[1] - span[0]) / SECOND
    quiet_s = min(900.0, 0.12 * whole_s)
    for _ in range(_ATTEMPTS):
        where = int(rng.integers(len(markets)))
        length_s = scenario.duration_s(rng, markets[where], 0.8 * whole_s)
        latest_s = max(whole_s - length_s - 0.02 * whole_s, 0.0)
        start = span[0] + int(rng.uniform(min(quiet_s, latest_s), latest_s) * 1e6) * 1_000
        if scenario.typology == "pump_and_dump" and rng.random() < 0.7:
            rounded = start // _ROUND * _ROUND
            start = rounded if rounded > span[0] + 60 * SECOND else start
        end = start + int(length_s * 1e6) * 1_000
        mine = [episode for episode in taken if episode.market == where]
        if all(end + _APART < episode.start or start > episode.end + _APART for episode in mine):
            return where, start, end
    return None

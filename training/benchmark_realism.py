"""Can a classifier tell simulated markets from real ones? Thin coins, minute by minute."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from training.realism import Realism, realism
from training.simulator import Setup, simulate_setup
from training.simulator.chance import Chance
from training.simulator.people.markets import altcoins

Progress = Callable[[int, int], None]
_COINS = 3


def benchmark_realism(
    real: Path, *, coins: int = 20, hours: float = 24.0, seed: int = 5, progress: Progress | None = None
) -> Realism:
    """Simulate clean markets of thin coins and try to tell them from real tapes.

    Args:
        real: A tape or a dataset of real trades; known pumps are left out.
        coins: Simulated markets, >= 10.
        hours: Length of the simulated tape.
        seed: Seed of coins, tape and classifier.
        progress: Called with steps of the simulation done and in all.

    Returns:
        How well real and simulated minutes of like activity are told apart, and by what.

    Raises:
        ParameterError: Coins, hours or seed are out of range.
        TapeError: The real tapes cannot be read, or have too few minutes of like activity.
    """
    symbols = altcoins(coins, Chance(seed, _COINS))
    setup = Setup(symbols=symbols, hours=hours, seed=seed, abuse_rate=0.0, start_h=0.0)
    with tempfile.TemporaryDirectory(prefix="tapewatch-") as folder:
        return realism(real, simulate_setup(Path(folder), setup, progress), seed=seed)

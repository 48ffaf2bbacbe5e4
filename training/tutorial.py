"""What the notebooks start from: one small simulated dataset and a champion trained on it, made once in a home."""

from __future__ import annotations

from pathlib import Path

from models.bundle import Bundle
from models.parameters import Parameters
from models.registry import load_champion
from training.experiment import load_experiment
from training.markets import Progress
from training.promote import promote
from training.simulated_sets import simulated_set
from training.simulator.setup import default_setup
from training.train import train

PLANTED = ("pump_and_dump", "wash_trading", "spoofing", "concentrated_trading", "momentum_ignition", "ramping")
SEED, UNSEEN_SEED = 5, 6


def small_dataset(home: Path, *, seed: int = SEED, tapes: int = 5, progress: Progress | None = None) -> Path:
    """Return a dataset of tapes of two markets and three hours, crowded with abuse; simulated the first time.

    Args:
        home: Where it is kept, under `simulated/`.
        seed: Seed of the simulation; another one gives tapes that no model here has learned from.
        tapes: Number of tapes; a split needs at least 3.
        progress: Called with steps done and in all.
    """
    setup = default_setup(symbols=2, hours=3.0, seed=seed, abuse_rate=4.0, tapes=tapes, typologies=PLANTED)
    return simulated_set(setup, home / "simulated", progress, prefix="small")


def small_champion(home: Path, parameters: Parameters) -> Bundle:
    """Return the champion of a home; where there is none, `quick` is trained on the small dataset and promoted.

    Raises:
        BundleError: The champion is damaged, or made for other features.
    """
    champion = load_champion(home)
    if champion is not None:
        return champion
    trained = train(small_dataset(home), home, parameters, experiment=load_experiment("quick"), name="quick")
    promote(trained.version, home)
    return trained.bundle

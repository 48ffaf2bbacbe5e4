"""A simulated market with planted abuse: `simulate` writes a labelled dataset, `simulate_tape` gives one in memory."""

from __future__ import annotations

from training.simulator.setup import Planned, Setup, default_setup
from training.simulator.simulate import SimulatedTape, simulate, simulate_setup, simulate_tape

__all__ = ["Planned", "Setup", "SimulatedTape", "default_setup", "simulate", "simulate_setup", "simulate_tape"]

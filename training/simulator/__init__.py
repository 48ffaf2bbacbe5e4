"""A simulated market with planted abuse: `simulate` writes a labelled dataset, `simulate_tape` gives one in memory."""

from __future__ import annotations

from training.simulator.simulate import SimulatedTape, simulate, simulate_tape

__all__ = ["SimulatedTape", "simulate", "simulate_tape"]

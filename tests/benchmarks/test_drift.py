"""No alarm on a fresh seed of the simulator, an alarm on another market; the CI has a small one of this."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.catalogue import GRAINS, grain_of
from features.readers import read_dataset
from models.parameters import Parameters
from training.drift import Shift, judged, shifts, worst
from training.drift_report import CLOCK
from training.markets import fold_dataset
from training.reference import SCALES, Sample, sample_of
from training.simulator import simulate_setup
from training.simulator.scenario_file import read_setup, scenario_path


def samples(out: Path, seed: int, tapes: int, scenario: str | None = None) -> dict[str, Sample]:
    options: dict[str, Any] = {"symbols": 6, "hours": 4.0, "tapes": tapes, "seed": seed}
    setup = read_setup(None if scenario is None else scenario_path(scenario), **options)
    markets = fold_dataset(read_dataset(simulate_setup(out, setup, None)), Parameters())
    return {scale: sample_of(markets, scale) for scale in SCALES}


def compared(before: dict[str, Sample], now: dict[str, Sample]) -> list[Shift]:
    found = []
    for scale in SCALES:
        names = [feature.name for feature in GRAINS[grain_of(scale)]]
        found += shifts(scale, names, before[scale], now[scale])
    return judged([one for one in found if one.name not in CLOCK])


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sample]:
    return samples(tmp_path_factory.mktemp("reference"), 101, 4)


@pytest.mark.parametrize(("scenario", "seed", "verdict"), [(None, 202, "stable"), ("busy_market", 303, "drifted")])
def test_drift_of_a_fresh_seed_is_stable_and_of_a_busy_market_is_not(
    reference: dict[str, Sample], tmp_path: Path, scenario: str | None, seed: int, verdict: str
) -> None:
    found = compared(reference, samples(tmp_path, seed, 2, scenario))
    print(f"\n{scenario or 'fresh seed'}:")
    for one in found[:8]:
        print(f"  {one.scale} {one.name} PSI {one.psi:.2f} KS {one.statistic:.2f} q {one.q_value:.1e} {one.verdict}")
    assert worst([one.verdict for one in found]) == verdict

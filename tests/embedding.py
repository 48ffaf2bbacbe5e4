"""Cases of real people, embedded in ordinary books, and what a scan makes of them; and of the same books without."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.readers import read_dataset
from models.alert import Alert
from models.parameters import Parameters
from serving.scoring import scan_tape
from training.hits import hit_matrix, match, with_nanoseconds
from training.simulator import Planned, Setup, simulate_setup
from training.simulator.people.markets import KNOWN

LIVELY = tuple(symbol for symbol in KNOWN if symbol.trades_per_s >= 0.2)
HOURS = 0.7
BAIT = ("spoofing", "layering")


@dataclass(frozen=True)
class Embedded:
    """What became of the plans on some tapes.

    Attributes:
        episodes: The labelled episodes: `severity`, whether `hit`, `accounts_right`, and seconds from the label's end
            to the detection of the first alert that hits it, `late_s`.
        alerts: Alerts of bait.
        hours: Market hours.
    """

    episodes: pd.DataFrame
    alerts: list[Alert]
    hours: float


def books_with(case: str, tapes: int, seed: int) -> Setup:
    """Return tapes of lively markets, in each of which the case happens once, as subtle and as blatant as can be."""
    rng, count = np.random.default_rng(seed), tapes * len(LIVELY)
    severity = rng.permutation((np.arange(count) + 0.5) / count)
    planned = tuple(
        Planned(case, float(rng.uniform(0.12, 0.45) * HOURS), symbol.name, severity=float(severity[number]), tape=tape)
        for number, (tape, symbol) in enumerate((tape, symbol) for tape in range(tapes) for symbol in LIVELY)
    )
    return Setup(symbols=LIVELY, hours=HOURS, tapes=tapes, seed=seed, abuse_rate=0.0, planned=planned)


def without(setup: Setup) -> Setup:
    """Return the same books without what was planned; look-alikes are still there."""
    return replace(setup, planned=())


def scanned(setup: Setup, folder: Path) -> Embedded:
    """Return what a scan finds on the tapes of a setup."""
    dataset = read_dataset(simulate_setup(folder, setup))
    labels, alerts, hours = with_nanoseconds(dataset.labels), list[Alert](), 0.0
    for tape in dataset.tapes:
        found = scan_tape(tape, Parameters(), None)
        alerts += [alert for alert in found.alerts if alert.typology in BAIT]
        hours += found.hours
    episodes, hits = match(alerts, labels).episodes, hit_matrix(alerts, labels)
    detected = np.array([alert.detected_at for alert in alerts], np.float64)
    first = np.where(hits, detected[:, None], np.inf).min(axis=0, initial=np.inf)
    episodes["late_s"] = (first - labels["end_ns"].to_numpy(np.float64)) / 1e9
    return Embedded(episodes, alerts, hours)

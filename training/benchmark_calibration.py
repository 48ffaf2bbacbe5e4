"""Does confidence mean what it says? Measured on simulated tapes of seeds and severities that nothing was made on.

A bundle is trained on tapes of one seed, then judges tapes of others: as much abuse as in training, from subtle to
blatant, and a tenth of it, where the prior is shifted by the stated ratio. What is counted is alerts, at their opening
and at their end: those that people see, and all that reach a confidence of 0.05.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.readers import read_dataset
from models.bundle import Bundle
from models.calibration import brier, ece
from models.parameters import Parameters
from training.alerts import Raised, alerts_of, unsure_alerts
from training.benchmark_tapes import HOURLY
from training.budget import BUDGETS, Budget, at_budget
from training.evaluate import chance_ece
from training.experiment import Experiment
from training.hits import Matched, by_typology, hit_matrix, match
from training.markets import MarketTape, Progress, fold_tape
from training.over_tapes import over_tapes
from training.simulated_sets import simulated_set
from training.simulator import default_setup
from training.simulator.setup import Setup
from training.splits import split_by_time
from training.train import dataset_digest, fit_bundle

SEVERITIES = {"subtle": (0.0, 0.33), "medium": (0.33, 0.67), "blatant": (0.67, 1.0)}
TRAIN, TENTH = "train", "a tenth"
USUAL, RAISED, ALL = "usual", "raised", "all ≥ .05"
TENTH_RATIO = 0.1
_SHARES = (0.7, 0.28, 0.02)
_HOURS, _RATE = 3.0, 0.9  # 16 episodes a tape of 6 symbols
_TENTH_HOURS = 3.75  # 2 episodes a tape: exactly a tenth an hour
_SEEDS = {TRAIN: 9001, "subtle": 9102, "medium": 9103, "blatant": 9104, TENTH: 9205}


@dataclass(frozen=True)
class Size:
    """How much is simulated: tapes to train on, to test on at each severity, and at a tenth of the abuse."""

    train: int = 50
    test: int = 16
    tenth: int = 40
    symbols: int = 6


@dataclass(frozen=True)
class Claims:
    """Alerts with what they claimed and whether it was true, shape (n_alerts,) each.

    Attributes:
        opening: Confidence at the opening.
        close: Confidence at the last revision.
        truth: Whether the alert hits an episode.
        typology: What it claims.
    """

    opening: NDArray[np.float64]
    close: NDArray[np.float64]
    truth: NDArray[np.bool_]
    typology: NDArray[np.str_]

    def figures(self) -> dict[str, float]:
        """Return calibration errors, each with what exact claims would show by chance, and Brier scores."""
        return {
            "alerts": len(self.truth),
            "true": float(self.truth.mean()) if len(self.truth) else float("nan"),
            "claimed": float(self.close.mean()) if len(self.truth) else float("nan"),
            "ece_opening": ece(self.opening, self.truth),
            "ece_opening_by_chance": chance_ece(self.opening),
            "ece_close": ece(self.close, self.truth),
            "ece_close_by_chance": chance_ece(self.close),
            "brier_opening": brier(self.opening, self.truth),
            "brier_close": brier(self.close, self.truth),
        }


@dataclass(frozen=True)
class CalibrationBenchmark:
    """What came of it.

    Attributes:
        claims: Calibrated alerts by (tapes, which alerts).
        by_severity: Precision, recall and F1 of each typology by severity.
        budgets: What the most confident alerts of a day are worth, on all test tapes at training prevalence.
        hours: Clock hours of the tapes of each name.
    """

    claims: dict[tuple[str, str], Claims]
    by_severity: dict[str, pd.DataFrame]
    budgets: tuple[Budget, ...]
    hours: dict[str, float]

    def figures(self) -> dict[str, object]:
        """Return all figures as JSON types."""
        return {
            "calibration": [{"tapes": t, "alerts": a, **c.figures()} for (t, a), c in self.claims.items()],
            "by_severity": {
                name: table[["episodes", "recall", "alerts", "precision", "f1"]].astype(object)
                .where(table[["episodes", "recall", "alerts", "precision", "f1"]].notna(), None).to_dict("index")
                for name, table in self.by_severity.items()
            },
            "budgets": [asdict(budget) for budget in self.budgets],
            "hours": self.hours,
        }  # fmt: skip


def setup_of(name: str, size: Size) -> Setup:
    """Return what is simulated under a name: "train", a severity, or "a tenth"."""
    tenth = name == TENTH
    tapes = {TRAIN: size.train, TENTH: size.tenth}.get(name, size.test)
    plain = default_setup(
        symbols=size.symbols, hours=_TENTH_HOURS if tenth else _HOURS, seed=_SEEDS[name], tapes=tapes,
        abuse_rate=_RATE * (TENTH_RATIO if tenth else 1.0), typologies=HOURLY,
    )  # fmt: skip
    return replace(plain, severity=SEVERITIES.get(name, (0.0, 1.0)))


def benchmark(
    parameters: Parameters, data: Path, size: Size, *, seed: int = 0, progress: Callable[[str], Progress] | None = None
) -> CalibrationBenchmark:
    """Train on simulated tapes and say how well confidence is calibrated on others.

    Args:
        parameters: Rules and alert policy.
        data: Folder to keep the tapes in, and to find them again.
        size: How much is simulated.
        seed: Seed of the training.
        progress: Called with the name of a step, returns what takes (done, total) of it.
    """
    report = progress or (lambda _: lambda _done, _total: None)
    paths = {name: simulated_set(setup_of(name, size), data, report(f"simulating {name}")) for name in _SEEDS}
    bundle = _trained(paths[TRAIN], parameters, seed, report("reading tapes"))
    told = {name: _judged(path, name, parameters, bundle, report(f"judging {name}"))
            for name, path in paths.items() if name != TRAIN}  # fmt: skip
    usual = _Judged.together([told[name] for name in SEVERITIES])
    populations = {USUAL: usual, TENTH: told[TENTH]}
    claims = {(name, kind): part for name, one in populations.items() for kind, part in one.claims.items()}
    budgets = tuple(
        at_budget(usual.claims[ALL].close, usual.hours, per_day, usual.claims[ALL].truth) for per_day in BUDGETS
    )
    return CalibrationBenchmark(
        claims, {name: by_typology(told[name].matched) for name in SEVERITIES}, budgets,
        {name: one.hours for name, one in told.items()},
    )  # fmt: skip


def _trained(path: Path, parameters: Parameters, seed: int, progress: Progress) -> Bundle:
    dataset = read_dataset(path)
    folded = over_tapes(dataset, partial(_folded, parameters), progress)
    markets = [market for tape in folded for market in tape]
    # Nothing of the dataset needs to be tested here: other seeds do that.
    split = split_by_time(markets, _SHARES)
    bundle, _ = fit_bundle(split, parameters, dataset_digest(dataset), None, "simulated", Experiment(seed=seed))
    return bundle


def _folded(parameters: Parameters, tape: Path, labels: pd.DataFrame) -> list[MarketTape]:
    return list(fold_tape(tape, labels, parameters))


@dataclass
class _Judged:
    claims: dict[str, Claims]
    matched: Matched
    hours: float = field(default=0.0)

    @classmethod
    def together(cls, parts: Sequence[_Judged]) -> _Judged:
        names = ("opening", "close", "truth", "typology")
        claims = {
            kind: Claims(**{name: np.concatenate([getattr(one.claims[kind], name) for one in parts]) for name in names})
            for kind in (RAISED, ALL)
        }
        matched = Matched(
            pd.concat([one.matched.alerts for one in parts]), pd.concat([one.matched.episodes for one in parts])
        )
        return cls(claims, matched, sum(one.hours for one in parts))


def _judged(path: Path, name: str, parameters: Parameters, bundle: Bundle, progress: Progress) -> _Judged:
    ratio = TENTH_RATIO if name == TENTH else 1.0
    set_to = parameters.model_copy(update={"alerts": parameters.alerts.model_copy(update={"abuse_ratio": ratio})})
    dataset = read_dataset(path)
    return _Judged.together(list(over_tapes(dataset, partial(_judged_tape, set_to, bundle), progress)))


def _judged_tape(parameters: Parameters, bundle: Bundle, tape: Path, labels: pd.DataFrame) -> _Judged:
    markets = list(fold_tape(tape, labels, parameters))
    raised = list(alerts_of(markets, parameters, bundle))
    unsure = unsure_alerts(markets, parameters, bundle)
    parts = [match(one.last, one.market.labels) for one in raised]
    matched = Matched(pd.concat([p.alerts for p in parts]), pd.concat([p.episodes for p in parts]))
    hours = (max(m.end for m in markets) - min(m.start for m in markets)) / 3.6e12
    return _Judged({RAISED: claims_of(raised), ALL: claims_of(unsure)}, matched, hours)


def claims_of(raised: Sequence[Raised]) -> Claims:
    """Return what calibrated alerts claimed and whether it was true."""
    rows = [
        (opened.confidence, last.confidence, bool(hit), last.typology)
        for one in raised
        for opened, last, hit in zip(
            one.opened, one.last, np.any(hit_matrix(one.last, one.market.labels), axis=1), strict=True
        )
        if last.calibrated_on != "definition"
    ]
    opening, close, truth, typology = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Claims(
        np.array(opening, float), np.array(close, float), np.array(truth, bool), np.array(typology, dtype=str)
    )

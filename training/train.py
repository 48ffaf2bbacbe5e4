"""Training: a dataset in; a compared, calibrated, tracked and registered bundle out.

fold → suspect → learn on the earliest tapes → calibrate on later ones → evaluate on the last ones → register
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.catalogue import MARKET_FEATURES
from features.readers import Dataset, read_dataset
from models.alert import CalibratedOn
from models.bundle import Bundle
from models.combination import FULL_REACH, SIMULATED_REACH
from models.parameters import Parameters
from models.records import rows_of
from models.rules import build_rules
from models.surveillance import policy_of
from training import plots
from training.alerts import Raised, alerts_of, judged_with, raise_alerts
from training.calibrate import calibrate, calibrate_detectors, calibrate_opening
from training.evaluate import Evaluation, evaluate
from training.labelling import Suspicions, known_episodes, suspicions
from training.leaks import refuse_leaks
from training.learn import Learned, learn
from training.markets import MarketTape, Progress, fold_dataset
from training.reference import reference_of
from training.splits import Split, split_by_time
from training.tracking import TrackedRun, tracked_run

CANDIDATE_THRESHOLD = 0.05
OPENING_THRESHOLDS = (0.3, 0.9)


@dataclass(frozen=True)
class Trained:
    """What a training left behind.

    Attributes:
        run_id: MLflow run.
        version: Registered version, the challenger now.
        bundle: The bundle.
        evaluation: What it reached on the last tapes.
        split: Which tapes were used for what.
    """

    run_id: str
    version: str
    bundle: Bundle
    evaluation: Evaluation
    split: Split


def train(
    path: Path,
    home: Path,
    parameters: Parameters,
    *,
    seed: int = 0,
    name: str | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train on a dataset, track the run in MLflow and register the bundle as the challenger.

    Args:
        path: Dataset: a folder with `tapes/` and `labels.csv`.
        home: TAPEWATCH_HOME.
        parameters: Windows, rules and alert policy.
        seed: Seed of everything random.
        name: Name of the run; the dataset's by default.
        progress: Called with (tapes read, tapes in all).

    Raises:
        TapeError: The dataset cannot be read.
        TapewatchError: There are too few tapes to split by time, or too few labelled episodes.
    """
    dataset = read_dataset(path)
    digest = dataset_digest(dataset)
    # Before the run is opened: a dataset that cannot be used leaves no failed run behind.
    split = split_by_time(fold_dataset(dataset, parameters, progress))
    with tracked_run(home, name or f"{path.resolve().name} seed {seed}", digest) as run:
        bundle, learned = fit_bundle(split, parameters, digest, known_episodes(path), simulated(dataset), seed)
        unsure = tuple(alerts_of(split.test, parameters, bundle, CANDIDATE_THRESHOLD))
        raised = tuple(alerts_of(split.test, parameters, bundle))
        evaluation = evaluate(raised, unsure)
        reference = reference_of(split.fit, raised, unsure).state()
        bundle = replace(bundle, metrics=evaluation.metrics, reference=reference)
        _track(run, dataset, digest, parameters, split, learned, evaluation, seed)
        version = run.register(bundle, example(split.fit))
        return Trained(run.run_id, version, bundle, evaluation, split)


def fit_bundle(
    split: Split,
    parameters: Parameters,
    digest: str,
    known: pd.DataFrame | None,
    calibrated_on: CalibratedOn,
    seed: int,
) -> tuple[Bundle, Learned]:
    """Return a bundle learned on the earliest markets, and what it was made of.

    It is calibrated on the later markets, and on the earliest by the folds that had not learned from them.

    Raises:
        LeakError: Parts of the split have a tape, a moment or an accused entity in common.
        TapewatchError: There are too few labelled episodes.
    """
    refuse_leaks(split)
    rules = build_rules(parameters)
    suspected = suspicions(split.fit, rules, known)
    reach = SIMULATED_REACH if calibrated_on == "simulated" else FULL_REACH
    learned = learn(split.fit, suspected, rules, seed=seed, reach=reach)
    bundle = Bundle(
        classifiers={scale: fit.classifier for scale, fit in learned.classifiers.items()},
        isolation_forests=learned.forests,
        combination={typology: weights.state() for typology, weights in learned.weights.items()},
        records=learned.records,
        calibrators={},
        parameters=parameters.version(),
        calibrated_on=calibrated_on,
        created_from=digest,
    )
    unseen = _Unseen(split, parameters, suspected, learned)
    raised, typologies = unseen.alerts(bundle, CANDIDATE_THRESHOLD), tuple(learned.weights)
    calibrated = replace(
        bundle, calibrators=calibrate(raised, typologies), detectors=calibrate_detectors(raised, typologies)
    )
    thresholds = sorted({CANDIDATE_THRESHOLD, *OPENING_THRESHOLDS, parameters.alerts.confidence_threshold})
    opened = {threshold: unseen.alerts(calibrated, threshold) for threshold in thresholds}
    return replace(calibrated, opening=calibrate_opening(opened, typologies)), learned


@dataclass(frozen=True)
class _Unseen:
    # Alerts by detectors that had not learned from their markets: later tapes, and the earliest by their folds.
    split: Split
    parameters: Parameters
    suspected: Mapping[str, Suspicions]
    learned: Learned

    def alerts(self, bundle: Bundle, threshold: float) -> list[Raised]:
        policy = replace(policy_of(self.parameters, bundle), threshold=threshold)
        raised = [
            raise_alerts(
                market, judged_with(number, market, self.parameters, self.suspected, self.learned, bundle), policy
            )
            for number, market in enumerate(self.split.fit)
        ]
        return raised + list(alerts_of(self.split.calibrate, self.parameters, bundle, threshold))


def simulated(dataset: Dataset) -> CalibratedOn:
    """Return what alerts calibrated on a dataset may claim: simulated tapes say so themselves."""
    return "simulated" if (dataset.path / "simulation.json").exists() else "labelled"


def dataset_digest(dataset: Dataset) -> str:
    """Return SHA-256 over the names and content of a dataset's files."""
    total = hashlib.sha256()
    files = [dataset.path / "labels.csv"]
    for tape in dataset.tapes:
        files += sorted(tape.iterdir()) if tape.is_dir() else [tape]
    for file in files:
        total.update(str(file.relative_to(dataset.path)).encode())
        with file.open("rb") as content:
            total.update(hashlib.file_digest(content, "sha256").digest())
    return total.hexdigest()


def example(markets: Sequence[MarketTape]) -> pd.DataFrame:
    """Return a few feature rows with catalogue names, as the model's input example."""
    values = next(market.folded.market.values for market in markets if len(market.folded.market))
    return pd.DataFrame(values[-5:], columns=[feature.name for feature in MARKET_FEATURES])


def _track(
    run: TrackedRun,
    dataset: Dataset,
    digest: str,
    parameters: Parameters,
    split: Split,
    learned: Learned,
    evaluation: Evaluation,
    seed: int,
) -> None:
    run.params({"seed": seed, "parameters": parameters.version(), **split.counts()})
    run.dataset(dataset.labels[["typology", "venue", "symbol", "severity"]].astype(str), dataset.path, digest)
    for scale, fit in learned.classifiers.items():
        run.params({f"{scale}.winner": fit.winner})
        for candidate, metrics in fit.metrics.items():
            with run.candidate(f"{scale} {candidate}", {"scale": scale, "candidate": candidate}) as nested:
                nested.metrics(metrics)
        title = f"What the {scale} classifier reads"
        run.figure(plots.importances(fit.features, fit.importance[0], fit.importance[1], title), f"importances_{scale}")
    run.metrics(evaluation.metrics)
    run.table(rows_of(learned.records), "records")
    run.table([{"typology": name, **_known(row)} for name, row in evaluation.table.iterrows()], "by_typology")
    if len(evaluation.confidence):
        run.figure(plots.reliability(evaluation.truth, evaluation.confidence), "reliability")
        run.figure(plots.precision_recall(evaluation.scored()), "precision_recall")


def _known(row: pd.Series[float]) -> dict[str, float | None]:
    # JSON has no NaN.
    return {str(name): float(value) if np.isfinite(value) else None for name, value in row.items()}

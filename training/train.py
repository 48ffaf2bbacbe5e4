"""Training: a dataset in; a compared, calibrated, tracked and registered bundle out.

fold → suspect → learn on the earliest tapes → calibrate on later ones → evaluate on the last ones → register
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from features.catalogue import MARKET_FEATURES
from features.readers import Dataset, read_dataset
from models.alert import CalibratedOn
from models.bundle import Bundle
from models.combination import FULL_REACH, SIMULATED_REACH
from models.parameters import Parameters
from models.rules import build_rules
from models.surveillance import policy_of
from training.alerts import (
    CANDIDATE_THRESHOLD,
    Raised,
    alerts_of,
    judged_with,
    raise_alerts,
    uncited,
    unsure_alerts,
)
from training.calibrate import calibrate, calibrate_detectors, calibrate_opening
from training.card import Facts
from training.evaluate import Evaluation, evaluate
from training.experiment import Experiment
from training.folded_store import STORE
from training.labelling import KNOWN_EPISODES, Suspicions, known_episodes, suspicions
from training.leaks import refuse_leaks
from training.learn import Learned, learn
from training.markets import MarketTape, Progress, fold_dataset
from training.placing import refuse_misplaced, refuse_unknown
from training.recording import record
from training.reference import reference_of
from training.search import Search
from training.splits import Split, split_by_time
from training.tracking import code_version, tracked_run

DEFAULT = Experiment()
OPENING_THRESHOLDS = (0.3, 0.9)


@dataclass(frozen=True)
class Trained:
    """What a training left behind.

    Attributes:
        run_id: MLflow run.
        version: Registered version, the challenger now.
        bundle: The bundle.
        evaluation: What it reached on the last tapes.
        unsure: Its alerts there, see `alerts.unsure_alerts`.
        split: Which tapes were used for what.
    """

    run_id: str
    version: str
    bundle: Bundle
    evaluation: Evaluation
    unsure: tuple[Raised, ...]
    split: Split


def train(
    path: Path,
    home: Path,
    parameters: Parameters,
    *,
    experiment: Experiment = DEFAULT,
    name: str | None = None,
    progress: Progress | None = None,
    searching: Progress | None = None,
) -> Trained:
    """Train on a dataset, track the run in MLflow and register the bundle as the challenger.

    Interrupted at any point, it leaves no version without its bundle; the same call again resumes the search.

    Args:
        path: Dataset: a folder with `tapes/` and `labels.csv`.
        home: TAPEWATCH_HOME.
        parameters: Windows, rules and alert policy.
        experiment: What is learned, and how.
        name: Name of the run; dataset, winners and seed by default.
        progress: Called with (tapes read, tapes in all).
        searching: Called with (trials done, trials in all of the candidates so far), if the experiment searches.

    Raises:
        TapeError: The dataset cannot be read.
        TapewatchError: There are too few tapes to split by time, or too few labelled episodes.
    """
    dataset = read_dataset(path)
    refuse_unknown(dataset)
    digest = dataset_digest(dataset)
    # Before the run is opened: a dataset that cannot be used leaves no failed run behind.
    # A home that is yet to be made is made by a run that is worth keeping.
    markets = fold_dataset(dataset, parameters, progress, store=home / STORE if home.exists() else None)
    split = split_by_time(markets, experiment.split.shares)
    refuse_misplaced(dataset, markets)
    dataset_name, search = path.resolve().name, Search(home, experiment, searching)
    with tracked_run(home, name or f"{dataset_name} seed {experiment.seed}", digest) as run:
        origin = simulated(dataset)
        bundle, learned = fit_bundle(split, parameters, digest, known_episodes(path), origin, experiment, search)
        unsure = unsure_alerts(split.test, parameters, bundle)
        raised = tuple(alerts_of(split.test, parameters, bundle))
        evaluation = evaluate(raised, unsure, experiment.seed)
        reference = reference_of(split.fit, raised, unsure).state()
        bundle = replace(bundle, metrics=evaluation.metrics, reference=reference)
        facts = Facts(path, code_version(), experiment, split, learned, bundle, evaluation)
        card = record(run, facts, dataset, parameters)
        tags = {"dataset": dataset_name, "calibrated_on": origin, "winner": learned.winners(), **search.tags()}
        run.describe(card, name or f"{dataset_name} seed {experiment.seed} {learned.winners()}", tags)
        # Last of all: whatever is registered is whole.
        version = run.register(bundle, example(split.fit), card)
        return Trained(run.run_id, version, bundle, evaluation, unsure, split)


def fit_bundle(
    split: Split,
    parameters: Parameters,
    digest: str,
    known: pd.DataFrame | None,
    calibrated_on: CalibratedOn,
    experiment: Experiment = DEFAULT,
    search: Search | None = None,
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
    learned = learn(split.fit, suspected, rules, experiment=experiment, reach=reach, search=search, known=known)
    bundle = Bundle(
        classifiers={scale: fit.classifier for scale, fit in learned.classifiers.items()},
        isolation_forests=learned.forests,
        onsets={scale: fit.classifier for scale, fit in learned.onsets.items()},
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
        judged = (
            judged_with(number, market, self.parameters, self.suspected, self.learned, bundle)
            for number, market in enumerate(self.split.fit)
        )
        raised = [raise_alerts(uncited(one), found, policy) for one, found in zip(self.split.fit, judged, strict=True)]
        later = [uncited(market) for market in self.split.calibrate]
        return raised + list(alerts_of(later, self.parameters, bundle, threshold))


def simulated(dataset: Dataset) -> CalibratedOn:
    """Return what alerts calibrated on a dataset may claim: simulated tapes say so themselves."""
    return "simulated" if (dataset.path / "simulation.json").exists() else "labelled"


def dataset_digest(dataset: Dataset) -> str:
    """Return SHA-256 over the names and content of a dataset's files: labels, episodes known of, and tapes."""
    total = hashlib.sha256()
    files = [path for name in ("labels.csv", KNOWN_EPISODES) if (path := dataset.path / name).exists()]
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

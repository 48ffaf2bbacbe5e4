"""The search for hyper-parameters by Optuna: a study for each candidate at each scale, kept in the state folder.

A study is named after all that its scores depend on: the rows, the candidate's settings and space, and the seed. So
the same training, run again after an interruption, finds its finished trials, and any other finds nothing of them.
Each trial draws from a seed of its own, by the number of trials before it: an interrupted search ends where one in one
go does.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.candidates import Candidate, Maker
from training.experiment import Experiment
from training.markets import Progress

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution

Scores = Callable[[Maker], Iterator[float]]
"""Gives the score of a maker's estimators over the folds so far, after each fold."""
DATABASE = "optuna.db"
_STARTUP = 5
_LOG_FACTOR = 10


@dataclass(frozen=True)
class Tried:
    """One finished trial.

    Attributes:
        number: Its place among the finished ones, from 0; that is the experiment's own settings.
        score: Average precision over all folds, or over those before it was given up.
        pruned: Whether it was given up.
        settings: What was chosen.
    """

    number: int
    score: float
    pruned: bool
    settings: Mapping[str, float]


@dataclass(frozen=True)
class Tuned:
    """What a search chose.

    Attributes:
        make: Makes the best estimator.
        trials: The finished trials in order; none where nothing was searched.
    """

    make: Maker
    trials: tuple[Tried, ...] = ()


@dataclass
class Search:
    """A search of one training over its scales and candidates.

    Attributes:
        home: TAPEWATCH_HOME; the studies lie in its `optuna.db`.
        experiment: How many trials, and where.
        progress: Called with (trials done, trials in all) of all candidates at all scales so far.
        resumed: Trials that an earlier training had finished.
    """

    home: Path
    experiment: Experiment
    progress: Progress | None = None
    resumed: int = field(default=0, init=False)
    _planned: int = field(default=0, init=False)
    _done: int = field(default=0, init=False)

    def tuned(self, scale: str, name: str, make: Maker, rows_digest: str, scores: Scores) -> Tuned:
        """Return the best settings of a candidate at a scale, found before or now.

        Args:
            scale: Scale of the rows.
            name: The candidate's name.
            make: The candidate as the experiment sets it.
            rows_digest: Digest of the rows that the scores are of.
            scores: Scores an estimator by grouped cross-validation.
        """
        wanted = self.experiment.search.trials
        if not wanted or not isinstance(make, Candidate):
            return Tuned(make)
        space = _space(self.experiment, name)
        study = _study(self.home, self._name(scale, make, rows_digest), self.experiment.search.prune)
        self._planned += wanted
        before = min(wanted, len(_finished(study)))
        self._done, self.resumed = self._done + before, self.resumed + before
        self._tell()
        self._run(study, make, space, scores)
        trials = _finished(study)[:wanted]
        whole = [trial for trial in trials if not trial.pruned]
        best = max(whole, key=lambda trial: (trial.score, -trial.number))
        return Tuned(_chosen(make, best.settings), tuple(trials))

    def tags(self) -> dict[str, str]:
        """Return what a run should say of the search."""
        return {"resumed_trials": str(self.resumed)} if self.resumed else {}

    def _name(self, scale: str, make: Candidate, rows_digest: str) -> str:
        how = self.experiment
        tables = (make.settings, getattr(how.search, make.name), how.features)
        depends = [rows_digest, how.seed, how.search.prune, *(table.model_dump() for table in tables)]
        digest = hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()
        return f"{scale} {make.name} {digest[:16]}"

    def _run(self, study: Study, make: Candidate, space: dict[str, BaseDistribution], scores: Scores) -> None:
        from optuna.samplers import TPESampler  # noqa: PLC0415 -- a training without a search does without
        from optuna.trial import TrialState  # noqa: PLC0415

        for left_over in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(left_over.number, state=TrialState.FAIL)
        seconds, wanted = self.experiment.search.timeout_s, self.experiment.search.trials
        # Only the trial that is running may be lost, so each is told at once.
        until = time.monotonic() + seconds if seconds else math.inf
        while (n_done := len(_finished(study))) < wanted and (n_done == 0 or time.monotonic() < until):
            seed = (self.experiment.seed * 100_003 + n_done) % 2**32
            study.sampler = TPESampler(n_startup_trials=_STARTUP, seed=seed)
            if n_done == 0:
                _try_own(study, make, space, scores)
            else:
                trial = study.ask(space)
                _try(study, trial, scores(_chosen(make, trial.params)))
            self._done += 1
            self._tell()

    def _tell(self) -> None:
        if self.progress is not None:
            self.progress(self._done, self._planned)


def _try_own(study: Study, make: Candidate, space: dict[str, BaseDistribution], scores: Scores) -> None:
    from optuna.trial import create_trial  # noqa: PLC0415

    by_fold = list(scores(make))
    own = {key: getattr(make.settings, key) for key in space}
    so_far = dict(enumerate(by_fold))
    study.add_trial(create_trial(params=own, distributions=space, value=by_fold[-1], intermediate_values=so_far))


def _try(study: Study, trial: Trial, scores: Iterator[float]) -> None:
    from optuna.trial import TrialState  # noqa: PLC0415

    score = 0.0
    for fold, so_far in enumerate(scores):
        score = so_far
        trial.report(score, fold)
        if trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED, skip_if_finished=True)
            return
    # Finished already: another training with the same rows took it for left over.
    study.tell(trial, score, skip_if_finished=True)


def _study(home: Path, name: str, prune: bool) -> Study:  # noqa: FBT001 -- the experiment's own key
    import optuna  # noqa: PLC0415 -- a training without a search does without

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=_STARTUP) if prune else optuna.pruners.NopPruner()
    home.mkdir(parents=True, exist_ok=True)
    return optuna.create_study(
        storage=f"sqlite:///{home.resolve() / DATABASE}",
        study_name=name,
        direction="maximize",
        pruner=pruner,
        load_if_exists=True,
    )


def _finished(study: Study) -> list[Tried]:
    from optuna.trial import TrialState  # noqa: PLC0415

    found = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    return [
        Tried(number, float(trial.value or 0.0), trial.state == TrialState.PRUNED, dict(trial.params))
        for number, trial in enumerate(found)
    ]


def _space(experiment: Experiment, name: str) -> dict[str, BaseDistribution]:
    from optuna.distributions import FloatDistribution, IntDistribution  # noqa: PLC0415

    settings, spans = getattr(experiment, name), getattr(experiment.search, name)
    space: dict[str, BaseDistribution] = {}
    for key, span in spans.model_dump().items():
        if not span:
            continue
        # The experiment's own value is the first trial, so the span is made to hold it.
        low, high = min(span[0], getattr(settings, key)), max(span[1], getattr(settings, key))
        log = low > 0 and high / low >= _LOG_FACTOR
        if isinstance(getattr(settings, key), int):
            space[key] = IntDistribution(math.ceil(low), math.floor(high), log=log)
        else:
            space[key] = FloatDistribution(low, high, log=log)
    return space


def _chosen(make: Candidate, params: Mapping[str, Any]) -> Candidate:
    return Candidate(make.name, make.settings.model_copy(update=dict(params)))

"""Retraining: what is new teaches a challenger, which replaces the champion only by rule.

merge → train → drift against the champion → both judge the same last tapes → decide → promote or not → record
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from features.catalogue import schema_hash
from features.errors import BundleError
from features.readers import read_dataset
from models.bundle import Bundle
from models.parameters import Parameters
from models.registry import Promotion, load_champion
from training.alerts import alerts_of, unsure_alerts
from training.deciding import Decision, PromotionRule, decide
from training.drift_report import DriftReport, drift_figure, drift_of
from training.evaluate import Evaluation, evaluate
from training.experiment import Experiment
from training.markets import Progress
from training.merging import merge_datasets
from training.paired import paired_precision
from training.promote import promote
from training.tracking import add_to_run, code_version
from training.train import DEFAULT, Trained, dataset_digest, train
from training.verdicts import confirmed

Undisturbed = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Round:
    """What one round of retraining did.

    Attributes:
        trained: The challenger.
        champion: What the champion reached on the same last tapes; None without one.
        drift: How the last tapes differ from what the champion was trained on; None where that is not known.
        decision: What was decided, and why.
        promotion: What the promotion did; None without one.
    """

    trained: Trained
    champion: Evaluation | None
    drift: DriftReport | None
    decision: Decision
    promotion: Promotion | None


@dataclass(frozen=True)
class Plan:
    """What is retrained from, and how.

    Attributes:
        datasets: Simulated data, recorded data and exported dispositions, at least one dataset.
        home: TAPEWATCH_HOME.
        parameters: Windows, rules and alert policy.
        rule: When a challenger is promoted.
        experiment: What is learned, and how; its seed is the seed of everything random.
        dry_run: Whether to decide without promoting.
    """

    datasets: tuple[Path, ...]
    home: Path
    parameters: Parameters
    rule: PromotionRule
    experiment: Experiment = DEFAULT
    dry_run: bool = False

    @property
    def last_file(self) -> Path:
        """File that says what the last round that came to an end had seen; a dry run is none for those that promote."""
        return self.home / "retrain" / ("last_dry_run.json" if self.dry_run else "last.json")


def retrain(
    plan: Plan,
    progress: Progress | None = None,
    undisturbed: Undisturbed = nullcontext,
    searching: Progress | None = None,
) -> Round | None:
    """Do one round; None where nothing has changed since the last one.

    Args:
        plan: What to do.
        progress: Called with (tapes read, tapes in all).
        undisturbed: Opens a context in which no signal may interrupt: promotion is done whole or not at all.
        searching: Called with (trials done, trials in all of the candidates so far), if the experiment searches.

    Raises:
        TapewatchError: A dataset cannot be read or taught from.
    """
    merged = merge_datasets(plan.datasets, plan.home / "retrain" / "dataset")
    seen = _seen(plan, merged)
    if plan.last_file.exists() and json.loads(plan.last_file.read_text(encoding="utf-8")) == seen:
        return None
    champion, unusable = _champion(plan.home)
    name = f"retrain {'+'.join(path.resolve().name for path in plan.datasets)}"
    trained = train(
        merged, plan.home, plan.parameters, experiment=plan.experiment, name=name, progress=progress,
        searching=searching,
    )  # fmt: skip
    done = _judged(plan, trained, champion, unusable)
    with undisturbed():
        if done.decision.promote and not plan.dry_run:
            promotion = promote(trained.version, plan.home, force=True)
            done = Round(trained, done.champion, done.drift, done.decision, promotion)
        _record(plan, done, champion, unusable)
        plan.last_file.parent.mkdir(parents=True, exist_ok=True)
        # The promotion is part of what was seen: without it the next round would find another champion.
        plan.last_file.write_text(json.dumps(_seen(plan, merged)), encoding="utf-8")
    return done


def _seen(plan: Plan, merged: Path) -> dict[str, str]:
    champion = plan.home / "champion"
    return {
        "dataset": dataset_digest(read_dataset(merged)),
        "parameters": plan.parameters.version(),
        "experiment": plan.experiment.version(),
        "schema_hash": schema_hash(),
        "code_version": code_version(),
        "rule": plan.rule.model_dump_json(),
        "champion": champion.read_text(encoding="utf-8").strip() if champion.exists() else "",
    }


def _champion(home: Path) -> tuple[Bundle | None, str]:
    try:
        return load_champion(home), ""
    except BundleError as error:
        # Made for other features, or damaged: it could not serve either.
        return None, str(error)


def _judged(plan: Plan, trained: Trained, champion: Bundle | None, unusable: str) -> Round:
    ours = trained.evaluation
    episodes = sum(len(confirmed(market.labels)) for market in trained.split.test)
    if champion is None:
        decision = decide(plan.rule, ours.metrics, None, None, episodes, unusable)
        return Round(trained, None, None, decision, None)
    unsure = unsure_alerts(trained.split.test, plan.parameters, champion)
    theirs = evaluate(tuple(alerts_of(trained.split.test, plan.parameters, champion)), unsure, plan.experiment.seed)
    paired = paired_precision(unsure, trained.unsure, draws=plan.rule.draws, level=plan.rule.level)
    decision = decide(plan.rule, ours.metrics, theirs.metrics, paired, episodes)
    newest = (*trained.split.calibrate, *trained.split.test)
    drift = drift_of(newest, plan.parameters, champion) if champion.reference else None
    return Round(trained, theirs, drift, decision, None)


def _record(plan: Plan, done: Round, champion: Bundle | None, unusable: str) -> None:
    figures = {
        **done.decision.figures(),
        "rule": plan.rule.model_dump(),
        "champion": dict(done.champion.metrics) if done.champion else None,
        "challenger": dict(done.trained.evaluation.metrics),
        "champion_unusable": unusable,
    }
    promoted = done.promotion is not None
    tags = {
        "decision": "promoted" if promoted else "would be promoted" if done.decision.promote else "kept champion",
        "decision_reason": done.decision.reason,
        "champion_at_decision": champion.version if champion else "none",
        "drift": done.drift.verdict if done.drift else "unknown",
    }
    tables = {"decision": figures} | ({"drift": done.drift.figures()} if done.drift else {})
    plots = {"drift": drift_figure(done.drift)} if done.drift else {}
    add_to_run(plan.home, done.trained.run_id, tags, tables, plots)

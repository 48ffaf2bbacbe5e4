"""What a training leaves in MLflow: the same keys in every run, so that any two can be laid side by side."""

from __future__ import annotations

from dataclasses import asdict

from features.json_values import finite
from features.readers import Dataset
from models.parameters import Parameters, to_toml
from models.records import rows_of
from training import plots
from training.card import Facts, model_card
from training.compare import HEADLINE
from training.explaining import explain
from training.fit_classifiers import ClassifierFit
from training.tracking import TrackedRun


def record(run: TrackedRun, facts: Facts, dataset: Dataset, parameters: Parameters) -> str:
    """Log settings, dataset, candidates, results, plots and the model card of a training.

    Args:
        run: The open run.
        facts: What was trained, and what it reached.
        dataset: What it was trained on.
        parameters: Windows, rules and alert policy.

    Returns:
        The model card.
    """
    experiment, evaluation = facts.experiment, facts.evaluation
    run.params({**experiment.flat(), "experiment": experiment.version(), "parameters": parameters.version()})
    run.params(facts.split.counts())
    run.text(experiment.toml(), "experiment.toml")
    run.text(to_toml(parameters), "parameters.toml")
    labels = dataset.labels[["typology", "venue", "symbol", "severity"]].astype(str)
    run.dataset(labels, dataset.path, facts.bundle.created_from)
    # In this order MLflow's pages show them.
    first = {name: evaluation.metrics[name] for name in HEADLINE if name in evaluation.metrics}
    run.metrics({**first, **evaluation.metrics})
    for scale, fit in facts.learned.classifiers.items():
        _record_classifier(run, scale, fit, experiment.seed)
    run.table(rows_of(facts.learned.records), "records")
    run.table([{"typology": name, **finite(row.to_dict())} for name, row in evaluation.table.iterrows()], "by_typology")
    run.figure(plots.with_intervals(evaluation.metrics), "intervals")
    run.figure(plots.delays(evaluation.episodes), "delays")
    if len(evaluation.confidence):
        run.figure(plots.reliability(evaluation.truth, evaluation.confidence), "reliability")
        run.figure(plots.precision_recall(evaluation.scored()), "precision_recall")
    card = model_card(facts)
    run.text(card, "model_card.md")
    return card


def _record_classifier(run: TrackedRun, scale: str, fit: ClassifierFit, seed: int) -> None:
    run.params({f"winner.{scale}": fit.winner})
    for candidate, metrics in fit.metrics.items():
        tags = {"scale": scale, "candidate": candidate, "winner": str(candidate == fit.winner).lower()}
        with run.candidate(f"{scale} {candidate}", tags) as nested:
            nested.metrics({f"cv_{name}": value for name, value in metrics.items()})
            nested.params(fit.settings(candidate))
            trials = fit.tuned[candidate].trials
            if trials:
                nested.table([asdict(one) for one in trials], "trials")
                nested.figure(plots.searched(trials, f"Search of {candidate} at the {scale} scale"), "search")
    winner = fit.metrics[fit.winner]
    run.metrics({f"cv_average_precision_{scale}": winner["average_precision"]})
    title = f"What the {scale} classifier reads"
    run.figure(plots.importances(fit.features, fit.importance[0], fit.importance[1], title), f"importances_{scale}")
    explained = explain(fit.fold_model, fit.held_out.values, seed)
    run.figure(plots.shap_summary(explained, fit.classifier.classes, title), f"shap_{scale}")

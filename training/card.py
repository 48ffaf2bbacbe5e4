"""The model card: what a registered bundle is, what it reached, where it is weak, and how to make it again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from models.bundle import Bundle
from training.evaluate import Evaluation
from training.experiment import Experiment
from training.learn import Learned
from training.markets import MarketTape
from training.splits import Split

_WEAK, _FEW = 0.7, 10


@dataclass(frozen=True)
class Facts:
    """What a card is written from.

    Attributes:
        dataset: Folder of the dataset.
        code_version: Version of Tapewatch.
        experiment: What was tried.
        split: Which tapes were used for what.
        learned: What was learned.
        bundle: What came of it.
        evaluation: What it reached.
    """

    dataset: Path
    code_version: str
    experiment: Experiment
    split: Split
    learned: Learned
    bundle: Bundle
    evaluation: Evaluation


def model_card(facts: Facts) -> str:
    """Return the card as Markdown, under 5,000 characters for up to 20 typologies."""
    parts = (
        _what(facts), _data(facts), _results(facts.evaluation), _weak(facts.evaluation), _calibration(facts),
        _limits(facts), _again(facts),
    )  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _what(facts: Facts) -> str:
    winners = ", ".join(f"{fit.winner} ({scale})" for scale, fit in facts.learned.classifiers.items()) or "none"
    forests = ", ".join(facts.learned.forests) or "none"
    return (
        f"# Tapewatch model of {facts.dataset.name}\n\n"
        f"Classifiers of typologies: {winners}. Isolation forests: {forests}. With them the weights that combine both "
        f"with the rules, and calibrators for {len(facts.bundle.calibrators)} typologies.\n\n"
        "**Use**: to rank and raise alerts of market abuse for people to judge, on markets like those it was made on. "
        "Not for sanctions without a person, and not for markets, venues or account structures unlike these."
    )


def _data(facts: Facts) -> str:
    labels = {
        name: sum(len(market.labels) for market in part)
        for name, part in (("fit", facts.split.fit), ("calibrate", facts.split.calibrate), ("test", facts.split.test))
    }
    counts = facts.split.counts()
    spans = "; ".join(
        f"{name} {counts[f'{name}_tapes']} tapes, {labels[name]} labels, {_span(part)}"
        for name, part in (("fit", facts.split.fit), ("calibrate", facts.split.calibrate), ("test", facts.split.test))
    )
    return (
        f"## Data\n\n{facts.bundle.calibrated_on.capitalize()} tapes, SHA-256 `{facts.bundle.created_from[:16]}`. "
        f"Split by time: {spans}."
    )


def _span(markets: Sequence[MarketTape]) -> str:
    if not markets:
        return "empty"
    first, last = min(market.start for market in markets), max(market.end for market in markets)
    return " to ".join(datetime.fromtimestamp(time / 1e9, UTC).strftime("%Y-%m-%d %H:%M") for time in (first, last))


def _results(evaluation: Evaluation) -> str:
    metrics = evaluation.metrics
    rows = [
        f"| {name} | {row['episodes']:.0f} | {row['alerts']:.0f} | {_ends(metrics, 'recall', str(name))} "
        f"| {_ends(metrics, 'precision', str(name))} | {_ends(metrics, 'average_precision', str(name))} "
        f"| {_seconds(row['median_delay_s'])} |"
        for name, row in evaluation.table.iterrows()
    ]
    overall = (
        f"Average precision {_ends(metrics, 'average_precision')}; recall {_ends(metrics, 'recall')}, precision "
        f"{_ends(metrics, 'precision')}; {_number(metrics, 'false_manipulation_per_symbol_hour')} false manipulation "
        f"alerts a symbol-hour; {_number(metrics, 'alerts_a_symbol_day', 1)} alerts a symbol-day. In brackets 90 % "
        "intervals, by bootstrap over events."
    )
    heading = "| typology | episodes | alerts | recall | precision | average precision | delay s |"
    return "\n".join(
        ["## Results on the last tapes\n", overall, "", heading, "| --- | --- | --- | --- | --- | --- | --- |", *rows]
    )


def _weak(evaluation: Evaluation) -> str:
    found = [line for name, row in evaluation.table.iterrows() for line in _weak_spots(str(name), row)]
    few = [f"{name} {n:.0f}" for name, n in evaluation.table["episodes"].items() if 0 < n < _FEW]
    if few:
        found.append(f"Too few episodes to say much, and an interval of one point says nothing: {', '.join(few)}.")
    return "## Weak spots\n\n" + ("\n".join(f"- {line}" for line in found) or "None by the numbers above.")


def _weak_spots(name: str, row: pd.Series[float]) -> list[str]:
    found = []
    if row["episodes"] and row["recall"] < _WEAK:
        found.append(f"{name}: misses {1 - row['recall']:.0%} of {row['episodes']:.0f} episodes.")
    if row["alerts"] and row["precision"] < _WEAK:
        found.append(f"{name}: {1 - row['precision']:.0%} of {row['alerts']:.0f} alerts are false.")
    return found


def _calibration(facts: Facts) -> str:
    metrics = facts.evaluation.metrics
    return (
        f"## Calibration\n\nECE {_number(metrics, 'ece_opening', 3)} at opening, {_number(metrics, 'ece_close', 3)} at "
        f"close ({_number(metrics, 'ece_by_chance', 3)} by chance alone), Brier {_number(metrics, 'brier', 3)}, over "
        f"{len(facts.evaluation.truth)} alerts, {int(np.sum(facts.evaluation.truth))} of them true."
    )


def _limits(facts: Facts) -> str:
    learned = ", ".join(sorted(facts.bundle.combination))
    origin = (
        " The tapes are simulated: on real ones confidences are a guess, and the learned parts never silence a rule."
        if facts.bundle.calibrated_on == "simulated"
        else ""
    )
    return (
        f"## Limits\n\nLearned for {learned} only; other typologies are the rules' alone. What no rule suspects is not "
        f"asked about. Labels that are missing count as false alerts.{origin}"
    )


def _again(facts: Facts) -> str:
    command = (
        f"tapewatch train {shlex.quote(str(facts.dataset))} --experiment experiment.toml --parameters parameters.toml"
    )
    return (
        f"## Make it again\n\n```\n{command}\n```\n\nwith both files from this run's artifacts, Tapewatch "
        f"{facts.code_version}, features {facts.bundle.schema_hash[:12]}, seed {facts.experiment.seed}."
    )


def _ends(metrics: Mapping[str, float], metric: str, typology: str = "") -> str:
    dot = f".{typology}" if typology else ""
    value, low, high = (metrics.get(f"{metric}{end}{dot}", np.nan) for end in ("", "_low", "_high"))
    if np.isnan(value):
        return "–"
    return f"{value:.2f}" if np.isnan(low) else f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _number(metrics: Mapping[str, float], name: str, digits: int = 2) -> str:
    return f"{metrics[name]:.{digits}f}" if name in metrics else "–"


def _seconds(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.0f}"

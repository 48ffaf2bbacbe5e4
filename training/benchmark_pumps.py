"""Real pumps, forward-chained: what ours catches beside the tuned three-term rule and the published models.

Pumps stand in time order. A first third only trains; the rest is tested in five folds, each by models and rules made
on earlier pumps alone, none of whose tapes overlaps a tested one of the coin. Hit: an alert that opens within
(onset - 60 s, onset + 120 s]. False: one more than an hour from every known pump of the coin.

The fair comparison is between lines whose thresholds come from earlier pumps. As ours reads the clock, the rule is
tuned with a clock, too. Swept lines choose on the tested pumps themselves, which flatters whoever has more to choose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from features.errors import TapeError
from features.fold import FAST
from features.readers import read_dataset
from models.parameters import Parameters
from models.rules.pump_and_dump import PumpAndDump
from training.experiment import Experiment
from training.labelling import Suspicions, known_episodes, overlapping, suspicions
from training.learn import learn
from training.markets import MarketTape, Progress, fold_dataset
from training.pump_counting import Alarms, Count, Pumps, Scored, best_threshold, curve, interval, together
from training.pump_rows import RowPrecision, bins_of, row_precision
from training.three_term import Terms, ThreeTerms, choose, clock_cells, plain_cells, trials

PUMP = "pump_and_dump"
TARGETS = (0.03, 0.06)
N_FOLDS = 5
PUBLISHED = {"classifier": 0.804, "isolation_forest": 0.454}
OURS, RULE, CLOCK_RULE, PLAIN_RULE = "ours", "rule, tuned", "rule + clock, tuned", "rule as it stands"
EARLIER, SWEPT = "earlier pumps", "swept"
_CELLS = {RULE: plain_cells(), CLOCK_RULE: clock_cells()}
_HIGHEST_RATE = 0.15


@dataclass(frozen=True)
class Line:
    """One detector at one rate of false alerts.

    Attributes:
        detector: Which.
        threshold: How its threshold was chosen: on earlier pumps, or swept on the tested ones to have the rate.
        target: Aimed false alerts a coin-day.
        alarms: What it caught and what it cost.
        over_rule: Recall above that of the tuned rule with a clock and its 90 % interval over pumps, threshold chosen
            alike; None for rules.
    """

    detector: str
    threshold: str
    target: float
    alarms: Alarms
    over_rule: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Curve:
    """Recall against false alerts a coin-day, swept on the tested pumps, shape (n_points,) each."""

    detector: str
    false_rate: NDArray[np.float64]
    recall: NDArray[np.float64]


@dataclass(frozen=True)
class PumpBenchmark:
    """Results of the protocol.

    Attributes:
        pumps: Pumps tested.
        coin_days: Coin-days tested.
        lines: Detectors side by side.
        precision: Row-level average precision of ours on 25 s bins, by model.
        missed: Names of the tested tapes whose pump ours missed at the first target, threshold of earlier pumps.
        curves: Recall against false alerts of ours and of the rules.
    """

    pumps: int
    coin_days: float
    lines: tuple[Line, ...]
    precision: dict[str, RowPrecision]
    missed: tuple[str, ...]
    curves: tuple[Curve, ...] = ()

    def figures(self) -> dict[str, object]:
        """Return all figures as JSON types."""
        told = [
            {"detector": line.detector, "threshold": line.threshold, "target": line.target,
             "over_rule": line.over_rule, **line.alarms.figures()}
            for line in self.lines
        ]  # fmt: skip
        precision = {name: {"raw": p.raw, "onset": p.onset} for name, p in self.precision.items()}
        precision["published"] = PUBLISHED
        return {"pumps": self.pumps, "coin_days": self.coin_days, "lines": told, "average_precision_25s": precision,
                "missed": list(self.missed)}  # fmt: skip


def benchmark(path: Path, parameters: Parameters, *, seed: int = 0, progress: Progress | None = None) -> PumpBenchmark:
    """Run the protocol on a dataset of labelled pumps.

    Args:
        path: Dataset with `labels.csv`, `events.csv` and `known_pumps.csv`.
        parameters: Windows, parameters of the rule, quiet that ends an alert.
        seed: Seed of the models.
        progress: Called with (steps done, steps in all).

    Raises:
        TapeError: It is not such a dataset.
    """
    if not (path / "events.csv").exists():
        raise TapeError(f"{path}: must be a dataset of labelled pumps with events.csv, has none")
    dataset, known, events = read_dataset(path), known_episodes(path), read_events(path / "events.csv")
    steps = len(dataset.tapes) + N_FOLDS
    report: Progress | None = (lambda done, _: progress(done, steps)) if progress else None
    markets = [_fast_only(market) for market in fold_dataset(dataset, parameters, report)]
    pumps = pumps_of(markets, known, events)
    if len(pumps.markets) < 3 * N_FOLDS:
        raise TapeError(f"{path}: must hold at least {3 * N_FOLDS} tapes named in events.csv, has {len(pumps.markets)}")
    protocol = _Protocol.of(pumps, events, parameters, seed)
    results = []
    for done, fold in enumerate(protocol.folds, start=1):
        results.append(_fold(protocol, fold))
        if progress:
            progress(len(dataset.tapes) + done, steps)
    return _summary(protocol, results)


def read_events(path: Path) -> pd.DataFrame:
    """Return `events.csv` by tape: `announced`, `onset_5s` and `onset_25s`, ns."""
    table = pd.read_csv(path).set_index("event")
    names = ("announced", "onset_5s", "onset_25s")
    times = {name: pd.to_datetime(table[name], format="ISO8601", utc=True) for name in names}
    return pd.DataFrame({name: time.astype("datetime64[ns, UTC]").astype("int64") for name, time in times.items()})


def _fast_only(market: MarketTape) -> MarketTape:
    # Pumps are told on the fast scale; without rows on the other nothing is learned there, which saves time.
    folded = market.folded
    return replace(market, folded=replace(folded, market=folded.market.take(np.empty(0, np.int64))))


def pumps_of(markets: Sequence[MarketTape], known: pd.DataFrame | None, events: pd.DataFrame) -> Pumps:
    """Return the tapes that are named after a pump, in the order of these pumps.

    Args:
        markets: Folded tapes.
        known: Every known pump (`symbol`, `time_ns`).
        events: Onset (`onset_5s`, ns) by tape; overlapping tapes hold each other's pumps, the name says whose it is.
    """
    named = [market for market in markets if market.tape in events.index]
    onset = events.loc[[market.tape for market in named], "onset_5s"].to_numpy(np.int64)
    order = np.argsort(onset, kind="stable")
    empty = pd.DataFrame({"symbol": [], "time_ns": []})
    return Pumps(tuple(named[i] for i in order), onset[order], empty if known is None else known)


@dataclass(frozen=True)
class _Protocol:
    pumps: Pumps
    events: pd.DataFrame
    rule: PumpAndDump
    suspected: Suspicions
    terms: Terms
    groups: NDArray[np.int64]
    folds: tuple[list[int], ...]
    spans: dict[int, tuple[int, int]]
    quiet_ns: int
    seed: int

    @classmethod
    def of(cls, pumps: Pumps, events: pd.DataFrame, parameters: Parameters, seed: int) -> _Protocol:
        rule, count = PumpAndDump(parameters.pump_and_dump), len(pumps.markets)
        suspected = suspicions(pumps.markets, (rule,), pumps.known)[PUMP]
        folds = tuple(fold.tolist() for fold in np.array_split(np.arange(count // 3, count), N_FOLDS))
        spans = pumps.spans(number for fold in folds for number in fold)
        quiet_ns = int(parameters.alerts.quiet_of(PUMP) * 1e9)
        groups = overlapping(pumps.markets)
        return cls(pumps, events, rule, suspected, Terms.of(suspected), groups, folds, spans, quiet_ns, seed)

    def earlier(self, fold: Sequence[int]) -> list[int]:
        """Return the pumps before a fold whose tapes overlap none of the coin in it."""
        tested = set(self.groups[list(fold)].tolist())
        return [number for number in range(fold[0]) if int(self.groups[number]) not in tested]

    def count(self, numbers: Sequence[int], spans: dict[int, tuple[int, int]] | None = None) -> Count:
        return Count.of(self.pumps, numbers, self.suspected.market, self.suspected.end, spans)

    def pick(self, numbers: Sequence[int]) -> tuple[NDArray[np.int64], Suspicions]:
        mine = np.isin(self.suspected.market, numbers)
        return np.flatnonzero(mine), self.suspected.take(mine)

    def placed(self, rows: NDArray[np.int64], score: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return scores of some suspicions as scores of all; 0 elsewhere."""
        out = np.zeros(len(self.suspected))
        out[rows] = score
        return out


@dataclass(frozen=True)
class _Fold:
    score: NDArray[np.float64]
    chosen: dict[tuple[str, float], Alarms]
    bins: pd.DataFrame


def _fold(protocol: _Protocol, test: list[int]) -> _Fold:
    earlier, quiet_ns = protocol.earlier(test), protocol.quiet_ns
    (before, mine), (now, theirs) = protocol.pick(earlier), protocol.pick(test)
    markets = [protocol.pumps.markets[number] for number in earlier]
    # Suspicions name their market by its place in the list that is learned from.
    placed = replace(mine, market=np.searchsorted(earlier, mine.market))
    learned = learn(markets, {PUMP: placed}, (protocol.rule,), experiment=Experiment(seed=protocol.seed))
    train, score = protocol.placed(before, learned.raw[PUMP]), protocol.placed(now, learned.judge(theirs))
    past, present = protocol.count(earlier), protocol.count(test, protocol.spans)
    chosen = {(PLAIN_RULE, 0.06): _rule_alarms(present, protocol.terms, ThreeTerms())}
    tried = {name: trials(past, protocol.terms, cells) for name, cells in _CELLS.items()}
    for target in TARGETS:
        threshold, _ = best_threshold(past, train, target, quiet_ns)
        chosen[OURS, target] = present.alarms(score >= threshold, quiet_ns)
        for name, found in tried.items():
            chosen[name, target] = _rule_alarms(present, protocol.terms, choose(found, target)[0])
    scores = {"combined": Scored(theirs.market, theirs.end, score[now])}
    if FAST in learned.classifiers:
        probability = learned.classifiers[FAST].classifier.by_typology(theirs.values)[PUMP]
        scores["classifier"] = Scored(theirs.market, theirs.end, np.nan_to_num(probability))
    return _Fold(score, chosen, bins_of(protocol.pumps, test, scores, learned.forests[FAST], protocol.events))


def _rule_alarms(count: Count, terms: Terms, rule: ThreeTerms) -> Alarms:
    return count.alarms(terms.hold(rule), rule.quiet_ns)


def _summary(protocol: _Protocol, folds: list[_Fold]) -> PumpBenchmark:
    chosen = {key: together([fold.chosen[key] for fold in folds]) for key in folds[0].chosen}
    lines = [
        Line(name, EARLIER, target, alarms, _over(alarms, chosen[CLOCK_RULE, target]) if name == OURS else None)
        for (name, target), alarms in chosen.items()
    ]
    tested = sorted(protocol.spans)
    swept, curves = _swept(protocol, tested, np.max([fold.score for fold in folds], axis=0))
    bins = pd.concat([fold.bins for fold in folds], ignore_index=True)
    names = [name for name in ("classifier", "isolation_forest", "combined") if name in bins]
    precision = {name: row_precision(bins.fillna(0.0), name) for name in names}
    ours = chosen[OURS, TARGETS[0]]
    missed = tuple(
        protocol.pumps.markets[n].tape for n, caught in zip(ours.number, ours.caught, strict=True) if not caught
    )
    return PumpBenchmark(len(tested), ours.coin_days, (*lines, *swept), precision, missed, curves)


def _swept(protocol: _Protocol, tested: list[int], score: NDArray[np.float64]) -> tuple[list[Line], tuple[Curve, ...]]:
    count = protocol.count(tested, protocol.spans)
    tried = {name: trials(count, protocol.terms, cells) for name, cells in _CELLS.items()}
    lines = []
    for target in TARGETS:
        _, ours = best_threshold(count, score, target, protocol.quiet_ns)
        rules = {name: choose(found, target)[1] for name, found in tried.items()}
        lines.append(Line(OURS, SWEPT, target, ours, _over(ours, rules[CLOCK_RULE])))
        lines += [Line(name, SWEPT, target, alarms) for name, alarms in rules.items()]
    curves = [Curve(OURS, *curve(count, score, protocol.quiet_ns, _HIGHEST_RATE))]
    curves += [Curve(name, *frontier([alarms for _, alarms in found])) for name, found in tried.items()]
    return lines, tuple(curves)


def frontier(found: Sequence[Alarms]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rates of false alerts and recalls of those results that no quieter one equals."""
    pairs = sorted({(alarms.false_rate, alarms.recall) for alarms in found}, key=lambda pair: (pair[0], -pair[1]))
    best = np.maximum.accumulate([recall for _, recall in pairs])
    kept = [i for i, (rate, _) in enumerate(pairs) if rate <= _HIGHEST_RATE and (i == 0 or best[i] > best[i - 1])]
    return np.array([pairs[i][0] for i in kept]), np.array([best[i] for i in kept])


def _over(ours: Alarms, rule: Alarms) -> tuple[float, float, float]:
    gain = ours.caught.astype(float) - rule.caught.astype(float)
    return (float(gain.mean()), *interval(gain))


def table_of(result: PumpBenchmark) -> Group:
    """Return the results as tables of at most 80 columns, with what to compare and what was missed."""
    parts: list[RenderableType] = [
        Text(f"{result.pumps} pumps tested forward in time over {result.coin_days:.0f} coin-days"),
        Text("Fair comparison: thresholds of earlier pumps; false alerts a coin-day", style="bold"),
        _lines_table([line for line in result.lines if line.threshold == EARLIER], "over rule + clock"),
        Text("\nThresholds swept on the tested pumps: what each could reach at most.", style="bold"),
        _lines_table([line for line in result.lines if line.threshold == SWEPT], "over rule + clock"),
        Text("\nAverage precision, 25 s bins; as onset: less half of the half hour before", style="bold"),
        _precision_table(result.precision),
        Text(f"\nMissed by ours at {TARGETS[0]:.2f}: {', '.join(result.missed) or 'none'}"),
    ]
    return Group(*parts)


def _lines_table(lines: Sequence[Line], over: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("detector", "aim", "recall [90 %]", "false", "delay", over):
        table.add_column(name, justify="left" if name == "detector" else "right", no_wrap=True)
    for line in sorted(lines, key=lambda line: (line.target, line.detector)):
        f = line.alarms.figures()
        gain = f"{line.over_rule[0]:+.2f} [{line.over_rule[1]:+.2f},{line.over_rule[2]:+.2f}]" if line.over_rule else ""
        table.add_row(
            line.detector, f"{line.target:.2f}", f"{f['recall']:.3f} [{f['recall_low']:.2f},{f['recall_high']:.2f}]",
            f"{f['false_per_coin_day']:.3f}", f"{f['median_delay_s']:.0f} s", gain,
            style="bold" if line.detector == OURS else None,
        )  # fmt: skip
    return table


def _precision_table(precision: dict[str, RowPrecision]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("model", "raw", "as onset", "published, raw"):
        table.add_column(name, justify="left" if name == "model" else "right", no_wrap=True)
    for name, found in precision.items():
        published = f"{PUBLISHED[name]:.3f}" if name in PUBLISHED else ""
        table.add_row(name.replace("_", " "), f"{found.raw:.3f}", f"{found.onset:.3f}", published)
    return table


def plot_of(result: PumpBenchmark) -> Figure:
    """Return recall against false alerts a coin-day: swept curves, and as points what earlier pumps chose."""
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    axes = figure.subplots()
    colour = {OURS: "tab:blue", RULE: "tab:orange", CLOCK_RULE: "tab:green", PLAIN_RULE: "tab:red"}
    for swept in result.curves:
        axes.step(swept.false_rate, swept.recall, where="post", color=colour[swept.detector], label=swept.detector)
    for line in (line for line in result.lines if line.threshold == EARLIER):
        f, marker = line.alarms.figures(), "o" if line.target == TARGETS[0] else "s"
        error = [[f["recall"] - f["recall_low"]], [f["recall_high"] - f["recall"]]]
        label = PLAIN_RULE if line.detector == PLAIN_RULE else None
        axes.errorbar(
            f["false_per_coin_day"], f["recall"], yerr=error, fmt=marker, color=colour[line.detector], label=label,
            capsize=2, alpha=0.8,
        )  # fmt: skip
    axes.set(xlabel="false alerts a coin-day", ylabel="pumps caught", xlim=(0, 0.1), ylim=(0.5, 1))
    axes.set_title(
        f"{result.pumps} real pumps, tested forward in time\nlines: swept; points: thresholds of earlier pumps, 90 %",
        fontsize="medium",
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    return figure

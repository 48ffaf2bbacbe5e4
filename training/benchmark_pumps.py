"""Real pumps, forward-chained: what ours catches beside the tuned three-term rule and the published models.

Pumps stand in time order. A first third only trains; the rest is tested in five folds, each by models and rules made
on earlier pumps alone, none of whose tapes overlaps a tested one of the coin. Hit: an alert that opens within
(onset - 60 s, onset + 120 s]. False: one more than an hour from every known pump of the coin.

The fair comparison is between lines whose thresholds come from earlier pumps. As ours reads the clock, the rule is
tuned with a clock, too. Swept lines choose on the tested pumps themselves, which flatters whoever has more to choose.

Two further questions: what the same models and thresholds catch when a coin has but an hour of history, and what
models catch that learned from simulated pumps, alone or beside the earlier real ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import TapeError
from features.fold import FAST
from features.readers import read_dataset
from models.parameters import Parameters
from models.rules.pump_and_dump import PumpAndDump
from training.experiment import Experiment
from training.labelling import Suspicions, known_episodes, overlapping, suspicions
from training.learn import Learned, learn
from training.markets import MarketTape, Progress, fold_dataset
from training.pump_counting import Alarms, Count, Pumps, Scored, best_threshold, curve, interval, together
from training.pump_history import AFTER_NS, HISTORY_NS, cut_markets
from training.pump_rows import RowPrecision, bins_of, row_precision
from training.pump_simulated import fast_only, simulated_markets
from training.three_term import Terms, ThreeTerms, choose, clock_cells, plain_cells, trials

PUMP = "pump_and_dump"
TARGETS = (0.03, 0.06)
N_FOLDS = 5
PUBLISHED = {"classifier": 0.804, "isolation_forest": 0.454}
OURS, RULE, CLOCK_RULE, PLAIN_RULE = "ours", "rule, tuned", "rule + clock, tuned", "rule as it stands"
SHORT, SHORT_RULE = "ours, 1 h of history", "rule, 1 h of history"
SIMULATED, BOTH = "ours, simulated only", "ours, simulated + real"
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
        over: Recall above that of the tuned rules, by name, and its 90 % interval over pumps, threshold chosen alike;
            empty for all but ours.
    """

    detector: str
    threshold: str
    target: float
    alarms: Alarms
    over: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)


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
             "over": dict(line.over), **line.alarms.figures()}
            for line in self.lines
        ]  # fmt: skip
        precision: dict[str, object] = {
            name: {"raw": p.raw, "onset": p.onset} for name, p in self.precision.items()
        } | {"published": PUBLISHED}
        return {"pumps": self.pumps, "coin_days": self.coin_days, "lines": told, "average_precision_25s": precision,
                "missed": list(self.missed)}  # fmt: skip


def benchmark(
    path: Path,
    parameters: Parameters,
    *,
    seed: int = 0,
    simulated: Path | None = None,
    store: Path | None = None,
    progress: Progress | None = None,
) -> PumpBenchmark:
    """Run the protocol on a dataset of labelled pumps.

    Args:
        path: Dataset with `labels.csv`, `events.csv` and `known_pumps.csv`.
        parameters: Windows, parameters of the rule, quiet that ends an alert.
        seed: Seed of the models.
        simulated: Dataset of simulated pumps, to learn from alone and beside the earlier real ones.
        store: Folder of stored features, see `fold_dataset`.
        progress: Called with (steps done, steps in all).

    Raises:
        TapeError: It is not such a dataset.
    """
    if not (path / "events.csv").exists():
        raise TapeError(f"{path}: must be a dataset of labelled pumps with events.csv, has none")
    dataset, known, events = read_dataset(path), known_episodes(path), read_events(path / "events.csv")
    step = _Steps(progress, 2 * len(dataset.tapes) - len(dataset.tapes) // 3 + N_FOLDS)
    folded = fold_dataset(dataset, parameters, lambda *_: step(), store=store)
    markets = [fast_only(market) for market in folded]
    pumps = pumps_of(markets, known, events)
    if len(pumps.markets) < 3 * N_FOLDS:
        raise TapeError(f"{path}: must hold at least {3 * N_FOLDS} tapes named in events.csv, has {len(pumps.markets)}")
    protocol = _Protocol.of(pumps, events, parameters, seed)
    short = cut_markets(dataset, pumps, sorted(protocol.spans), parameters, step)
    others = _Others(_of_numbers(short, protocol.rule), _simulated(simulated, parameters, protocol, store))
    results = []
    for fold in protocol.folds:
        results.append(_fold(protocol, fold, others))
        step()
    return _summary(protocol, results)


@dataclass
class _Steps:
    progress: Progress | None
    total: int
    done: int = 0

    def __call__(self) -> None:
        self.done += 1
        if self.progress:
            self.progress(min(self.done, self.total), self.total)


@dataclass(frozen=True)
class _Simulated:
    """Simulated pumps, what the rule suspects of them, and what was learned from them alone."""

    markets: tuple[MarketTape, ...]
    suspected: Suspicions
    alone: Learned


@dataclass(frozen=True)
class _Others:
    """What else is asked: pumps with an hour of history, as suspected, and simulated ones."""

    short: Suspicions
    simulated: _Simulated | None


def _of_numbers(markets: Mapping[int, MarketTape], rule: PumpAndDump) -> Suspicions:
    found = suspicions(tuple(markets.values()), (rule,))[PUMP]
    return replace(found, market=np.array(list(markets), np.int64)[found.market])


def _simulated(path: Path | None, parameters: Parameters, protocol: _Protocol, store: Path | None) -> _Simulated | None:
    if path is None:
        return None
    markets = tuple(simulated_markets(path, parameters, store=store))
    suspected = suspicions(markets, (protocol.rule,))[PUMP]
    return _Simulated(
        markets,
        suspected,
        learn(markets, {PUMP: suspected}, (protocol.rule,), experiment=Experiment(seed=protocol.seed)),
    )


def read_events(path: Path) -> pd.DataFrame:
    """Return `events.csv` by tape: `announced`, `onset_5s` and `onset_25s`, ns."""
    table = pd.read_csv(path).set_index("event")
    names = ("announced", "onset_5s", "onset_25s")
    times = {name: pd.to_datetime(table[name], format="ISO8601", utc=True) for name in names}
    return pd.DataFrame({name: time.astype("datetime64[ns, UTC]").astype("int64") for name, time in times.items()})


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

    def learn(self, markets: Sequence[MarketTape], suspected: Suspicions) -> Learned:
        """Return what is learned from the rule's suspicions on markets."""
        experiment, known = Experiment(seed=self.seed), self.pumps.known
        return learn(markets, {PUMP: suspected}, (self.rule,), experiment=experiment, known=known)

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


def _fold(protocol: _Protocol, test: list[int], others: _Others) -> _Fold:
    earlier = protocol.earlier(test)
    models = _learned(protocol, earlier, others.simulated)
    (_, theirs), learned = protocol.pick(test), models[OURS]
    past, present = protocol.count(earlier), protocol.count(test, protocol.spans)
    few = others.short.take(np.isin(others.short.market, test))
    short, short_score = _short_count(protocol, test, few), learned.judge(few)
    chosen = {(PLAIN_RULE, 0.06): _rule_alarms(present, protocol.terms, ThreeTerms())}
    tried = {name: trials(past, protocol.terms, cells) for name, cells in _CELLS.items()}
    scored = {name: _scores(protocol, earlier, test, model, is_new=name == SIMULATED) for name, model in models.items()}
    for target in TARGETS:
        for name, (before, now) in scored.items():
            threshold, _ = best_threshold(past, before, target, protocol.quiet_ns)
            chosen[name, target] = present.alarms(now >= threshold, protocol.quiet_ns)
            if name == OURS:
                chosen[SHORT, target] = short.alarms(short_score >= threshold, protocol.quiet_ns)
        rules = {name: choose(found, target)[0] for name, found in tried.items()}
        chosen |= {(name, target): _rule_alarms(present, protocol.terms, rule) for name, rule in rules.items()}
        chosen[SHORT_RULE, target] = _rule_alarms(short, Terms.of(few), rules[RULE])
    own = protocol.pick(test)[0]
    scores = {}
    for name, model in models.items():
        learned_from = name.removeprefix(OURS)
        if FAST in model.classifiers:
            probability = np.nan_to_num(model.classifiers[FAST].classifier.by_typology(theirs.values)[PUMP])
            scores[f"classifier{learned_from}"] = Scored(theirs.market, theirs.end, probability)
        if FAST in model.onsets:
            told = np.nan_to_num(model.onset(theirs))
            scores[f"onset classifiers{learned_from}"] = Scored(theirs.market, theirs.end, told)
        scores[f"combined{learned_from}"] = Scored(theirs.market, theirs.end, scored[name][1][own])
    bins = bins_of(protocol.pumps, test, scores, learned.forests[FAST], protocol.events)
    return _Fold(scored[OURS][1], chosen, bins)


def _learned(protocol: _Protocol, earlier: list[int], simulated: _Simulated | None) -> dict[str, Learned]:
    markets = [protocol.pumps.markets[number] for number in earlier]
    _, mine = protocol.pick(earlier)
    # Suspicions name their market by its place in the list that is learned from.
    placed = replace(mine, market=np.searchsorted(earlier, mine.market))
    out = {OURS: protocol.learn(markets, placed)}
    if simulated is not None:
        theirs, n = simulated.suspected, len(markets)
        moved = replace(theirs, market=theirs.market + n, group=theirs.group + len(protocol.pumps.markets))
        out[BOTH] = protocol.learn([*markets, *simulated.markets], placed.then(moved))
        out[SIMULATED] = simulated.alone
    return out


def _scores(
    protocol: _Protocol, earlier: list[int], test: list[int], model: Learned, *, is_new: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the scores of all suspicions on earlier pumps, by models that had not seen them, and on tested ones."""
    (before, mine), (now, theirs) = protocol.pick(earlier), protocol.pick(test)
    # What was learned from simulation alone has seen none of the earlier pumps.
    unseen = model.judge(mine) if is_new else model.raw[PUMP][: len(mine)]
    return protocol.placed(before, unseen), protocol.placed(now, model.judge(theirs))


def _short_count(protocol: _Protocol, test: list[int], few: Suspicions) -> Count:
    onset = protocol.pumps.onset
    spans = {number: (int(onset[number]) - HISTORY_NS, int(onset[number]) + AFTER_NS) for number in test}
    return Count.of(protocol.pumps, test, few.market, few.end, spans)


def _rule_alarms(count: Count, terms: Terms, rule: ThreeTerms) -> Alarms:
    return count.alarms(terms.hold(rule), rule.quiet_ns)


def _summary(protocol: _Protocol, folds: list[_Fold]) -> PumpBenchmark:
    chosen = {key: together([fold.chosen[key] for fold in folds]) for key in folds[0].chosen}
    lines = [
        Line(name, EARLIER, target, alarms, _over_rules(alarms, chosen, target) if name == OURS else {})
        for (name, target), alarms in chosen.items()
    ]
    tested = sorted(protocol.spans)
    swept, curves = _swept(protocol, tested, np.max([fold.score for fold in folds], axis=0))
    bins = pd.concat([fold.bins for fold in folds], ignore_index=True)
    names = [str(name) for name in bins if name not in ("number", "bin", "positive")]
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
        over = {name: _over(ours, alarms) for name, alarms in rules.items()}
        lines.append(Line(OURS, SWEPT, target, ours, over))
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


def _over_rules(
    ours: Alarms, chosen: Mapping[tuple[str, float], Alarms], target: float
) -> dict[str, tuple[float, float, float]]:
    return {name: _over(ours, chosen[name, target]) for name in (RULE, CLOCK_RULE)}


def _over(ours: Alarms, rule: Alarms) -> tuple[float, float, float]:
    gain = ours.caught.astype(float) - rule.caught.astype(float)
    return (float(gain.mean()), *interval(gain))

"""The simplest test of realism: can a classifier tell minutes of real tapes from minutes of simulated ones?

Minutes are matched for activity, so that a busy simulation is not told from a quiet market by its trade count; of a
minute only shapes and ratios are seen (`training.facts.minute_features`). Markets are held out whole. 0.5 means that
it cannot tell; what it tells them by is named, for that is what to mend next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.errors import TapeError
from training.facts.minute_features import LEVELS, SHAPES, minute_features
from training.facts.tapes import markets_at

FOLDS = 5
LEAST_TAKERS = 3
FEWEST_MINUTES = 50
FEWEST_GROUPS = 2
N_DRAWS = 1_000
SHOWN = 12
TELLING = 0.75


@dataclass(frozen=True)
class GiveAway:
    """One feature of a minute and how it tells real from simulated.

    Attributes:
        feature: Its name in `training.facts.minute_features`.
        auc: Area under the curve of this feature alone, in [0.5, 1]; NaN where it is known of one kind only.
        importance: How much the area falls when the feature is shuffled over held-out minutes; NaN for levels.
        real: Median of real minutes.
        simulated: Median of simulated minutes.
    """

    feature: str
    auc: float
    importance: float
    real: float
    simulated: float


@dataclass(frozen=True)
class Realism:
    """How well simulated minutes pass for real ones.

    Attributes:
        accuracy: Balanced accuracy on held-out markets by shapes alone; 0.5 cannot tell, 1 always can.
        interval: 90 % interval of that accuracy, over markets drawn anew.
        auc: Area under the curve on held-out markets: the chance that of two minutes the real one is told.
        accuracy_with_levels: Accuracy when tick and volatility in basis points are seen as well.
        auc_with_levels: Area then.
        fold_aucs: The same by fold.
        minutes: Matched minutes of each kind.
        real_minutes: Real minutes before matching.
        simulated_minutes: Simulated minutes before matching.
        overlap: Share of the real minutes whose like in activity was simulated at all, in [0, 1]. Near 0, the matched
            minutes are the rare ones of one kind, and the comparison says little.
        real_markets: Real markets among the matched minutes; a coin's tapes are one.
        simulated_markets: Simulated markets among them.
        takers: Mean taker orders in a matched minute, real and simulated.
        give_aways: Every feature, those that tell most first.
    """

    accuracy: float
    interval: tuple[float, float]
    auc: float
    accuracy_with_levels: float
    auc_with_levels: float
    fold_aucs: tuple[float, ...]
    minutes: int
    real_minutes: int
    simulated_minutes: int
    overlap: float
    real_markets: int
    simulated_markets: int
    takers: tuple[float, float]
    give_aways: tuple[GiveAway, ...]

    def figures(self) -> dict[str, object]:
        """Return all figures as JSON types."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "give_aways"}
        told |= {name: list(told[name]) for name in ("fold_aucs", "takers", "interval")}
        return told | {"give_aways": [vars(one) for one in self.give_aways]}


def realism(
    real: Path,
    simulated: Path,
    *,
    most_tapes: int = 40,
    most_minutes: int = 10_000,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Realism:
    """Tell real from simulated minutes.

    Args:
        real: A tape or a dataset; the hours around known pumps are left out.
        simulated: A tape or a dataset, made without abuse.
        most_tapes: Of a dataset's tapes take at most so many, evenly spread.
        most_minutes: Matched minutes of each kind to take at most.
        seed: Seed of the sampling, the folds and the model.
        progress: Called with (tapes done, tapes in all) for each of the two.

    Raises:
        TapeError: One of them cannot be read, or they have too few minutes of like activity to compare.
    """
    return judge(
        minutes_at(real, real=True, most_tapes=most_tapes, progress=progress),
        minutes_at(simulated, real=False, most_tapes=most_tapes, progress=progress),
        most_minutes=most_minutes,
        seed=seed,
    )


def minutes_at(
    path: Path, *, real: bool, most_tapes: int = 40, progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Return the minutes of a tape or dataset with their features and `group`, the market that is held out whole.

    Args:
        path: A tape or a dataset.
        real: Of real tapes a symbol is one group, for tapes of one coin are alike; simulated symbols only share names.
        most_tapes: Of a dataset's tapes take at most so many.
        progress: Called with (tapes done, tapes in all).

    Raises:
        TapeError: Nothing there can be read.
    """
    parts = []
    for market in markets_at(path, most_tapes=most_tapes, orders=False, progress=progress):
        group = f"{market.venue} {market.symbol}" if real else f"{market.tape} {market.venue} {market.symbol}"
        parts.append(minute_features(market, LEAST_TAKERS).assign(group=group))
    parts = [part for part in parts if len(part)]
    if not parts:
        raise TapeError(
            f"{path}: must have minutes with {LEAST_TAKERS} taker orders after an hour of trading, has none"
        )
    return pd.concat(parts, ignore_index=True)


def judge(real: pd.DataFrame, simulated: pd.DataFrame, *, most_minutes: int = 10_000, seed: int = 0) -> Realism:
    """Tell real from simulated minutes, as `minutes_at` returns them.

    Raises:
        TapeError: There are too few minutes of like activity, or they are of one market.
    """
    rng = np.random.default_rng(seed)
    first, second = matched(real, simulated, rng, most_minutes)
    both = pd.concat([real.iloc[first].assign(is_real=True), simulated.iloc[second].assign(is_real=False)])
    groups = both.groupby("is_real")["group"].nunique()
    if len(first) < FEWEST_MINUTES or groups.min() < FEWEST_GROUPS:
        raise TapeError(
            f"must have at least {FEWEST_MINUTES} minutes of like activity from {FEWEST_GROUPS} markets each, has "
            f"{len(first)} from {groups.get(True, 0)} real and {groups.get(False, 0)} simulated ones"
        )
    codes = pd.factorize(both["group"].where(both["is_real"], "simulated " + both["group"]))[0]
    task = _Task(both, codes, min(FOLDS, int(groups.min())), seed)
    # On a shared machine its threads wait for one another; one thread is faster than two.
    with threadpool_limits(1, user_api="openmp"):
        score, aucs, importance = _held_out(task, SHAPES, shuffle=True)
        with_levels, _, _ = _held_out(task, (*SHAPES, *LEVELS))
    return Realism(
        accuracy=_balanced(task.is_real, score),
        interval=_interval(task, score),
        auc=float(roc_auc_score(task.is_real, score)),
        accuracy_with_levels=_balanced(task.is_real, with_levels),
        auc_with_levels=float(roc_auc_score(task.is_real, with_levels)),
        fold_aucs=tuple(aucs),
        minutes=len(first),
        real_minutes=len(real),
        simulated_minutes=len(simulated),
        overlap=float(np.isin(_cell(real), _cell(simulated)).mean()),
        real_markets=int(groups[True]),
        simulated_markets=int(groups[False]),
        takers=(float(real["takers"].iloc[first].mean()), float(simulated["takers"].iloc[second].mean())),
        give_aways=_give_aways(both, dict(zip(SHAPES, importance, strict=True))),
    )


def _balanced(is_real: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    said = score >= 0.5
    return float((said[is_real].mean() + (~said[~is_real]).mean()) / 2)


def _interval(task: _Task, score: NDArray[np.float64]) -> tuple[float, float]:
    # Minutes of one market are right or wrong together, so markets are drawn, not minutes.
    rng = np.random.default_rng(task.seed)
    frame = pd.DataFrame({"right": (score >= 0.5) == task.is_real, "is_real": task.is_real, "group": task.group})
    markets = frame.groupby(["is_real", "group"])["right"].agg(["sum", "count"])
    kinds = [markets.loc[kind].to_numpy(np.float64) for kind in (True, False)]
    drawn = [one[rng.integers(0, len(one), (N_DRAWS, len(one)))].sum(axis=1) for one in kinds]
    accuracy = np.mean([one[:, 0] / one[:, 1] for one in drawn], axis=0)
    low, high = np.quantile(accuracy, [0.05, 0.95])
    return float(low), float(high)


def matched(
    real: pd.DataFrame, simulated: pd.DataFrame, rng: np.random.Generator, most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return as many rows of either kind from each cell of like activity.

    A cell is an octave of taker orders in the minute and a factor of four of those in the hour before.

    Args:
        real: Minutes with `takers` and `hour_takers`.
        simulated: The same.
        rng: Draws the rows.
        most: Rows of each kind at most.

    Returns:
        Row numbers of the real and of the simulated minutes, shape (n,) each.
    """
    cells = [_cell(frame) for frame in (real, simulated)]
    rows: tuple[list[NDArray[np.int64]], ...] = ([], [])
    for cell in np.intersect1d(cells[0], cells[1]):
        members = [np.flatnonzero(one == cell) for one in cells]
        size = min(len(one) for one in members)
        for kept, one in zip(rows, members, strict=True):
            kept.append(rng.permutation(one)[:size])
    if not rows[0]:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    first, second = (np.concatenate(kept) for kept in rows)
    drawn = rng.permutation(len(first))[:most]
    return first[drawn], second[drawn]


def _cell(frame: pd.DataFrame) -> NDArray[np.int64]:
    minute = np.floor(np.log2(frame["takers"].to_numpy(np.float64)))
    hour = np.floor(0.5 * np.log2(frame["hour_takers"].to_numpy(np.float64)))
    return np.asarray((1000 * minute + hour).astype(np.int64))


@dataclass(frozen=True)
class _Task:
    minutes: pd.DataFrame
    group: NDArray[np.int64]
    folds: int
    seed: int

    @property
    def is_real(self) -> NDArray[np.bool_]:
        return self.minutes["is_real"].to_numpy(np.bool_)


def _held_out(
    task: _Task, columns: tuple[str, ...], *, shuffle: bool = False
) -> tuple[NDArray[np.float64], list[float], NDArray[np.float64]]:
    # Scores by models that saw no minute of the market, their areas by fold, and each feature's importance.
    rng, y = np.random.default_rng(task.seed), task.is_real
    x = task.minutes[[*columns]].to_numpy(np.float64)
    score, aucs, falls = np.zeros(len(y)), [], []
    splits = StratifiedGroupKFold(task.folds, shuffle=True, random_state=task.seed)
    for train, test in splits.split(x, y, task.group):
        model = HistGradientBoostingClassifier(random_state=task.seed)
        model.fit(x[train], y[train])
        score[test] = model.predict_proba(x[test])[:, 1]
        if y[test].all() or not y[test].any():
            continue
        aucs.append(float(roc_auc_score(y[test], score[test])))
        if shuffle:
            falls.append([aucs[-1] - _shuffled_auc(model, x[test], y[test], i, rng) for i in range(len(columns))])
    return score, aucs, np.mean(falls, axis=0) if falls else np.full(len(columns), np.nan)


def _shuffled_auc(
    model: HistGradientBoostingClassifier,
    x: NDArray[np.float64],
    y: NDArray[np.bool_],
    column: int,
    rng: np.random.Generator,
) -> float:
    held = x.copy()
    held[:, column] = rng.permutation(held[:, column])
    return float(roc_auc_score(y, model.predict_proba(held)[:, 1]))


def _give_aways(minutes: pd.DataFrame, importance: dict[str, float]) -> tuple[GiveAway, ...]:
    found = []
    for name in (*SHAPES, *LEVELS):
        known = minutes[np.isfinite(minutes[name])]
        is_real, values = known["is_real"].to_numpy(np.bool_), known[name].to_numpy(np.float64)
        both = is_real.any() and not is_real.all()
        told = float(roc_auc_score(is_real, values)) if both else np.nan
        medians = [float(np.median(values[kind])) if kind.any() else np.nan for kind in (is_real, ~is_real)]
        found.append(GiveAway(name, float(np.maximum(told, 1.0 - told)), importance.get(name, np.nan), *medians))
    return tuple(sorted(found, key=lambda one: -np.nan_to_num(one.auc)))


def table_of(result: Realism) -> Group:
    """Return the result as tables of at most 80 columns: how well they are told apart, and by what."""
    low, high = (min(result.fold_aucs), max(result.fold_aucs)) if result.fold_aucs else (np.nan, np.nan)
    parts: list[RenderableType] = [
        Text("Real or simulated? One-minute features on held-out markets", style="bold"),
        Text(
            f"balanced accuracy {result.accuracy:.3f} [{result.interval[0]:.2f}, {result.interval[1]:.2f}]   "
            "(0.5: cannot tell, 1: always)"
        ),
        Text(f"area under curve  {result.auc:.3f}   (by fold {low:.2f} to {high:.2f})"),
        Text(f"with tick and volatility in bps: {result.accuracy_with_levels:.3f} and {result.auc_with_levels:.3f}"),
        Text(
            f"{result.minutes} minutes each, matched for activity ({result.takers[0]:.1f} and {result.takers[1]:.1f} "
            f"taker orders a minute),\nof {result.real_minutes} in {result.real_markets} real and "
            f"{result.simulated_minutes} in {result.simulated_markets} simulated markets;\n"
            f"{100 * result.overlap:.0f} % of the real minutes have their like in activity simulated\n"
        ),
        Text("What gives it away alone, and what the classifier leans on", style="bold"),
        _give_away_table(result),
    ]
    return Group(*parts)


def _give_away_table(result: Realism) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("feature", "alone", "shuffled", "real median", "simulated"):
        table.add_column(name, justify="left" if name == "feature" else "right", no_wrap=True)
    leaned = sorted(result.give_aways, key=lambda one: -np.nan_to_num(one.importance))[: SHOWN // 2]
    alone = result.give_aways[:SHOWN]
    for one in [*alone, *(one for one in leaned if one not in alone)]:
        fall = "" if np.isnan(one.importance) else f"{-one.importance:+.3f}"
        cells = [one.feature, f"{one.auc:.3f}", fall, f"{one.real:.3g}", f"{one.simulated:.3g}"]
        table.add_row(*cells, style="red" if one.auc >= TELLING else None)
    return table

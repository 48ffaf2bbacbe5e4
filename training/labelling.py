"""Labelling: which of the rules' suspicions were right.

The learned detectors are trained on what the rules suspect, however weakly: there they must tell the pattern from its
look-alikes. A suspicion within a labelled episode of its typology is right, one near it is left out (the window still
holds it), any other is wrong; but an anomaly within an episode of another typology is neither. Where labels are
verdicts, only what was called false is wrong, and what nobody looked at is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from features.fold import ACCOUNT, FAST
from features.rows import Rows
from models.judging import Candidates, judge
from models.rules.base import Rule
from training.hits import same_pattern
from training.markets import MarketTape
from training.verdicts import LEFT, confirmed, is_partly, refuted

RIGHT, WRONG, LEFT_OUT, FOLLOWS, GOES_ON = 1, 0, -1, 2, 3
"""On public tapes a pump is right for its first minute; the classifier of onsets tells what is RIGHT there from what
FOLLOWS within that minute and from what GOES_ON after it, which nothing else learns from."""
KNOWN_EPISODES = "known_pumps.csv"
NEAR_NS = 3_600_000_000_000
ONSET_NS = 120_000_000_000
FIRST_NS = MINUTE_NS = 60_000_000_000
ONSET_OVER_NS = 25_000_000_000
RUN_NS = 600_000_000_000


@dataclass(frozen=True)
class Suspicions:
    """What one rule suspects on many markets, shape (n,) each.

    Attributes:
        typology: The rule's typology.
        scale: The rows it reads.
        market: Number of the market in the list of markets; the candidates of one stand together, in their order.
        values: Feature rows, shape (n, n_features).
        end: End of the row's bucket, ns.
        entity: Whom the row is about, -1 for the market as a whole.
        score: The rule's score.
        evidence: How much evidence the score rests on.
        truth: RIGHT, WRONG, LEFT_OUT, FOLLOWS or GOES_ON.
        weight: Weight in training: every episode counts alike, and so does every run of wrong ones and every minute of
            those that go on.
        group: Markets that must not be separated, see `inseparable`.
    """

    typology: str
    scale: str
    market: NDArray[np.int64]
    values: NDArray[np.float64]
    end: NDArray[np.int64]
    entity: NDArray[np.int32]
    score: NDArray[np.float64]
    evidence: NDArray[np.float64]
    truth: NDArray[np.int8]
    weight: NDArray[np.float64]
    group: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.end)

    def take(self, rows: NDArray[np.bool_]) -> Suspicions:
        """Return the rows of a mask."""
        columns: dict[str, Any] = {name: getattr(self, name)[rows] for name in _COLUMNS}
        return replace(self, **columns)

    def then(self, more: Suspicions) -> Suspicions:
        """Return these and more of the same rule."""
        return _together([self, more])


_COLUMNS = tuple(field.name for field in fields(Suspicions) if field.name not in ("typology", "scale"))


def is_right(truth: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return which suspicions are right, same shape."""
    right: NDArray[np.bool_] = (truth == RIGHT) | (truth == FOLLOWS)
    return right


def is_judged(truth: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return which suspicions are right or wrong, same shape."""
    judged: NDArray[np.bool_] = is_right(truth) | (truth == WRONG)
    return judged


def suspicions(
    markets: Sequence[MarketTape], rules: tuple[Rule, ...], known: pd.DataFrame | None = None
) -> dict[str, Suspicions]:
    """Return what each rule suspects on each market, with the truth as labelled.

    Args:
        markets: Folded markets.
        rules: The catalogue.
        known: Further episodes whose surroundings are left out (`symbol`, `time_ns`).
    """
    groups = inseparable(markets)
    parts: dict[str, list[Suspicions]] = {rule.typology: [] for rule in rules}
    for number, market in enumerate(markets):
        for found in judge(rules, market.folded, None):
            truth, episode = _truth(found, market, known)
            weight = _weight(found, truth, episode)
            parts[found.rule.typology].append(_suspicions(found, number, int(groups[number]), truth, weight))
    return {typology: _together(part) for typology, part in parts.items() if part}


def _suspicions(
    found: Candidates, number: int, group: int, truth: NDArray[np.int8], weight: NDArray[np.float64]
) -> Suspicions:
    return Suspicions(
        typology=found.rule.typology,
        scale=found.rule.scale,
        market=np.full(len(found), number),
        values=found.rows.values[found.row],
        end=found.rows.end[found.row],
        entity=found.rows.entity[found.row],
        score=found.score,
        evidence=found.evidence,
        truth=truth,
        weight=weight,
        group=np.full(len(found), group),
    )


def _together(parts: list[Suspicions]) -> Suspicions:
    columns: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS}
    return replace(parts[0], **columns)


def _truth(
    found: Candidates, market: MarketTape, known: pd.DataFrame | None
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    start, end = found.rows.start[found.row], found.rows.end[found.row]
    truth = np.zeros(len(found), np.int8)
    episode = np.full(len(found), -1, np.int64)
    if known is not None:
        for time in known.loc[known["symbol"] == market.symbol, "time_ns"]:
            truth[np.abs(end - time) <= NEAR_NS] = LEFT_OUT
    _surroundings(truth, found, market)
    if is_partly(market.labels):
        truth[:] = LEFT_OUT
        for _, label in _of_pattern(refuted(market.labels), found.rule.typology):
            truth[_within(found, label, market)] = WRONG
    for number, label in _of_pattern(confirmed(market.labels), found.rule.typology):
        within, begin = _within(found, label, market), label["start_ns"]
        truth[within] = RIGHT
        if found.rule.scale == FAST and not label["accounts"]:
            # On a public tape only the rise is the pattern; what follows is its fading.
            over = (end[within] > begin + ONSET_OVER_NS) & (start[within] > begin)
            truth[within[over]] = np.where(end[within[over]] <= begin + FIRST_NS, FOLLOWS, GOES_ON)
        episode[within[is_right(truth[within])]] = number
    return truth, episode


def _surroundings(truth: NDArray[np.int8], found: Candidates, market: MarketTape) -> None:
    start, end = found.rows.start[found.row], found.rows.end[found.row]
    labels = confirmed(market.labels)
    is_same = labels["typology"].map(same_pattern).to_numpy() == found.rule.typology
    columns = (labels[name] for name in ("start_ns", "end_ns", "accounts"))
    for same, begin, finish, accounts in zip(is_same, *columns, strict=True):
        if same:
            # The onset may be labelled late; and windows go on holding the episode for an hour.
            truth[(end > begin - ONSET_NS) & (start <= finish + NEAR_NS)] = LEFT_OUT
            if found.rule.scale == FAST and not accounts:
                truth[(end > begin + ONSET_OVER_NS) & (start <= finish + NEAR_NS)] = GOES_ON
        elif found.rule.category == "anomaly":
            truth[(end > begin) & (start <= finish + NEAR_NS)] = LEFT_OUT


def _of_pattern(labels: pd.DataFrame, typology: str) -> Iterator[tuple[int, pd.Series[Any]]]:
    for number, (_, label) in enumerate(labels.iterrows()):
        if same_pattern(label["typology"]) == typology and not label.get(LEFT, False):
            yield number, label


def _within(found: Candidates, label: pd.Series[Any], market: MarketTape) -> NDArray[np.int64]:
    start, end = found.rows.start[found.row], found.rows.end[found.row]
    within = np.flatnonzero((end > label["start_ns"]) & (start <= label["end_ns"]))
    return within[_names_it(found, within, market, set(label["accounts"]))]


def _names_it(found: Candidates, rows: NDArray[np.int64], market: MarketTape, accounts: set[str]) -> NDArray[np.bool_]:
    members = found.members[rows]
    if not accounts:
        return np.ones(len(rows), dtype=bool)
    named: NDArray[np.bool_] = (members[:, 0] < 0) | np.isin(members, entities(market, accounts)).any(axis=1)
    return named


def entities(market: MarketTape, accounts: set[str]) -> NDArray[np.int32]:
    """Return the codes of the entities that own these accounts, ascending."""
    owners = {market.names.entity_of[code] for code, name in enumerate(market.names.accounts) if name in accounts}
    return np.array(sorted(owners), dtype=np.int32)


def _weight(found: Candidates, truth: NDArray[np.int8], episode: NDArray[np.int64]) -> NDArray[np.float64]:
    end = found.rows.end[found.row]
    run = np.cumsum(np.concatenate([[0], np.diff(end) > RUN_NS])) if len(end) else np.empty(0, np.int64)
    key = np.where(is_right(truth), -1 - episode, run)
    key = np.where(truth == GOES_ON, len(end) + end // MINUTE_NS, key)
    weight, used = np.zeros(len(end)), truth != LEFT_OUT
    _, which, count = np.unique(key[used], return_inverse=True, return_counts=True)
    weight[used] = 1.0 / count[which]
    return weight


def overlapping(markets: Sequence[MarketTape]) -> NDArray[np.int64]:
    """Return a group number per market; tapes of one venue and symbol that overlap in time share one."""
    groups = np.arange(len(markets))
    last: dict[tuple[str, str], tuple[int, int]] = {}
    for number in sorted(range(len(markets)), key=lambda n: markets[n].start):
        market = markets[number]
        key = (market.venue, market.symbol)
        end, group = last.get(key, (-1, number))
        groups[number] = group if market.start <= end else number
        last[key] = (max(end, market.end) if market.start <= end else market.end, int(groups[number]))
    return groups


def inseparable(markets: Sequence[MarketTape]) -> NDArray[np.int64]:
    """Return a group number per market, shape (n_markets,): what folds must not separate.

    Tapes that share a moment of a market are together, and so are markets in which one entity is accused: an event may
    span several, and a hand is known by its habits.
    """
    moments, n = overlapping(markets), len(markets)
    names = [sorted(set().union(*market.accused())) for market in markets]
    accused, code = np.unique([name for one in names for name in one], return_inverse=True)
    rows = np.concatenate([np.arange(n), np.repeat(np.arange(n), [len(one) for one in names])])
    columns = n + np.concatenate([moments, n + code])
    size = 2 * n + len(accused)
    links = coo_array((np.ones(len(rows)), (rows, columns)), (size, size))
    groups: NDArray[np.int64] = connected_components(links, directed=False)[1][:n].astype(np.int64)
    return groups


def honest_rows(
    rows: Rows, market: MarketTape, known: pd.DataFrame | None = None, before_ns: int = 0, after_ns: int = NEAR_NS
) -> NDArray[np.bool_]:
    """Return which rows of a market hold nothing that is labelled or known of, shape (n_rows,).

    What others do during an episode that names accounts is honest; around an episode that is known of only by its
    time nothing is, for `after_ns` either way.

    Args:
        rows: Feature rows of the market.
        market: The market, with its labels.
        known: Further episodes (`symbol`, `time_ns`).
        before_ns: How long before an episode rows are not honest.
        after_ns: How long after it windows may still hold it.
    """
    honest, labels = np.ones(len(rows), dtype=bool), confirmed(market.labels)
    for begin, finish, accounts in zip(labels["start_ns"], labels["end_ns"], labels["accounts"], strict=True):
        away = (rows.end <= begin - before_ns) | (rows.start > finish + after_ns)
        others = ~np.isin(rows.entity, entities(market, set(accounts))) if rows.scale == ACCOUNT and accounts else False
        honest &= away | others
    if known is not None:
        for time in known.loc[known["symbol"] == market.symbol, "time_ns"]:
            honest &= (rows.end <= time - after_ns) | (rows.start > time + after_ns)
    return honest


def known_episodes(dataset: Path) -> pd.DataFrame | None:
    """Return the episodes that a dataset knows of without labelling them: its `known_pumps.csv`, if it has one."""
    path = dataset / KNOWN_EPISODES
    if not path.exists():
        return None
    table = pd.read_csv(path)
    times = pd.to_datetime(table["announced"], format="ISO8601", utc=True).astype("datetime64[ns, UTC]").astype("int64")
    return pd.DataFrame({"symbol": table["symbol"], "time_ns": times})

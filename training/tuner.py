"""Tuning: parameters for a budget of alerts a day, chosen on earlier tapes and told by what they reach on later ones.

With labels, each table's main threshold and the confidence threshold are chosen together, for the most episodes found
within the budget. Without labels nothing says which rule to trust: alerts are ranked by confidence, and only the
confidence threshold is chosen.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.errors import ParameterError, TapewatchError
from models.bundle import Bundle
from models.judging import judge
from models.parameter_changes import changed
from models.parameters import Parameters
from models.rules import build_rules
from models.rules.base import Rule
from models.surveillance import policy_of
from training.alerts import Raised, alerts_of, raise_alerts, uncited
from training.hits import same_pattern
from training.markets import MarketTape, Progress, days_of, tapes_in_order
from training.splits import without_overlap
from training.whatif import Judged, WhatIf, compared, judged

MAIN: Mapping[str, str] = {
    "pump_and_dump": "rise_threshold",
    "dump_and_pump": "rise_threshold",
    "wash_trading": "wash_trade_threshold",
    "unlabelled_volume": "agreeing_tests",
    "spoofing": "minimum_surprise",
    "layering": "minimum_surprise",
    "momentum_ignition": "half_spreads",
    "ramping": "clear_steps",
    "marking_the_close": "volume_share",
    "front_running": "chance_multiple",
    "quote_stuffing": "minimum_messages",
    "ping_orders": "minimum_pings",
    "smoking": "minimum_rounds",
    "advancing_the_bid": "minimum_orders",
    "no_intent_to_execute": "minimum_sigma",
    "floor_ceiling": "minimum_size",
    "volume_spike": "volume_spike_multiplier",
    "price_anomaly": "leap_multiple",
    "timing_anomaly": "beat_share",
    "concentrated_trading": "concentration_threshold",
    "excessive_accumulation_own": "deviation_multiple",
    "excessive_accumulation_others": "deviation_multiple",
    "adv_outlier": "volume_share",
    "vanishing_wall": "wall_multiple",
    "liquidity_withdrawal": "pulled_share",
    "price_discrepancy": "minimum_net_bps",
    "arbitrage": "minimum_pairs",
    "inter_venue_manipulation": "minimum_sigmas",
    "cross_market_wash": "minimum_rounds",
}
"""The main threshold of each table of parameters: the higher, the fewer findings."""
LATER = 0.4
FACTORS = (0.7, 1.0, 1.5, 2.5, 4.0)
THRESHOLDS = (0.6, 0.7, 0.8, 0.9)
_FINE = tuple(round(0.3 + 0.01 * step, 2) for step in range(70))
_ROUNDS = 5


@dataclass(frozen=True)
class Proposal:
    """Parameters for a budget.

    Attributes:
        budget: Alerts a day that were asked for.
        present: The parameters in force.
        proposed: The proposed ones.
        typologies: Whose alerts count, what counts as one another as one; empty: all.
        earlier: What both raise on the tapes that were chosen on.
        later: What both raise on later tapes, which nothing was chosen from.
    """

    budget: float
    present: Parameters
    proposed: Parameters
    typologies: tuple[str, ...]
    earlier: WhatIf
    later: WhatIf


@dataclass(frozen=True)
class Option:
    """One value of a table's main threshold, and what it brings: alerts, and the labelled episodes they hit."""

    table: str
    value: float
    factor: float
    alerts: int
    hits: frozenset[int]

    @property
    def worth(self) -> float:
        """Episodes first, then few alerts, then little change."""
        return len(self.hits) - 1e-4 * self.alerts - 1e-6 * abs(math.log(self.factor))


def tune(
    markets: Sequence[MarketTape],
    parameters: Parameters,
    bundle: Bundle | None,
    budget: float,
    *,
    labelled: bool,
    typologies: Sequence[str] = (),
    progress: Progress | None = None,
) -> Proposal:
    """Propose parameters for a budget.

    Args:
        markets: Folded markets of at least 2 tapes.
        parameters: The parameters in force.
        bundle: The learned detectors; None runs the rules alone.
        budget: Alerts a day, > 0.
        labelled: Whether the markets are labelled.
        typologies: Tune the thresholds of these alone, and count their alerts alone; the confidence threshold, which
            is everybody's, then stays. Needs labels. Spoofing and layering are tuned and counted together.
        progress: Called with (tables measured, tables in all).

    Raises:
        TapewatchError: There are too few tapes, no threshold is within the budget, or typologies are asked for without
            labels.
        ParameterError: A typology is not known.
    """
    if not budget > 0.0:
        raise TapewatchError(f"the budget must be more than 0 alerts a day, was {budget:g}")
    if typologies and not labelled:
        raise TapewatchError("single typologies must be tuned on a labelled dataset, was without labels")
    tables, patterns = tables_of(typologies), tuple(dict.fromkeys(map(same_pattern, typologies)))
    earlier, later = split(markets)
    lean, most = [uncited(market) for market in earlier], math.floor(budget * days_of(earlier))
    search = _Search(lean, parameters, bundle, most, frozenset(patterns))
    proposed = search.with_labels(tables, progress) if labelled else search.by_confidence()
    both = (parameters, proposed, bundle)
    return Proposal(
        budget, parameters, proposed, patterns,
        _only(compared(earlier, earlier, *both, labelled=labelled), patterns),
        _only(compared(later, later, *both, labelled=labelled), patterns),
    )  # fmt: skip


def tables_of(typologies: Sequence[str]) -> tuple[str, ...]:
    """Return the tables that hold the parameters of these typologies, and of what counts as them; of all without any.

    Raises:
        ParameterError: A typology is not known.
    """
    rules = build_rules(Parameters())
    unknown = sorted(set(typologies) - {rule.typology for rule in rules})
    if unknown:
        known = ", ".join(rule.typology for rule in rules)
        raise ParameterError(f"typology must be of {known}; was {', '.join(unknown)}")
    wanted = set(map(same_pattern, typologies))
    return tuple(
        dict.fromkeys(_table_of(rule) for rule in rules if not wanted or same_pattern(rule.typology) in wanted)
    )


def _table_of(rule: Rule) -> str:
    return rule.typology.replace("offloading", "accumulation")


def split(markets: Sequence[MarketTape]) -> tuple[tuple[MarketTape, ...], tuple[MarketTape, ...]]:
    """Return the earlier and the later markets, by the start of their tapes; no moment of a market is in both.

    Raises:
        TapewatchError: There is only one tape, or all earlier ones overlap later ones.
    """
    tapes = tapes_in_order(markets)
    last = set(tapes[len(tapes) - max(1, round(LATER * len(tapes))) :])
    later = tuple(market for market in markets if market.tape in last)
    earlier = without_overlap(tuple(market for market in markets if market.tape not in last), later)
    if not earlier:
        raise TapewatchError(f"tuning must have at least 2 tapes that do not overlap, was {len(tapes)}")
    return earlier, later


def _only(result: WhatIf, patterns: Sequence[str]) -> WhatIf:
    if not patterns:
        return result
    before, after = (
        {number: at for at, number in enumerate(n for n, one in enumerate(side) if one.typology in patterns)}
        for side in (result.before, result.after)
    )
    return replace(
        result,
        before=tuple(result.before[number] for number in before),
        after=tuple(result.after[number] for number in after),
        kept=tuple((before[old], after[new]) for old, new in result.kept if old in before),
        episodes=result.episodes and {number: name for number, name in result.episodes.items() if name in patterns},
    )


def values_of(parameters: Parameters, table: str) -> dict[float, float]:
    """Return values to try for a table's main threshold, by their factor: shares by their odds, within the bounds."""
    present = getattr(getattr(parameters, table), MAIN[table])
    out: dict[float, float] = {}
    for factor in FACTORS:
        is_share = 0.0 < present < 1.0
        value = factor * present / (1.0 - present + factor * present) if is_share else factor * present
        value = present if factor == 1.0 else type(present)(float(f"{value:.3g}"))
        try:
            changed(parameters, {table: {MAIN[table]: value}})
        except ParameterError:
            continue
        out.setdefault(value, factor)
    return {factor: value for value, factor in out.items()}


@dataclass(frozen=True)
class _Search:
    """What is searched: markets, the parameters in force, alerts in all that the budget allows, whose alerts count."""

    markets: Sequence[MarketTape]
    parameters: Parameters
    bundle: Bundle | None
    most: int
    typologies: frozenset[str]

    def by_confidence(self) -> Parameters:
        """Return the least confidence threshold within the budget."""
        number = bisect_left(_FINE, 0, key=lambda at: self.most - len(self._alerts(self.parameters, at)))
        if number == len(_FINE):
            raise self._refusal()
        return self._proposed(_FINE[number], {})

    def with_labels(self, tables: Sequence[str], progress: Progress | None) -> Parameters:
        """Return the thresholds that find the most within the budget."""
        present = self.parameters.alerts.confidence_threshold
        thresholds = (present,) if self.typologies else tuple(sorted({present, *THRESHOLDS}))
        options: dict[float, list[list[Option]]] = {threshold: [] for threshold in thresholds}
        for done, table in enumerate(tables, start=1):
            for threshold, found in self._options(table, thresholds).items():
                options[threshold].append(found)
            if progress:
                progress(done, len(tables))
        return self._checked(options)

    def _checked(self, options: Mapping[float, Sequence[Sequence[Option]]]) -> Parameters:
        # Patterns that explain one another are counted apart at first, so a choice is checked by a whole replay.
        most, within = self.most, []
        for _ in range(_ROUNDS):
            chosen = [(threshold, pick) for threshold, found in options.items() if (pick := choose(found, most))]
            if not chosen:
                break
            threshold, picks = max(chosen, key=lambda one: (sum(pick.worth for pick in one[1]), one[0]))
            proposed = self._proposed(threshold, {pick.table: pick.value for pick in picks})
            raised = self._alerts(proposed)
            if len(raised) <= self.most:
                within.append((len(frozenset[int]().union(*(one.hits for one in raised))), -len(raised), proposed))
                most += max(1, self.most - len(raised))
            else:
                most -= max(1, (len(raised) - self.most) // 2)
        if not within:
            raise self._refusal()
        return max(within, key=lambda one: one[:2])[2]

    def _refusal(self) -> TapewatchError:
        return TapewatchError(
            f"the budget must leave room for what the strictest thresholds raise, was {self.most} alerts in all; "
            "ask for more alerts a day"
        )

    def _alerts(self, parameters: Parameters, threshold: float | None = None) -> tuple[Judged, ...]:
        return self._counted(alerts_of(self.markets, parameters, self.bundle, threshold))

    def _proposed(self, threshold: float, values: Mapping[str, float]) -> Parameters:
        tables: dict[str, dict[str, float]] = {table: {MAIN[table]: value} for table, value in values.items()}
        if threshold != self.parameters.alerts.confidence_threshold:
            tables["alerts"] = {"confidence_threshold": threshold}
        return changed(self.parameters, tables)

    def _options(self, table: str, thresholds: Sequence[float]) -> dict[float, list[Option]]:
        out: dict[float, list[Option]] = {threshold: [] for threshold in thresholds}
        # What an alert says of its parameters is not asked here, so one policy does for all values.
        policy = policy_of(self.parameters, self.bundle)
        for factor, value in values_of(self.parameters, table).items():
            parameters = changed(self.parameters, {table: {MAIN[table]: value}})
            rules = tuple(rule for rule in build_rules(parameters) if _table_of(rule) == table)
            mine = [judge(rules, market.folded, self.bundle, parameters.alerts) for market in self.markets]
            for threshold in thresholds:
                at_threshold = replace(policy, threshold=threshold)
                pairs = zip(self.markets, mine, strict=True)
                found = self._counted(raise_alerts(market, candidates, at_threshold) for market, candidates in pairs)
                hits = frozenset[int]().union(*(one.hits for one in found))
                out[threshold].append(Option(table, value, factor, len(found), hits))
        return out

    def _counted(self, raised: Iterator[Raised]) -> tuple[Judged, ...]:
        return tuple(one for one in judged(raised) if not self.typologies or one.typology in self.typologies)


def choose(options: Sequence[Sequence[Option]], most: int) -> tuple[Option, ...]:
    """Return one option a table, of the greatest worth in all with at most so many alerts; nothing where none fits."""
    if most < 0 or not options:
        return ()
    worth: NDArray[np.float64] = np.zeros(most + 1)
    picks: list[NDArray[np.int64]] = []
    for of_table in options:
        tried = np.full((len(of_table), most + 1), -np.inf)
        for number, option in enumerate(of_table):
            if option.alerts <= most:
                tried[number, option.alerts :] = worth[: most + 1 - option.alerts] + option.worth
        picks.append(np.argmax(tried, axis=0))
        worth = np.max(tried, axis=0)
    if not np.isfinite(worth[-1]):
        return ()
    return tuple(_walked(options, picks, most))[::-1]


def _walked(options: Sequence[Sequence[Option]], picks: Sequence[NDArray[np.int64]], most: int) -> Iterator[Option]:
    left = most
    for of_table, pick in zip(reversed(options), reversed(picks), strict=True):
        option = of_table[int(pick[left])]
        left -= option.alerts
        yield option

"""Alerts as serving would raise them, from folded markets: what calibration and evaluation count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.events import no_events
from models.alert import Alert
from models.alerting import AlertFold, Policy
from models.bundle import Bundle
from models.citing import Recent
from models.judging import Candidates, judge, opening_score
from models.parameters import Parameters
from models.rules import build_rules
from models.surveillance import policy_of
from training.hits import last_revisions
from training.labelling import Suspicions
from training.markets import MarketTape

if TYPE_CHECKING:
    # Learning loads scikit-learn, which a serving process does without.
    from training.learn import Learned

CANDIDATE_THRESHOLD = 0.05
"""Confidence that nobody would be shown; what reaches it is ranked and calibrated all the same."""


@dataclass(frozen=True)
class Raised:
    """The alerts of one market.

    Attributes:
        market: The market.
        opened: Each alert at its opening.
        last: Each alert at its last revision, in the same order.
    """

    market: MarketTape
    opened: tuple[Alert, ...]
    last: tuple[Alert, ...]


def raise_alerts(market: MarketTape, judged: list[Candidates], policy: Policy) -> Raised:
    """Return the alerts that these candidates raise on a market."""
    fold = AlertFold(market.venue, market.symbol)
    revisions = fold.fold(judged, market.recent, market.names, policy)
    opened = {alert.alert_id: alert for alert in revisions if alert.revision == 1}
    last = last_revisions(revisions)
    return Raised(market, tuple(opened[alert.alert_id] for alert in last), tuple(last))


def alerts_of(
    markets: Sequence[MarketTape], parameters: Parameters, bundle: Bundle | None, threshold: float | None = None
) -> Iterator[Raised]:
    """Yield the alerts of each market as `scan` would raise them.

    Args:
        markets: Folded markets.
        parameters: Rules and alert policy.
        bundle: The learned detectors.
        threshold: Confidence threshold in place of the parameters' own.
    """
    rules, policy = build_rules(parameters), policy_of(parameters, bundle)
    if threshold is not None:
        policy = replace(policy, threshold=threshold)
    for market in markets:
        judged = judge(rules, market.folded, bundle, parameters.alerts)
        yield raise_alerts(market, judged, policy)


def unsure_alerts(markets: Sequence[MarketTape], parameters: Parameters, bundle: Bundle | None) -> tuple[Raised, ...]:
    """Return the alerts of each market down to `CANDIDATE_THRESHOLD`, without citations."""
    return tuple(alerts_of([uncited(market) for market in markets], parameters, bundle, CANDIDATE_THRESHOLD))


def judged_with(
    number: int,
    market: MarketTape,
    parameters: Parameters,
    suspected: Mapping[str, Suspicions],
    learned: Learned,
    bundle: Bundle,
) -> list[Candidates]:
    """Return a market's candidates as models judge them that had not learned from it.

    Args:
        number: The market's number in the list that the suspicions were made of.
        market: The market.
        parameters: Rules.
        suspected: Suspicions by typology.
        learned: What was learned from them; typologies that have no weights are left out.
        bundle: Calibrates what they say, if it can by now.
    """
    out = []
    for found in judge(build_rules(parameters), market.folded, None):
        name = found.rule.typology
        if name not in learned.weights:
            continue
        mine = suspected[name].market == number
        raw, of_rule = learned.raw[name][mine], found.score * found.evidence
        confidence = bundle.calibrate(name, raw)
        out.append(
            replace(
                found, raw=raw, confidence=confidence,
                opens=opening_score(confidence, of_rule, bundle.calibrated_on), weights=learned.weights[name],
                probability=learned.probability[name][mine], p_value=learned.p_value[name][mine],
            )
        )  # fmt: skip
    return out


def uncited(market: MarketTape) -> MarketTape:
    """Return a market whose alerts cite nothing, which is most of the work where thousands of rows grow alerts.

    Without citations an alert names an entity by its first account, so labels name that one as well.
    """
    names = market.names
    first = {account: names.accounts[entity] for account, entity in zip(names.accounts, names.entity_of, strict=True)}
    listed = market.labels["accounts"].tolist()
    accounts = [tuple({*named, *(first[name] for name in named if name in first)}) for named in listed]
    labels = market.labels.assign(accounts=pd.Series(accounts, index=market.labels.index, dtype=object))
    nobody = np.empty(0, np.int32)
    return replace(market, labels=labels, recent=Recent(no_events(), nobody, nobody))

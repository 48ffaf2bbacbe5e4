"""Alerting: a pure fold from candidates to alert revisions.

An alert opens when what speaks for it (`Candidates.opens`, mostly the confidence) reaches the threshold, grows while it
does so again within the typology's quiet span, and is closed by quiet in event time. Its id comes from its key and its
opening bucket, never from a model, so replays and promotions keep ids. Open alerts never merge; what overlaps is
`related`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from features.catalogue import BOOK_GRAIN
from features.events import Vocabulary
from models.alert import Alert, CalibratedOn, Contribution, level
from models.calibration import UNMOVED, Opening
from models.citing import LOOK_BACK_NS, Recent, cite
from models.combination import DETECTORS
from models.findings import Evidence, Kind
from models.judging import Candidates, calibrated_on
from models.rules.base import Rule

Said: TypeAlias = tuple[str, Kind, float, float, tuple[Evidence, ...]]
MOST_IDS = 200


@dataclass(frozen=True)
class Policy:
    """When alerts open and close, and what they say about where they come from.

    Attributes:
        threshold: What `Candidates.opens` must reach for an alert to open or grow.
        quiet_ns: Quiet in event time that closes an alert, by typology.
        lateness_ns: Allowed lateness; the watermark that closes a bucket is known that much later.
        calibrated_on: What the bundle was calibrated on.
        model_version: Version of the bundle, "rules" without one.
        feature_schema: Hash of the feature catalogue.
        parameters: Version of the parameters.
        opening: What a calibrated confidence is worth when an alert opens.
    """

    threshold: float
    quiet_ns: dict[str, int]
    lateness_ns: int
    calibrated_on: CalibratedOn
    model_version: str
    feature_schema: str
    parameters: str
    opening: Opening = UNMOVED


@dataclass(frozen=True)
class Open:
    """An open alert: its latest revision, and what the next one needs to know.

    Attributes:
        alert: The latest revision.
        highest: Highest confidence so far, without what the opening added to it.
        seen: In how many rows it was seen.
        members: Names of those it is about.
    """

    alert: Alert
    highest: float
    seen: int
    members: frozenset[str]


@dataclass
class AlertFold:
    """The alerts of one market.

    Attributes:
        venue: Venue of the market.
        symbol: Symbol of the market.
        open: Open alerts by typology and opening entity's name ("market" where the market is the subject).
    """

    venue: str
    symbol: str
    open: dict[tuple[str, str], Open] = field(default_factory=dict)

    def advance(self, until_ns: int, policy: Policy) -> None:
        """Close the alerts that have been quiet for their typology's span before a time."""
        self.open = {
            key: held
            for key, held in self.open.items()
            if until_ns - held.alert.window_end <= policy.quiet_ns[held.alert.typology]
        }

    def fold(self, judged: list[Candidates], recent: Recent, names: Vocabulary, policy: Policy) -> list[Alert]:
        """Fold the candidates of newly closed buckets, oldest first; return every new revision."""
        due = []
        for number, candidates in enumerate(judged):
            above = np.flatnonzero(candidates.opens >= policy.threshold)
            ends = candidates.rows.end[candidates.row[above]]
            due += [
                (int(end), number, _members(candidates, int(at), names), int(at))
                for end, at in zip(ends, above, strict=True)
            ]
        out = []
        for end, number, members, at in sorted(due):
            self.advance(end, policy)
            found = judged[number]
            if not self._explained(found.rule, frozenset(members)):
                out.append(self._see(found, at, members, recent, names, policy))
        return out

    def _explained(self, rule: Rule, members: frozenset[str]) -> bool:
        # What a pattern consists of is no pattern of its own: the climb of a pump is no ramping.
        wider = (held for (typology, _), held in self.open.items() if typology in rule.yields_to)
        # A book names nobody: whoever the wider pattern is about may have set its levels.
        anybody = rule.scale == BOOK_GRAIN
        return any(anybody or not held.members or held.members & members for held in wider)

    def _see(
        self, found: Candidates, at: int, members: Sequence[str], recent: Recent, names: Vocabulary, policy: Policy
    ) -> Alert:
        key = self._key(found.rule.typology, members)
        held = self.open.get(key)
        alert = self._grown(held.alert, found, at) if held else self._opened(key, found, at, policy)
        seen = held.seen + 1 if held else 1
        said = float(found.confidence[at])
        if held is None or said > held.highest:
            alert = replace(alert, findings=contributions(found, at))
        # What may come counts when an alert opens; from then on what came does.
        highest = max(said, held.highest) if held else said
        shown = policy.opening(said, policy.threshold) if held is None and found.calibrated else highest
        alert = replace(alert, confidence=shown)
        risk = max(alert.confidence * severity(found, at, seen), held.alert.risk_score if held else 0.0)
        alert = _cited(replace(alert, risk_score=risk, alert_level=level(risk)), found, at, recent, names)
        known = held.members if held else frozenset()
        self.open[key] = Open(alert, highest, seen, known | frozenset(members))
        return alert

    def _key(self, typology: str, members: Sequence[str]) -> tuple[str, str]:
        # Who joins a group that an alert is about belongs to that alert.
        key = (typology, members[0] if members else "market")
        if key in self.open:
            return key
        common = (other for other, held in self.open.items() if other[0] == typology and held.members & set(members))
        return min(common, default=key)

    @staticmethod
    def _grown(alert: Alert, found: Candidates, at: int) -> Alert:
        return replace(alert, revision=alert.revision + 1, window_end=int(found.rows.end[found.row[at]]))

    def _opened(self, key: tuple[str, str], found: Candidates, at: int, policy: Policy) -> Alert:
        row = int(found.row[at])
        end = int(found.rows.end[row])
        start = int(found.rows.start[row])
        if found.episode[at] >= 0:
            start = min(start, int(found.episodes.start[found.episode[at]]))
        return Alert(
            alert_id=alert_id(key[0], self.venue, self.symbol, key[1], int(found.rows.start[row])),
            revision=1, typology=key[0], category=found.rule.category, alert_level="low", confidence=0.0,
            calibrated_on=calibrated_on(found, policy.calibrated_on), risk_score=0.0, venue=self.venue,
            symbol=self.symbol, accounts=(), window_start=start, window_end=end, detected_at=end,
            known_at=end + policy.lateness_ns, findings=(), order_ids=(), trade_ids=(),
            related=tuple(sorted(held.alert.alert_id for held in self.open.values())),
            model_version=policy.model_version, feature_schema=policy.feature_schema, parameters=policy.parameters,
        )  # fmt: skip


def _members(found: Candidates, at: int, names: Vocabulary) -> tuple[str, ...]:
    # By name: codes depend on what else was read, names do not.
    return tuple(sorted(names.accounts[code] for code in found.whom(at)))


def alert_id(typology: str, venue: str, symbol: str, subject: str, opening_bucket: int) -> str:
    """Return the id of an alert: 16 hexadecimal digits of a hash of its key and the start of its opening bucket."""
    key = "\x1f".join((typology, venue, symbol, subject, str(opening_bucket)))
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def severity(found: Candidates, at: int, seen: int) -> float:
    """Return how much an alert matters if it is true, in [0.5, 1): size, price impact and repetition."""
    row = int(found.row[at])
    impact = abs(_known(found.rows["price_change"][row]))
    size = _known(found.rows["volume_ratio"][row])
    mildness = (3.0 / (3.0 + size)) * (0.05 / (0.05 + impact)) * (3.0 / (2.0 + seen))
    return 1.0 - 0.5 * mildness


def _known(value: float) -> float:
    return 0.0 if np.isnan(value) else float(value)


def contributions(found: Candidates, at: int) -> tuple[Contribution, ...]:
    """Return what each detector that spoke brought to a candidate, with its evidence."""
    name, weights = found.rule.typology, found.weights.weight if found.weights else (1.0, 0.0, 0.0)
    probability, p_value = float(found.probability[at]), float(found.p_value[at])
    figures = found.rule.evidence(found.rows, int(found.row[at]), found.episodes, int(found.episode[at]))
    worth = [_worth(float(share)) for share in found.alone[at]]
    said: list[tuple[str, Kind, float, float, tuple[Evidence, ...]]] = [
        (name, "rule", float(found.score[at]), float(found.evidence[at]), (*figures, *worth[0]))
    ]
    if not np.isnan(probability) and found.weights:
        says = f"The classifier gives {name.replace('_', ' ')} a probability of {probability:.0%} in this window."
        figure = Evidence("probability", probability, "probability", None, says)
        begins = _onset(float(found.onset[at]))
        said.append(("classifier", "classifier", probability, 1.0, (figure, *begins, *worth[1])))
    if not np.isnan(p_value):
        says = f"Of honest windows, {p_value:.1%} look at least as unusual as this one."
        figure = Evidence("p_value", p_value, "probability", None, says)
        said.append(("isolation_forest", "isolation_forest", 1.0 - p_value, 1.0, (figure, *worth[2])))
    of_kind = dict(zip(DETECTORS, weights, strict=True))
    return tuple(Contribution(who, kind, score, sure, of_kind[kind], told) for who, kind, score, sure, told in said)


def _onset(probability: float) -> tuple[Evidence, ...]:
    if np.isnan(probability):
        return ()
    says = f"With a probability of {probability:.0%} it begins here."
    return (Evidence("onset", probability, "probability", None, says),)


def _worth(share: float) -> tuple[Evidence, ...]:
    if np.isnan(share):
        return ()
    says = f"Of held-out alerts for which this detector alone spoke like this, {share:.0%} were true."
    return (Evidence("calibrated_probability", share, "probability", None, says),)


def _cited(alert: Alert, found: Candidates, at: int, recent: Recent, names: Vocabulary) -> Alert:
    subject = found.whom(at)
    start, end = int(found.rows.start[found.row[at]]), int(found.rows.end[found.row[at]])
    if found.episode[at] >= 0:
        start = max(int(found.episodes.start[found.episode[at]]), end - LOOK_BACK_NS)
    citation = cite(alert.typology, recent, start, end, subject)
    # Members that did nothing of late are named all the same.
    missing = sorted(set(subject) - set(names.entities(np.array(citation.accounts, np.int32)).tolist()))
    accounts = [names.accounts[code] for code in (*citation.accounts, *missing)]
    return replace(
        alert,
        accounts=tuple(sorted({*alert.accounts, *accounts})),
        order_ids=_joined(alert.order_ids, citation.order_ids),
        trade_ids=_joined(alert.trade_ids, citation.trade_ids),
    )


def _joined(ids: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*ids, *more)))[:MOST_IDS]

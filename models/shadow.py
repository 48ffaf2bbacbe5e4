"""Shadowing: a challenger judges the same folded rows as the champion, and reaches nobody.

Both fold alerts of their own; when one has closed it is compared with what the other raised there. Nothing of it flows
back: the champion's alerts have the same bits with and without a shadow, and a shadow that fails is dropped.
Its state is in no snapshot: after a restart it begins anew, and alerts that were open by then are not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from features.events import Vocabulary
from features.fold import Folded
from models.alert import Alert, same_accusation
from models.alerting import AlertFold, Policy
from models.bundle import Bundle
from models.citing import Recent
from models.judging import judge
from models.parameters import Alerts
from models.rules.base import Rule

Agreement = Literal["both", "champion_only", "challenger_only"]
APART = 0.2
"""Confidences further apart than this disagree, even where both raise the alert."""
_KEPT_NS = 2 * 86_400_000_000_000


@dataclass(frozen=True)
class Compared:
    """What champion and challenger made of one pattern; at least one of them raised it.

    Attributes:
        agreement: Who raised it.
        champion: The champion's alert, None if it raised none.
        challenger: The challenger's.
    """

    agreement: Agreement
    champion: Alert | None
    challenger: Alert | None

    @property
    def alert(self) -> Alert:
        """The champion's alert where there is one, else the challenger's."""
        alert = self.champion or self.challenger
        assert alert is not None  # noqa: S101 - one of the two is always there
        return alert

    @property
    def disagrees(self) -> bool:
        """Whether one alone raised it, or their confidences are more than 0.2 apart."""
        if self.champion is None or self.challenger is None:
            return True
        return abs(self.champion.confidence - self.challenger.confidence) > APART


class Listener(Protocol):
    """Who is told what the shadow sees."""

    def compared(self, what: Compared) -> None:
        """Take note of one comparison."""
        ...

    def failed(self, why: str) -> None:
        """Take note that the challenger failed and is not asked again."""
        ...


@dataclass
class _Side:
    # What one of the two has raised of late, by id (the same alert has the same id on both sides), and which of it
    # has been compared.
    alerts: dict[str, Alert] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)

    def due(self, fold: AlertFold) -> list[Alert]:
        """Return what has closed and was not compared yet."""
        still_open = {held.alert.alert_id for held in fold.open.values()}
        return [alert for key, alert in self.alerts.items() if key not in still_open | self.settled]

    def same_as(self, other: Alert) -> Alert | None:
        """Return what was raised here of the other side's pattern, None if nothing was."""
        return next((alert for alert in self.alerts.values() if same_accusation(alert, other)), None)

    def forget(self, before_ns: int) -> None:
        """Drop what was compared and ended before a time."""
        for key in [key for key in self.settled if self.alerts[key].window_end < before_ns]:
            del self.alerts[key]
            self.settled.remove(key)


@dataclass
class _MarketShadow:
    fold: AlertFold
    champion: _Side = field(default_factory=_Side)
    challenger: _Side = field(default_factory=_Side)


class Shadow:
    """A challenger beside a champion, over many markets.

    Args:
        bundle: The challenger.
        policy: When its alerts open and close.
        alerts: What is stated of how common abuse is.
        listener: Who is told.
    """

    def __init__(self, bundle: Bundle, policy: Policy, alerts: Alerts, listener: Listener) -> None:
        self._bundle = bundle
        self._policy = policy
        self._alerts = alerts
        self._listener = listener
        self._markets: dict[int, _MarketShadow] = {}
        self._alive = True

    def judge(
        self, code: int, champion: AlertFold, revisions: Sequence[Alert], rules: tuple[Rule, ...], folded: Folded,
        recent: Recent, names: Vocabulary,
    ) -> None:  # fmt: skip
        """Let the challenger judge what the champion has just judged.

        Args:
            code: The market.
            champion: The champion's alerts of the market.
            revisions: What the champion has just raised.
            rules: The catalogue.
            folded: The rows of newly closed buckets.
            recent: Latest events, to cite.
            names: Names of markets and accounts.
        """
        if not self._alive:
            return
        try:
            market = self._markets.setdefault(code, _MarketShadow(AlertFold(champion.venue, champion.symbol)))
            _note_champion(market.champion, champion, revisions)
            judged = judge(rules, folded, self._bundle, self._alerts)
            for alert in market.fold.fold(judged, recent, names, self._policy):
                market.challenger.alerts[alert.alert_id] = alert
        except Exception as error:  # noqa: BLE001 - whatever it is, the champion must go on
            self._drop(error)

    def advance(self, code: int, champion: AlertFold, until_ns: int) -> None:
        """Let time pass in a market, and compare what has closed."""
        if not self._alive or code not in self._markets:
            return
        try:
            market = self._markets[code]
            market.fold.advance(until_ns, self._policy)
            for what in _closed(market, champion):
                self._listener.compared(what)
            for side in (market.champion, market.challenger):
                side.forget(until_ns - _KEPT_NS)
        except Exception as error:  # noqa: BLE001 - as above
            self._drop(error)

    def has_open(self, code: int) -> bool:
        """Return whether an alert of the challenger is open in a market."""
        return code in self._markets and bool(self._markets[code].fold.open)

    def _drop(self, error: Exception) -> None:
        self._alive = False
        self._markets.clear()
        self._listener.failed(f"{type(error).__name__}: {error}")


def _note_champion(side: _Side, champion: AlertFold, revisions: Sequence[Alert]) -> None:
    opened = {alert.alert_id for alert in revisions if alert.revision == 1}
    for alert in (*(held.alert for held in champion.open.values()), *revisions):
        if alert.alert_id not in side.alerts and alert.alert_id not in opened:
            # Open since before the shadow began: there is nothing fair to compare it with.
            side.settled.add(alert.alert_id)
        side.alerts[alert.alert_id] = alert


def _closed(market: _MarketShadow, champion: AlertFold) -> Iterator[Compared]:
    ours, theirs = market.champion, market.challenger
    for alert in ours.due(champion):
        ours.settled.add(alert.alert_id)
        other = theirs.same_as(alert)
        if other is not None:
            theirs.settled.add(other.alert_id)
        yield Compared("both" if other else "champion_only", alert, other)
    for alert in theirs.due(market.fold):
        theirs.settled.add(alert.alert_id)
        other = ours.same_as(alert)
        if other is None:
            yield Compared("challenger_only", None, alert)
        elif other.alert_id not in ours.settled:
            ours.settled.add(other.alert_id)
            yield Compared("both", other, alert)

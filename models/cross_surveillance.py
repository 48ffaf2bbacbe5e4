"""Surveillance over venues: markets of one thing in groups, judged when a bucket is closed on all of them.

A group's buckets close at C = max(least watermark of its markets, greatest - patience), asked for after all markets of
a batch were processed. Trades before C are taken from what the markets released and from what they still hold, so that
the last trade of a quiet venue counts in its own bucket; what comes for a closed bucket is counted as late. While a
group has one market nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.canary import is_canary
from features.cross.fold import CrossFold, CrossFolded
from features.cross.names import group_of
from features.cross.prints import merged, prints_of
from features.events import TRADE, Events, Vocabulary, concatenate, no_events
from features.fold import CROSS, FAST, MARKET, Folded
from features.order import END_OF_TIME, total_order
from features.rows import Rows, no_rows
from features.saved_state import Arrays
from features.time_units import SECOND_NS
from models.alert import Alert
from models.alerting import AlertFold, Policy
from models.bundle import Bundle
from models.citing import LOOK_BACK_NS, Recent
from models.cross_folding import beginning, cross_spans
from models.findings import Evidence
from models.judging import judge
from models.parameters import Parameters
from models.rules import build_rules
from models.saved import alert_from_json, events_from_bytes, events_to_bytes, open_from_json, open_to_json

KEPT_NS = 900 * SECOND_NS
"""How far back rows and alerts are kept for reports, where nobody asks for more."""


@dataclass
class Member:
    """One market of a group.

    Attributes:
        alerts: Its open alerts over venues.
        first: Time of its first trade, ns.
        watermark: Time before which no further event of it will come.
        waiting: Its trades that were released and are in no closed bucket yet.
        held: Its events that wait for stragglers.
        ahead: How many trades were taken while held, and will still be released.
        rows: Its latest rows.
    """

    alerts: AlertFold
    first: int
    watermark: int = 0
    waiting: Events = field(default_factory=no_events)
    held: Events = field(default_factory=no_events)
    ahead: int = 0
    rows: Rows = field(default_factory=partial(no_rows, CROSS))


@dataclass
class Group:
    """The markets of one thing.

    Attributes:
        fold: Compares them.
        members: Its markets that have traded, by code.
        until: End of the last closed bucket, ns; 0 before the first.
        recent: Its latest trades, for citations.
        raised: Its latest alerts at their last revision.
    """

    fold: CrossFold
    members: dict[int, Member] = field(default_factory=dict)
    until: int = 0
    recent: Events = field(default_factory=no_events)
    raised: dict[str, Alert] = field(default_factory=dict)


class CrossSurveillance:
    """Events of many markets in, alert revisions over venues out.

    Args:
        parameters: What rules, alerts and the comparison are set to.
        bundle: The learned detectors, which have nothing to say on this grain yet.
        vocabulary: Codes of markets and accounts.
        policy: When alerts open and close.
        kept_ns: How far back rows and alerts are kept for reports.

    Attributes:
        groups: Groups by name; those with one market have nothing to say.
        late: Trades that came for closed buckets and were left out.
    """

    def __init__(
        self, parameters: Parameters, bundle: Bundle | None, vocabulary: Vocabulary, policy: Policy,
        kept_ns: int = KEPT_NS,
    ) -> None:  # fmt: skip
        self._parameters, self._bundle, self._names, self._policy = parameters, bundle, vocabulary, policy
        self._rules = tuple(rule for rule in build_rules(parameters) if rule.scale == CROSS)
        self._spans = cross_spans(parameters)
        self._kept_ns = kept_ns
        self._touched: set[str] = set()
        self._lone: set[str] = set()
        self._joined_now: set[int] = set()
        self._group_of: dict[int, str] = {}
        self.groups: dict[str, Group] = {}
        self.late = 0

    @property
    def names(self) -> Vocabulary:
        """Codes of markets and accounts."""
        return self._names

    def take(self, market: int, ready: Events, held: Events, watermark: int) -> None:
        """Take what a market has released; judged with the next `close`.

        Args:
            market: Code of the market.
            ready: Its released events, in total order, after those taken before.
            held: All of its events that wait for stragglers.
            watermark: Time before which no further event of it will come.
        """
        name = self._group_name(market)
        group = self.groups.get(name)
        member = group.members.get(market) if group else None
        if group is None or member is None or member.watermark <= member.first:
            times = np.concatenate([part.time[part.kind == TRADE] for part in (ready, held)])
            if not len(times):
                return
            group = self.groups.setdefault(name, Group(CrossFold(self._spans)))
            member = self._joined(group, market)
            member.first = min(member.first, int(times.min()))
        member.watermark, member.held = watermark, held
        trades = ready.where(ready.kind == TRADE)
        if len(group.members) == 1:
            # Most things trade on one venue. What was released before another one came is not asked for.
            member.waiting = trades
            self._lone.add(name)
            return
        old = int(np.searchsorted(trades.time, group.until))
        self.late += max(old - member.ahead, 0)
        member.ahead = max(member.ahead - old, 0)
        member.waiting = concatenate([member.waiting, trades.take(slice(old, None))])
        self._touched.add(name)

    def _joined(self, group: Group, market: int) -> Member:
        if market not in group.members:
            name = self._names.markets[market]
            group.fold.join(market, name)
            group.members[market] = Member(AlertFold(*name), END_OF_TIME)
            if len(group.members) > 1:
                self._joined_now |= group.members.keys()
        return group.members[market]

    def close(self) -> list[Alert]:
        """Judge the buckets that are now closed on all venues; return the alert revisions."""
        out = []
        for name in sorted(self._touched):
            out += self._close_group(name, self.groups[name])
        for name in self._lone:
            for member in self.groups[name].members.values() if len(self.groups[name].members) == 1 else ():
                member.waiting = member.held = no_events()
        self._touched.clear()
        self._lone.clear()
        return out

    def _group_name(self, market: int) -> str:
        if market not in self._group_of:
            venue, symbol = self._names.markets[market]
            name = group_of(symbol, one_dollar=self._parameters.cross.one_dollar)
            # A canary's market has no company, whatever symbols others trade.
            self._group_of[market] = f"{venue} {name}" if is_canary(venue) else name
        return self._group_of[market]

    def _close_group(self, name: str, group: Group) -> list[Alert]:
        marks = [member.watermark for member in group.members.values()]
        bucket_ns = self._spans.bucket_ns
        patience_ns = round(self._parameters.cross.patience_s * SECOND_NS)
        until = max(min(marks), max(marks) - patience_ns) // bucket_ns * bucket_ns
        since = group.until or beginning((member.first for member in group.members.values()), bucket_ns)
        if until <= since:
            return []
        parts = {code: _closed(member, group.until, since, until) for code, member in group.members.items()}
        group.until = until
        slots = {code: slot for slot, code in enumerate(group.fold.markets)}
        trades = merged(list(parts.values()), [int(group.fold.rank[slots[code]]) for code in parts])
        folded = group.fold.fold(prints_of(trades, self._names, slots))
        group.recent = concatenate([group.recent, trades])
        out = self._judge(name, group, folded)
        keep = int(np.searchsorted(group.recent.time, until - LOOK_BACK_NS - bucket_ns))
        group.recent = group.recent.take(slice(keep, None))
        group.raised |= {alert.alert_id: alert for alert in out}
        group.raised = {i: a for i, a in group.raised.items() if a.window_end > until - self._kept_ns}
        return out

    def _judge(self, name: str, group: Group, folded: Mapping[int, CrossFolded]) -> list[Alert]:
        events, names = group.recent, self._names
        recent = Recent(events, names.entities(events.account), names.entities(events.counter))
        since = sorted((names.markets[code][0], member.first) for code, member in group.members.items())
        out = []
        for code in sorted(group.members, key=names.markets.__getitem__):
            member = group.members[code]
            if code in folded:
                one = folded[code]
                whole = Folded(no_rows(MARKET), no_rows(FAST), one.episodes, cross=one.rows)
                judged = judge(self._rules, whole, self._bundle, self._parameters.alerts)
                found = member.alerts.fold(judged, recent, names, self._policy)
                out += [_naming(alert, name, since) for alert in found]
                kept = member.rows.then(one.rows) if len(member.rows) else one.rows
                first = int(np.searchsorted(kept.end, group.until - self._kept_ns))
                member.rows = kept.take(np.arange(first, len(kept)))
            member.alerts.advance(group.until, self._policy)
        return out

    def snapshot(self) -> tuple[Arrays, dict[str, Any]]:
        """Return the whole state as arrays by name and JSON types; what markets hold is in their own."""
        arrays: Arrays = {}
        groups = []
        for number, (name, group) in enumerate(self.groups.items()):
            members = []
            for code, member in group.members.items():
                members.append([code, member.first, member.watermark, member.ahead, open_to_json(member.alerts.open)])
            raised = [asdict(alert) for alert in group.raised.values()]
            groups.append({"name": name, "members": members, "until": group.until, "raised": raised})
            if len(members) > 1:
                arrays |= {f"{number}|{part}": array for part, array in _arrays_of(group).items()}
        return arrays, {"groups": groups, "late": self.late}

    def restore(self, arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]) -> None:
        """Continue from a snapshot; call before the markets' held events are told anew with `hold`."""
        self.late = int(state["late"])
        own: list[dict[str, NDArray[Any]]] = [{} for _ in state["groups"]]
        for key, array in arrays.items():
            number, _, part = key.partition("|")
            own[int(number)][part] = array
        for mine, saved in zip(own, state["groups"], strict=True):
            self.groups[saved["name"]] = self._restored(mine, saved)
        self._joined_now.clear()

    def _restored(self, arrays: Mapping[str, NDArray[Any]], saved: Mapping[str, Any]) -> Group:
        raised = [alert_from_json(record) for record in saved["raised"]]
        group = Group(CrossFold(self._spans), until=int(saved["until"]), raised={one.alert_id: one for one in raised})
        for code, first, watermark, ahead, opened in saved["members"]:
            member = self._joined(group, int(code))
            member.first, member.watermark, member.ahead = int(first), int(watermark), int(ahead)
            member.alerts.open = open_from_json(opened)
            if arrays:
                member.waiting = events_from_bytes(arrays[f"{code}|waiting"])
                columns: dict[str, Any] = {part: arrays[f"{code}|rows|{part}"] for part in _ROW_COLUMNS}
                member.rows = Rows(scale=CROSS, market=int(code), **columns)
        if arrays:
            group.recent = events_from_bytes(arrays["recent"])
            group.fold.restore({k.removeprefix("fold|"): a for k, a in arrays.items() if k.startswith("fold|")})
        return group

    def knows(self, market: int) -> bool:
        """Return whether a market has traded."""
        group = self.groups.get(self._group_name(market))
        return group is not None and market in group.members

    def joined(self) -> set[int]:
        """Return the markets of the groups that somebody joined since this was last asked."""
        joined, self._joined_now = self._joined_now, set()
        return joined

    def compares(self, market: int) -> bool:
        """Return whether other venues list what this market does."""
        group = self.groups.get(self._group_name(market))
        return group is not None and len(group.members) > 1

    def hold(self, market: int, held: Events) -> None:
        """Tell what a market holds after `restore`, where it has traded."""
        group = self.groups.get(self._group_name(market))
        if group and market in group.members:
            group.members[market].held = held


def _arrays_of(group: Group) -> Arrays:
    arrays: Arrays = {f"fold|{part}": array for part, array in group.fold.snapshot().items()}
    arrays["recent"] = events_to_bytes(group.recent)
    for code, member in group.members.items():
        arrays[f"{code}|waiting"] = events_to_bytes(member.waiting)
        arrays |= {f"{code}|rows|{part}": getattr(member.rows, part) for part in _ROW_COLUMNS}
    return arrays


_ROW_COLUMNS = ("start", "end", "values", "top_entity", "pair")


def _closed(member: Member, before: int, since: int, until: int) -> Events:
    """Return a member's trades from `since` to `until`; those that come after it wait on.

    Args:
        member: The member, whose waiting trades are changed.
        before: End of the last closed bucket, 0 before the first.
        since: First moment to take.
        until: First moment to leave.
    """
    released = member.waiting.where(member.waiting.kind == TRADE)
    held = member.held.where((member.held.kind == TRADE) & (member.held.time < until))
    member.ahead += int(np.count_nonzero(held.time >= before))
    cut = int(np.searchsorted(released.time, until))
    member.waiting = released.take(slice(cut, None))
    both = concatenate([released.take(slice(0, cut)), total_order(held)])
    return both.where(both.time >= since)


def _naming(alert: Alert, group: str, since: Sequence[tuple[str, int]]) -> Alert:
    """Return an alert whose first finding also tells which venues had traded by then."""
    venues = [venue for venue, first in since if first < alert.window_end]
    says = f"{group} was compared over {', '.join(venues[:-1])} and {venues[-1]}."
    first, *others = alert.findings
    figure = Evidence("venues", float(len(venues)), "venues", None, says)
    return replace(alert, findings=(replace(first, evidence=(*first.evidence, figure)), *others))

"""Daily: what each user traded within a day, beside the user's own history, the peers and the market.

Looked at whenever an hour has closed, for those who traded in it: what a user does completes the pattern, not what
leaves the window. In a symbol that is not priced in dollars it finds nothing, for every minimum is in USD.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from features.days import HOURS, Users, by_day, hour_of_trades, no_hours, own_habit, peers_habit, users_of, usual_share
from features.events import TRADE
from features.order import END_OF_TIME
from features.saved_state import Arrays
from features.seen import Seen
from features.sweeps.base import MOST_MEMBERS, Found, Sweep, nothing_found
from features.time_units import HOUR_NS

LEAST_USD, LEAST_TRADES = 1_000.0, 3
"""Less than this in a day is no episode; far below every threshold, to leave the judgement to the rules."""
PEER_OCCASIONS, PEER_PAST_TRADES, PEER_DAYS = 5, 10, 5
"""Who may be a peer: as much as detectors.md asks of a user in the window and for a history of one's own."""
LEAST_KNOWN_DAYS = 1.0 / 12.0
"""Of a market before the window, to know what is usual at all."""
_OPEN = ("buyer", "seller", "value", "time")


@dataclass(frozen=True)
class Spans:
    """How far is looked back, and what prices are worth.

    Attributes:
        analysis_days: Length of the analysis window.
        history_days: Days before it that a user's habit of buying and selling is taken from.
        volume_days: Days before it that the market's average is taken from.
        usual_days: Days before it that a user's usual value is taken from.
        usd: Dollars of one lot at a price of 1; NaN where prices are in another currency.
    """

    analysis_days: int = 1
    history_days: int = 7
    volume_days: int = 7
    usual_days: int = 30
    usd: float = float("nan")

    @property
    def by_hour(self) -> int:
        """Days that are kept hour by hour."""
        return self.analysis_days + max(self.history_days, self.volume_days)

    @property
    def kept(self) -> int:
        """Days that are kept at all."""
        return self.analysis_days + max(self.history_days, self.volume_days, self.usual_days)


WORTH_UNKNOWN = Spans()


class Daily(Sweep):
    """Users' days, one episode for each hour in which a user traded; its side is the one with more value.

    Memory holds one record for each user and hour of the last days, and one for each user and day before those.

    Args:
        spans: How far to look back.
    """

    kind: ClassVar[str] = "daily"
    figures: ClassVar[tuple[str, ...]] = (
        "usd", "trades", "buys", "sells", "buying", "selling", "bought_share", "past_trades", "past_days", "past_share",
        "past_std", "buy_multiple", "sell_multiple", "peers", "peer_share", "peer_std", "market_usd", "volume_share",
        "known_days", "usual_multiple",
    )  # fmt: skip
    scale: ClassVar[str] = "market"

    def __init__(self, spans: Spans = WORTH_UNKNOWN) -> None:
        self._spans = spans
        self._hours = no_hours()
        self._market = np.empty((0, 2))
        self._open: list[tuple[NDArray[Any], ...]] = []
        self._marks = np.array([-1, -1, 0], np.int64)

    def fold(self, seen: Seen) -> Found:
        """Take the next events; return the users of every hour that they closed."""
        if np.isnan(self._spans.usd) or not len(seen.time):
            return nothing_found(len(self.figures))
        found = nothing_found(len(self.figures))
        hours = seen.time // HOUR_NS
        cuts = [0, *(np.flatnonzero(np.diff(hours)) + 1).tolist(), len(hours)]
        for begin, end in pairwise(cuts):
            found = found.then(self._reach(int(hours[begin])))
            self._note(seen, slice(begin, end))
        return found

    def advance(self, until_ns: int) -> Found:
        """Close the open hour if it is over; at the end of a tape it is not, and part of an hour tells nothing."""
        if until_ns >= END_OF_TIME or self._marks[0] < 0:
            return nothing_found(len(self.figures))
        return self._reach(max(until_ns // HOUR_NS, int(self._marks[1])))

    def _reach(self, hour: int) -> Found:
        # Marks: the market's first hour, the open one, and before which hour records are merged by day.
        first, current, _ = self._marks.tolist()
        self._marks[:2] = (hour if first < 0 else first), hour
        if hour == current or not self._open:
            return nothing_found(len(self.figures))
        buyer, seller, value, time = (np.concatenate(parts) for parts in zip(*self._open, strict=True))
        self._open.clear()
        self._hours = self._hours.then(hour_of_trades(current, buyer, seller, value, time))
        self._market = np.vstack([self._market, (float(current), float(value.sum()))])
        self._forget(current + 1)
        return self._look(current + 1)

    def _note(self, seen: Seen, rows: slice) -> None:
        traded = seen.kind[rows] == TRADE
        if traded.any():
            columns = (seen.entity, seen.counter, seen.lots, seen.price, seen.time)
            buyer, seller, lots, price, time = (column[rows][traded] for column in columns)
            self._open.append((buyer.astype(np.int64), seller.astype(np.int64), lots * price, time))

    def _forget(self, end: int) -> None:
        spans = self._spans
        by_hour = (end // HOURS - spans.by_hour - 1) * HOURS
        if by_hour > self._marks[2]:
            self._marks[2] = by_hour
            old, recent = self._hours.between(0, by_hour), self._hours.between(by_hour, end)
            self._hours = by_day(old.between(end - (spans.kept + 1) * HOURS, by_hour)).then(recent)
        self._market = self._market[self._market[:, 0] >= end - spans.kept * HOURS]

    def _look(self, end: int) -> Found:
        spans = self._spans
        users = users_of(self._hours, end, spans.analysis_days, spans.history_days)
        trades = users.buys + users.sells
        due = (users.last_hour == end - 1) & (users.value * spans.usd >= LEAST_USD) & (trades >= LEAST_TRADES)
        which = np.flatnonzero(due)
        if not len(which):
            return nothing_found(len(self.figures))
        side = np.where(users.bought[which] >= users.sold[which], 1, -1).astype(np.int8)
        members = np.full((len(which), MOST_MEMBERS), -1, np.int32)
        members[:, 0] = users.entity[which]
        columns = {**self._own(users), **self._peers(users, which), **self._volume(users, end)}
        figures = np.array([columns[name][which] for name in self.figures]).T
        found = Found(users.first[which], np.full(len(which), end * HOUR_NS - 1), side, members, figures)
        # By the first trade: the order of codes is nobody's.
        return found.take(np.lexsort((-users.value[which], users.first[which])))

    def _own(self, users: Users) -> dict[str, NDArray[Any]]:
        mean, std = own_habit(users.past_shares)
        days, past_days = self._spans.analysis_days, users.past_days
        with np.errstate(divide="ignore", invalid="ignore"):
            buying = users.bought / days / (users.past_bought.sum(axis=1) / past_days)
            selling = users.sold / days / (users.past_sold.sum(axis=1) / past_days)
        return {
            "usd": users.value * self._spans.usd, "trades": users.buys + users.sells, "buys": users.buys,
            "sells": users.sells, "buying": users.buying, "selling": users.selling, "bought_share": users.share,
            "past_trades": users.past_trades, "past_days": past_days, "past_share": mean, "past_std": std,
            "buy_multiple": buying, "sell_multiple": selling,
        }  # fmt: skip

    @staticmethod
    def _peers(users: Users, which: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        regular = (users.trading >= PEER_OCCASIONS) & (users.past_trades >= PEER_PAST_TRADES)
        peers = np.flatnonzero(regular & (users.past_days >= PEER_DAYS))
        shares, occasions = users.share[peers], users.trading[peers]
        place = np.where(np.isin(which, peers), np.searchsorted(peers, which), -1)
        habits = np.full((3, len(users)), np.nan)
        for user, at in zip(which.tolist(), place.tolist(), strict=True):
            habits[:, user] = peers_habit(shares, occasions, at, float(users.trading[user]))
        return dict(zip(("peers", "peer_share", "peer_std"), habits, strict=True))

    def _volume(self, users: Users, end: int) -> dict[str, NDArray[Any]]:
        spans, n = self._spans, len(users)
        begin = end - spans.analysis_days * HOURS
        known = (begin - int(self._marks[0])) / HOURS
        nothing = dict.fromkeys(("market_usd", "volume_share", "usual_multiple"), np.full(n, np.nan))
        if known < LEAST_KNOWN_DAYS:
            return {**nothing, "known_days": np.full(n, known)}
        # Against the symbol's usual day, or what the others trade today where that is more: nobody stands out on a
        # day on which everybody trades.
        others = np.maximum(self._traded(begin, end) - users.value, 0.0) / spans.analysis_days
        day = max(min(known, float(spans.volume_days)), 1.0)
        usual = self._traded(begin - spans.volume_days * HOURS, begin) / day if known >= 1.0 else 0.0
        reference, mine = np.maximum(others, usual), users.value / spans.analysis_days
        past = self._hours.between(begin - spans.usual_days * HOURS, begin)
        days = [self._traded(begin - (n + 1) * HOURS, begin - n * HOURS) for n in range(spans.usual_days)]
        own = past.take(np.isin(past.entity, users.entity))
        before = usual_share(own, users.entity, begin, np.array(days))
        with np.errstate(divide="ignore", invalid="ignore"):
            return {
                "market_usd": reference * spans.usd, "volume_share": mine / reference, "known_days": np.full(n, known),
                "usual_multiple": users.value / self._traded(begin, end) / before,
            }  # fmt: skip

    def _traded(self, begin: int, end: int) -> float:
        first, last = np.searchsorted(self._market[:, 0], [begin, end])
        return float(self._market[first:last, 1].sum())

    def snapshot(self) -> Arrays:
        """Return the whole state as arrays by name."""
        columns = zip(*self._open, strict=True) if self._open else [[np.empty(0, t)] for t in "qqdq"]
        held = {f"open.{name}": np.concatenate(parts) for name, parts in zip(_OPEN, columns, strict=True)}
        records = {f"hours.{name}": column.copy() for name, column in vars(self._hours).items()}
        return {**held, **records, "market": self._market.copy(), "marks": self._marks.copy()}

    def restore(self, arrays: Arrays) -> None:
        """Continue from a snapshot."""
        held = tuple(np.asarray(arrays[f"open.{name}"]) for name in _OPEN)
        self._open = [held] if len(held[0]) else []
        self._hours = replace(self._hours, **dict(_named(arrays, "hours.")))
        self._market, self._marks = np.array(arrays["market"], float), np.array(arrays["marks"], np.int64)


def _named(arrays: Arrays, prefix: str) -> Iterator[tuple[str, NDArray[Any]]]:
    return ((name.removeprefix(prefix), array) for name, array in arrays.items() if name.startswith(prefix))

"""Days: who bought and sold for how much, by hour, and what the hours make of a user against history, peers and market.

A record is what one entity traded in one hour. Days are spans of 24 hours back from the end of an hour, so an hour
never lies in two of them. Sums run in the order of events, medians need none: no figure depends on entities' codes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

HOURS = 24
SLOT_NS = 300_000_000_000
"""What is traded within so long is one occasion: an order fills in many trades, and they say one thing."""
_DECIMALS = 12
_ROBUST = 1.4826
"""Median absolute deviation to standard deviation of a normal distribution."""


@dataclass(frozen=True)
class Hours:
    """Records in the order of their hours, shape (n,) each.

    Attributes:
        hour: Hours since 1970; of records older than the hours are kept for, the first of their day.
        entity: Who traded.
        bought: Value bought, in lots times price.
        sold: Value sold.
        buys: Trades bought.
        sells: Trades sold.
        bought_squares: Sum of the squares of what was bought in each five minutes.
        sold_squares: The same of what was sold.
        first: Time of the first trade, ns.
    """

    hour: NDArray[np.int64]
    entity: NDArray[np.int64]
    bought: NDArray[np.float64]
    sold: NDArray[np.float64]
    buys: NDArray[np.int64]
    sells: NDArray[np.int64]
    bought_squares: NDArray[np.float64]
    sold_squares: NDArray[np.float64]
    first: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.hour)

    def take(self, which: NDArray[Any] | slice) -> Hours:
        """Return the given records."""
        return Hours(**{f.name: getattr(self, f.name)[which] for f in fields(self)})

    def then(self, later: Hours) -> Hours:
        """Return these records and later ones."""
        both = {f.name: np.concatenate([getattr(self, f.name), getattr(later, f.name)]) for f in fields(self)}
        return Hours(**both)

    def between(self, begin: int, end: int) -> Hours:
        """Return the records of hours from `begin` to before `end`."""
        first, last = np.searchsorted(self.hour, [begin, end])
        return self.take(slice(int(first), int(last)))

    @property
    def value(self) -> NDArray[np.float64]:
        """Value traded."""
        return self.bought + self.sold


def no_hours() -> Hours:
    """Return no records."""
    whole, real = np.empty(0, np.int64), np.empty(0)
    return Hours(whole, whole, real, real, whole, whole, real, real, whole)


def hour_of_trades(
    hour: int,
    buyer: NDArray[np.int64],
    seller: NDArray[np.int64],
    value: NDArray[np.float64],
    time: NDArray[np.int64],
) -> Hours:
    """Return an hour's records, one for each known entity that traded.

    Args:
        hour: The hour.
        buyer: Who bought, -1 unknown, shape (n_trades,).
        seller: Who sold, -1 unknown.
        value: Lots times price.
        time: Times, ascending, ns.
    """
    who, at = np.unique(np.concatenate([buyer, seller]), return_inverse=True)
    bought, sold = at[: len(buyer)], at[len(buyer) :]
    first = np.full(len(who), np.iinfo(np.int64).max)
    for side in (bought, sold):
        np.minimum.at(first, side, time)
    n = len(who)
    hours = Hours(
        np.full(n, hour, np.int64), who.astype(np.int64), _sums(bought, value, n), _sums(sold, value, n),
        np.bincount(bought, minlength=n), np.bincount(sold, minlength=n), _squares(bought, value, time, n),
        _squares(sold, value, time, n), first,
    )  # fmt: skip
    return hours.take(who >= 0)


def _squares(at: NDArray[np.int64], value: NDArray[np.float64], time: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    slot = time // SLOT_NS
    key, place = np.unique(np.stack([at, slot]), axis=1, return_inverse=True)
    sums = _sums(place.reshape(-1), value, key.shape[1])
    return _sums(key[0], sums * sums, n)


def by_day(hours: Hours) -> Hours:
    """Return records merged by day (UTC) and entity, the days in order."""
    day = hours.hour // HOURS
    if not len(hours):
        return hours
    span = int(hours.entity.max()) + 1
    key, at = np.unique(day * span + hours.entity, return_inverse=True)
    n = len(key)
    first = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(first, at, hours.first)
    return Hours(
        key // span * HOURS, key % span, _sums(at, hours.bought, n), _sums(at, hours.sold, n),
        _counts(at, hours.buys, n), _counts(at, hours.sells, n), _sums(at, hours.bought_squares, n),
        _sums(at, hours.sold_squares, n), first,
    )  # fmt: skip


def _sums(at: NDArray[np.int64], values: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    # One after the other, in the order of events.
    return np.asarray(np.bincount(at, values, n), np.float64)


def _counts(at: NDArray[np.int64], numbers: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    sums = np.zeros(n, np.int64)
    np.add.at(sums, at, numbers)
    return sums


@dataclass(frozen=True)
class Users:
    """Everybody who traded in the analysis window, shape (n_users,) each.

    Attributes:
        entity: Who.
        bought: Value bought in the window.
        sold: Value sold.
        buys: Trades bought.
        sells: Trades sold.
        buying: How many occasions of one size would be as spread as what was bought; 0 without any.
        selling: The same of what was sold.
        trading: The same of both.
        first: Time of the first trade in the window, ns.
        last_hour: Hour of the last trade.
        past_bought: Value bought on each day of the history, shape (n_users, n_days).
        past_sold: Value sold on each day.
        past_trades: Trades of the whole history.
    """

    entity: NDArray[np.int64]
    bought: NDArray[np.float64]
    sold: NDArray[np.float64]
    buys: NDArray[np.int64]
    sells: NDArray[np.int64]
    buying: NDArray[np.float64]
    selling: NDArray[np.float64]
    trading: NDArray[np.float64]
    first: NDArray[np.int64]
    last_hour: NDArray[np.int64]
    past_bought: NDArray[np.float64]
    past_sold: NDArray[np.float64]
    past_trades: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.entity)

    @property
    def value(self) -> NDArray[np.float64]:
        """Value traded in the window."""
        return self.bought + self.sold

    @property
    def past_days(self) -> NDArray[np.int64]:
        """Days of the history with trades."""
        return np.asarray(np.count_nonzero(self.past_bought + self.past_sold > 0.0, axis=1), np.int64)

    @property
    def share(self) -> NDArray[np.float64]:
        """The part bought in the value traded in the window."""
        return self.bought / self.value

    @property
    def past_shares(self) -> NDArray[np.float64]:
        """The part bought in the value of each day, NaN on days without trades, shape (n_users, n_days)."""
        with np.errstate(invalid="ignore"):
            # Rounded, so that days of one proportion are equal however their sums were rounded.
            return np.round(self.past_bought / (self.past_bought + self.past_sold), _DECIMALS)


def users_of(hours: Hours, end: int, analysis_days: int, history_days: int) -> Users:
    """Return who traded in the analysis window, and what they did on the days before it.

    Args:
        hours: Records.
        end: First hour after the window.
        analysis_days: Length of the window.
        history_days: Days of history, which ends where the window begins.
    """
    begin = end - analysis_days * HOURS
    window, past = hours.between(begin, end), hours.between(begin - history_days * HOURS, begin)
    who, at = np.unique(window.entity, return_inverse=True)
    n = len(who)
    first, last = np.full(n, np.iinfo(np.int64).max), np.zeros(n, np.int64)
    np.minimum.at(first, at, window.first)
    np.maximum.at(last, at, window.hour)
    past = past.take(np.isin(past.entity, who))
    user = np.searchsorted(who, past.entity)
    day = user * history_days + (begin - 1 - past.hour) // HOURS
    bought, sold = (_sums(day, part, n * history_days) for part in (past.bought, past.sold))
    buying, selling = _sums(at, window.bought_squares, n), _sums(at, window.sold_squares, n)
    in_all = _sums(at, window.bought, n), _sums(at, window.sold, n)
    trading = _occasions(in_all[0] + in_all[1], buying + selling)
    return Users(
        who, *in_all, _counts(at, window.buys, n), _counts(at, window.sells, n), _occasions(in_all[0], buying),
        _occasions(in_all[1], selling), trading, first, last, bought.reshape(n, history_days),
        sold.reshape(n, history_days), _counts(user, past.buys + past.sells, n),
    )  # fmt: skip


def _occasions(value: NDArray[np.float64], squares: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(value * value, squares, out=np.zeros(len(value)), where=squares > 0.0)


def own_habit(shares: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and sample standard deviation of daily proportions.

    Args:
        shares: Proportions, NaN on days without trades, shape (n_users, n_days).

    Returns:
        Mean (NaN without days) and deviation (0 where they never varied, NaN with less than 2 days), (n_users,) each.
    """
    known = ~np.isnan(shares)
    days = np.count_nonzero(known, axis=1)
    least = np.min(np.where(known, shares, np.inf), axis=1, initial=np.inf)
    most = np.max(np.where(known, shares, -np.inf), axis=1, initial=-np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(known, shares, 0.0).sum(axis=1) / days
        # Exact where the days are equal: rounding in a mean must not make a deviation.
        mean = np.where(least == most, least, mean)
        squares = np.where(known, (shares - mean[:, None]) ** 2, 0.0).sum(axis=1)
        std = np.sqrt(squares / (days - 1))
    return mean, np.where(days < 2, np.nan, np.where(least == most, 0.0, std))


def peers_habit(
    shares: NDArray[np.float64], occasions: NDArray[np.float64], without: int, own_occasions: float
) -> tuple[int, float, float]:
    """Return how the peers of one user trade: robustly, since some of them may be accused themselves.

    With few occasions to trade a share is uneven by chance alone (a deviation of half over their root), the peers' as
    much as the user's: what chance explains of the peers' spread is taken out, and the user's own put in.

    Args:
        shares: Shares of what those who may be a peer bought, shape (n,).
        occasions: Occasions that these rest on, > 0, shape (n,).
        without: Place of the user among them, -1 if elsewhere.
        own_occasions: Occasions that the user's share rests on, > 0.

    Returns:
        Number of peers, the median of their shares, and the standard deviation to expect of the user's; NaN without
        peers.
    """
    if without >= 0:
        shares, occasions = np.delete(shares, without), np.delete(occasions, without)
    if not len(shares):
        return 0, float("nan"), float("nan")
    middle = float(np.median(shares))
    spread = _ROBUST * float(np.median(np.abs(shares - middle)))
    by_chance = float(np.median(0.25 / occasions))
    return len(shares), middle, math.sqrt(max(spread * spread - by_chance, 0.0) + 0.25 / own_occasions)


def usual_share(past: Hours, entity: NDArray[np.int64], begin: int, market: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return which part of the market's value users traded on a usual day, of the days on which they traded.

    A part, and not a value: on a day on which everybody trades more, market makers do, too.

    Args:
        past: Records of these users, of hours before `begin`.
        entity: The users, ascending, shape (n_users,).
        begin: Hour before which the days lie.
        market: The market's value on each day, the latest first, shape (n_days,).

    Returns:
        Part of the value, in [0, 2] (who trades with itself counts twice), 0 of who never traded, shape (n_users,).
    """
    user, day = np.searchsorted(entity, past.entity), (begin - 1 - past.hour) // HOURS
    active = np.unique(np.stack([user, np.minimum(day, len(market) - 1)]), axis=1)
    theirs = _sums(active[0], market[active[1]], len(entity))
    return np.divide(_sums(user, past.value, len(entity)), theirs, out=np.zeros(len(entity)), where=theirs > 0.0)

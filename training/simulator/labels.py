"""Labels of planted episodes: what really happened in the market, not what was planned.

An episode whose defining fact did not come about (no self-match, no bait pulled after a fill, no rise, no dominance)
gets no label: it is an attempt that the tape does not show. A pump is labelled from its announcement on, and its
organisers' earlier buys are among its ids; every other span runs from the first to the last message of the accounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.events import CANCEL, FILL, NEW, TRADE
from training.simulator.tables import VENUE, Messages

LABEL_COLUMNS = (
    "typology", "venue", "symbol", "accounts", "start", "end", "order_ids", "trade_ids", "severity", "tape",
)  # fmt: skip
_RISE, _SHARE, _SELF_MATCHES = 0.05, 0.6, 5


@dataclass(frozen=True)
class Episode:
    """A planted episode.

    Attributes:
        typology: Kind of abuse.
        market: Number of its market in the tape.
        tag: Its number in that market.
        accounts: Indices of those who commit it.
        start: Planned start, ns.
        end: Planned end, ns.
        severity: 0 subtle to 1 blatant.
        sides: Sides of a trade that the accounts must hold for it to be evidence.
    """

    typology: str
    market: int
    tag: int
    accounts: tuple[int, ...]
    start: int
    end: int
    severity: float
    sides: int


def label_table(messages: Messages, episodes: Sequence[Episode], account_ids: Sequence[str], tape: str) -> pd.DataFrame:
    """Return one label a planted episode that came about, in order of start."""
    rows = [_label(messages, episode, account_ids, tape) for episode in episodes]
    labels = pd.DataFrame([row for row in rows if row is not None], columns=list(LABEL_COLUMNS))
    return labels.sort_values(["start", "symbol", "typology"], ignore_index=True)


def _label(
    messages: Messages, episode: Episode, account_ids: Sequence[str], tape: str
) -> dict[str, str | float] | None:
    columns = messages.columns
    own = np.isin(columns["account"], episode.accounts) & (columns["tag"] == episode.tag)
    counter = np.isin(columns["counter"], episode.accounts) & (columns["counter_tag"] == episode.tag)
    here, trade = columns["market"] == episode.market, columns["kind"] == TRADE
    orders = np.flatnonzero(here & ~trade & own)
    trades = np.flatnonzero(here & trade & ((own & counter) if episode.sides > 1 else (own | counter)))
    if not len(orders) or not len(trades) or not _came_about(messages, episode, orders, trades):
        return None
    times = columns["time"][np.concatenate([orders, trades])]
    start = episode.start if episode.typology == "pump_and_dump" else int(times.min())
    end = int(columns["time"][trades].max()) if episode.typology == "pump_and_dump" else int(times.max())
    numbers = np.unique(columns["number"][orders])
    ranks = (np.cumsum(trade) - 1)[trades]
    return {
        "typology": episode.typology,
        "venue": VENUE,
        "symbol": messages.markets[episode.market].symbol,
        "accounts": ";".join(account_ids[a] for a in episode.accounts),
        "start": _iso(start),
        "end": _iso(max(end, start)),
        "order_ids": ";".join(messages.order_ids(numbers, episode.market).to_pylist()),
        "trade_ids": ";".join(messages.trade_ids().take(ranks).to_pylist()),
        "severity": round(episode.severity, 4),
        "tape": tape,
    }


def _came_about(messages: Messages, episode: Episode, orders: NDArray[np.int64], trades: NDArray[np.int64]) -> bool:
    if episode.typology == "wash_trading":
        return len(trades) >= _SELF_MATCHES
    if episode.typology == "spoofing":
        return _bait_was_pulled_after_fill(messages, orders)
    return _rise(messages, episode) >= _RISE if episode.typology == "pump_and_dump" else _dominates(messages, episode)


def _bait_was_pulled_after_fill(messages: Messages, orders: NDArray[np.int64]) -> bool:
    """Whether some order filled and a larger one on the other side was cancelled within the next 5 seconds."""
    kind, side, lots, time = (messages.columns[name][orders] for name in ("kind", "side", "lots", "time"))
    largest = lots[kind == NEW].max()
    fills, cancels = np.flatnonzero(kind == FILL), np.flatnonzero((kind == CANCEL) & (4 * lots >= largest))
    soon = time[cancels][None, :] - time[fills][:, None]
    opposite = side[cancels][None, :] == -side[fills][:, None]
    return bool(np.any(opposite & (soon >= 0) & (soon <= 5_000_000_000)))


def _trades_within(messages: Messages, episode: Episode) -> NDArray[np.int64]:
    columns = messages.columns
    within = (columns["time"] >= episode.start) & (columns["time"] <= episode.end)
    return np.flatnonzero(within & (columns["market"] == episode.market) & (columns["kind"] == TRADE))


def _rise(messages: Messages, episode: Episode) -> float:
    prices = messages.columns["price"][_trades_within(messages, episode)]
    return float(prices.max() / prices[0] - 1.0) if len(prices) else 0.0


def _dominates(messages: Messages, episode: Episode) -> bool:
    rows = _trades_within(messages, episode)
    columns, who = messages.columns, episode.accounts[0]
    lots = columns["lots"][rows]
    takes_part = (columns["account"][rows] == who) | (columns["counter"][rows] == who)
    return bool(lots[takes_part].sum() >= _SHARE * lots.sum())


def _iso(nanoseconds: int) -> str:
    return pd.Timestamp(nanoseconds, tz="UTC").strftime("%Y-%m-%dT%H:%M:%S.%fZ")

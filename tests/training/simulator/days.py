"""One tape of eight days on which many behaviours are planned, each subtle, plain and blatant."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pandas as pd

from tests.training.simulator.showing import SYMBOLS
from training.simulator import Planned, Setup, simulate_tape

SEVERITIES = (0.1, 0.5, 0.95)
SEEDS = (1, 2, 3)
WEEKLY = (
    "account_takeover", "deposit_outlier_others", "deposit_outlier_own", "excessive_accumulation_others",
    "excessive_accumulation_own", "excessive_offloading_others", "excessive_offloading_own",
    "withdrawal_outlier_others", "withdrawal_outlier_own",
)  # fmt: skip
_THIN = "KNC/USD"


@dataclass(frozen=True)
class Told:
    """What a tape tells of one planned behaviour.

    Attributes:
        label: Its label.
        own: The accused's trades: `timestamp`, `usd`, signed: bought is positive.
        moved: All transfers: `timestamp`, `account_id`, `usd`.
        traded: All trades, with `usd`.
    """

    label: pd.Series
    own: pd.DataFrame
    moved: pd.DataFrame
    traded: pd.DataFrame

    @property
    def account(self) -> str:
        """The accused, of whom there is one."""
        return str(self.label["accounts"])

    @property
    def start(self) -> pd.Timestamp:
        """Start of the label."""
        return pd.Timestamp(self.label["start"])

    def within(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return rows in the labelled span."""
        return table[table["timestamp"].between(self.start, pd.Timestamp(self.label["end"]))]

    def before(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return rows before the labelled span."""
        return table[table["timestamp"] < self.start]

    @property
    def transfers(self) -> pd.DataFrame:
        """The accused's transfers."""
        return self.moved[self.moved["account_id"] == self.account]


@cache
def week(seed: int) -> dict[tuple[str, float], Told]:
    """Return everything that is planned on an eight-day tape, by kind and severity."""
    planned = tuple(
        Planned(kind, 0.3 + 0.1 * i + 0.03 * j, _THIN, severity=severity)
        for i, kind in enumerate(WEEKLY)
        for j, severity in enumerate(SEVERITIES)
    )
    return _told(planned, 192.0, seed)


@cache
def weekend(kind: str, severity: float, seed: int) -> Told:
    """Return what is planned on a tape of forty hours, after the first day."""
    return _told((Planned(kind, 25.0, _THIN, severity=severity),), 40.0, seed)[kind, severity]


def _told(planned: tuple[Planned, ...], hours: float, seed: int) -> dict[tuple[str, float], Told]:
    tape = simulate_tape(
        setup=Setup(symbols=(SYMBOLS[_THIN],), hours=hours, seed=seed, abuse_rate=0.0, innocents=False, start_h=0.0,
                    planned=planned)
    )  # fmt: skip
    trades, moved = tape.trades.to_pandas(), tape.transfers.to_pandas()
    trades["usd"] = trades["price"] * trades["quantity"]
    told = {}
    for _, label in tape.labels.iterrows():
        bought, sold = trades["buyer_id"] == label["accounts"], trades["seller_id"] == label["accounts"]
        own = trades.loc[bought | sold, ["timestamp"]].assign(usd=trades["usd"].where(bought, -trades["usd"]))
        told[str(label["typology"]), float(label["severity"])] = Told(label, own, moved, trades)
    return told

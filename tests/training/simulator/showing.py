"""Small tapes on which one thing is planned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pandas as pd

from training.simulator import Planned, Setup, SimulatedTape, simulate_tape
from training.simulator.people.markets import DEFAULT_VENUE, KNOWN, Venue

SYMBOLS = {symbol.name: symbol for symbol in KNOWN}


@dataclass(frozen=True)
class Shown:
    """One planned episode on a small tape, with what the tape says about it.

    Attributes:
        tape: The tape.
        trades: Its trades.
        orders: Its order messages.
        labels: Its labels.
        innocent: Its look-alikes.
    """

    tape: SimulatedTape
    trades: pd.DataFrame
    orders: pd.DataFrame
    labels: pd.DataFrame
    innocent: pd.DataFrame

    @property
    def accused(self) -> set[str]:
        """Accounts of all labels."""
        return {account for cell in self.labels["accounts"] for account in cell.split(";")}

    @property
    def own_orders(self) -> pd.DataFrame:
        """Messages about the labelled orders."""
        ids = {order for cell in self.labels["order_ids"] for order in cell.split(";")}
        return self.orders[self.orders["order_id"].isin(ids)]

    @property
    def own_trades(self) -> pd.DataFrame:
        """The labelled trades."""
        ids = {trade for cell in self.labels["trade_ids"] for trade in cell.split(";")}
        return self.trades[self.trades["trade_id"].isin(ids)]


@cache
def show(
    kind: str,
    severity: float = 0.7,
    seed: int = 1,
    *,
    symbol: str = "SOL/USD",
    hours: float = 1.0,
    at_h: float = 0.4,
    venues: int = 1,
    start_h: float | None = None,
    more_symbols: tuple[str, ...] = (),
) -> Shown:
    """Return a tape on which one episode or look-alike is planned, and nothing else happens by plan."""
    places = (DEFAULT_VENUE,) if venues == 1 else tuple(Venue(f"sim-{i}", taker_bps=1.0) for i in range(1, venues + 1))
    setup = Setup(
        symbols=tuple(SYMBOLS[name] for name in (symbol, *more_symbols)), venues=places, hours=hours, seed=seed,
        abuse_rate=0.0, innocents=False, start_h=start_h,
        planned=(Planned(kind, at_h, symbol=symbol, severity=severity),),
    )  # fmt: skip
    tape = simulate_tape(setup=setup)
    return Shown(tape, tape.trades.to_pandas(), tape.orders.to_pandas(), tape.labels, tape.innocent)

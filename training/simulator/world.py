"""The state of one simulated market: records of plain arrays, which the kernels take by reference.

Everything is here, so a market can stop after any event and go on later: that is how tapes are made in chunks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from training.simulator.agenda import Agenda
from training.simulator.venue import Book, Log, empty_record

SECOND = 1_000_000_000
MAX_LEVELS = 8
PLANNED = 1 << 20  # hooks from here on are planned actions, below they are market makers
N_RETAIL, N_MAKERS, N_SNIPERS, N_EXECUTORS = 760, 14, 4, 6
N_ACCOUNTS = N_RETAIL + N_MAKERS + N_SNIPERS + N_EXECUTORS


class Spec(Protocol):
    """Constants of one market.

    Attributes:
        start: First nanosecond.
        end: Last nanosecond.
        opening: Opening price in ticks.
        sigma: Standard deviation of the fundamental log price over one second.
        immigrants: Spontaneous decisions of background accounts a second, at average activity.
        branching: Mean number of further decisions that each decision sets off, < 1.
        typical: Median size of a background order, lots.
        life_s: Typical life of a resting background order.
        back_ticks: Typical distance behind the touch.
        slip: How many ticks through the touch a background taker goes at most.
        snipe_s: Mean time between looks of a fast taker.
        peak_hour: Hour of day, UTC, of most activity.
    """

    start: int
    end: int
    opening: float
    sigma: float
    immigrants: float
    branching: float
    typical: float
    life_s: float
    back_ticks: float
    slip: int
    snipe_s: float
    peak_hour: float


class People(Protocol):
    """Habits of the accounts in one market, shape (N_RETAIL,) or (N_ACCOUNTS,) each.

    Attributes:
        reach: Cumulative share of background decisions, last is 1.
        usual: Usual order size, lots.
        roundness: Share of orders in round sizes.
        impatience: Share of decisions that take instead of rest.
        omnibus: 1 where many clients share the account, so that it may meet itself.
        position: Lots held from planned orders.
        volume: Lots traded by the account so far.
        snipers: Accounts of fast takers, shape (N_SNIPERS,).
    """

    reach: NDArray[np.float64]
    usual: NDArray[np.float64]
    roundness: NDArray[np.float64]
    impatience: NDArray[np.float64]
    omnibus: NDArray[np.int64]
    position: NDArray[np.int64]
    volume: NDArray[np.int64]
    snipers: NDArray[np.int64]


class Makers(Protocol):
    """Market makers, shape (N_MAKERS,) unless stated, of which the first `count` exist.

    Attributes:
        count: How many there are.
        account: Who they are.
        levels: Quotes a side, at most MAX_LEVELS.
        lots: Size of the first level, the same on both sides.
        half_spread: Ticks from fair price to first quote.
        gap: Ticks between levels.
        refresh_s: Mean time between looks at the market.
        latency_ns: Time to react to a fill.
        limit: Inventory in lots at which one side is withdrawn.
        lean: Ticks that fair price moves at full book imbalance.
        trust_s: Time constant with which belief goes to the fundamental.
        replaces: 1 where quotes move by replace messages instead of cancel and new.
        belief: Log of the believed price in ticks.
        seen: When they last looked, ns; `flow` the market's signed flow then.
        heat: Recent movement of belief, which widens the quotes.
        inventory: Lots held.
        pending: 1 while a reaction to a fill is on the agenda.
        paused: No quote on this side before, ns, shape (N_MAKERS, 2).
        slot: Slots of the quotes, shape (N_MAKERS, 2, MAX_LEVELS).
        number: Order numbers that those slots must still hold.
    """

    count: int
    account: NDArray[np.int64]
    levels: NDArray[np.int64]
    lots: NDArray[np.int64]
    half_spread: NDArray[np.float64]
    gap: NDArray[np.float64]
    refresh_s: NDArray[np.float64]
    latency_ns: NDArray[np.int64]
    limit: NDArray[np.int64]
    lean: NDArray[np.float64]
    trust_s: NDArray[np.float64]
    replaces: NDArray[np.int64]
    belief: NDArray[np.float64]
    seen: NDArray[np.int64]
    flow: NDArray[np.float64]
    heat: NDArray[np.float64]
    inventory: NDArray[np.int64]
    pending: NDArray[np.int64]
    paused: NDArray[np.int64]
    slot: NDArray[np.int64]
    number: NDArray[np.int64]


class Mood(Protocol):
    """The few loose numbers of a market.

    Attributes:
        value: Log of the fundamental price in ticks.
        log_sigma: Log of volatility relative to its usual level.
        activity: Log of activity relative to its usual level.
        flow: Signed taker flow so far, in typical orders.
        planned: Number of the next planned action.
        volume: Lots traded so far.
    """

    value: float
    log_sigma: float
    activity: float
    flow: float
    planned: int
    volume: int


class Plan(NamedTuple):
    """Planned actions in time order, and the groups that tie them together.

    Attributes:
        rows: One action a row: time, kind, account, side, lots, rule, parameter, group, tag, rests; see `plan.Action`.
        orders: Slot and number of each action's order (-1 while none), and the next action of the same group,
            shape (n_actions, 3).
        groups: First action of the group (-1 for none); group to pull when an order of this one has filled (-1 for
            none; itself: when one is hit at all); delay of that in ns; own and others' volume when a participating
            executor began (-1 before); shape (n_groups, 5).
        anchor: Price in ticks remembered for each tag, shape (n_tags,).
    """

    rows: NDArray[np.int64]
    orders: NDArray[np.int64]
    groups: NDArray[np.int64]
    anchor: NDArray[np.int64]


class World(NamedTuple):
    """One market with all that acts in it."""

    spec: Spec
    book: Book
    log: Log
    agenda: Agenda
    people: People
    makers: Makers
    plan: Plan
    mood: Mood
    stream: NDArray[np.uint64]


def _floats(*names: str, shape: tuple[int, ...] = ()) -> list[tuple[str, type, tuple[int, ...]]]:
    return [(name, np.float64, shape) for name in names]


def _wholes(*names: str, shape: tuple[int, ...] = ()) -> list[tuple[str, type, tuple[int, ...]]]:
    return [(name, np.int64, shape) for name in names]


_SPEC = np.dtype(
    _wholes("start", "end", "slip")
    + _floats("opening", "sigma", "immigrants", "branching", "typical", "life_s", "back_ticks", "snipe_s", "peak_hour")
)
_MOOD = np.dtype(_floats("value", "log_sigma", "activity", "flow") + _wholes("planned", "volume"))
_PEOPLE = np.dtype(
    _floats("reach", "usual", "roundness", "impatience", shape=(N_RETAIL,))
    + _wholes("omnibus", "position", "volume", shape=(N_ACCOUNTS,))
    + _wholes("snipers", shape=(N_SNIPERS,))
)
_MAKERS = np.dtype(
    _wholes("count")
    + _wholes(
        "account",
        "levels",
        "lots",
        "latency_ns",
        "limit",
        "replaces",
        "seen",
        "inventory",
        "pending",
        shape=(N_MAKERS,),
    )
    + _floats("half_spread", "gap", "refresh_s", "lean", "trust_s", "belief", "flow", "heat", shape=(N_MAKERS,))
    + _wholes("paused", shape=(N_MAKERS, 2))
    + _wholes("slot", "number", shape=(N_MAKERS, 2, MAX_LEVELS))
)


def make_spec(**values: float) -> Spec:
    """Return the constants as a record; every field must be given."""
    return cast("Spec", _filled(_SPEC, values))


def make_people(**values: NDArray[np.float64] | NDArray[np.int64]) -> People:
    """Return habits as a record; what is not given is 0."""
    return cast("People", _filled(_PEOPLE, values))


def make_makers(**values: int | NDArray[np.float64] | NDArray[np.int64]) -> Makers:
    """Return market makers as a record; what is not given is 0, and they have no quotes yet."""
    makers = cast("Makers", _filled(_MAKERS, values))
    makers.slot[:], makers.number[:] = -1, -1
    return makers


def make_mood(value: float) -> Mood:
    """Return the loose numbers at the opening, for a fundamental of that log price."""
    return cast("Mood", _filled(_MOOD, {"value": value}))


def _filled(dtype: np.dtype[np.void], values: Mapping[str, Any]) -> np.record:
    record = empty_record(dtype)
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            record[name][: len(value)] = value
        else:
            record[name] = value
    return record

"""Planned actions: what scenarios and executors mean to do, written down before the market opens.

A plan names times, accounts and rules ("one tick inside the touch"), never outcomes: the market decides what fills.
Groups tie actions together, so that one can be pulled when another has filled.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field

import numpy as np

from training.simulator.world import Plan

PLACE, MATCH, PULL, PARTICIPATE, UNLOAD, NEWS, ANCHOR = range(7)
JOIN, INSIDE, THROUGH, ANCHORED = range(4)
BUY, SELL = 1, -1


@dataclass(frozen=True, slots=True)
class Action:
    """One planned action.

    Attributes:
        time: Nanoseconds.
        kind: PLACE an order; MATCH the standing order of group `parameter`; PULL (cancel) a group; PARTICIPATE at
            `parameter` millionths of the others' volume; UNLOAD `parameter` millionths of the account's planned
            position; NEWS that moves the fundamental by `parameter` millionths and makes `lots` accounts decide within
            about `rule` seconds; ANCHOR: remember the mid price for the tag.
        account: Who acts.
        side: BUY or SELL.
        lots: Quantity, or its upper limit.
        rule: Price of a PLACE: JOIN `parameter` ticks behind the own touch, INSIDE one tick better than the own touch,
            THROUGH `parameter` ticks beyond the other touch, ANCHORED `parameter` millionths above the anchor.
        parameter: See above.
        group: The group the order belongs to, -1 for none.
        tag: The planted episode, -1 for honest actions.
        rests: Whether what does not fill stays in the book.
    """

    time: int
    kind: int
    account: int = -1
    side: int = 0
    lots: int = 0
    rule: int = 0
    parameter: int = 0
    group: int = -1
    tag: int = -1
    rests: bool = False


@dataclass
class Planner:
    """Collects the actions of one market."""

    actions: list[Action] = field(default_factory=list)
    pulls: list[int] = field(default_factory=list)
    delays: list[int] = field(default_factory=list)

    def group(self, *, pulls: int = -1, pulls_itself: bool = False, delay_ns: int = 0) -> int:
        """Return a new group.

        Args:
            pulls: Group that is cancelled when an order of this one has filled wholly, -1 for none.
            pulls_itself: Whether the group is cancelled as soon as one of its orders is hit at all.
            delay_ns: Time from the fill to the cancel.
        """
        self.pulls.append(len(self.pulls) if pulls_itself else pulls)
        self.delays.append(delay_ns)
        return len(self.pulls) - 1

    def add(self, *actions: Action) -> None:
        """Add actions in any order."""
        self.actions.extend(actions)

    def compile(self, tags: int) -> Plan:
        """Return the plan as arrays in time order, for a market with that many planted episodes."""
        ordered = sorted(self.actions, key=lambda action: action.time)
        rows = np.array([astuple(action) for action in ordered], np.int64).reshape(-1, 10)
        orders = np.full((len(rows), 3), -1, np.int64)
        groups = np.full((len(self.pulls) + 1, 5), -1, np.int64)
        groups[:-1, 1], groups[:-1, 2] = self.pulls, self.delays
        for i in range(len(ordered) - 1, -1, -1):
            if ordered[i].kind == PLACE and ordered[i].group >= 0:
                orders[i, 2], groups[ordered[i].group, 0] = groups[ordered[i].group, 0], i
        return Plan(rows, orders, groups, np.zeros(max(tags, 1), np.int64))

"""Letting plans play: each is woken at its time or after a fill, acts, and says what it waits for next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from training.simulator.flow import desk
from training.simulator.flow.world import N_DESK, World
from training.simulator.people.stage import Order, Plan, Stage, Wait

_SOONEST_NS = 1_000  # nobody acts twice within a microsecond, so no plan can stop the clock


@dataclass
class _Player:
    plan: Plan
    act: _Act
    ticket: int = 0
    waiting: tuple[Order, ...] = ()


@dataclass
class _Act:
    """One episode: its stage, how many of its plans still play, and whether one said that it did not come about."""

    stage: Stage
    finish: Callable[[Stage, bool], None]
    playing: int = 0
    came_about: bool = True


class Players:
    """All plans of a tape.

    Args:
        world: Where they act.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._playing: dict[int, _Player] = {}
        self._number = 0
        self._current: _Act | None = None
        self.hooks = list(range(N_DESK))[::-1]

    def enter(self, stage: Stage, plan: Plan, finish: Callable[[Stage, bool], None]) -> None:
        """Let an episode begin at its time.

        Args:
            stage: Its stage.
            plan: What it does.
            finish: Called when all its plans have ended, with its stage and whether it came about.
        """
        self._enter(stage.begin, plan, _Act(stage, finish))

    def join(self, when: int, plan: Plan) -> None:
        """Let a further plan of the episode that acts just now begin at a time."""
        if self._current is None:
            message = "a further plan must be started by a plan that acts"
            raise RuntimeError(message)
        self._enter(when, plan, self._current)

    def resume(self, who: int, ticket: int) -> None:
        """Let a player act, unless it has gone on since the wake-up was put on the agenda."""
        player = self._playing.get(who)
        if player is None or ticket != player.ticket:
            return
        for order in player.waiting:
            self._world.desk.waiter[order.hook] = -1
        self._current = player.act
        try:
            wait = next(player.plan)
        except StopIteration as end:
            player.act.came_about &= end.value is not False
            del self._playing[who]
            self._leave(player.act)
        else:
            self._wait(who, player, wait)
        finally:
            self._current = None

    def stop(self) -> None:
        """End all plans, as at the end of the tape; plans that have begun may still be labelled."""
        for player in list(self._playing.values()):
            player.plan.close()
        acts = {id(player.act): player.act for player in self._playing.values()}
        self._playing.clear()
        for act in acts.values():
            act.playing = 1
            self._leave(act)

    def _enter(self, when: int, plan: Plan, act: _Act) -> None:
        self._number += 1
        act.playing += 1
        self._playing[self._number] = _Player(plan, act)
        desk.wake(self._world, when, self._number, 0)

    def _wait(self, who: int, player: _Player, wait: Wait) -> None:
        player.ticket += 1
        player.waiting = wait.orders
        for order in wait.orders:
            self._world.desk.waiter[order.hook] = who
            self._world.desk.ticket[order.hook] = player.ticket
        soonest = int(self._world.clock[0]) + _SOONEST_NS
        desk.wake(self._world, max(wait.until, soonest), who, player.ticket)

    def _leave(self, act: _Act) -> None:
        act.playing -= 1
        if act.playing:
            return
        act.stage.cancel(*act.stage.orders)
        self.hooks.extend(order.hook for order in act.stage.orders if not order.is_open)  # a halted venue keeps some
        act.stage.orders.clear()
        act.finish(act.stage, act.came_about)

"""What is kept of a tape while it plays: tables as they come, labels and look-alikes as episodes end."""

from __future__ import annotations

from dataclasses import dataclass, field

from training.simulator.flow.world import World
from training.simulator.labels import INNOCENT_TAGS, Evidence, Finished, Row, innocent_rows, label_rows
from training.simulator.people.players import Players
from training.simulator.people.roles import role_rows
from training.simulator.people.stage import Room, Stage
from training.simulator.scenarios.base import Scenario
from training.simulator.sinks import Sink
from training.simulator.tables import TableMaker, columns_of


@dataclass
class Recorded:
    """What tapes told besides their messages: rows of labels and of look-alikes."""

    labels: list[Row] = field(default_factory=list)
    innocent: list[Row] = field(default_factory=list)


@dataclass
class Recording:
    """One tape being recorded.

    Attributes:
        world: The markets.
        players: Whoever acts by plan.
        maker: Makes tables of messages.
        sink: Takes the tables.
        recorded: Takes labels and look-alikes.
        evidence: Tagged messages of episodes that play.
        over: Episodes that have ended since the log was last taken away.
    """

    world: World
    players: Players
    maker: TableMaker
    sink: Sink
    recorded: Recorded
    evidence: Evidence = field(default_factory=Evidence)
    over: list[Finished] = field(default_factory=list)

    def enter(self, scenario: Scenario, stage: Stage) -> None:
        """Let an episode begin at its time, and record it when it ends."""

        def finish(stage: Stage, came_about: bool) -> None:  # noqa: FBT001 - what players call
            self.over.append(Finished(scenario.kind, stage, scenario.sides, came_about))

        self.players.enter(stage, scenario.plan(stage), finish)

    def drain(self) -> None:
        """Take the messages out of the log, and record what has ended."""
        log = self.world.exchange.log
        columns = columns_of(log.rows[: log.count[0]])
        log.count[0] = 0
        for name, table in self.maker.tables(columns).items():
            self.sink.write(name, table)
        self.evidence.take(columns)
        for finished in self.over:
            self._record(finished)
        self.over.clear()

    def close(self, room: Room) -> None:
        """Record whatever still plays, who has which role, accounts and transfers."""
        self.players.stop()
        self.drain()
        self.recorded.innocent.extend(role_rows(room, self.maker.tape))
        self.sink.write("accounts", self.maker.account_table())
        self.sink.write("transfers", self.maker.transfer_table(room.transfers))

    def _record(self, finished: Finished) -> None:
        if finished.stage.tag >= INNOCENT_TAGS:
            self.recorded.innocent.extend(innocent_rows(finished, self.evidence, self.maker))
        elif finished.came_about:
            self.recorded.labels.extend(label_rows(finished, self.evidence, self.maker))
        else:
            self.evidence.of(finished.stage.tag)

"""`tapewatch retrain`: once, or again and again, until it is told to stop."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

import structlog
from rich.console import Console

from features.errors import ParameterError
from serving.commands.terminal import bar, say
from serving.settings import Settings
from serving.signals import STOPS
from training.deciding import load_rule
from training.experiment import load_experiment
from training.retrain import Plan, Round, retrain

Planned = Callable[[], Plan]
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
log = structlog.get_logger(__name__)


def seconds_of(span: str, option: str = "--every") -> float:
    """Return the seconds of a span such as 30s, 10m, 6h or 1d.

    Raises:
        ParameterError: It is none.

    Example:
        >>> seconds_of("6h")
        21600.0
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", span.strip())
    if found is None or not float(found[1]):
        raise ParameterError(f"{option} must be a span such as 30m, 6h or 1d, was {span}")
    return float(found[1]) * _SECONDS[found[2]]


@dataclass(frozen=True)
class Files:
    """What a round is set to, as files, which may have changed since the round before.

    Attributes:
        parameters: TOML of parameters; those in force by default.
        rule: TOML of the rule of promotion; `promotion.toml` of the home by default, if there is one.
        experiment: TOML of an experiment, or a shipped one's name; the defaults without one.
        seed: Seed in place of the experiment's own.
    """

    parameters: Path | None = None
    rule: Path | None = None
    experiment: str | None = None
    seed: int | None = None


def plan_of(datasets: Sequence[Path], settings: Settings, files: Files, *, dry_run: bool = False) -> Plan:
    """Return the plan of a round that begins now.

    Raises:
        ParameterError: A file cannot be read, or has mistakes.
    """
    own = settings.home / "promotion.toml"
    return Plan(
        datasets=tuple(datasets),
        home=settings.home,
        parameters=settings.parameters(files.parameters),
        rule=load_rule(files.rule or (own if own.exists() else None)),
        experiment=load_experiment(files.experiment, files.seed),
        dry_run=dry_run,
    )


class Told(KeyboardInterrupt):
    """The process was told to stop, by SIGTERM as by Ctrl-C; nothing that catches errors may catch it."""


class Stop:
    """Turns SIGINT and SIGTERM into `Told`, at once or, within `undisturbed`, at its end; use it in the main thread."""

    def __init__(self) -> None:
        self._held = False
        self._told = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen while the block lasts."""
        before = {number: signal.getsignal(number) for number in STOPS}
        for number in STOPS:
            signal.signal(number, self._noted)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Hold a signal back until the block is done."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._told:
            raise Told

    def _noted(self, _number: int, _frame: FrameType | None) -> None:
        self._told = True
        if not self._held:
            raise Told


def run_retrain(planned: Planned, every_s: float | None = None, *, as_json: bool = False) -> Round | None:
    """Retrain once, or in rounds until told to stop; a round that fails is logged and the next one tries again.

    Args:
        planned: Makes the plan of each round.
        every_s: Seconds between the ends and beginnings of rounds; once if None.
        as_json: Print each decision as JSON.

    Returns:
        The last round that did something.

    Raises:
        TapewatchError: The only round failed.
    """
    stop, last = Stop(), None
    try:
        with stop.listening():
            if every_s is None:
                return _round(planned, stop, as_json=as_json)
            while True:
                last = _attempt(planned, stop, as_json=as_json) or last
                threading.Event().wait(every_s)
    except Told:
        say("stopped; champion and challenger are as the last finished round left them")
        return last


def _attempt(planned: Planned, stop: Stop, *, as_json: bool) -> Round | None:
    try:
        return _round(planned, stop, as_json=as_json)
    except Exception as error:
        # The next round may find what this one missed: a tape half written, a database that is being moved.
        log.exception("retrain.round_failed", why=str(error))
        return None


def _round(planned: Planned, stop: Stop, *, as_json: bool) -> Round | None:
    with bar("reading tapes") as report:
        done = retrain(planned(), report, stop.undisturbed, partial(report, what="searching"))
    if done is None:
        say("nothing new: tapes, labels, parameters, experiment, rule, champion and code are as in the last round")
    elif as_json:
        Console(highlight=False, soft_wrap=True).print_json(data=done.decision.figures())
    else:
        told(done)
    return done


def told(done: Round) -> None:
    """Print what a round did."""
    console = Console(highlight=False)
    if done.drift is not None:
        from training.drift_report import drift_table

        console.print(drift_table(done.drift, shown=8))
    console.print(done.decision.table())
    if done.promotion is not None:
        from training.promote import told as promoted

        say(promoted(done.promotion))
    else:
        would = "it would be promoted (--dry-run)" if done.decision.promote else "it is not promoted"
        say(f"version {done.trained.version} is the challenger; {would}")

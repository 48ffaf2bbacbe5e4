"""What the engine runs: the surveillance of `models`, behind the few methods that the engine needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from features.encoding import Lots
from features.events import Events, Vocabulary
from models.alert import Alert
from models.cross_report import CrossReport
from serving.engine.shadowing import ShadowLog


class Watcher(Protocol):
    """Events in, alert revisions out; see `models.surveillance.Surveillance`."""

    vocabulary: Vocabulary

    @property
    def late(self) -> int:
        """Events refused because their bucket was closed."""
        ...

    def add(self, events: Events) -> None:
        """Take events; what they make due waits for `close`."""
        ...

    def tick(self, until_ns: int, markets: Collection[tuple[str, str]] | None = None) -> None:
        """Let time pass up to `until_ns`, in all markets or in some; what this makes due waits for `close`."""
        ...

    def close(self) -> list[Alert]:
        """Judge what is due and return the alert revisions that it brings."""
        ...

    def cross_report(self, symbol: str | None, window_ns: int) -> CrossReport | None:
        """Return what venues of one thing make of one another; None where nobody has traded the symbol."""
        ...

    def snapshot(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield the whole state in parts, nothing being due."""
        ...


@dataclass(frozen=True)
class Watch:
    """How watchers are made, and by what.

    Attributes:
        new: Makes one without history.
        restored: Makes one from a snapshot.
        lots: Smallest quantities, to encode events with.
        lateness_ns: How long it waits for stragglers.
        model: Digest of its bundle, or "rules only".
        parameters: Version of its parameters.
        folds: What its state depends on: a snapshot folded by other kernels, features or windows is of no use to it.
        shadow: What hears of the challenger that judges beside it, None without one.
    """

    new: Callable[[], Watcher]
    restored: Callable[[Iterable[dict[str, NDArray[Any]]]], Watcher]
    lots: Lots
    lateness_ns: int
    model: str
    parameters: str
    folds: str
    shadow: ShadowLog | None = None

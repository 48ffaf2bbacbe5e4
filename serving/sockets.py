"""Where the processes of one service listen for each other."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Sockets(NamedTuple):
    """Paths of Unix sockets.

    Attributes:
        engine: The engine's.
        feeds: The feeds process's.
    """

    engine: str
    feeds: str

    @classmethod
    def below(cls, folder: Path) -> Sockets:
        """Return the sockets in a folder."""
        return cls(str(folder / "engine.sock"), str(folder / "feeds.sock"))

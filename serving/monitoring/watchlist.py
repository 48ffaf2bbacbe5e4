"""What is monitored, kept in a file so that it survives a restart."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from features.errors import StoreError
from serving.files import write_whole
from serving.monitoring.wire import Listed


def read_watchlist(path: Path) -> list[Listed]:
    """Return what is to be monitored, in order of venue and symbol.

    Raises:
        StoreError: The file cannot be understood.
    """
    if not path.exists():
        return []
    try:
        listed = msgspec.json.decode(path.read_bytes(), type=list[Listed])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = f"{path} must be a list of monitored markets as Tapewatch wrote it: {error}; delete it to begin anew"
        raise StoreError(message) from error
    return sorted(listed, key=lambda one: one.market)


def write_watchlist(path: Path, listed: Iterable[Listed]) -> None:
    """Replace what is to be monitored."""
    ordered = sorted(listed, key=lambda one: one.market)
    write_whole(path, msgspec.json.format(msgspec.json.encode(ordered)) + b"\n")


def added(listed: Iterable[Listed], new: Iterable[Listed]) -> list[Listed]:
    """Return what is monitored after more was asked for: of one market the later wish counts.

    Example:
        >>> [one.interval_s for one in added([Listed("x", "A/B")], [Listed("x", "A/B", interval_s=5.0)])]
        [5.0]
    """
    return list({one.market: one for one in (*listed, *new)}.values())

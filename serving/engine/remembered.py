"""Which events were taken already."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec

_SIZE = 16


class _State(msgspec.Struct):
    newest: int
    batches: list[tuple[int, bytes]]


class Remembered:
    """Identities of the events taken, forgotten in order of arrival.

    A batch is forgotten only when its newest event is older than the horizon *and* `at_least` younger identities
    are known. The first bounds it by event time (an event beyond the horizon would be refused as late anyhow), the
    second keeps a retry safe where markets of different days come together.
    """

    def __init__(self, horizon_ns: int, at_least: int) -> None:
        self._horizon_ns = horizon_ns
        self._at_least = at_least
        self._known: set[bytes] = set()
        self._batches: deque[tuple[int, bytes]] = deque()
        self._newest = 0

    def __len__(self) -> int:
        return len(self._known)

    def fresh(self, identities: Sequence[bytes | None]) -> list[bool]:
        """Tell which identities are new; the second of two equal ones is not. Nothing is remembered yet."""
        seen: set[bytes] = set()
        told = []
        for identity in identities:
            told.append(identity is None or (identity not in self._known and identity not in seen))
            if identity is not None:
                seen.add(identity)
        return told

    def remember(self, identities: Sequence[bytes | None], newest_ns: int) -> None:
        """Remember new identities.

        Args:
            identities: Those of one batch; None is passed over.
            newest_ns: Time of the batch's newest event, ns UTC.
        """
        mine = b"".join(identity for identity in identities if identity is not None)
        self._newest = max(self._newest, newest_ns)
        if mine:
            self._batches.append((newest_ns, mine))
            self._known.update(_split(mine))
        self._forget()

    def snapshot(self) -> bytes:
        """Return all that is needed to go on."""
        return msgspec.msgpack.encode(_State(self._newest, list(self._batches)))

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot."""
        read = msgspec.msgpack.decode(state, type=_State)
        self._newest = read.newest
        self._batches = deque(read.batches)
        self._known = {identity for _, batch in read.batches for identity in _split(batch)}

    def _forget(self) -> None:
        while self._batches:
            newest_ns, batch = self._batches[0]
            left = len(self._known) - len(batch) // _SIZE
            if left < self._at_least or newest_ns >= self._newest - self._horizon_ns:
                return
            self._known.difference_update(_split(batch))
            self._batches.popleft()


def _split(batch: bytes) -> list[bytes]:
    return [batch[at : at + _SIZE] for at in range(0, len(batch), _SIZE)]

"""What was last told of a book, and what has changed since: an image first, then levels."""

from __future__ import annotations

from itertools import islice
from typing import Any

from serving.sources.canonical import Change

_SIDES = ("bids", "asks")


class BookView:
    """The best levels of a book as its readers know them.

    A level that falls out of the view because better ones came is told as removed (quantity 0), and told again when it
    comes back: readers always hold exactly the best `depth` levels of each side.

    Args:
        depth: Levels of a side.
    """

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._sides: list[dict[float, float]] | None = None
        self._time_ns = 0
        self._sequence = 0

    def forget(self) -> None:
        """Begin anew: what comes next is a full image."""
        self._sides = None

    def changes(self, book: Any, time_ns: int) -> list[Change]:  # noqa: ANN401 - ccxt ships no types
        """Return what must be told so that readers know the book as it is now.

        Args:
            book: `bids` and `asks`, each levels of price and quantity, the best first.
            time_ns: The exchange's time, ns UTC; an earlier one than before counts as the one before, so that an
                image is never sorted behind what changed it. An image has a time of its own, later than all before.

        Returns:
            Levels; of a full image all, with `snapshot`.
        """
        now = [{level[0]: level[1] for level in islice(iter(book[side]), self._depth)} for side in _SIDES]
        before, self._sides = self._sides, now
        self._time_ns = max(self._time_ns + (before is None), time_ns)
        changed: list[Change] = []
        for side, levels in enumerate(now):
            old = before[side] if before is not None else {}
            told = [(price, 0.0) for price in old if price not in levels]
            told += [(price, quantity) for price, quantity in levels.items() if old.get(price) != quantity]
            changed += [self._change(side, price, quantity, image=before is None) for price, quantity in told]
        return changed

    def _change(self, side: int, price: float, quantity: float, *, image: bool) -> Change:
        self._sequence += 1
        return Change(self._time_ns, side, price, quantity, image, self._sequence)


def is_crossed(book: Any) -> bool:  # noqa: ANN401 - ccxt ships no types
    """Return whether the best bid is not below the best ask: such a book cannot be."""
    return bool(book["bids"] and book["asks"] and book["bids"][0][0] >= book["asks"][0][0])

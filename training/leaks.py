"""The leak check: a split that lets anything of a later part into an earlier one is refused, loudly.

What must not be in two parts: a tape, a moment of a market, an event (an episode that spans markets), an accused
entity. Splits are made so; this proves it of the split that is used, whoever made it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from features.errors import TapewatchError
from training.markets import MarketTape
from training.splits import Split

_SHOWN = 3
Part = tuple[str, tuple[MarketTape, ...]]


class LeakError(TapewatchError):
    """Something is in two parts of a split; the text names what and where."""


def refuse_leaks(split: Split) -> None:
    """Return if no part of a split holds anything of another.

    Args:
        split: Parts of a dataset.

    Raises:
        LeakError: A tape, a moment of a market, or an accused account is in two parts; the first of each kind of
            leak are named.
    """
    parts: tuple[Part, ...] = (("fit", split.fit), ("calibrate", split.calibrate), ("test", split.test))
    found = [leak for one, two in combinations(parts, 2) for leak in _leaks(one, two)]
    if found:
        shown = "; ".join(found[:_SHOWN]) + (f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
        raise LeakError(f"parts of a split must have nothing in common, was: {shown}")


def _leaks(one: Part, two: Part) -> Iterator[str]:
    (first, earlier), (second, later) = one, two
    for tape in sorted({market.tape for market in earlier} & {market.tape for market in later}):
        yield f"tape {tape} is in {first} and {second}"
    spans = [(market.venue, market.symbol, market.start, market.end, market.tape) for market in later]
    for market in earlier:
        for venue, symbol, start, end, tape in spans:
            if (venue, symbol) == (market.venue, market.symbol) and market.start <= end and start <= market.end:
                yield f"{venue} {symbol} of tape {market.tape} ({first}) overlaps tape {tape} ({second}) in time"
    accused = {name: market.tape for market in later for names in market.used_accused() for name in names}
    for market in earlier:
        for name in sorted({name for names in market.used_accused() for name in names} & accused.keys()):
            yield f"{name} is accused in tape {market.tape} ({first}) and in tape {accused[name]} ({second})"

"""Rows of accounts in the fold's output, and the rows on which episodes of accounts count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from features import fold as folding
from features.account_catalogue import ACCOUNT_FEATURES, CONTEXT
from features.catalogue import GRAINS, grain_of
from features.fold import ACCOUNT, Folded, MarketFold, Windows
from features.rows import blank_rows, no_episodes
from features.saved_state import Arrays
from features.seen import Seen
from features.sweeps.base import MOST_MEMBERS, Found, Sweep
from tests.features.test_account import SECOND, tape

FAR = 2**62
WINDOWS = Windows(5 * SECOND, 60, 60 * SECOND, 10)


class EveryTenth(Sweep):
    """Finds an episode at every tenth event: by turns of who acted and of somebody who never does."""

    kind: ClassVar[str] = "tenth"
    figures: ClassVar[tuple[str, ...]] = ("lots",)
    scale: ClassVar[str] = ACCOUNT

    def __init__(self) -> None:
        self.seen = np.zeros(1, np.int64)

    def fold(self, seen: Seen) -> Found:
        number = self.seen[0] + np.arange(len(seen.time))
        at = np.flatnonzero(number % 10 == 0)
        self.seen[0] += len(seen.time)
        members = np.full((len(at), MOST_MEMBERS), -1, np.int32)
        members[:, 0] = np.where(number[at] % 20 == 0, seen.entity[at], 77)
        side, lots = np.zeros(len(at), np.int8), seen.lots[at].astype(float)[:, None]
        return Found(seen.time[at], seen.time[at], side, members, lots)

    def snapshot(self) -> Arrays:
        return {"seen": self.seen.copy()}

    def restore(self, arrays: Arrays) -> None:
        self.seen = arrays["seen"].astype(np.int64)


@pytest.fixture
def with_sweep(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(folding, "new_sweeps", lambda *_: (EveryTenth(),))
    monkeypatch.setattr(folding, "FIGURES", {"tenth": ("lots",)})
    monkeypatch.setattr(folding, "SCALES", {"tenth": ACCOUNT})
    monkeypatch.setattr(folding, "_NO_EPISODES", {"tenth": no_episodes(("lots",))})
    folding.blank_folded.cache_clear()
    yield
    folding.blank_folded.cache_clear()


def folded(seed: int, cuts: tuple[int, ...] = (), *, restart: bool = False) -> Folded:
    events = tape(seed, 400)
    fold, out = MarketFold(0, WINDOWS), None
    for begin, end in zip((0, *cuts), (*cuts, 400), strict=True):
        part = events.take(slice(begin, end))
        more = fold.fold(part, part.account, part.counter)
        out = more if out is None else out.then(more)
        if restart:
            saved, fold = fold.snapshot(), MarketFold(0, WINDOWS)
            fold.restore(saved)
    assert out is not None
    return out.then(fold.advance(FAR))


@pytest.mark.usefixtures("with_sweep")
def test_episode_of_an_account_counts_on_its_own_row_of_the_bucket_that_ends_after_it() -> None:
    out = folded(1)
    found, rows = out.episodes["tenth"], out.accounts
    assert len(found) == 40
    assert (rows.entity[found.row] == found.entity).all()
    assert ((rows.start[found.row] <= found.end) & (found.end < rows.end[found.row])).all()


@pytest.mark.usefixtures("with_sweep")
def test_episode_of_an_account_that_did_nothing_has_a_row_that_knows_only_the_context() -> None:
    rows = folded(1).accounts
    idle = rows.values[rows.entity == 77]
    own = [k for k, feature in enumerate(ACCOUNT_FEATURES) if feature.name not in CONTEXT]
    assert len(idle) > 5
    assert np.isnan(idle[:, own]).all()
    assert not np.isnan(idle[-1]).all()


@pytest.mark.usefixtures("with_sweep")
@pytest.mark.parametrize("restart", [False, True])
def test_rows_and_episodes_of_accounts_do_not_depend_on_how_events_are_cut(*, restart: bool) -> None:
    whole, parts = folded(2), folded(2, tuple(range(1, 400, 3)), restart=restart)
    for name in ("end", "values", "top_entity"):
        assert getattr(parts.accounts, name).tobytes() == getattr(whole.accounts, name).tobytes()
    for name in ("row", "members", "end", "figures"):
        assert getattr(parts.episodes["tenth"], name).tobytes() == getattr(whole.episodes["tenth"], name).tobytes()


def test_account_rows_repeat_the_markets_context_of_their_bucket() -> None:
    out = folded(3)
    at = np.searchsorted(out.fast.end, out.accounts.end)
    for name in CONTEXT:
        np.testing.assert_array_equal(out.accounts[name], out.fast[name][at])
    assert (np.diff(out.accounts.end) >= 0).all()


def test_rows_name_their_own_grains_features() -> None:
    rows = blank_rows(ACCOUNT, 2)
    rows["message_share"][:] = 0.5
    assert rows.features == GRAINS[grain_of(ACCOUNT)]
    assert rows.values[:, 0].tolist() == [0.5, 0.5]
    with pytest.raises(KeyError):
        rows["price_volatility"]
    assert blank_rows("fast", 2).entity.tolist() == [-1, -1]
    assert replace(rows, top_entity=np.array([3, 4], np.int32)).entity.tolist() == [3, 4]

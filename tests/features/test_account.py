"""Every feature of the account grain against a slow, obvious oracle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.account import AccountFold, AccountOut
from features.account_catalogue import ACCOUNT_FEATURES
from features.events import CANCEL, EXPIRE, FILL, NEW, REPLACE, TRADE, Events, no_events
from features.lives import follow, new_lives
from features.seen import Seen
from tests.features.account_oracle import NAMES, Oracle

SECOND = 1_000_000_000
START = 1_714_521_600 * SECOND
FAR = 2**62
MESSAGES = [NEW, NEW, NEW, CANCEL, CANCEL, REPLACE, EXPIRE, FILL]


def tape(seed: int, n: int, *, hours: float = 0.3, fills: bool = True, entities: int = 5) -> Events:
    """Return random events of few orders, so that messages meet their orders, with equal times and unknown cells."""
    random = np.random.default_rng(seed)
    pace = random.choice([0, 1_000_000, 400_000_000, SECOND, 9 * SECOND], n, p=[0.3, 0.2, 0.2, 0.2, 0.1])
    time = START + np.cumsum(pace)
    time = START + ((time - START) * (hours * 3600 * SECOND / max(1, time[-1] - START))).astype(np.int64)
    kinds = [kind for kind in MESSAGES if fills or kind != FILL]
    kind = np.where(random.random(n) < 0.3, TRADE, random.choice(kinds, n)).astype(np.int8)
    is_trade = kind == TRADE
    side = np.where(is_trade & (random.random(n) < 0.3), 0, random.choice([-1, 1], n)).astype(np.int8)
    codes = random.integers(-1, entities, (2, n)).astype(np.int32)
    lots = random.integers(1, 40, n)
    ids = random.integers(0, 30, (2, n)) * (is_trade | (random.random(n) < 0.95))
    return replace(
        no_events(), time=time, kind=kind, market=np.zeros(n, np.int32), side=side,
        price=np.round(100.0 + random.normal(0, 0.3, n) - 0.1 * side.astype(np.float64), 1), lots=lots,
        leaves=np.where(is_trade | (random.random(n) < 0.7), -1, random.integers(0, 3, n)), account=codes[0],
        counter=np.where(is_trade, codes[1], -1).astype(np.int32), order=ids[0],
        counter_order=np.where(is_trade, ids[1], 0), source=np.zeros(n, np.int32), sequence=np.zeros(n, np.int64),
        row=np.arange(n), ids=pa.nulls(n, pa.string()),
    )  # fmt: skip


def seen_of(events: Events) -> Seen:
    return follow(new_lives(), events, events.account, events.counter)[1]


def folded(seen: Seen, cuts: tuple[int, ...] = (), *, restart: bool = False) -> list[AccountOut]:
    fold, out = AccountFold(5 * SECOND, 60 * SECOND, 10), []
    for begin, end in zip((0, *cuts), (*cuts, len(seen.time)), strict=True):
        out.append(fold.fold(Seen._make(column[begin:end] for column in seen)))
        if restart:
            saved, fold = fold.snapshot(), AccountFold(5 * SECOND, 60 * SECOND, 10)
            fold.restore(saved)
    return [*out, fold.advance(FAR)]


def rows(parts: list[AccountOut]) -> dict[tuple[int, int], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return {
        (int(end) // SECOND, int(entity)): values
        for part in parts
        for end, entity, values in zip(part.end, part.entity, part.values, strict=True)
    }


def _rounded(name: str) -> float:
    # Logs are kept in millionths.
    return 0.2 if name.endswith(("bps", "sigmas")) else 1e-4


def assert_oracle(events: Events) -> None:
    seen = seen_of(events)
    found, expected = rows(folded(seen)), Oracle(seen, 5, 60, 10).rows()
    assert list(found) == list(expected)
    for key, values in found.items():
        for name, value in zip(NAMES, values, strict=True):
            if name not in {"price_change", "volume_ratio", "signed_imbalance"}:
                told = expected[key][name]
                assert value == pytest.approx(told, rel=1e-5, abs=_rounded(name), nan_ok=True), (
                    key, name,
                )  # fmt: skip


@pytest.mark.parametrize("fills", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_account_rows_equal_the_oracle(seed: int, *, fills: bool) -> None:
    assert_oracle(tape(seed, 400, fills=fills))


@given(seed=st.integers(0, 10_000), n=st.integers(1, 120), hours=st.sampled_from([0.02, 0.3, 2.0]), fills=st.booleans())
@settings(max_examples=25)
def test_account_rows_of_random_tapes_equal_the_oracle(seed: int, n: int, hours: float, *, fills: bool) -> None:
    assert_oracle(tape(seed, n, hours=hours, fills=fills))


@given(seed=st.integers(0, 10_000), cuts=st.sets(st.integers(1, 299), max_size=6), restart=st.booleans())
@settings(max_examples=25)
def test_account_rows_do_not_depend_on_how_events_are_cut(seed: int, cuts: set[int], *, restart: bool) -> None:
    seen = seen_of(tape(seed, 300))
    whole, parts = rows(folded(seen)), rows(folded(seen, tuple(sorted(cuts)), restart=restart))
    assert list(parts) == list(whole)
    assert all(parts[key].tobytes() == whole[key].tobytes() for key in whole)


def test_account_rows_of_many_entities_do_not_depend_on_when_the_quiet_ones_are_dropped() -> None:
    events = tape(5, 3000, hours=6.0, entities=900)
    seen = seen_of(events)
    every = rows(folded(seen, tuple(range(1, 3000))))
    whole = rows(folded(seen))
    assert list(every) == list(whole)
    assert all(every[key].tobytes() == whole[key].tobytes() for key in whole)
    fold = AccountFold(5 * SECOND, 60 * SECOND, 10)
    fold.fold(seen)
    assert len(fold.snapshot()["slots.keys"]) <= 4096


def test_account_rows_scale_with_nothing_but_lots() -> None:
    events = tape(7, 500)
    known = events.leaves >= 0
    scaled = replace(events, lots=events.lots * 1000, leaves=np.where(known, events.leaves * 1000, -1))
    one, other = rows(folded(seen_of(events))), rows(folded(seen_of(scaled)))
    for key, values in one.items():
        np.testing.assert_allclose(other[key], values, rtol=1e-6, atol=1e-9)


def test_account_rows_stay_in_the_catalogues_range() -> None:
    values = np.concatenate([part.values for seed in range(3) for part in folded(seen_of(tape(seed, 1500, hours=1.0)))])
    for column, feature in enumerate(ACCOUNT_FEATURES):
        held = values[:, column][~np.isnan(values[:, column])]
        assert feature.low is None or (held >= feature.low).all(), feature.name
        assert feature.high is None or (held <= feature.high + 1e-12).all(), feature.name


def test_account_rows_without_orders_know_trades_only_and_without_trades_orders_only() -> None:
    events = tape(3, 400)
    is_trade = events.kind == TRADE
    for kept, needs in ((is_trade, {"orders"}), (~is_trade, {"accounts", "aggressor"})):
        part = events.take(np.flatnonzero(kept))
        values = np.concatenate([out.values for out in folded(seen_of(part))])
        blind = [k for k, feature in enumerate(ACCOUNT_FEATURES) if feature.needs in needs]
        unknown = [ACCOUNT_FEATURES[k].name for k in blind if not np.isnan(values[:, k]).all()]
        assert unknown in ([], ["fill_ratio"])


def test_account_fold_of_trades_without_accounts_has_no_rows() -> None:
    events = tape(3, 200)
    nobody = np.full(200, -1, np.int32)
    trades = replace(events, kind=np.full(200, TRADE, np.int8), account=nobody, counter=nobody)
    assert rows(folded(seen_of(trades))) == {}

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.readers import read_dataset
from models.parameters import Parameters
from training.folded_store import FoldedStore
from training.markets import MarketTape, days_of, fold_dataset
from training.saved_folds import folded_to_arrays, recent_to_array

TRADES = """timestamp,symbol,price,quantity,buyer_id,seller_id
2024-05-01T{hour}:00:00Z,A,100,1,ann,bob
2024-05-01T{hour}:30:00Z,A,101,1,bob,cid
2024-05-01T{hour}:10:00Z,B,50,1,ann,cid
"""
LABELS = """typology,venue,symbol,accounts,start,end
wash_trading,default,A,ann,2024-05-01T09:30:00Z,2024-05-01T09:40:00Z
wash_trading,default,A,ann,2024-05-01T09:31:00Z,2024-05-01T09:40:00Z
wash_trading,other,A,ann,2024-05-01T09:10:00Z,2024-05-01T09:11:00Z
wash_trading,default,B,ann,2024-05-01T10:05:00Z,2024-05-01T10:10:00Z
"""


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    for name, hour in (("late", "10"), ("soon", "09")):
        (tmp_path / "tapes" / name).mkdir(parents=True)
        (tmp_path / "tapes" / name / "trades.csv").write_text(TRADES.format(hour=hour))
        (tmp_path / "tapes" / name / "accounts.csv").write_text("account_id,owner_id\nann,firm\ncid,firm\n")
    (tmp_path / "labels.csv").write_text(LABELS)
    return tmp_path


def test_fold_dataset_gives_every_market_of_every_tape_the_earliest_first(dataset: Path) -> None:
    seen: list[tuple[int, int]] = []
    markets = fold_dataset(read_dataset(dataset), Parameters(), lambda *done: seen.append(done))
    assert [(m.tape, m.symbol) for m in markets] == [("soon", "A"), ("soon", "B"), ("late", "A"), ("late", "B")]
    assert [m.hours for m in markets] == [0.5, 0.0, 0.5, 0.0]
    assert seen == [(1, 2), (2, 2)]
    first = markets[0]
    assert (len(first.folded.market), len(first.folded.fast)) == (2, 2)
    assert first.start == pd.Timestamp("2024-05-01T09:00Z").value


def test_fold_dataset_labels_lie_on_the_market_and_time_they_name(dataset: Path) -> None:
    by_market = {(m.tape, m.symbol): m.labels for m in fold_dataset(read_dataset(dataset), Parameters())}
    # One that begins with the last event still lies on the tape, one that begins after it does not.
    assert {key: len(labels) for key, labels in by_market.items()} == {
        ("soon", "A"): 1, ("soon", "B"): 0, ("late", "A"): 0, ("late", "B"): 1,
    }  # fmt: skip


def test_fold_dataset_keeps_owners_and_the_events_that_alerts_cite(dataset: Path) -> None:
    (first, *_) = fold_dataset(read_dataset(dataset), Parameters(), tapes=[dataset / "tapes" / "soon"])
    entity_of = dict(zip(first.names.accounts, first.names.entity_of, strict=True))
    assert entity_of["ann"] == entity_of["cid"] != entity_of["bob"]
    assert len(first.recent.events) == 2


def test_fold_dataset_of_a_public_tape_keeps_no_events(tmp_path: Path) -> None:
    (tmp_path / "tapes").mkdir()
    (tmp_path / "tapes" / "t.csv").write_text("timestamp,symbol,price,quantity\n2024-05-01T09:00:00Z,A,1,1\n")
    (tmp_path / "labels.csv").write_text(LABELS)
    (market,) = fold_dataset(read_dataset(tmp_path), Parameters())
    assert len(market.recent.events) == 0
    assert len(market.folded.market) == 1


def test_fold_dataset_from_the_store_is_bit_identical_and_labelled_anew(dataset: Path, tmp_path: Path) -> None:
    store = tmp_path / "folded"
    fresh = fold_dataset(read_dataset(dataset), Parameters())
    fold_dataset(read_dataset(dataset), Parameters(), store=store)
    (dataset / "labels.csv").write_text("\n".join(LABELS.splitlines()[:2]) + "\n")
    stored = fold_dataset(read_dataset(dataset), Parameters(), store=store)
    assert [len(market.labels) for market in stored] == [1, 0, 0, 0]
    for one, other in zip(fresh, stored, strict=True):
        assert arrays_of(one) == arrays_of(other)
        assert one.names.to_dict() == other.names.to_dict()
        assert (one.tape, one.venue, one.symbol, one.start, one.end) == (
            other.tape, other.venue, other.symbol, other.start, other.end,
        )  # fmt: skip


def test_fold_dataset_of_a_renamed_tape_reads_what_was_stored_under_its_new_name(dataset: Path, tmp_path: Path) -> None:
    store = tmp_path / "folded"
    fold_dataset(read_dataset(dataset), Parameters(), store=store)
    before = {path.name for path in store.iterdir()}
    (dataset / "tapes" / "soon").rename(dataset / "tapes" / "sooner")
    markets = fold_dataset(read_dataset(dataset), Parameters(), store=store)
    assert [market.tape for market in markets] == ["sooner", "sooner", "late", "late"]
    assert {path.name for path in store.iterdir()} == before


@pytest.mark.parametrize("damage", ["other arrays", "cut"])
def test_fold_dataset_with_a_damaged_store_folds_again_and_mends_it(dataset: Path, tmp_path: Path, damage: str) -> None:
    store = tmp_path / "folded"
    fresh = fold_dataset(read_dataset(dataset), Parameters(), store=store)
    whole = {path: path.read_bytes() for path in store.iterdir()}
    for path, content in whole.items():
        if damage == "cut":
            path.write_bytes(content[: len(content) // 2])
        else:
            FoldedStore(store).save(path.stem, {"state": np.frombuffer(b'{"names": {}}', np.uint8)})
    again = fold_dataset(read_dataset(dataset), Parameters(), store=store)
    assert [arrays_of(market) for market in again] == [arrays_of(market) for market in fresh]
    kept = [FoldedStore(store).load(path.stem) for path in whole]
    assert all(arrays is not None and "0/recent" in arrays for arrays in kept)


def test_days_that_several_tapes_cover_count_once(market: Callable[..., MarketTape]) -> None:
    spans = [(0, 2), (1, 3), (1.5, 1.6), (10, 11)]
    markets = [market(tape=f"t{n}", start_h=start, end_h=end) for n, (start, end) in enumerate(spans)]
    assert days_of(markets) == pytest.approx(4 / 24)
    assert days_of([]) == 0.0


def test_days_of_a_tape_are_from_its_first_event_to_its_last_whatever_the_market(
    market: Callable[..., MarketTape],
) -> None:
    markets = [market(symbol=name, start_h=start, end_h=start + 1) for name, start in (("A", 0), ("B", 3))]
    assert days_of(markets) == pytest.approx(4 / 24)


def arrays_of(market: MarketTape) -> dict[str, bytes]:
    arrays = folded_to_arrays(market.folded) | {"recent": recent_to_array(market.recent)}
    arrays |= {"entity": market.recent.entity, "counter": market.recent.counter}
    return {name: array.tobytes() for name, array in arrays.items()}

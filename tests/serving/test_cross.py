"""`tapewatch cross`: a tape's venues side by side, for a person and for a program."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console
from typer.testing import CliRunner

from features.errors import ParameterError
from models.parameters import Parameters
from serving.commands.cross import tables_of
from serving.cross import as_record, cross_of_tape, with_fees
from serving.scoring import scan_tape
from tapewatch import app
from tests.cross_tape import Venues, tape_of


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tape") / "trades.parquet"
    table = tape_of(Venues(minutes=15.0).wash(150.0).apart(600.0).records()).trades
    assert table is not None
    pq.write_table(table, path)
    return path


def test_cross_of_a_tape_has_the_alerts_of_its_scan(tape: Path) -> None:
    found = {one.alert_id: one for one in cross_of_tape(tape, Parameters(), None).manipulation_patterns}
    scanned = {alert.alert_id: alert for alert in scan_tape(tape, Parameters(), None).alerts}
    assert {one.typology for one in found.values()} == {"price_discrepancy", "cross_market_wash"}
    assert all(scanned[key].confidence == one.confidence for key, one in found.items())
    assert all(scanned[key].window_end == one.end for key, one in found.items())


def test_cross_for_a_program_has_the_missions_shape(tape: Path, tapewatch_home: Path) -> None:
    answer = CliRunner().invoke(app, ["cross", str(tape), "--json", "--home", str(tapewatch_home)])
    assert answer.exit_code == 0, answer.output
    record = json.loads(answer.stdout)
    assert list(record) == [
        "symbols", "price_discrepancies", "arbitrage_opportunities", "volume_correlations", "manipulation_patterns",
        "analysis_timestamp",
    ]  # fmt: skip
    assert record["arbitrage_opportunities"][0]["start"].endswith("Z")
    assert record["analysis_timestamp"].startswith("2024-05-01T00:15:00")


def test_cross_for_a_person_fits_80_columns_and_names_venues_and_patterns(tape: Path) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(tables_of(cross_of_tape(tape, Parameters(), None)))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 80
    assert all(word in text for word in ("alpha", "beta", "cross_market_wash", "price_discrepancy", "net bps"))


def test_cross_with_higher_fees_leaves_no_gap(tape: Path) -> None:
    dear = with_fees(Parameters(), ["10", "alpha=60"])
    assert (dear.cross.taker_fee_bps, dear.cross.taker_fees_bps) == (10.0, {"alpha": 60.0})
    assert cross_of_tape(tape, dear, None).arbitrage_opportunities == ()


@pytest.mark.parametrize("fee", ["much", "-1", "alpha=", "alpha=inf"])
def test_cross_with_a_fee_that_is_none_says_what_it_must_be(fee: str) -> None:
    with pytest.raises(ParameterError, match="--fee-bps must be basis points >= 0"):
        with_fees(Parameters(), [fee])


def test_cross_of_a_symbol_that_nobody_trades_names_those_that_are_traded(tape: Path) -> None:
    with pytest.raises(ParameterError, match=r"\(BTC-USD, BTC/USD\), was NOPE"):
        cross_of_tape(tape, Parameters(), None, "NOPE")


def test_cross_of_a_tape_with_one_venue_is_empty(tmp_path: Path) -> None:
    table = tape_of(Venues(minutes=3.0, venues=("alpha",)).records()).trades
    assert table is not None
    pq.write_table(table, tmp_path / "trades.parquet")
    record = as_record(cross_of_tape(tmp_path / "trades.parquet", Parameters(), None))
    assert record.pop("analysis_timestamp") is not None
    assert not any(record.values())

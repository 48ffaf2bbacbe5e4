from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from features.errors import ParameterError
from models.parameters import Parameters, default_toml, load_parameters, parse_parameters, to_toml
from models.rules import build_rules

MISSION = {
    ("volume_spike", "volume_spike_multiplier"): 3.0,
    ("price_anomaly", "price_change_threshold"): 0.15,
    ("wash_trading", "wash_trade_threshold"): 0.8,
    ("spoofing", "spoofing_threshold"): 0.9,
    ("concentrated_trading", "concentration_threshold"): 0.6,
    ("alerts", "confidence_threshold"): 0.7,
}
NINE = {
    "analysis_window": 1,
    "historical_window": 7,
    "analysis_minimum_aggregate_dollar_threshold": 10000.0,
    "analysis_minimum_transaction_count_threshold": 5,
    "historical_minimum_number_transactions": 10,
    "historical_minimum_number_unique_days": 5,
    "analysis_buy_proportion_threshold": 0.7,
    "analysis_buy_trade_count_threshold": 5,
    "analysis_sell_trade_count_threshold": 5,
}


def message(values: dict[str, Any]) -> str:
    with pytest.raises(ParameterError) as raised:
        parse_parameters(values)
    return str(raised.value)


def described(table: BaseModel, path: str = "") -> list[tuple[str, object, object]]:
    found: list[tuple[str, object, object]] = []
    for name, field in type(table).model_fields.items():
        value = getattr(table, name)
        if isinstance(value, BaseModel):
            found += described(value, f"{path}{name}.")
        else:
            extra = field.json_schema_extra
            found.append((f"{path}{name}", field.description, extra["source"] if isinstance(extra, dict) else None))
    return found


@pytest.mark.parametrize(("table", "name"), MISSION)
def test_default_of_a_mission_parameter_is_the_missions(table: str, name: str) -> None:
    assert getattr(getattr(Parameters(), table), name) == MISSION[table, name]


def test_defaults_of_accumulation_are_the_nine_and_ours() -> None:
    values = Parameters().excessive_accumulation_own.model_dump()
    assert values == {**NINE, "deviation_multiple": 2.0}
    assert {name: type(value) for name, value in values.items() if name in NINE} == {
        n: type(v) for n, v in NINE.items()
    }


@pytest.mark.parametrize(("name", "text", "source"), described(Parameters()))
def test_parameter_of_any_table_tells_meaning_and_source(name: str, text: str, source: str) -> None:
    assert text, name
    assert source, name


def test_load_parameters_without_file_gives_defaults() -> None:
    assert load_parameters(None) == Parameters()


def test_load_parameters_of_partial_file_keeps_other_defaults(tmp_path: Path) -> None:
    path = tmp_path / "parameters.toml"
    path.write_text('[wash_trading]\nwash_trade_threshold = 0.9\n[events.lots]\n"BTC/USD" = 0.001\n')
    loaded = load_parameters(path)
    assert loaded.wash_trading.wash_trade_threshold == 0.9
    assert loaded.events.lots == {"BTC/USD": 0.001}
    assert loaded.wash_trading.minimum_meetings == Parameters().wash_trading.minimum_meetings


def test_load_parameters_of_a_whole_number_for_a_float_takes_it() -> None:
    assert (
        parse_parameters({"volume_spike": {"volume_spike_multiplier": 4}}).volume_spike.volume_spike_multiplier == 4.0
    )


def test_load_parameters_of_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"none\.toml must be a readable TOML file"):
        load_parameters(tmp_path / "none.toml")


def test_load_parameters_of_broken_toml_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("[alerts]\nconfidence_threshold =\n")
    with pytest.raises(ParameterError, match=r"broken\.toml must be a readable TOML file.*line 2"):
        load_parameters(path)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"alerts": {"confidence_threshold": 1.0}}, "alerts.confidence_threshold must be less than 1, was 1.0"),
        ({"alerts": {"confidence_threshold": 0}}, "alerts.confidence_threshold must be greater than 0, was 0"),
        (
            {"spoofing": {"spoofing_threshold": "high"}},
            "spoofing.spoofing_threshold must be a valid number, was 'high'",
        ),
        ({"events": {"lot": float("nan")}}, "events.lot must be a finite number, was nan"),
        ({"volume_spike": {"minimum_trades": 2.5}}, "volume_spike.minimum_trades must be a valid integer, was 2.5"),
        ({"spoofing": 3}, "spoofing must be a table, was 3"),
        (
            {"windows": {"market": {"bucket_s": 61}}},
            "windows.market.bucket_s must be a multiple of windows.fast.bucket_s, 5, was 61",
        ),
        ({"alerts": {"quiet_s_by_typology": {"pump": 3.0}}}, "alerts.quiet_s_by_typology.pump must be 'pump_and_dump'"),
    ],
)
def test_parse_parameters_of_a_bad_value_says_key_limit_and_value(values: dict[str, Any], line: str) -> None:
    assert line in message(values)


@pytest.mark.parametrize(
    ("values", "nearest"),
    [
        ({"wash_tradin": {}}, "wash_tradin must be a known parameter (nearest: wash_trading)"),
        (
            {"alerts": {"confidence_treshold": 0.5}},
            "alerts.confidence_treshold must be a known parameter (nearest: alerts.confidence_threshold)",
        ),
        (
            {"volume_spike_multiplier": 3.0},
            "volume_spike_multiplier must be a known parameter (nearest: volume_spike.volume_spike_multiplier)",
        ),
        ({"zzz": 1}, "zzz must be a known parameter, was 1"),
    ],
)
def test_parse_parameters_of_an_unknown_key_names_the_nearest(values: dict[str, Any], nearest: str) -> None:
    assert nearest in message(values)


def test_parse_parameters_of_several_mistakes_reports_all() -> None:
    text = message({"alerts": {"confidence_threshold": 2.0}, "spoofing": {"bait_multiple": 0.5}, "typo": 1})
    assert text.splitlines()[0] == "parameters: 3 mistake(s)"
    assert len(text.splitlines()) == 4


def test_parameters_once_made_cannot_be_changed() -> None:
    parameters = Parameters()
    with pytest.raises(ValidationError):
        parameters.alerts.confidence_threshold = 0.5  # type: ignore[misc]


def test_version_of_equal_values_is_equal_however_written() -> None:
    written = parse_parameters({"volume_spike": {"volume_spike_multiplier": 3}})
    assert written.version() == Parameters().version()
    assert len(Parameters().version()) == 12


def test_version_of_another_value_differs() -> None:
    changed = parse_parameters({"excessive_accumulation_own": {"deviation_multiple": 3.0}})
    assert changed.version() != Parameters().version()


def test_default_toml_read_back_gives_defaults_and_tells_sources() -> None:
    text = default_toml()
    assert parse_parameters(tomllib.loads(text)) == Parameters()
    assert text.count("Source: ") == len(described(Parameters()))


def test_to_toml_of_changed_parameters_reads_back(tmp_path: Path) -> None:
    changed = parse_parameters({"events": {"lots": {'A"/B': 0.5}}, "alerts": {"prevalence": {"spoofing": 0.1}}})
    path = tmp_path / "parameters.toml"
    path.write_text(to_toml(changed))
    assert load_parameters(path) == changed


def test_quiet_of_a_typology_is_its_own_or_the_common_one() -> None:
    alerts = Parameters().alerts
    assert (alerts.quiet_of("pump_and_dump"), alerts.quiet_of("volume_spike")) == (1800.0, 300.0)


def test_build_rules_of_parameters_hands_each_rule_its_table() -> None:
    parameters = parse_parameters({"spoofing": {"bait_multiple": 20.0}})
    assert {rule.typology: rule.params for rule in build_rules(parameters)} == {
        name: getattr(parameters, name)
        for name in type(parameters).model_fields
        if name not in {"alerts", "events", "windows", "cross"}
    } | {
        f"excessive_offloading_{which}": getattr(parameters, f"excessive_accumulation_{which}")
        for which in ("own", "others")
    }

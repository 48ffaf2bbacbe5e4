from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from features.errors import ParameterError
from models.parameter_changes import Change, changed, changes, read_changes, settings_in
from models.parameters import Parameters, to_toml
from models.toml_tables import RefusedParametersError


def test_changed_keeps_what_is_not_named_even_where_it_is_not_the_default() -> None:
    first = changed(Parameters(), {"spoofing": {"minimum_surprise": 6.0}})
    second = changed(first, {"spoofing": {"minimum_tidy_share": 0.7}, "windows": {"market": {"buckets": 30}}})
    assert (second.spoofing.minimum_surprise, second.spoofing.minimum_tidy_share) == (6.0, 0.7)
    assert (second.windows.market.buckets, second.windows.market.bucket_s) == (30, 60)


def test_changed_dictionary_of_one_parameter_replaces_the_one_before() -> None:
    first = changed(Parameters(), {"events": {"lots": {"BTC": 0.1}}})
    assert changed(first, {"events": {"lots": {"ETH": 0.1}}}).events.lots == {"ETH": 0.1}


def test_changed_by_everything_it_holds_is_the_same() -> None:
    usual = changed(Parameters(), {"alerts": {"quiet_s": 100.0}})
    assert changed(usual, usual.model_dump()) == usual
    assert changed(Parameters(), tomllib.loads(to_toml(usual))) == usual


def test_changed_with_mistakes_names_them_all_and_the_nearest() -> None:
    with pytest.raises(RefusedParametersError, match=r"nearest: spoofing\.minimum_surprise") as caught:
        changed(Parameters(), {"spoofing": {"minimum_suprise": 1.0}, "alerts": {"quiet_s": -1.0}}, "new.toml")
    assert {mistake.field for mistake in caught.value.mistakes} == {"spoofing.minimum_suprise", "alerts.quiet_s"}
    assert str(caught.value).startswith("new.toml: 2 mistake(s)")


@pytest.mark.parametrize("values", [{"spoofing": 3}, {"windows": {"market": [1]}}, {"nothing": {}}])
def test_changed_by_what_is_no_table_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(RefusedParametersError):
        changed(Parameters(), values)


def test_changes_tell_name_and_both_values() -> None:
    new = changed(Parameters(), {"windows": {"market": {"buckets": 30}}})
    assert changes(Parameters(), new) == (Change("windows.market.buckets", 60, 30),)
    assert changes(new, new) == ()


def test_settings_all_have_meaning_and_source() -> None:
    every = settings_in(Parameters())
    assert len({one.name for one in every}) == len(every) > 150
    assert all(one.meaning and one.source and one.value == one.default for one in every)


def test_read_changes_of_a_file_and_assignments_joins_them_and_the_latter_win(tmp_path: Path) -> None:
    (tmp_path / "new.toml").write_text("[spoofing]\nminimum_surprise = 6.0\nminimum_tidy_share = 0.5\n")
    given = ["spoofing.minimum_tidy_share=0.7", "events.lots = {BTC = 0.1}"]
    assert read_changes(tmp_path / "new.toml", given) == {
        "spoofing": {"minimum_surprise": 6.0, "minimum_tidy_share": 0.7}, "events": {"lots": {"BTC": 0.1}},
    }  # fmt: skip


@pytest.mark.parametrize("text", ["spoofing", "quiet_s=3", "a.=3", ".b=3", "alerts.quiet_s=", "alerts.quiet_s=x y"])
def test_read_changes_of_what_is_no_assignment_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match=r"^change "):
        read_changes(None, [text])
    with pytest.raises(ParameterError, match=r"^--set "):
        read_changes(None, [text], "--set")


def test_read_changes_into_what_is_no_table_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"^change alerts\.quiet_s\.x=3: quiet_s must be a table"):
        read_changes(None, ["alerts.quiet_s=3", "alerts.quiet_s.x=3"])

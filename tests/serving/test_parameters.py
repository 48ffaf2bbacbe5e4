from __future__ import annotations

import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from features.errors import ParameterError, StoreError
from models.parameters import Parameters, parse_parameters, to_toml
from serving.alerts.store import AlertStore
from serving.errors import RequestError
from serving.parameters import FOUND, ParameterHistory
from serving.settings import Settings

STRICT = {"spoofing": {"minimum_surprise": 6.0}}


@pytest.fixture
def history(settings: Settings, store: AlertStore) -> ParameterHistory:
    return ParameterHistory(settings, store.database)


@pytest.fixture
def elsewhere(store: AlertStore, tmp_path: Path) -> ParameterHistory:
    """Return the same history as another machine has it, with a home of its own."""
    return ParameterHistory(Settings(home=tmp_path / "elsewhere"), store.database)


def test_history_of_nothing_leaves_the_defaults_in_force(history: ParameterHistory, settings: Settings) -> None:
    assert history.in_force() == Parameters()
    assert history.all() == ()
    assert history.follow() is None
    assert not settings.parameters_file.exists()


def test_adopt_writes_the_file_and_records_who_when_and_why(history: ParameterHistory, settings: Settings) -> None:
    adopted = history.adopt(STRICT, by=" eve ", why="too many\nfalse alerts ", at=17)
    assert (adopted.number, adopted.previous, adopted.at, adopted.by) == (1, None, 17, "eve")
    assert adopted.why == "too many\nfalse alerts"
    assert settings.parameters() == history.in_force() == adopted.parameters
    assert history.all() == (adopted,)
    assert list(settings.home.glob("*.unfinished")) == []


def test_adopt_twice_keeps_both_and_what_was_in_force_between(history: ParameterHistory) -> None:
    first = history.adopt(STRICT, by="eve", why="one", at=1)
    second = history.adopt({"alerts": {"quiet_s": 100.0}}, by="bob", why="two", at=2)
    assert [one.number for one in history.all()] == [2, 1]
    assert second.previous == first.version
    assert second.parameters.spoofing.minimum_surprise == 6.0
    assert history.get("1") == history.get(first.version) == first


def test_adopt_with_a_mistake_changes_nothing(history: ParameterHistory, settings: Settings) -> None:
    with pytest.raises(ParameterError):
        history.adopt(STRICT | {"alerts": {"confidence_threshold": 2.0}}, by="eve", why="x", at=1)
    assert history.all() == ()
    assert not settings.parameters_file.exists()


@pytest.mark.parametrize(("by", "why", "field"), [("", "x", "by"), ("eve", " ", "why"), ("eve", "a\0", "why")])
def test_adopt_without_who_or_why_is_refused(history: ParameterHistory, by: str, why: str, field: str) -> None:
    with pytest.raises(RequestError) as caught:
        history.adopt(STRICT, by=by, why=why, at=1)
    assert caught.value.field == field
    assert history.all() == ()


def test_adopt_over_a_file_edited_by_hand_builds_on_it_and_keeps_it(
    history: ParameterHistory, settings: Settings
) -> None:
    settings.parameters_file.write_text("[alerts]\nquiet_s = 100.0\n")
    assert history.in_force().alerts.quiet_s == 100.0
    new = history.adopt(STRICT, by="eve", why="x", at=1)
    assert (new.parameters.alerts.quiet_s, new.parameters.spoofing.minimum_surprise) == (100.0, 6.0)
    assert [one.why for one in history.all()] == ["x", FOUND]
    back = history.revert(by="eve", why="back", at=2)
    assert back.parameters == parse_parameters({"alerts": {"quiet_s": 100.0}}) == settings.parameters()


def test_adopt_of_the_file_edited_by_hand_is_one_version(history: ParameterHistory, settings: Settings) -> None:
    settings.parameters_file.write_text("[alerts]\nquiet_s = 100.0\n")
    history.adopt(tomllib.loads(settings.parameters_file.read_text()), by="eve", why="x", at=1)
    assert [one.why for one in history.all()] == ["x"]


def test_revert_of_the_first_goes_back_to_the_defaults_and_can_be_reverted(history: ParameterHistory) -> None:
    with pytest.raises(ParameterError, match="must be an adopted version"):
        history.revert(by="eve", why="x", at=1)
    first = history.adopt(STRICT, by="eve", why="x", at=1)
    assert history.revert(by="eve", why="x", at=2).parameters == Parameters()
    assert history.revert(by="eve", why="x", at=3, version="1").version == first.version
    with pytest.raises(ParameterError, match="of 1 to 3"):
        history.get("4")


def test_follow_on_another_machine_writes_what_was_adopted(
    history: ParameterHistory, elsewhere: ParameterHistory, tmp_path: Path
) -> None:
    adopted = history.adopt(STRICT, by="eve", why="x", at=1)
    assert elsewhere.in_force() == adopted.parameters
    assert elsewhere.follow() == f"parameters: version {adopted.version}, adopted by eve"
    assert (tmp_path / "elsewhere" / "parameters.toml").read_text() == adopted.toml
    newer = history.adopt({"alerts": {"quiet_s": 100.0}}, by="eve", why="y", at=2)
    assert elsewhere.in_force() == newer.parameters
    assert elsewhere.follow() is not None
    assert elsewhere.follow() is None


def test_follow_leaves_a_file_edited_by_hand_and_says_so(history: ParameterHistory, settings: Settings) -> None:
    history.adopt(STRICT, by="eve", why="x", at=1)
    edited = to_toml(parse_parameters({"alerts": {"quiet_s": 100.0}}))
    settings.parameters_file.write_text(edited)
    assert "nobody adopted" in str(history.follow())
    assert settings.parameters_file.read_text() == edited


def test_file_with_mistakes_is_the_stores_fault_not_the_callers(history: ParameterHistory, settings: Settings) -> None:
    settings.parameters_file.write_text("[alerts]\nquiet = 1\n")
    with pytest.raises(StoreError, match=r"parameters\.toml"):
        history.adopt(STRICT, by="eve", why="x", at=1)


def test_adopt_by_several_at_once_makes_one_chain(history: ParameterHistory, settings: Settings) -> None:
    def adopt(number: int) -> None:
        history.adopt({"alerts": {"quiet_s": 100.0 + number}}, by=f"user {number}", why="x", at=number)

    # SQLite's lock goes to who asks first; with many, on a slow disk, one waits for it longer than the 10 s it may.
    many = 8 if history._database.dialect.name == "sqlite" else 40
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(adopt, range(many)))
    every = history.all()[::-1]
    assert [one.number for one in every] == list(range(1, many + 1))
    assert [one.previous for one in every] == [None, *(one.version for one in every[:-1])]
    assert settings.parameters() == every[-1].parameters

"""Scenario files: examples that play, defaults, overrides, and errors that name what is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from features.errors import ParameterError
from training.simulator import default_setup, simulate_tape
from training.simulator.people.markets import KNOWN, Session
from training.simulator.scenario_file import EXAMPLES, read_setup, scenario_path
from training.simulator.scenario_tables import LOOK_ALIKES

NAMES = (
    "abusive_day", "busy_market", "clean_week", "gallery", "gallery_days", "pumped_coins", "quiet_market", "thin_days",
    "two_venues",
)  # fmt: skip


def written(tmp_path: Path, text: str) -> Path:
    """Return a file with that text."""
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(tmp_path: Path, text: str) -> str:
    """Return what is said about a file with that text."""
    with pytest.raises(ParameterError) as refused:
        read_setup(written(tmp_path, text))
    return str(refused.value)


def test_examples_are_the_documented_ones() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.toml")) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_example_is_read_and_plays(name: str) -> None:
    setup = read_setup(scenario_path(name), hours=1.2)
    tape = simulate_tape(setup=setup)
    assert {s.name for s in setup.symbols} == set(tape.orders["symbol"].to_pylist())
    assert len(tape.labels) == 0 or name in {"abusive_day", "gallery", "pumped_coins", "two_venues"}
    assert {planned.kind for planned in setup.planned} & set(LOOK_ALIKES) <= set(tape.innocent["kind"])


def test_example_in_full_is_read_without_overrides() -> None:
    assert read_setup(scenario_path("clean_week")).hours * read_setup(scenario_path("clean_week")).tapes == 7 * 24.0


def test_empty_file_is_the_default_setup(tmp_path: Path) -> None:
    assert read_setup(written(tmp_path, "")) == read_setup(None) == default_setup()


def test_overrides_win_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, '[tape]\nhours = 3\nseed = 9\n[[symbol]]\nlike = "SOL/USD"\n')
    setup = read_setup(path, hours=1.0, seed=None, symbols=2, typologies=("spoofing",))
    assert (setup.hours, setup.seed, setup.symbols, setup.typologies) == (1.0, 9, KNOWN[:2], ("spoofing",))


def test_severity_is_a_list_in_a_file_and_two_numbers_as_an_option(tmp_path: Path) -> None:
    path = written(tmp_path, "[tape]\nseverity = [0.25, 0.75]\n")
    assert read_setup(path).severity == (0.25, 0.75)
    assert read_setup(path, severity=(0.7, 1.0)).severity == (0.7, 1.0)
    with pytest.raises(ParameterError, match=r"severity must be .*lower first"):
        read_setup(path, severity=(0.7, 0.2))


def test_symbol_like_a_known_one_changes_what_is_given(tmp_path: Path) -> None:
    path = written(tmp_path, '[[symbol]]\nlike = "SOL/USD"\nname = "X"\ntick = 0.005\nprice = 20\n')
    known = next(symbol for symbol in KNOWN if symbol.name == "SOL/USD")
    assert read_setup(path).symbols == (replace(known, name="X", tick=(5, 3), price=20),)


def test_venue_with_a_session_and_times_as_text(tmp_path: Path) -> None:
    text = '[tape]\nstart_h = "08:30"\n[[venue]]\nname = "a"\n[venue.session]\nopens = "08:00"\ncloses = 16.5\n'
    setup = read_setup(written(tmp_path, text))
    assert setup.venues[0].session == Session(8.0, 16.5, 300.0)
    assert setup.start_h == 8.5


def test_episode_time_is_hours_after_the_start(tmp_path: Path) -> None:
    text = '[[episode]]\nkind = "spoofing"\nat = "01:30"\nseverity = 0.9\n[[innocent]]\nkind = "news_shock"\nat = 2\n'
    planned = read_setup(written(tmp_path, text)).planned
    assert [(p.kind, p.at_h, p.severity) for p in planned] == [("spoofing", 1.5, 0.9), ("news_shock", 2.0, 0.5)]


def test_shorter_tape_leaves_out_what_begins_after_its_end(tmp_path: Path) -> None:
    path = written(tmp_path, '[[episode]]\nkind = "spoofing"\nat = 3\n')
    assert read_setup(path, hours=2.0).planned == ()


def test_other_symbols_leave_out_what_was_placed_on_the_files(tmp_path: Path) -> None:
    path = written(
        tmp_path, '[[symbol]]\nlike = "KNC/USD"\n[[episode]]\nkind = "spoofing"\nat = 3\nsymbol = "KNC/USD"\n'
    )
    assert len(read_setup(path).planned) == 1
    assert read_setup(path, symbols=2).planned == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[tape]\nhour = 3", "[tape] hour must be a known field (nearest: hours), was 3"),
        ("[tape]\nseed = -1", "[tape] seed must be greater than or equal to 0, was -1"),
        ('[tape]\nhours = "3"', "[tape] hours must be a valid number, was '3'"),
        ('[tape]\ntypologies = ["spoofin"]', "[tape] typologies must be a known name (nearest: spoofing)"),
        ("[[symbl]]\nx = 1", "[symbl] must be a known table (nearest: symbol)"),
        ('[[symbol]]\nlike = "BTC"', "[[symbol]] 1 (BTC) like must be a known name (nearest: BTC/USD), was 'BTC'"),
        ('[[symbol]]\nname = "X"\nprice = 2', "(X) must be like a known symbol, or complete: it lacks tick"),
        ('[[symbol]]\nlike = "SOL/USD"\ntick = 1e-6', "must be of a price from 100 to 40000 ticks"),
        ('[[symbol]]\nlike = "SOL/USD"\n[[symbol]]\nlike = "SOL/USD"', "name must be different in each, was 'SOL/USD'"),
        ('[tape]\nsymbols = 2\n[[symbol]]\nlike = "SOL/USD"', "[tape] symbols must be left out"),
        ('[[venue]]\nname = "a"\n[venue.session]\nopens = 9\nclose = 17', "session.close must be a known field"),
        ('[[venue]]\nname = "a"\n[venue.session]\nopens = 17\ncloses = 9', "must be one that closes after it opens"),
        ('[[episode]]\nkind = "spoof"\nat = 1', "[[episode]] 1 (spoof) kind must be a known name"),
        ('[[episode]]\nkind = "spoofing"', "[[episode]] 1 (spoofing) at must be given"),
        ('[[episode]]\nkind = "spoofing"\nat = "1h"', 'at must be hours as a number or as "HH:MM", was \'1h\''),
        ('[[episode]]\nkind = "spoofing"\nat = 9', "at must be before the tape ends at 6 h, was 9 h"),
        ('[[episode]]\nkind = "spoofing"\nat = 1\nsymbol = "SOL"', "symbol must be on the tape (nearest: SOL/USD)"),
        ('[[innocent]]\nkind = "twap"\nat = 1', "kind must be a known name (nearest: twap_execution), was 'twap'"),
        ('[[innocent]]\nkind = "news_shock"\nat = 1\ntape = 1', "tape must be below the number of tapes, 1, was 1"),
        ("[tape", "must be a readable TOML file, was not"),
    ],
)  # fmt: skip
def test_mistake_is_told_with_table_field_value_and_rule(tmp_path: Path, text: str, told: str) -> None:
    said = refusal(tmp_path, text)
    assert told in said
    assert str(tmp_path / "mine.toml") in said


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    assert "3 mistake(s)" in refusal(tmp_path, "[tape]\nseed = -1\nhours = 0\nx = 1")


def test_episode_while_a_venue_is_closed_is_refused(tmp_path: Path) -> None:
    text = '[tape]\nstart_h = 6\n[[venue]]\nname = "day"\n[venue.session]\nopens = 9\ncloses = 17\n'
    assert "at must be while day is open" in refusal(tmp_path, text + '[[episode]]\nkind = "spoofing"\nat = 1\n')


def test_unknown_example_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ParameterError, match=r"one of abusive_day, .* \(nearest: quiet_market\), was 'quiet'"):
        scenario_path("quiet")

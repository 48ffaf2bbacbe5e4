from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import RegistryError
from models.registry import Promotion
from training.promote import promote, told


def test_told_first_champion_says_so() -> None:
    assert told(Promotion("3", "abcdef0123456789", 0.81234, None)) == (
        "tapewatch-surveillance version 3 is the champion (average_precision 0.8123, bundle abcdef012345).\n"
        "It is the first; scan and serve use it from their next start."
    )


def test_told_replacement_names_what_it_replaces() -> None:
    text = told(Promotion("4", "abcdef0123456789", None, "0123456789abcdef"))
    assert "not measured" in text
    assert "replaces bundle 0123456789ab" in text


@pytest.mark.slow
def test_promote_in_an_empty_home_is_refused(tapewatch_home: Path) -> None:
    with pytest.raises(RegistryError, match="registered: none"):
        promote("1", tapewatch_home)

from __future__ import annotations

import re

from models.catalogue import detectors
from models.detectors_page import COMMAND, PAGE, page
from models.mar import PRACTICES
from models.parameters import Parameters


def test_page_is_what_the_code_says_now() -> None:
    hint = f"{PAGE.name} is out of date: {COMMAND} > models/{PAGE.name}"
    assert PAGE.read_text(encoding="utf-8") == page(), hint


def test_page_has_every_detector_parameter_and_practice() -> None:
    text = page()
    for one in detectors(Parameters()):
        assert f"### {one.name}\n" in text
        assert all(f"| `{p.name}` | {p.default} |" in text for p in one.parameters)
    assert all(f"| {p.mar} {p.name} |" in text for p in PRACTICES)


def test_page_tables_have_as_many_cells_in_every_row() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", page(), flags=re.MULTILINE):
        rows = [len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()]
        assert len(set(rows)) == 1

"""The page `models/DETECTORS.md`, written from the code: `tapewatch detectors --markdown`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from models.catalogue import Detector, Learned, detectors, learned_detectors
from models.mar import INDICATORS, PRACTICES, UNSURE
from models.parameters import Parameters

PAGE = Path(__file__).with_name("DETECTORS.md")
COMMAND = "tapewatch detectors --markdown"
_CLASSES = {
    "manipulation": "Accusations: somebody did something on purpose.",
    "warning": "Something is likelier than usual; nobody is accused.",
    "anomaly": "Facts about a market; nobody is accused.",
    "behaviour": "Users who depart from their own habit, or from their peers'.",
}


def page() -> str:
    """Return the page: rules by class with their defaults, the learned detectors, what of MAR is covered."""
    rules = detectors(Parameters())
    lines = ["# Detectors", "", f"Written from the code by `{COMMAND}`; a test fails while it is out of date.", ""]
    lines += ["| detector | class | MAR | needs |", "|---|---|---|---|"]
    lines += [
        f"| [`{one.name}`](#{one.name}) | {one.category} | {one.mar or '–'} | {_list(one.needs)} |" for one in rules
    ]
    for category, means in _CLASSES.items():
        mine = [one for one in rules if one.category == category]
        lines += ["", f"## {category.capitalize()}", "", means] if mine else []
        for one in mine:
            lines += _rule(one)
    lines += [*_learned(learned_detectors()), *_coverage(rules)]
    return "\n".join(lines) + "\n"


def _line(one: Detector) -> str:
    return f"| [`{one.name}`](#{one.name}) | {one.category} | {one.mar or '–'} | {_list(one.needs)} |"


def _rule(one: Detector) -> Iterator[str]:
    yield from ("", f"### {one.name}", "", _text(one.summary))
    where = f"episodes `{one.reads}`" if one.reads else "rows"
    yield from ("", f"Reads {where} at the {one.scale} scale; needs {_list(one.needs)}; MAR {one.mar or '–'}.")
    told = (("Pattern", one.pattern), ("Innocent", one.innocent), ("Source", one.source))
    for heading, text in told:
        if text:
            yield from ("", f"**{heading}.** {_text(text)}")
    if one.parameters:
        yield from ("", "| parameter | default | meaning | source |", "|---|---|---|---|")
    for p in one.parameters:
        yield f"| `{p.name}` | {p.default} | {_text(p.meaning)} | {_text(p.source)} |"


def _learned(learned: Sequence[Learned]) -> Iterator[str]:
    yield from (
        "",
        "## Learned",
        "",
        "They judge the rows that a rule suspects, and never silence a rule where they were",
    )
    yield "trained on simulated tapes. Each exists in variants; a row goes to the first of its grain whose data it has."
    for one in learned:
        yield from ("", f"### {one.name}", "", f"{_text(one.summary)} Judges rows at the scales {_list(one.scales)}.")
    yield from ("", "| grain | variant | features | of |", "|---|---|---|---|")
    for variant in learned[0].variants:
        yield f"| {variant.grain} | `{variant.name}` | {variant.features} | {_list(variant.needs)} |"


def _coverage(rules: Sequence[Detector]) -> Iterator[str]:
    existing = [one.name for one in rules]
    yield from ("", "## What of MAR is covered", "")
    yield "Commission Delegated Regulation (EU) 2016/522, Annex II, Section 1: practices that specify the indicators of"
    yield "market manipulation. **Written from memory, in our own words**: letters the design cites agree with it, the"
    yield f"others are to be checked against the text, and `{UNSURE}` stands for one that is not remembered. A practice"
    yield "that the Annex repeats under further indicators stands where it comes first. Section 2, on false or"
    yield "misleading information, is not about orders and trades."
    for number, words in INDICATORS.items():
        mine = [p for p in PRACTICES if p.mar.startswith(number)]
        yield from ("", f"**Indicator {number}**: {words}.")
        yield from ("", "| practice | | covered | by | why not wholly |", "|---|---|---|---|---|")
        for p in mine:
            by = ", ".join(f"`{name}`" for name in p.by if name in existing) or "–"
            yield f"| {p.mar} {p.name} | {p.words} | {p.status(existing)} | {by} | {p.left(existing) or '–'} |"
        again = [f"{p.name} ({p.mar})" for p in PRACTICES if number in p.repeated]
        if again:
            yield from ("", f"Repeated here: {', '.join(again)}.")


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)


def _text(text: str) -> str:
    """Return text that a table's cell can hold and Markdown does not read as marks."""
    return re.sub(r"([|*_<])", r"\\\1", text)

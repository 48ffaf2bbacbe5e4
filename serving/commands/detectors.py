"""`tapewatch detectors`: what is looked for, told on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from features.errors import BundleError, ParameterError
from features.json_values import json_text
from models.bundle import Bundle
from models.catalogue import Detector, detectors, learned_detectors
from models.mar import INDICATORS, PRACTICES
from models.parameters import Parameters
from models.records import rows_of

_INDENT = (0, 0, 0, 2)


def chosen(parameters: Parameters, names: Sequence[str]) -> tuple[Detector, ...]:
    """Return the named detectors, all without a name.

    Raises:
        ParameterError: A name is none of theirs.
    """
    every = detectors(parameters)
    unknown = sorted(set(names) - {one.name for one in every})
    if unknown:
        raise ParameterError(f"detector must be of {', '.join(one.name for one in every)}; was {', '.join(unknown)}")
    return tuple(one for one in every if not names or one.name in names)


def records(champion: Bundle | None, names: Sequence[str]) -> list[dict[str, str | float]]:
    """Return the champion's records of its detectors, of the named typologies, all without a name.

    Raises:
        BundleError: There is no champion.
    """
    if champion is None:
        raise BundleError("there must be a champion to tell its detectors' records, was none; train and promote one")
    return [row for row in rows_of(champion.records) if not names or row["typology"] in names]


def records_table(rows: Sequence[Mapping[str, str | float]]) -> Table:
    """Return how often each detector was right when it spoke up, with 90 % intervals, within 80 columns."""
    table = Table(box=None, pad_edge=False, collapse_padding=True, caption_justify="left")
    for name in ("typology", "detector", "right", "wrong", "share", "90 % interval"):
        table.add_column(name, justify="left" if name in {"typology", "detector"} else "right", no_wrap=True)
    for row in rows:
        right, wrong, mean, low, high = (float(row[name]) for name in ("right", "wrong", "mean", "low", "high"))
        cells = (f"{right:.1f}", f"{wrong:.1f}", f"{mean:.2f}", f"{low:.2f} to {high:.2f}")
        table.add_row(str(row["typology"]), str(row["detector"]), *cells)
    table.caption = "When it spoke up. Beta posterior, seeded by training, moved by dispositions; prior of its weight."
    return table


def as_json(found: Sequence[Detector]) -> str:
    """Return detectors, the learned ones and what of MAR is covered, as JSON."""
    existing = [one.name for one in detectors(Parameters())]
    covered = [asdict(p) | {"status": p.status(existing)} for p in PRACTICES]
    rules = [asdict(one) for one in found]
    return json_text({"rules": rules, "learned": [asdict(one) for one in learned_detectors()], "mar": covered})


def table_of(found: Sequence[Detector]) -> Group:
    """Return a line a detector, and how to learn more."""
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    for name in ("detector", "class", "MAR", "needs"):
        table.add_column(name, no_wrap=name != "needs")
    for one in found:
        table.add_row(one.name, one.category, one.mar or "-", ", ".join(one.needs))
    for learned in learned_detectors():
        table.add_row(learned.name, "learned", "-", ", ".join(learned.variants[-1].needs))
    more = (
        "`tapewatch detectors NAME` tells pattern, innocent explanations, source and parameters; --mar what is covered."
    )
    return Group(table, Text(), Text(more))


def told(one: Detector) -> Group:
    """Return everything about a detector."""
    return Group(*_told(one))


def _told(one: Detector) -> Iterator[RenderableType]:
    yield Text(one.name, style="bold")
    yield Padding(Text(one.summary), _INDENT)
    reads = f"{one.reads} episodes" if one.reads else "rows"
    facts = f"{one.category} · MAR {one.mar or '-'} · needs {', '.join(one.needs)} · {reads}, {one.scale} scale"
    yield Padding(Text(facts, style="dim"), _INDENT)
    for heading, text in (("pattern", one.pattern), ("innocent", one.innocent), ("source", one.source)):
        if text:
            yield Padding(Text.assemble((f"{heading}: ", "bold"), text), (1, 0, 0, 2))
    if one.parameters:
        yield Padding(Text("parameters", style="bold"), (1, 0, 0, 2))
    for p in one.parameters:
        changed = "" if p.value == p.default else f" (default {p.default})"
        yield Padding(Text(f"{p.name} = {p.value}{changed}"), (0, 0, 0, 4))
        yield Padding(Text(f"{p.meaning}. Source: {p.source}", style="dim"), (0, 0, 0, 6))
    yield Text()


def coverage() -> Group:
    """Return what of Annex II, Section 1, is covered, by whom, and why not the rest."""
    return Group(*_coverage())


def _coverage() -> Iterator[RenderableType]:
    existing = [one.name for one in detectors(Parameters())]
    yield Text("Regulation (EU) 2016/522, Annex II, Section 1; in our own words, from memory", style="bold")
    for number, words in INDICATORS.items():
        yield Text(f"\n{number}  {words}", style="bold")
        for p in (one for one in PRACTICES if one.mar.startswith(number)):
            by = ", ".join(name for name in p.by if name in existing)
            yield Padding(Text(f"{p.mar} {p.name}: {p.status(existing)}{f', by {by}' if by else ''}"), _INDENT)
            if left := p.left(existing):
                yield Padding(Text(left, style="dim"), (0, 0, 0, 7))
        again = [f"{p.name} {p.mar}" for p in PRACTICES if number in p.repeated]
        if again:
            yield Padding(Text(f"again: {', '.join(again)}", style="dim"), _INDENT)

"""What the detectors are: told from their own code, so that no list of them can be out of date."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from features.catalogue import ACCOUNT_GRAIN, MARKET_GRAIN
from features.fold import ACCOUNT, FAST, MARKET
from models import classifier, isolation_forest
from models.parameter_changes import Setting, settings_in
from models.parameters import Parameters
from models.rules import build_rules
from models.rules.base import Rule
from models.variants import NEEDS, VARIANTS

PATTERN, INNOCENT, SOURCE = "Pattern", "Innocent explanations", "Source"
_HEADING = re.compile(r"^([A-Z][A-Za-z ]+):$")


@dataclass(frozen=True)
class Detector:
    """A rule, as its code tells it.

    Attributes:
        name: Its typology.
        category: Class of the pattern.
        mar: Where MAR describes it: indicators of Annex II, Section 1, of Regulation (EU) 2016/522; "" for nowhere.
        needs: Kinds of data without which it abstains, of "trades", "aggressor", "accounts", "orders", "books" and
            "venues": a second one that lists the same thing.
        scale: The rows it reads, "market", "fast", "account", "book" or "cross".
        reads: The kind of episodes it judges; "" for none.
        summary: What it finds, in a sentence.
        pattern: What the pattern looks like.
        innocent: What looks like it and is not, and how it is told apart.
        source: Where definition and defaults come from.
        parameters: Its parameters.
    """

    name: str
    category: str
    mar: str
    needs: tuple[str, ...]
    scale: str
    reads: str
    summary: str
    pattern: str
    innocent: str
    source: str
    parameters: tuple[Setting, ...]


@dataclass(frozen=True)
class Variant:
    """One variant of the learned detectors: grain, name, how many features it sees, the data they are made of."""

    grain: str
    name: str
    features: int
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Learned:
    """A learned detector.

    Attributes:
        name: Its name.
        summary: What it tells.
        scales: The rows it judges.
        variants: What it comes in, of each grain the one that sees most first; a row goes to the first that may judge.
    """

    name: str
    summary: str
    scales: tuple[str, ...]
    variants: tuple[Variant, ...]


def detectors(parameters: Parameters) -> tuple[Detector, ...]:
    """Return every rule under these parameters, by class, then by name."""
    told = [_detector(rule) for rule in build_rules(parameters)]
    order = ("manipulation", "warning", "anomaly", "behaviour")
    return tuple(sorted(told, key=lambda one: (order.index(one.category), one.name)))


def learned_detectors() -> tuple[Learned, ...]:
    """Return the learned detectors."""
    variants = tuple(
        Variant(grain, name, len(names), tuple(sorted({NEEDS[grain][feature] for feature in names})))
        for grain in (ACCOUNT_GRAIN, MARKET_GRAIN)
        for name, names in VARIANTS[grain].items()
    )
    modules = {"isolation_forest": isolation_forest, "classifier": classifier}
    return tuple(
        Learned(name, (inspect.getdoc(module) or "").splitlines()[0], (MARKET, FAST, ACCOUNT), variants)
        for name, module in modules.items()
    )


def sections(text: str) -> dict[str, str]:
    """Return the first line of a docstring under "", and the paragraph under each heading, on one line each.

    Example:
        >>> sections('''Large orders.
        ...
        ... Pattern:
        ...     They come
        ...     and go.
        ... ''')
        {'': 'Large orders.', 'Pattern': 'They come and go.'}
    """
    lines = inspect.cleandoc(text).splitlines()
    first = " ".join(_until_blank(lines))
    out, heading = {"": first}, ""
    for line in lines:
        if found := _HEADING.match(line):
            heading = found.group(1)
            out[heading] = ""
        elif heading and line.startswith("    "):
            out[heading] = f"{out[heading]} {line.strip()}".strip()
    return out


def _until_blank(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if not line.strip():
            return
        yield line.strip()


def _detector(rule: Rule) -> Detector:
    told = [sections(cls.__doc__ or "") for cls in type(rule).__mro__[:-1]]

    def says(heading: str) -> str:
        return next((text[heading] for text in told if text.get(heading)), "")

    return Detector(
        rule.typology, rule.category, rule.mar, rule.needs, rule.scale, rule.reads,
        told[0][""], says(PATTERN), says(INNOCENT), says(SOURCE), settings_in(rule.params),
    )  # fmt: skip

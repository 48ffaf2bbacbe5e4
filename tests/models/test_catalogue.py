from __future__ import annotations

import pytest

from models.catalogue import detectors, learned_detectors, sections
from models.parameters import Parameters, parse_parameters
from models.rules import build_rules
from models.variants import VARIANTS

RULES = detectors(Parameters())
KINDS = {"trades", "aggressor", "accounts", "orders", "books", "venues"}


def test_detectors_are_all_rules_by_class() -> None:
    assert {one.name for one in RULES} == {rule.typology for rule in build_rules(Parameters())}
    classes = [one.category for one in RULES]
    assert classes == sorted(classes, key=("manipulation", "warning", "anomaly", "behaviour").index)


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.name)
def test_detector_of_any_kind_tells_pattern_innocence_source_and_needs(one: object) -> None:
    (told,) = (rule for rule in RULES if rule is one)
    assert all((told.summary, told.pattern, told.innocent, told.source))
    assert told.needs
    assert set(told.needs) <= KINDS


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.name)
def test_parameters_of_a_detector_have_meaning_and_source(one: object) -> None:
    (told,) = (rule for rule in RULES if rule is one)
    assert [p.name for p in told.parameters if not (p.meaning and p.source)] == []
    assert [p.name for p in told.parameters if p.value != p.default] == []


def test_parameters_that_were_set_show_beside_their_default() -> None:
    (spoofing,) = (
        one for one in detectors(parse_parameters({"spoofing": {"bait_multiple": 12.0}})) if one.name == "spoofing"
    )
    (changed,) = (p for p in spoofing.parameters if p.value != p.default)
    assert (changed.name, changed.value, changed.default) == ("bait_multiple", 12.0, 10.0)


def test_learned_detectors_have_every_variant_with_its_data() -> None:
    for learned in learned_detectors():
        assert learned.summary
        for grain, variants in VARIANTS.items():
            mine = [variant for variant in learned.variants if variant.grain == grain]
            assert [variant.name for variant in mine] == list(variants)
            assert mine[0].features > mine[-1].features
        assert learned.variants[-1].needs == ("trades",)


def test_sections_take_the_whole_first_paragraph_and_every_heading() -> None:
    text = "One\n    line.\n\n    More.\n\n    Pattern:\n        a\n\n        b\n\n    Source:\n        c\n    "
    assert sections(text) == {"": "One line.", "Pattern": "a b", "Source": "c"}

from __future__ import annotations

import re

from models.catalogue import detectors
from models.mar import INDICATORS, PRACTICES, UNSURE, Practice
from models.parameters import Parameters


def test_status_depends_on_the_detectors_that_exist_and_on_what_they_leave() -> None:
    whole = Practice("5(e)", "layering and spoofing", "", ("layering", "spoofing"))
    assert [whole.status(there) for there in ((), ("spoofing",), ("spoofing", "layering"))] == [
        "not", "partly", "covered",
    ]  # fmt: skip
    assert whole.left(("spoofing",)) == "to come: layering"
    some = Practice("3(b)", "painting the tape", "", ("wash_trading",), "the rest")
    assert (some.status(("wash_trading",)), some.left(("wash_trading",))) == ("partly", "the rest")
    assert (some.status(()), some.left(())) == ("not", "to come: wash_trading")
    never = Practice("2(b)", "abusive squeeze", "", (), "on no tape")
    assert (never.status(("wash_trading",)), never.left(("wash_trading",))) == ("not", "on no tape")


def test_practices_have_an_indicator_once_and_are_repeated_under_others() -> None:
    known = [p.mar for p in PRACTICES if UNSURE not in p.mar]
    assert len(set(known)) == len(known)
    for p in PRACTICES:
        assert re.fullmatch(r"[1-7]\([a-z?]\)", p.mar)
        assert set(p.repeated) <= set(INDICATORS) - {p.mar[0]}


def test_practices_that_are_not_covered_say_why() -> None:
    existing = [one.name for one in detectors(Parameters())]
    assert [p.name for p in PRACTICES if p.status(existing) != "covered" and not p.left(existing)] == []

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from models.alert import Alert
from training.false_alerts import Around, Happening, attempts, explain, read_innocents

HOUR = 3_600_000_000_000


def happening(kind: str, *accounts: str, start: int = 0, end: int = HOUR) -> Happening:
    return Happening(kind, frozenset(accounts), start, end)


@pytest.fixture
def wash(alert: Callable[..., Alert]) -> Alert:
    return alert(accounts=("a", "b"), window_start=0, window_end=60_000_000_000)


def around(
    planted: tuple[Happening, ...] = (), tried: tuple[Happening, ...] = (), innocents: tuple[Happening, ...] = ()
) -> Around:
    return Around(planted, tried, innocents, hours=5.0)


def test_explain_names_the_closest_explanation_first(wash: Alert) -> None:
    role = happening("market_maker", "b", end=5 * HOUR)
    everything = (
        around(planted=(happening("ramping", "a"),)),
        around(planted=(happening("ramping", "x"),), tried=(happening("wash_trading"),)),
        around(planted=(happening("ramping", "x"),), innocents=(role, happening("twap_execution", "b"))),
        around(planted=(happening("ramping", "x"),), innocents=(role,)),
        around(planted=(happening("ramping", "x"),)),
        around(tried=(happening("ramping"),), innocents=(happening("news_shock", "x"),)),
    )
    assert [explain(wash, one) for one in everything] == [
        "accounts of ramping", "attempt at wash_trading", "accounts of twap_execution", "accounts of market_maker",
        "beside ramping", "background",
    ]  # fmt: skip


def test_explain_an_alert_that_names_nobody_by_what_happened_then(wash: Alert, alert: Callable[..., Alert]) -> None:
    spike = alert(accounts=(), window_start=0, window_end=60_000_000_000)
    assert explain(spike, around(innocents=(happening("news_shock", "x"),))) == "beside news_shock"
    assert explain(spike, around(innocents=(happening("thin_market", end=5 * HOUR),))) == "background"
    assert explain(spike, around(planted=(happening("ramping", start=HOUR, end=2 * HOUR),))) == "background"


def test_attempts_are_what_was_planned_and_is_not_labelled() -> None:
    plan = (happening("spoofing"), happening("spoofing", start=3 * HOUR, end=4 * HOUR), happening("ramping"))
    labels = (happening("spoofing", "a", end=HOUR // 2),)
    assert attempts(plan, labels) == plan[1:]


def test_read_innocents_have_accounts_and_nanoseconds(tmp_path: Path) -> None:
    (tmp_path / "innocent.csv").write_text(
        "kind,venue,symbol,accounts,start,end,orders,trades,tape\n"
        "news_shock,sim,A,,1970-01-01T00:00:01.000000Z,1970-01-01T00:00:02.500000Z,0,0,tape-000\n"
        "twap_execution,sim,A,x;y,1970-01-01T00:00:01.000000Z,1970-01-01T00:00:02.000000Z,3,4,tape-000\n"
    )
    table = read_innocents(tmp_path)
    assert table["accounts"].tolist() == [frozenset(), {"x", "y"}]
    assert table["end_ns"].tolist() == [2_500_000_000, 2_000_000_000]

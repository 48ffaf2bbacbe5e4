"""Quote stuffing on the tape: an account's bursts dwarf what the whole market usually sends."""

from __future__ import annotations

from tests.training.simulator.showing import Shown, show


def busiest_second(shown: Shown) -> int:
    """Return the most messages that the accused sent within a second."""
    return int(shown.own_orders.set_index("timestamp").resample("1s").size().max())


def test_quote_stuffing_dwarfs_the_market() -> None:
    shown = show("quote_stuffing")
    others = shown.orders[~shown.orders["account_id"].isin(shown.accused)]
    usual = others.set_index("timestamp").resample("1s").size().median()
    assert busiest_second(shown) > 10.0 * max(usual, 1.0)


def test_quote_stuffing_cancels_nearly_all_at_once() -> None:
    own = show("quote_stuffing").own_orders
    new, cancelled = (own[own["event"] == event].set_index("order_id")["timestamp"] for event in ("new", "cancel"))
    life_s = (cancelled - new).dropna().dt.total_seconds()
    assert len(life_s) > 0.98 * len(new)
    assert life_s.median() < 0.5


def test_quote_stuffing_is_plainer_the_more_severe() -> None:
    peaks = [
        sum(busiest_second(show("quote_stuffing", severity, seed)) for seed in (1, 2, 3))
        for severity in (0.1, 0.5, 0.95)
    ]
    assert peaks == sorted(peaks)

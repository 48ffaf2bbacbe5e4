"""Shocks that nobody organised: many accounts, no campaign, and a price that stays or recovers by itself."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.looks import accounts_of, between, orders_of, price_at, span_of, takers
from tests.training.simulator.showing import Shown, show

MINUTE = pd.Timedelta(minutes=1)


def volume_factor(shown: Shown, start: pd.Timestamp, end: pd.Timestamp) -> float:
    """Return volume a second in a span over that of the tape before it."""
    during, before = between(shown.trades, start, end), shown.trades[shown.trades["timestamp"] < start]
    length, earlier = (end - start).total_seconds(), (start - shown.trades["timestamp"].iloc[0]).total_seconds()
    return float(during["quantity"].sum() / length * earlier / before["quantity"].sum())


def test_news_shock_moves_price_and_volume_over_many_accounts_for_good() -> None:
    shown = show("news_shock")
    start, end = span_of(shown, "news_shock")
    jump = price_at(shown, start + 2 * MINUTE) / price_at(shown, start) - 1.0
    later = price_at(shown, end + 5 * MINUTE) / price_at(shown, start) - 1.0
    assert abs(jump) > 0.004
    assert later / jump > 0.5
    assert volume_factor(shown, start, start + 2 * MINUTE) > 2.0
    first = between(shown.trades, start, start + 2 * MINUTE)
    assert first.groupby(takers(first))["quantity"].sum().max() < 0.4 * first["quantity"].sum()


def test_news_trader_pulls_quotes_and_takes_within_milliseconds() -> None:
    shown = show("news_trader")
    own = orders_of(shown, "news_trader")
    news = own["timestamp"].iloc[0].ceil("min") + (MINUTE if own["timestamp"].iloc[0].second == 0 else 0 * MINUTE)
    soon = own[(own["timestamp"] - news).dt.total_seconds().between(0.0, 0.06)]
    assert {"cancel", "fill"} <= set(soon["event"])
    sides = soon[soon["event"] == "fill"]["side"]
    assert len(set(sides)) == 1
    account = accounts_of(shown, "news_trader")[0]
    bought, sold = (
        shown.trades.loc[shown.trades[name] == account, "quantity"].sum() for name in ("buyer_id", "seller_id")
    )
    assert min(bought, sold) > 0.5 * max(bought, sold)


def test_natural_spike_rises_over_many_accounts_and_keeps_most() -> None:
    shown = show("natural_spike", hours=2.0)
    start, end = span_of(shown, "natural_spike")
    during = between(shown.trades, start, end)
    peak = during["price"].rolling(20).median().max()
    rise, kept = (price / price_at(shown, start) - 1.0 for price in (peak, price_at(shown, end)))
    assert rise > 0.01
    assert kept > 0.4 * rise
    assert during.groupby(takers(during))["quantity"].sum().nlargest(3).sum() < 0.4 * during["quantity"].sum()
    assert volume_factor(shown, start, end) > 1.5


def test_stop_loss_cascade_sells_ever_lower_from_many_accounts_and_recovers() -> None:
    shown = show("stop_loss_cascade")
    start, end = span_of(shown, "stop_loss_cascade")
    sales = orders_of(shown, "stop_loss_cascade").query("event == 'fill' and side == 'sell'")
    prices = sales.groupby("account_id")["price"].mean()
    assert len(prices) >= 10
    lowest = between(shown.trades, start, end)["price"].min()
    fall, left = price_at(shown, start) - lowest, price_at(shown, start) - price_at(shown, end)
    assert fall > 0.003 * lowest
    assert left < 0.8 * fall

"""Patterns over venues raise alerts, and what looks like them does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from features.events import Vocabulary, no_events
from features.order import END_OF_TIME, total_order
from models.alert import Alert
from models.cross_surveillance import CrossSurveillance
from models.parameters import Parameters, parse_parameters
from models.surveillance import policy_of
from tests.cross_tape import SECOND, START, Trade, Venues, events_of

P = Parameters()


def watched(trades: list[Trade], parameters: Parameters = P) -> tuple[CrossSurveillance, list[Alert]]:
    """Return what watched whole recordings, and the alerts at their last revision."""
    names = Vocabulary()
    events = events_of(trades, names)
    across = CrossSurveillance(parameters, None, names, policy_of(parameters, None), kept_ns=END_OF_TIME)
    for code in range(len(names.markets)):
        across.take(code, total_order(events.take(np.flatnonzero(events.market == code))), no_events(), END_OF_TIME)
    return across, list({alert.alert_id: alert for alert in across.close()}.values())


def alerts_of(trades: list[Trade]) -> list[Alert]:
    return watched(trades)[1]


def test_wash_over_venues_names_both_and_cites_trades_on_both_venues() -> None:
    (alert,) = alerts_of(Venues().wash(300.0).records())
    assert (alert.typology, alert.category, alert.venue, alert.symbol) == (
        "cross_market_wash", "manipulation", "alpha", "BTC/USD",
    )  # fmt: skip
    assert alert.accounts == ("wash-a", "wash-b")
    assert {identity[:4] for identity in alert.trade_ids} == {"alph", "beta"}
    assert alert.known_at == alert.detected_at + 5 * SECOND
    assert alert.calibrated_on == "definition"
    assert any("alpha and beta" in figure.says for figure in alert.findings[0].evidence)


def test_wash_by_accounts_of_one_owner_is_seen_as_one_entity_on_both_sides() -> None:
    across = Venues().wash(300.0)
    for trade in across.trades:
        trade["buyer_id"], trade["seller_id"] = (
            "same" if name.startswith("wash") else name for name in (trade["buyer_id"], trade["seller_id"])
        )
    (alert,) = alerts_of(across.records())
    assert (alert.typology, alert.accounts) == ("cross_market_wash", ("same",))


def test_gap_held_on_one_venue_is_told_of_the_venue_that_moved() -> None:
    (alert,) = alerts_of(Venues().apart(600.0).records())
    assert (alert.typology, alert.category, alert.venue) == ("price_discrepancy", "anomaly", "alpha")
    assert alert.window_start >= START + 600 * SECOND
    assert alert.trade_ids


def test_push_of_one_venue_to_leave_another_is_told_of_the_venue_that_was_moved() -> None:
    (alert,) = alerts_of(Venues().push(700.0, moved="beta", away="alpha").records())
    assert (alert.typology, alert.venue, alert.symbol) == ("inter_venue_manipulation", "beta", "BTC-USD")
    assert alert.accounts == ("pusher",)


def test_arbitrage_in_one_hand_is_an_anomaly_of_the_account() -> None:
    (alert,) = alerts_of(Venues().arbitrage(500.0).records())
    assert (alert.typology, alert.category, alert.accounts) == ("arbitrage", "anomaly", ("arb",))


@pytest.mark.parametrize("seed", range(4))
def test_honest_venues_raise_nothing(seed: int) -> None:
    assert alerts_of(Venues(seed=seed, minutes=40.0).records()) == []


def news(tape: Venues) -> None:
    """Let every venue jump two percent, the second one twelve seconds late."""
    for trade in tape.trades:
        late = 12 * SECOND if trade["venue"] == "beta" else 0
        if trade["timestamp"] > START + 600 * SECOND + late:
            trade["price"] *= 1.02


def thin_venue_lags(tape: Venues) -> None:
    """Let the second venue trade once in half a minute, through a jump of two percent and back."""
    times = iter(range(20, 1200, 33))
    tape.trades = [trade for trade in tape.trades if trade["venue"] == "alpha"]
    for trade in tape.trades:
        if 600 < (trade["timestamp"] - START) / SECOND < 640:
            trade["price"] *= 1.02
    for time in times:
        tape.trade(float(time), "beta", "a1", "a2", 1, 1.0)


def outage(tape: Venues) -> None:
    """Let the second venue stop for five minutes, in which the first goes two percent away and stays there."""
    for trade in tape.trades:
        if trade["timestamp"] > START + 600 * SECOND:
            trade["price"] *= 1.02
    span = (START + 590 * SECOND, START + 900 * SECOND)
    tape.trades = [t for t in tape.trades if t["venue"] == "alpha" or not span[0] < t["timestamp"] < span[1]]


def hedger(tape: Venues) -> None:
    """Let one rest on the first venue, and take the same size the other way on the second after every fill."""
    for number in range(60):
        side = 1 if number % 2 else -1
        tape.trade(200.0 + 10.0 * number, "alpha", f"a{number % 30}", "hedger", -side, 2.0)
        tape.trade(200.1 + 10.0 * number, "beta", "hedger", f"a{(number + 7) % 30}", -side, 2.0)


def market_makers(tape: Venues) -> None:
    """Let two make the market on both venues: they meet each other now and then, both ways, everywhere."""
    rng = np.random.default_rng(3)
    for trade in tape.trades:
        maker = str(rng.choice(["maker-1", "maker-2"]))
        trade["seller_id" if trade["aggressor"] == "buy" else "buyer_id"] = maker
        if rng.random() < 0.1:
            taker = "maker-2" if maker == "maker-1" else "maker-1"
            trade["buyer_id" if trade["aggressor"] == "buy" else "seller_id"] = taker


def arbitrageurs(tape: Venues) -> None:
    """Let six take what there is between the venues."""
    for number in range(120):
        first, second = tape.venues if number % 2 else tape.venues[::-1]
        time, who = 200.0 + 7.0 * number, f"arb-{number * 7 % 6}"
        tape.trade(time, first, who, f"a{number % 30}", 1, 2.0, shift_bps=-6.0)
        tape.trade(time + 0.05, second, who, f"a{number % 30 + 5}", -1, 2.0, shift_bps=6.0)


def seller_of_blocks(tape: Venues) -> None:
    """Let one buy on one venue, take a large block on the other, and keep both."""
    tape.trade(640.0, "beta", "fund", "a1", 1, 6.0)
    for number in range(6):
        tape.trade(700.0 + 0.2 * number, "alpha", "fund", f"a{number}", 1, 4.0, shift_bps=4.0 * number)


@pytest.mark.parametrize(
    "innocent", [news, thin_venue_lags, outage, hedger, market_makers, arbitrageurs, seller_of_blocks]
)
@pytest.mark.parametrize("seed", [1, 2])
def test_innocent_look_alike_over_venues_raises_nothing(innocent: Callable[[Venues], None], seed: int) -> None:
    tape = Venues(seed=seed)
    innocent(tape)
    assert alerts_of(tape.records()) == []


def test_one_venue_alone_keeps_nothing_but_its_last_release() -> None:
    across, alerts = watched(Venues(venues=("alpha",)).records())
    (group,) = across.groups.values()
    (member,) = group.members.values()
    assert (alerts, len(group.recent), len(member.rows), group.until) == ([], 0, 0, 0)


def test_dollar_and_its_coin_are_compared_only_where_the_parameters_say_so() -> None:
    tape = Venues().apart(600.0)
    for trade in tape.trades:
        trade["symbol"] = "BTC/USDT" if trade["venue"] == "alpha" else "BTC/USD"
    assert alerts_of(tape.records()) == []
    found = watched(tape.records(), parse_parameters({"cross": {"one_dollar": True}}))[1]
    assert [alert.typology for alert in found] == ["price_discrepancy"]


def test_trade_for_a_closed_bucket_is_counted_as_late_and_changes_nothing() -> None:
    trades, names = Venues(minutes=5.0).records(), Vocabulary()
    events = events_of(trades, names)
    across = CrossSurveillance(P, None, names, policy_of(P, None))
    parts = [total_order(events.take(np.flatnonzero(events.market == code))) for code in (0, 1)]
    for code in (0, 1):
        across.take(code, parts[code], no_events(), START + 200 * SECOND)
    across.close()
    before = across.groups["BTC/USD"].until
    across.take(1, parts[1].take(slice(0, 3)), no_events(), START + 201 * SECOND)
    across.close()
    assert across.late == 3
    assert across.groups["BTC/USD"].until == before


def test_venue_that_falls_silent_is_waited_for_no_longer_than_the_patience() -> None:
    trades, names = Venues(minutes=5.0).records(), Vocabulary()
    events = events_of(trades, names)
    across = CrossSurveillance(P, None, names, policy_of(P, None))
    for code, watermark in ((0, 50), (1, 250)):
        mine = total_order(events.take(np.flatnonzero(events.market == code)))
        released = mine.take(np.flatnonzero(mine.time < START + watermark * SECOND))
        across.take(code, released, no_events(), START + watermark * SECOND)
    across.close()
    assert across.groups["BTC/USD"].until == START + 190 * SECOND


@pytest.mark.parametrize("seed", range(8))
def test_prices_at_the_ends_of_what_a_float_can_hold_are_judged_like_others(seed: int) -> None:
    rng, tape = np.random.default_rng(seed), Venues(minutes=3.0)
    for trade in tape.trades:
        trade["price"] = float(rng.choice([5e-324, 1e-310, 1.0, 2.0, 1e300, 1.7e308]))
        trade["buyer_id"], trade["seller_id"] = (str(name) for name in rng.choice(["a", "b", "c"], 2))
    assert all(0.0 <= alert.confidence <= 1.0 for alert in alerts_of(tape.records()))

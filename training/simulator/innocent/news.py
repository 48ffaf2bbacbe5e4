"""News: what a symbol is worth changes for good, and many accounts act on it within a minute or two."""

from __future__ import annotations

from training.simulator.arithmetic import power
from training.simulator.chance import Chance
from training.simulator.innocent.base import Innocent
from training.simulator.innocent.working import join_in, work
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, at_round_time

_LARGE = 0.03


class NewsShock(Innocent):
    """A jump of price and volume over many accounts, without anybody's campaign and without a way back."""

    kind = "news_shock"
    rate_h = 0.05

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 3 to 8 minutes."""
        return anywhere(room, chance, chance.uniform(180.0, 480.0))

    def plan(self, stage: Stage) -> Plan:
        """Break the news; now and then more of it follows."""
        chance = stage.chance
        stage.labelled_from = stage.begin
        move = chance.log_uniform(0.006, 0.08)
        side, within_s = chance.choice((BUY, SELL)), chance.uniform(20.0, 80.0)
        _break_news(stage, side * move, within_s)
        if chance.happens(0.3):
            yield stage.at(chance.uniform(0.2, 0.5) * stage.duration_s)
            _break_news(stage, side * move * chance.uniform(0.15, 0.5), within_s)
        yield stage.at(stage.duration_s)
        stage.labelled_to = stage.now


class NewsTrader(Innocent):
    """A fast desk at scheduled news: it pulls its quotes within milliseconds, takes in their direction, sells later."""

    kind = "news_trader"
    rate_h = 0.03

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 6 to 15 minutes from a round time; the news come after the first."""
        return at_round_time(room, chance, chance.uniform(360.0, 900.0))

    def plan(self, stage: Stage) -> Plan:
        """Quote, react, unwind."""
        chance, account = stage.chance, stage.strangers(1, "desks")[0]
        stage.accused.append(account)
        side, move = chance.choice((BUY, SELL)), chance.log_uniform(0.005, 0.03)
        quotes = yield from _quote_until(stage, account, 60.0)
        _break_news(stage, side * move, chance.uniform(15.0, 50.0))
        yield stage.sleep(chance.log_uniform(0.002, 0.05))
        stage.cancel(*quotes)
        reach = round(0.6 * move * stage.mid())
        orders = [stage.take(account, side, stage.lots(chance.uniform(2.0, 6.0)), slip=reach) for _ in range(3)]
        yield stage.at(60.0 + chance.uniform(0.2, 0.5) * (stage.duration_s - 60.0))
        left = sum(order.filled for order in (*orders, *quotes) if order.side == side)
        parts = chance.integer(4, 10)
        for _ in range(parts):
            yield from work(stage, account, -side, max(left // parts, 1), 10.0)
            yield stage.sleep(chance.exponential(8.0))


def _quote_until(stage: Stage, account: int, seconds: float) -> Plan:
    """Quote both sides until then; return the last quotes, still open."""
    behind, quotes = round(0.5 * stage.market.half_spread_ticks), list[Order]()
    while stage.elapsed_s < seconds - 3.0:
        stage.cancel(*quotes)
        quotes = [stage.join(account, side, stage.lots(1.0), behind=behind) for side in (BUY, SELL)]
        yield stage.sleep(min(stage.chance.uniform(2.0, 6.0), seconds - stage.elapsed_s))
    yield stage.at(seconds)
    return quotes


def _break_news(stage: Stage, move: float, within_s: float) -> None:
    """Let a crowd learn of it: the more people trade the symbol and the larger the news, the more."""
    chance = stage.chance
    usual = stage.market.symbol.trades_per_s * 60.0 * chance.uniform(4.0, 16.0)
    crowd = min(max(round(usual * power(abs(move) / _LARGE, 0.5)), 30), 2_500)
    stage.news(move, crowd, within_s)
    side = BUY if move > 0.0 else SELL
    join_in(stage, chance.integer(5, 15), side, 0.5 * within_s, slip=round(0.3 * abs(move) * stage.mid()))

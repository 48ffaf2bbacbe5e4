"""Fast takers: they follow a lopsided book, hit quotes left behind, and trade one venue against another."""

from __future__ import annotations

from features.time_units import SECOND_NS
from training.simulator.arithmetic import log
from training.simulator.chance import exponential, uniform
from training.simulator.compiled import inner
from training.simulator.exchange.records import CONTINUOUS
from training.simulator.exchange.venue import place
from training.simulator.flow.agenda import push
from training.simulator.flow.touch import imbalance, middle
from training.simulator.flow.world import World

SNIPE, ARBITRAGE = 7, 9


@inner
def snipe(w: World, now: int, market: int) -> None:
    """Let a fast taker look at a market."""
    book, spec = w.exchange.books[market], w.specs[market]
    who = w.people.snipers[int(uniform(w.streams, market) * len(w.people.snipers))]
    if book.resting[0] > 0 and book.resting[1] > 0 and book.phase == CONTINUOUS:
        asset = w.assets[spec.asset]
        gap = (asset.value - log(middle(w, market))) / (asset.sigma * 7.75)
        drive = imbalance(w, market, 4) + 0.4 * gap
        if abs(drive) > 0.75 and uniform(w.streams, market) < 0.5:
            side, row = (1, 1) if drive > 0.0 else (-1, 0)
            lots = max(int(spec.typical * (0.2 + 0.8 * uniform(w.streams, market))), 1)
            place(w.exchange, now, market, who, side, book.best[row], lots, 0, 0, -1, -1)
    wait = exponential(w.streams, market, spec.snipe_s)
    push(w.agenda, now + 1_000_000 + int(wait * SECOND_NS), SNIPE, market, 0, 0)


@inner
def arbitrage(w: World, now: int, a: int) -> None:
    """Buy where an asset is cheapest and sell where it is dearest, if that pays after fees."""
    asset, s = w.assets[a], len(w.specs) + a
    low, high = -1, -1
    for market in range(asset.first, asset.first + asset.markets):
        book = w.exchange.books[market]
        if book.phase != CONTINUOUS:
            continue
        if book.resting[1] > 0 and (low < 0 or book.best[1] < w.exchange.books[low].best[1]):
            low = market
        if book.resting[0] > 0 and (high < 0 or book.best[0] > w.exchange.books[high].best[0]):
            high = market
    if low >= 0 and high >= 0 and low != high:
        _trade_apart(w, now, s, low, high)
    wait = exponential(w.streams, s, asset.arbitrage_s)
    push(w.agenda, now + 1_000_000 + int(wait * SECOND_NS), ARBITRAGE, a, 0, 0)


@inner
def _trade_apart(w: World, now: int, s: int, low: int, high: int) -> None:
    cheap, dear = w.exchange.books[low], w.exchange.books[high]
    ask, bid = cheap.best[1], dear.best[0]
    costs = (cheap.taker_fee + dear.taker_fee) * ask
    if bid - ask <= costs:
        return
    who = w.people.arbitrageurs[int(uniform(w.streams, s) * len(w.people.arbitrageurs))]
    lots = min(cheap.depth[1, ask], dear.depth[0, bid])
    lots = max(min(lots, int(4.0 * w.specs[low].typical)), 1)
    place(w.exchange, now, low, who, 1, ask, lots, 0, 0, -1, -1)
    place(w.exchange, now, high, who, -1, bid, lots, 0, 0, -1, -1)

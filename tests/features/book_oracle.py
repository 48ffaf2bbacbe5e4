"""A slow, obvious oracle of the book grain: dictionaries of levels, lists of what happened, every row from all."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import NamedTuple

from features.book_catalogue import WITHIN_BPS

SECOND = 1_000_000_000
NAN = math.nan


class Message(NamedTuple):
    """A level that is set, a level of an image, or a trade; the side is the level's, of a trade the taker's."""

    time: int
    what: str
    side: int
    price: float
    lots: int


@dataclass
class Level:
    lots: int
    since: int
    peak: int
    met: int = 0


@dataclass
class Wall:
    side: int
    price: float
    time: int
    gone: int
    peak: int
    told: dict[str, float]
    met: int
    back: float
    blind: bool = False

    @property
    def pulled(self) -> float:
        return max(0.0, 1.0 - self.met / self.gone)


@dataclass
class Bucket:
    """What happened in one bucket."""

    number: int
    pieces: list[tuple[int, dict[str, float] | None]] = field(default_factory=list)
    updates: int = 0
    images: int = 0
    gap: float = 0.0
    added: int = 0
    taken: int = 0
    traded: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})
    walls: list[Wall] = field(default_factory=list)
    mid: float = NAN

    def mean(self, figure: str) -> float:
        whole = [(dt, one[figure]) for dt, one in self.pieces if one and not one["crossed"]]
        total = sum(dt for dt, _ in whole)
        return sum(dt * value for dt, value in whole) / total if total else NAN


class BookOracle:
    """Takes messages in total order; `rows` has (end, features by name) of every bucket that closed."""

    def __init__(self, span: int, lot: float) -> None:
        self.span, self.lot = span, lot
        self.levels: dict[int, dict[float, Level]] = {1: {}, -1: {}}
        self.before_image: dict[int, dict[float, Level]] = {1: {}, -1: {}}
        self.closed: list[Bucket] = []
        self.open: Bucket | None = None
        self.rows: list[tuple[int, dict[str, float]]] = []
        self.waiting: list[Wall] = []
        self.last: Message | None = None
        self.time = 0
        self.last_trade: dict[int, int] = {}
        self.moment_added = {1: 0, -1: 0}
        self.usual_level, self.usual_spread, self.learned = 0.0, 0.0, 0
        self.at_opening: dict[str, float] | None = None

    def best(self, side: int) -> float:
        prices = self.levels[side]
        return (max(prices) if side > 0 else min(prices)) if prices else NAN

    def within(self, side: int, worst: float) -> int:
        return sum(level.lots for price, level in self.levels[side].items() if side * (price - worst) >= 0)

    def near(self, side: int) -> list[float]:
        order = sorted(self.levels[side], reverse=side > 0)
        edge = order[0] * 25e-4 if order else 0.0
        return [p for k, p in enumerate(order) if k < 10 or side * p >= side * order[0] - edge]

    def band(self) -> float:
        return max(25.0, 5.0 * self.usual_spread)

    def moment(self) -> dict[str, float] | None:
        bid, ask = self.best(1), self.best(-1)
        if math.isnan(bid) or math.isnan(ask):
            return None
        if bid >= ask:
            return {"crossed": 1.0}
        mid, band = (bid + ask) / 2, self.band() * 1e-4
        return {"crossed": 0.0, "mid": mid, "spread": (ask - bid) / mid * 1e4,
                "bid": self.within(1, mid * (1 - band)), "ask": self.within(-1, mid * (1 + band))}  # fmt: skip

    def take(self, message: Message) -> None:
        is_trade = message.what == "trade"
        if is_trade and self.last is None:
            return
        self.close_until(message.time)
        if self.open is None:
            self.begin(message.time // self.span, message.time)
        self.pass_to(message.time)
        self.trade(message) if is_trade else self.level(message)

    def begin(self, number: int, time: int) -> None:
        if self.closed:
            self.at_opening, time = self.moment(), number * self.span
            now = self.at_opening or {}
            for between in range(self.closed[-1].number + 1, number):
                quiet = Bucket(between, mid=now.get("mid", NAN))
                quiet.pieces = [(self.span, self.moment())]
                self.closed.append(quiet)
        self.open, self.time = Bucket(number), time

    def pass_to(self, time: int) -> None:
        if time > self.time:
            assert self.open
            self.open.pieces.append((time - self.time, self.moment()))
            self.time, self.moment_added = time, {1: 0, -1: 0}
            self.settle(time)

    def settle(self, time: int) -> None:
        assert self.open
        over = [wall for wall in self.waiting if wall.time // 1000 + 1_000_000 <= time // 1000]
        self.waiting = [wall for wall in self.waiting if wall not in over]
        self.open.walls += [wall for wall in over if not wall.blind]

    def close_until(self, until: int) -> None:
        while self.open is not None and (self.open.number + 1) * self.span <= until:
            bucket, end = self.open, (self.open.number + 1) * self.span
            self.pass_to(end)
            bucket.mid = (self.moment() or {}).get("mid", NAN)
            self.rows.append((end, self.row(bucket, end)))
            self.learn()
            self.closed.append(bucket)
            self.open = None
            if self.waiting:
                self.begin(bucket.number + 1, end)

    def learn(self) -> None:
        now = self.moment()
        if now is None or now["crossed"]:
            return
        logs = [math.log(self.levels[side][price].lots) for side in (1, -1) for price in self.near(side)]
        self.learned = min(self.learned + 1, 60)
        self.usual_level += (statistics.fmean(logs) - self.usual_level) / self.learned
        self.usual_spread += (now["spread"] - self.usual_spread) / self.learned

    def level(self, m: Message) -> None:
        assert self.open
        if self.last is not None:
            self.open.gap = max(self.open.gap, (m.time - self.last.time) * 1e-9)
        if m.what == "image":
            if self.last is None or self.last.what != "image" or self.last.time != m.time:
                self.before_image, self.levels = self.levels, {1: {}, -1: {}}
                self.open.images += 1
                for wall in self.waiting:
                    wall.blind = True
            self.put(m)
            now, old = self.levels[m.side].get(m.price), self.before_image[m.side].get(m.price)
            if now and old and now.lots < 2 * old.peak:
                now.since, now.peak, now.met = old.since, max(old.peak, now.lots), old.met
        else:
            self.open.updates += 1
            self.change(m)
        self.last = m

    def put(self, m: Message) -> None:
        known = self.levels[m.side].get(m.price)
        if m.lots == 0:
            self.levels[m.side].pop(m.price, None)
        elif known is None or m.lots >= 2 * known.peak:
            self.levels[m.side][m.price] = Level(m.lots, m.time, m.lots)
        else:
            known.lots, known.peak = m.lots, max(known.peak, m.lots)

    def change(self, m: Message) -> None:
        assert self.open
        known = self.levels[m.side].get(m.price)
        before = known.lots if known else 0
        if m.lots < before and m.price in self.near(m.side):
            self.open.taken += before - m.lots
            self.fall(m)
        self.put(m)
        if m.lots > before and m.price in self.near(m.side):
            self.open.added += m.lots - before
            self.moment_added[m.side] += m.lots - before
            for wall in self.waiting:
                wall.back += (m.lots - before) * (wall.side == m.side)

    def fall(self, m: Message) -> None:
        level = self.levels[m.side][m.price]
        if self.learned < 12 or level.peak < 3 * math.exp(self.usual_level) or m.lots > 0.3 * level.peak:
            return
        near = sum(self.levels[m.side][price].lots for price in self.near(m.side))
        best, other = self.best(m.side), self.last_trade.get(-m.side)
        told = {
            "wall_side": m.side, "wall_multiple": level.peak / math.exp(self.usual_level),
            "wall_share": level.peak / max(near, level.peak), "wall_age_s": (m.time - level.since) * 1e-9,
            "wall_distance_bps": abs(best - m.price) / best * 1e4,
            "wall_trade_lag_s": NAN if other is None else (m.time - other) * 1e-9,
        }  # fmt: skip
        wall = Wall(
            m.side, m.price, m.time, level.peak - m.lots, level.peak, told, level.met, self.moment_added[m.side]
        )
        if len(self.waiting) == 8:
            self.waiting[min(range(8), key=lambda k: self.waiting[k].gone)] = wall
        else:
            self.waiting.append(wall)
        level.peak, level.met, level.since = max(m.lots, 1), 0, m.time

    def trade(self, m: Message) -> None:
        assert self.open
        mid = (self.before_the_moment() or {}).get("mid", NAN)
        if m.side == 0 and math.isnan(mid):
            return
        side = -m.side if m.side else (-1 if m.price >= mid else 1)
        self.open.traded[side] += m.lots
        self.last_trade[side] = m.time
        for price, level in self.levels[side].items():
            if price == m.price:
                level.met += m.lots
            elif side * (price - m.price) > 0:
                level.met = level.peak
        for wall in self.waiting:
            if wall.side == side and wall.price == m.price:
                wall.met += m.lots
            elif wall.side == side and side * (wall.price - m.price) > 0:
                wall.met = wall.peak

    def before_the_moment(self) -> dict[str, float] | None:
        assert self.open
        return self.open.pieces[-1][1] if self.open.pieces else self.at_opening

    def row(self, b: Bucket, end: int) -> dict[str, float]:
        out = {"spread_bps": b.mean("spread"), "crossed_share": NAN}
        both = sum(dt for dt, now in b.pieces if now)
        if both:
            out["crossed_share"] = sum(dt for dt, now in b.pieces if now and now["crossed"]) / both
        now = self.moment()
        if now and not now["crossed"]:
            out |= self.standing(now, end)
        out |= self.against_before(b) | self.over_minutes(b)
        if b.walls:
            wall = max(b.walls, key=lambda w: max(0.0, w.gone - w.met - w.back))
            out |= wall.told | {"wall_returned_ratio": wall.back / wall.gone}
            if self.last_trade:
                out["wall_pulled_ratio"] = wall.pulled
        return out

    def standing(self, now: dict[str, float], end: int) -> dict[str, float]:
        mid, bid, ask = now["mid"], self.best(1), self.best(-1)
        at_bid, at_ask = self.levels[1][bid].lots, self.levels[-1][ask].lots
        micro = (bid * at_ask + ask * at_bid) / (at_bid + at_ask)
        out = {
            "mid": mid, "closing_spread_bps": now["spread"], "microprice_offset_bps": (micro - mid) / mid * 1e4,
            "touch_imbalance": (at_bid - at_ask) / (at_bid + at_ask),
            "near_levels": min(len(self.near(1)), len(self.near(-1))),
        }  # fmt: skip
        if now["bid"] + now["ask"]:
            out["depth_imbalance"] = (now["bid"] - now["ask"]) / (now["bid"] + now["ask"])
        for side, name, touch in ((1, "bid", at_bid), (-1, "ask", at_ask)):
            out[f"{name}_touch_depth"] = touch * self.lot
            for bps in WITHIN_BPS:
                out[f"{name}_depth_{bps:.0f}bps"] = self.within(side, mid * (1 - side * bps * 1e-4)) * self.lot
            near = self.near(side)
            # Of equal ones the nearest to the touch is taken last by the kernel, so it is the answer.
            largest = max(near[::-1], key=lambda p: (self.levels[side][p].lots, side * p))
            out[f"{name}_wall_share"] = self.levels[side][largest].lots / sum(self.levels[side][p].lots for p in near)
            out[f"{name}_wall_age_s"] = (end - self.levels[side][largest].since) * 1e-9
        return out

    def preceding(self, b: Bucket, buckets: int = 60) -> list[Bucket]:
        return [one for one in self.closed if one.number >= b.number - buckets]

    def against_before(self, b: Bucket) -> dict[str, float]:
        before, out = self.preceding(b), {"depth_band_bps": self.band()}
        for side, name in ((1, "bid"), (-1, "ask")):
            depths = [d for d in (one.mean(name) for one in before) if not math.isnan(d)]
            stood = b.mean(name)
            if len(depths) < 12 or math.isnan(stood):
                continue
            median, least = statistics.median(depths), min(depths)
            out[f"{name}_depth_ratio"] = stood / median if median else NAN
            out[f"{name}_depth_to_least"] = stood / least if least else NAN
            if stood < median and self.last_trade:
                traded = b.traded[side] + before[-1].traded[side]
                out[f"{name}_pulled_share"] = min(1.0, max(0.0, 1.0 - traded / (median - stood)))
        mids = [one.mid for one in before if not math.isnan(one.mid)]
        if mids:
            out["mid_move_bps"] = (b.mid / mids[-1] - 1) * 1e4
            out["price_change"] = b.mid / statistics.fmean(mids) - 1
        volumes = [sum(one.traded.values()) for one in before]
        if sum(volumes):
            out["volume_ratio"] = sum(b.traded.values()) / statistics.fmean(volumes)
        return out

    def over_minutes(self, b: Bucket) -> dict[str, float]:
        whole = [*self.preceding(b), b]
        images, updates = sum(one.images for one in whole), sum(one.updates for one in whole)
        taken, added = sum(one.taken for one in whole), sum(one.added for one in whole)
        traded, gap = sum(sum(one.traded.values()) for one in whole), max(one.gap for one in whole)
        out = {"updates_per_s": (b.updates + b.images) / (self.span * 1e-9), "book_gap_s": gap or NAN}
        if images + updates:
            out["image_share"] = images / (images + updates)
        if not images:
            out["cancel_to_trade"] = max(0, taken - traded) / traded if traded else NAN
            out["refill_ratio"] = added / taken if taken else NAN
        if self.learned >= 12:
            walls = [wall for one in [*self.preceding(b, 119), b] for wall in one.walls]
            out["walls_pulled"] = sum(
                wall.told["wall_multiple"] >= 8 and wall.told["wall_share"] >= 0.4 and wall.pulled >= 0.9
                and wall.back <= 0.2 * wall.gone
                for wall in walls
            )  # fmt: skip
        return out


def oracle_rows(messages: list[Message], span: int, lot: float, until: int) -> list[tuple[int, dict[str, float]]]:
    """Return the end and the known features of every bucket that closes until a time."""
    oracle = BookOracle(span, lot)
    for message in messages:
        oracle.take(message)
    oracle.close_until(until)
    return oracle.rows

"""A slow, obvious oracle of the account grain: every row from all events anew."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from features.account_catalogue import ACCOUNT_FEATURES, CONTEXT
from features.events import CANCEL, EXPIRE, FILL, NEW, REPLACE, TRADE
from features.seen import Seen

SECOND = 1_000_000_000
NAN = float("nan")
ROUND = 4 * SECOND
Row = dict[str, float]


def ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else NAN


def known(value: float, *, where: bool) -> float:
    return value if where else NAN


class Round:
    """Fills of one side, and what was pulled from the other after them."""

    def __init__(self) -> None:
        self.time, self.lots, self.base, self.gone = -(10**18), 0, 0, 0

    def fill(self, time: int, lots: int, base: int) -> None:
        if time - self.time > ROUND:
            self.lots = self.gone = 0
        self.time, self.lots, self.base = time, self.lots + lots, base


@dataclass
class Pull:
    """A cancel after a fill on the other side."""

    at: int
    lots: int
    gap_s: float
    ratio: float
    first: bool


class Life:
    """What an entity's orders amount to, event by event."""

    def __init__(self, seen: Seen, entity: int) -> None:
        self.seen, self.entity, self.fills = seen, entity, 0
        self.resting: defaultdict[int, int] = defaultdict(int)
        self.orders: defaultdict[int, int] = defaultdict(int)
        self.rounds = {1: Round(), -1: Round()}
        self.pulled: list[Pull] = []
        self.layers: list[tuple[int, int]] = []
        self.filled: list[tuple[int, int, float]] = []

    def see(self, i: int) -> None:
        s = self.seen
        self.fills += s.kind[i] == FILL
        if s.kind[i] != TRADE and s.entity[i] == self.entity:
            self.message(i)
        if s.kind[i] == TRADE and not self.fills:
            for who, side, key in ((s.entity[i], 1, s.order[i]), (s.counter[i], -1, s.counter_order[i])):
                if who == self.entity:
                    left = self.resting[side] - int(s.lots[i])
                    self.resting[side] = max(0, left) if key else self.resting[side]
                    self.fill(i, side)

    def message(self, i: int) -> None:
        s, side = self.seen, 1 if self.seen.side[i] > 0 else -1
        left, after = int(s.left[i]), int(s.after[i])
        if s.kind[i] == CANCEL and left > after:
            self.pull(i, self.rounds[-side], left - after)
        if s.order[i]:
            self.layers.append((i, self.orders[side]))
            self.resting[side] = max(0, self.resting[side] + after - left)
            self.orders[side] = max(0, self.orders[side] + (after > 0) - (left > 0))
            self.layers.append((i, self.orders[side]))
        if s.kind[i] == FILL:
            self.fill(i, side)

    def pull(self, i: int, one: Round, lots: int) -> None:
        gap = int(self.seen.time[i]) - one.time
        if gap <= ROUND:
            first, one.gone = one.gone == 0, one.gone + lots
            genuine = one.lots + one.base
            self.pulled.append(Pull(i, lots, gap / SECOND, one.gone / genuine if genuine else 0.0, first))

    def fill(self, i: int, side: int) -> None:
        one, lots = self.rounds[side], max(int(self.seen.lots[i]), 0)
        one.fill(int(self.seen.time[i]), lots, self.resting[side])
        genuine = one.lots + one.base
        self.filled.append((i, lots, self.resting[-side] / genuine if genuine else 0.0))


class Oracle:
    """All rows of a market.

    Args:
        seen: The market's events.
        fine_s: Length of fine buckets.
        hour_s: Length of the market scale's buckets.
        n_hour: Length of its window, buckets.
    """

    def __init__(self, seen: Seen, fine_s: int = 5, hour_s: int = 60, n_hour: int = 60) -> None:
        self.seen, self.fine_s = seen, fine_s
        self.bucket, self.minute = seen.time // (fine_s * SECOND), seen.time // (hour_s * SECOND)
        self.hour_s, self.n_hour, self.n_window = hour_s, n_hour, 300 // fine_s

    def rows(self) -> dict[tuple[int, int], Row]:
        """Return each row by the end of its bucket, s, and its entity."""
        out = {}
        for bucket, group in groupby(range(len(self.seen.time)), key=lambda i: int(self.bucket[i])):
            inside = list(group)
            for entity in self.named(inside):
                out[(bucket + 1) * self.fine_s, entity] = self.row(bucket, inside, entity)
        return out

    def named(self, inside: list[int]) -> list[int]:
        s = self.seen
        return [e for e in dict.fromkeys(int(e) for i in inside for e in (s.entity[i], s.counter[i])) if e >= 0]

    def row(self, bucket: int, inside: list[int], entity: int) -> Row:
        upto = list(range(inside[-1] + 1))
        window = [i for i in upto if self.bucket[i] > bucket - self.n_window]
        hour = [i for i in upto if self.minute[i] > self.minute[inside[-1]] - self.n_hour]
        first, sigma = int(self.bucket[0]), float(self.seen.sigma[inside[-1]])
        record_s = (bucket - first + 1) * self.fine_s
        out = self.messages(window, hour, entity, record_s) | self.orders(window, entity, sigma)
        out |= self.trades(window, hour, entity, sigma) | self.replay(upto, window, hour, bucket, entity)
        sent = [i for i in inside if self.sends(i, entity)]
        most = max(Counter(int(self.seen.time[i]) // SECOND for i in sent).values(), default=0)
        out["message_burst"] = known(most, where=any(self.seen.kind[i] in (NEW, REPLACE, CANCEL) for i in window))
        sizes = [self.size(i) for i in sent if self.seen.kind[i] == NEW and self.size(i) > 0]
        out["largest_order"] = max(sizes, default=NAN)
        return out | dict.fromkeys(CONTEXT, NAN)

    def sends(self, i: int, entity: int) -> bool:
        return bool(self.seen.entity[i] == entity and self.seen.kind[i] in (NEW, REPLACE, CANCEL))

    def size(self, i: int) -> float:
        return float(self.seen.lots[i] / self.seen.usual[i])

    def messages(self, window: list[int], hour: list[int], entity: int, record_s: float) -> Row:
        s = self.seen
        every, by_hour = ([i for i in part if s.kind[i] in (NEW, REPLACE, CANCEL)] for part in (window, hour))
        mine, mine_by_hour = (sum(self.sends(i, entity) for i in part) for part in (every, by_hour))
        trades = sum(s.kind[i] == TRADE and entity in (s.entity[i], s.counter[i]) for i in window)
        rate = mine * 60 / min(300 // self.fine_s * self.fine_s, record_s)
        usual = mine_by_hour * 60 / min(self.hour_s * self.n_hour, record_s)
        return {
            "message_share": ratio(mine, len(every)),
            "message_rate": known(rate, where=bool(every)),
            "message_surge": known(float(np.log((rate + 0.2) / (usual + 0.2))), where=bool(by_hour)),
            "messages_per_trade": known(mine / max(1, trades), where=bool(every)),
        }

    def orders(self, window: list[int], entity: int, sigma: float) -> Row:
        s = self.seen
        mine = [i for i in window if s.kind[i] != TRADE and s.entity[i] == entity]
        new = [i for i in mine if s.kind[i] == NEW]
        ended = [i for i in mine if s.kind[i] in (CANCEL, EXPIRE) and s.placed[i] > 0]
        lives = [float(s.time[i] - s.placed[i]) / SECOND for i in ended]
        sizes = [self.size(i) for i in new if s.lots[i] > 0 and s.usual[i] > 0]
        count = {kind: sum(s.kind[i] == kind for i in mine) for kind in (CANCEL, REPLACE)}
        return {
            "cancel_ratio": ratio(count[CANCEL], len(new)),
            "replace_ratio": ratio(count[REPLACE], len(new)),
            "order_life_s": float(np.mean([min(life, 3600.0) for life in lives])) if lives else NAN,
            "quick_cancel_share": ratio(sum(life <= 1.0 for life in lives), len(lives)),
            "immediate_share": ratio(sum(life <= 0.01 for life in lives), len(lives)),
            "order_size": float(np.exp(np.mean(np.log(sizes)))) if sizes else NAN,
            "tiny_share": ratio(sum(size <= 0.2 for size in sizes), len(sizes)),
        } | self.quotes([i for i in mine if s.kind[i] in (NEW, REPLACE)], sigma)

    def quotes(self, placed: list[int], sigma: float) -> Row:
        s, behind, leads = self.seen, [], []
        for i in placed:
            side, price = int(s.side[i]), s.price[i]
            own, other = (s.bid[i], s.ask[i]) if side > 0 else (s.ask[i], s.bid[i])
            if not np.isnan(own) and not np.isnan(price):
                behind.append(side * np.log(own / price))
                if not np.isnan(other):
                    crosses = price >= other if side > 0 else price <= other
                    leads.append((not crosses and (price > own if side > 0 else price < own), crosses))
        mean = float(np.mean(behind)) if behind else NAN
        return {
            "distance_bps": 1e4 * mean,
            "distance_sigmas": mean / sigma if sigma > 0 else NAN,
            "bettering_share": ratio(sum(better for better, _ in leads), len(leads)),
            "crossing_share": ratio(sum(crosses for _, crosses in leads), len(leads)),
        }

    def trades(self, window: list[int], hour: list[int], entity: int, sigma: float) -> Row:
        now, before = self.traded(window, entity), self.traded(hour, entity)
        return {name: now[name] for name in now if not name.startswith("_")} | {
            "hour_volume_share": before["volume_share"],
            "hour_net_ratio": before["net_ratio"],
            "hour_drift_bps": before["drift_bps"],
            "drift_sigmas": now["drift_bps"] * 1e-4 / sigma if sigma > 0 else NAN,
        }

    def traded(self, part: list[int], entity: int) -> Row:
        s = self.seen
        every = [i for i in part if s.kind[i] == TRADE]
        mine = [i for i in every if entity in (s.entity[i], s.counter[i])]
        bought = sum(int(s.lots[i]) for i in mine if s.entity[i] == entity)
        sold = sum(int(s.lots[i]) for i in mine if s.counter[i] == entity)
        volume = sum(int(s.lots[i]) for i in mine)
        own = sum(int(s.lots[i]) for i in mine if s.entity[i] == s.counter[i])
        takes = [i for i in mine if (s.entity[i], s.counter[i])[int(s.side[i] < 0)] == entity and s.side[i] != 0]
        taken = sum(int(s.lots[i]) for i in takes)
        legs = [(i, e) for i in mine for e in (s.entity[i], s.counter[i]) if e == entity and s.side[i] != 0]
        moves = [(float(np.log(s.price[i] / s.last[i])), int(s.side[i])) for i in takes if not np.isnan(s.last[i])]
        partners = Counter(
            int(s.counter[i] if s.entity[i] == entity else s.entity[i])
            for i in mine
            if s.entity[i] >= 0 and s.counter[i] >= 0
        )
        any_taken = sum(int(s.lots[i]) for i in every if s.side[i] != 0)
        met = sum(partners.values())
        return {
            "volume_share": ratio(volume, sum(int(s.lots[i]) for i in every)),
            "own_trades": known(len(mine), where=bool(every)),
            "net_ratio": ratio(abs(bought - sold), bought + sold),
            "buy_share": ratio(bought, bought + sold),
            "self_match_share": ratio(own, volume),
            "counterparties": known(len(partners), where=bool(every)),
            "counterparty_concentration": sum((n / met) ** 2 for n in partners.values()) if met else NAN,
            "taken_share": ratio(taken, any_taken),
            "taker_share": ratio(taken, sum(int(s.lots[i]) for i, _ in legs)),
            "drift_bps": known(1e4 * abs(sum(move for move, _ in moves)), where=any_taken > 0),
            "push_bps": known(1e4 * sum(move * side for move, side in moves), where=any_taken > 0),
        }

    def replay(self, upto: list[int], window: list[int], hour: list[int], bucket: int, entity: int) -> Row:
        """Return what rests on the entity's orders and rounds since the tape began."""
        s, life = self.seen, Life(self.seen, entity)
        for i in upto:
            life.see(i)
        here, lately, by_hour = {i for i in window if self.bucket[i] == bucket}, set(window), set(hour)
        sent = {i for i in upto if s.kind[i] in (NEW, REPLACE, CANCEL)}
        mine = [i for i in window if s.kind[i] != TRADE and s.entity[i] == entity]
        out = sum(max(int(s.left[i] - s.after[i]), 0) for i in mine if s.kind[i] == CANCEL)
        named = any(s.kind[i] == TRADE and (s.order[i] or s.counter_order[i]) for i in upto)
        told, resting = bool(sent & lately) and (life.fills > 0 or not named), life.resting
        fuller = 1 if resting[1] >= resting[-1] else -1
        depth = (s.bid_depth if fuller > 0 else s.ask_depth)[upto[-1]]
        pulled = [pull for pull in life.pulled if pull.at in lately]
        layers = [layers for i, layers in life.layers if i in here]
        rests = [rest for i, _, rest in life.filled if i in here]
        return {
            "fill_ratio": ratio(
                sum(lots for i, lots, _ in life.filled if i in lately),
                sum(max(int(s.lots[i]), 0) for i in mine if s.kind[i] == NEW),
            ),
            "layers": known(max([*layers, life.orders[1], life.orders[-1]]), where=told),
            "resting_imbalance": ratio(abs(resting[1] - resting[-1]), resting[1] + resting[-1]),
            "resting_to_depth": ratio(resting[fuller], depth) if resting[fuller] else NAN,
            "bait_to_genuine": known(
                max([0.0, *(pull.ratio for pull in pulled if pull.at in here)]), where=bool(sent & lately)
            ),
            "rest_to_genuine": known(max([0.0, *rests]), where=bool(sent & lately)),
            "pulled_after_fill_share": ratio(sum(pull.lots for pull in pulled), out),
            "pull_s": float(np.mean([pull.gap_s for pull in pulled])) if pulled else NAN,
            "bait_repeats": known(
                sum(pull.first for pull in life.pulled if pull.at in by_hour), where=bool(sent & by_hour)
            ),
        }


NAMES = [feature.name for feature in ACCOUNT_FEATURES]

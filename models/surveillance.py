"""Surveillance: the main flow over many markets, event by event, the same for a tape and for a live feed.

    order → fold → judge → alert

Each market is independent of the others, so its results do not depend on which markets share a process. What shows over
venues does: markets of one thing (`features.cross.names`) must share one.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.catalogue import schema_hash
from features.dollars import quoted_in_usd
from features.events import Events, Vocabulary, no_events
from features.fold import CROSS, Folded, MarketFold, Windows, joined
from features.order import END_OF_TIME
from features.sweeps.daily import Spans
from features.time_units import SECOND_NS
from models.alert import Alert
from models.alerting import Policy
from models.bundle import Bundle
from models.calibration import UNMOVED
from models.cross_report import CrossReport, cross_report
from models.cross_surveillance import CrossSurveillance
from models.judging import by_output, judge
from models.market_watch import Asleep, MarketWatch
from models.parameters import TYPOLOGIES, Parameters
from models.rules import build_rules
from models.saved import from_json_array, json_array
from models.sessions import schedule_of
from models.shadow import Listener, Shadow


def windows_of(parameters: Parameters) -> Windows:
    """Return the scales that the parameters set."""
    fast, market = parameters.windows.fast, parameters.windows.market
    return Windows(fast.bucket_s * SECOND_NS, fast.buckets, market.bucket_s * SECOND_NS, market.buckets)


def spans_of(parameters: Parameters, vocabulary: Vocabulary, market: int) -> Spans:
    """Return the days that users of a market are judged over, and what a lot of it is worth, if that is known."""
    own, volume = parameters.excessive_accumulation_own, parameters.adv_outlier
    in_usd = quoted_in_usd(vocabulary.markets[market][1])
    usd = vocabulary.lot_of.get(market, math.nan) if in_usd else math.nan
    return Spans(own.analysis_window, own.historical_window, volume.adv_window, volume.historical_window, usd)


def fold_of(parameters: Parameters, vocabulary: Vocabulary, market: int) -> MarketFold:
    """Return the fold of a market that nothing is known of yet, as the parameters set it."""
    schedule = schedule_of(parameters.marking_the_close, vocabulary.markets[market][0])
    spans, lot = spans_of(parameters, vocabulary, market), vocabulary.lot_of.get(market, math.nan)
    return MarketFold(market, windows_of(parameters), spans, schedule, lot)


def policy_of(parameters: Parameters, bundle: Bundle | None) -> Policy:
    """Return when alerts open and close under these parameters, and what they say of their origin."""
    return Policy(
        threshold=parameters.alerts.confidence_threshold,
        quiet_ns={name: round(parameters.alerts.quiet_of(name) * SECOND_NS) for name in TYPOLOGIES},
        lateness_ns=round(parameters.events.allowed_lateness_s * SECOND_NS),
        calibrated_on=bundle.calibrated_on if bundle else "definition",
        model_version=bundle.version if bundle else "rules",
        feature_schema=schema_hash(),
        parameters=parameters.version(),
        opening=bundle.opening if bundle else UNMOVED,
    )


def shadow_of(parameters: Parameters, challenger: Bundle, listener: Listener) -> Shadow:
    """Return a challenger that judges under these parameters beside a champion."""
    return Shadow(challenger, policy_of(parameters, challenger), parameters.alerts, listener)


MOST_TO_SLEEP = 10
"""Markets put to sleep at once: packing one takes 5 ms."""


class Surveillance:
    """Events in, alert revisions out.

    Args:
        parameters: What the rules and alerts are set to.
        bundle: The learned detectors; None runs the rules alone.
        vocabulary: Codes of the events that will come; a new one by default.
        shadow: What judges beside the bundle and reaches nobody; see `models.shadow`.
    """

    def __init__(
        self,
        parameters: Parameters,
        bundle: Bundle | None,
        vocabulary: Vocabulary | None = None,
        shadow: Shadow | None = None,
    ) -> None:
        self.vocabulary = vocabulary or Vocabulary()
        self._parameters = parameters
        self._bundle = bundle
        self._shadow = shadow
        self._rules = tuple(rule for rule in build_rules(parameters) if rule.scale != CROSS)
        self._windows = windows_of(parameters)
        self._policy = policy_of(parameters, bundle)
        self._watches: dict[int, MarketWatch] = {}
        self._touched: dict[int, MarketWatch] = {}
        self._asleep: dict[int, Asleep] = {}
        self.cross = CrossSurveillance(parameters, bundle, self.vocabulary, self._policy)

    @property
    def late(self) -> int:
        """Events refused because their bucket was closed."""
        # Lists, for a status may be asked for while a batch brings new markets.
        awake = sum(watch.buffer.late for watch in list(self._watches.values()))
        return awake + sum(market.late for market in list(self._asleep.values()))

    def add(self, events: Events) -> None:
        """Take events of any markets in any order; what they make due waits for `close`.

        Raises:
            SchemaError: A market would move more lots in a day than can be counted; nothing was taken.
        """
        events = _by_market(events)
        codes, first = np.unique(events.market, return_index=True)
        ends = [*first[1:].tolist(), len(events)]
        parts = [events.take(slice(begin, end)) for begin, end in zip(first.tolist(), ends, strict=True)]
        watches = [self._watch(int(code)) for code in codes]
        for watch, part in zip(watches, parts, strict=True):
            watch.refuse_overflow(part)
        for watch, part in zip(watches, parts, strict=True):
            watch.buffer.add(part)
            self._touched[watch.fold.market] = watch

    def tick(self, until_ns: int, markets: Collection[tuple[str, str]] | None = None) -> None:
        """Let time pass: no further event before `until_ns` will come. What this makes due waits for `close`.

        Args:
            until_ns: The time, ns UTC.
            markets: Venue and symbol of the markets that this is known of; None: of all. Unknown ones are passed over.
        """
        every = (*self._watches, *self._asleep)
        for code in every if markets is None else map(self.vocabulary.known, markets):
            if code in self._asleep and not self.cross.compares(code):
                self._asleep[code].watermark = max(self._asleep[code].watermark, until_ns)
            elif code in self._watches or code in self._asleep:
                watch = self._watch(code)
                watch.buffer.tick(until_ns)
                self._touched[code] = watch

    def close(self) -> list[Alert]:
        """Fold what is due, and judge the closed buckets of all markets at once; return the alert revisions."""
        touched = [self._touched[code] for code in sorted(self._touched)]
        self._touched.clear()
        due = [watch for watch in touched if watch.buffer.is_due]
        given = [watch.give() for watch in due]
        folded = [watch.fold_given(ready, self.vocabulary) for watch, ready in zip(due, given, strict=True)]
        alerts = self._raise(due, folded)
        for watch in due:
            watch.forget(self._policy)
            if self._shadow:
                self._shadow.advance(watch.fold.market, watch.alerts, watch.buffer.until)
        alerts += self._across(touched, {w.fold.market: ready for w, ready in zip(due, given, strict=True)})
        for code in [watch.fold.market for watch in due if self._may_sleep(watch)][:MOST_TO_SLEEP]:
            self._asleep[code] = Asleep.of(self._watches.pop(code))
        return alerts

    def _may_sleep(self, watch: MarketWatch) -> bool:
        code = watch.fold.market
        shadowed = self._shadow is not None and self._shadow.has_open(code)
        return watch.may_sleep() and not shadowed and not self.cross.compares(code)

    def _across(self, touched: Sequence[MarketWatch], given: Mapping[int, Events]) -> list[Alert]:
        """Tell the second stage what the markets gave out and hold, and judge what has closed on all venues."""
        left = dict.fromkeys(watch.fold.market for watch in touched)
        for code, ready in given.items():
            if len(ready) or not self.cross.knows(code):
                self._tell(code, ready)
                del left[code]
        # By now it is known who has company; also what gave out nothing, or was not touched, or sleeps.
        for code in (*left, *sorted(self.cross.joined() - given.keys() - left.keys())):
            if self.cross.compares(code):
                self._tell(code, given.get(code, no_events()))
        return self.cross.close()

    def _tell(self, code: int, ready: Events) -> None:
        buffer = self._watch(code).buffer
        self.cross.take(code, ready, buffer.held, buffer.watermark)

    def push(self, events: Events) -> list[Alert]:
        """Take events and return the alert revisions of the buckets they closed: `add` and `close`."""
        self.add(events)
        return self.close()

    def advance(self, until_ns: int, markets: Collection[tuple[str, str]] | None = None) -> list[Alert]:
        """Let time pass and return the alert revisions of the buckets this closed: `tick` and `close`."""
        self.tick(until_ns, markets)
        return self.close()

    def finish(self) -> list[Alert]:
        """Close everything: the tape is at its end."""
        return self.advance(END_OF_TIME)

    def cross_report(self, symbol: str | None, window_ns: int) -> CrossReport | None:
        """Return what venues of one thing make of one another; see `models.cross_report`."""
        return cross_report(self.cross, symbol, window_ns, one_dollar=self._parameters.cross.one_dollar)

    def _watch(self, code: int) -> MarketWatch:
        if code not in self._watches:
            name, fold = self.vocabulary.markets[code], fold_of(self._parameters, self.vocabulary, code)
            watch = MarketWatch(name, fold, self._policy.lateness_ns)
            self._watches[code] = self._asleep.pop(code).wake(watch) if code in self._asleep else watch
        return self._watches[code]

    def _raise(self, watches: Sequence[MarketWatch], folded: Sequence[Folded]) -> list[Alert]:
        closed = [(w, part) for w, part in zip(watches, folded, strict=True) if part.has_rows]
        if not closed:
            return []
        parts = [part for _, part in closed]
        judged = judge(
            self._rules, parts[0] if len(parts) == 1 else joined(parts), self._bundle, self._parameters.alerts
        )
        alerts: list[Alert] = []
        for (watch, part), mine in zip(closed, by_output(judged, parts, self._policy.threshold), strict=True):
            raised = (
                watch.alerts.fold(mine, watch.recent(self.vocabulary), self.vocabulary, self._policy) if mine else []
            )
            if self._shadow:
                market = (watch.fold.market, watch.alerts, raised)
                self._shadow.judge(*market, self._rules, part, watch.recent(self.vocabulary), self.vocabulary)
            alerts += raised
        return alerts

    def snapshot(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield the whole state, nothing being due, in parts; `restore` with the same bundle continues bit for bit."""
        across, cross = self.cross.snapshot()
        asleep = [[code, market.watermark, market.late] for code, market in self._asleep.items()]
        state = {
            "vocabulary": self.vocabulary.to_dict(),
            "markets": list(self._watches),
            "asleep": asleep,
            "cross": cross,
        }
        yield {"state": json_array(state)}
        yield across
        for watch in self._watches.values():
            yield watch.snapshot()
        for market in self._asleep.values():
            yield {"asleep": np.frombuffer(market.state, np.uint8)}

    @classmethod
    def restore(
        cls,
        parts: Iterable[Mapping[str, NDArray[Any]]],
        parameters: Parameters,
        bundle: Bundle | None,
        shadow: Shadow | None = None,
    ) -> Surveillance:
        """Return the surveillance that a snapshot was taken of; a shadow begins anew."""
        first, across, *rest = parts
        state = from_json_array(first["state"])
        restored = cls(parameters, bundle, Vocabulary.from_dict(state["vocabulary"]), shadow)
        restored.cross.restore(across, state["cross"])
        awake = len(state["markets"])
        for code, arrays in zip(state["markets"], rest[:awake], strict=True):
            watch = restored._watch(int(code))
            watch.restore(arrays)
            restored.cross.hold(int(code), watch.buffer.held)
        for (code, watermark, late), arrays in zip(state["asleep"], rest[awake:], strict=True):
            restored._asleep[int(code)] = Asleep(arrays["asleep"].tobytes(), int(watermark), int(late))
        return restored


def _by_market(events: Events) -> Events:
    if len(events) < 2 or not (events.market[1:] < events.market[:-1]).any():
        return events
    return events.take(np.argsort(events.market, kind="stable"))

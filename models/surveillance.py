"""Surveillance: the main flow over many markets, event by event, the same for a tape and for a live feed.

    order → fold → judge → alert

Each market is independent of the others, so its results do not depend on which markets share a process. What shows over
venues does: markets of one thing (`features.cross.names`) must share one.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.catalogue import schema_hash
from features.dollars import quoted_in_usd
from features.events import Events, Vocabulary, concatenate, no_events
from features.fold import CROSS, Folded, MarketFold, Windows
from features.order import ReorderBuffer
from features.sweeps.daily import Spans
from models.alert import Alert
from models.alerting import SECOND_NS, AlertFold, Policy
from models.bundle import Bundle
from models.calibration import UNMOVED
from models.citing import LOOK_BACK_NS, Recent
from models.cross_report import CrossReport, cross_report
from models.cross_surveillance import CrossSurveillance
from models.judging import judge
from models.parameters import TYPOLOGIES, Parameters
from models.rules import build_rules
from models.saved import events_from_bytes, events_to_bytes, open_from_json, open_to_json
from models.sessions import schedule_of
from models.shadow import Listener, Shadow

END_OF_TIME = 2**62


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
    return MarketFold(market, windows_of(parameters), spans_of(parameters, vocabulary, market), schedule)


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


class MarketWatch:
    """One market's stragglers, fold, open alerts and latest events."""

    def __init__(self, name: tuple[str, str], fold: MarketFold, lateness_ns: int) -> None:
        self.buffer = ReorderBuffer(lateness_ns)
        self.fold = fold
        self.alerts = AlertFold(*name)
        self.recent = no_events()

    def forget(self, horizon_ns: int) -> None:
        """Drop events that no later citation can reach."""
        keep = int(np.searchsorted(self.recent.time, self.buffer.watermark - horizon_ns))
        self.recent = self.recent.take(np.arange(keep, len(self.recent)))


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
        self.cross = CrossSurveillance(parameters, bundle, self.vocabulary, self._policy)

    @property
    def late(self) -> int:
        """Events refused because their bucket was closed."""
        return sum(watch.buffer.late for watch in self._watches.values())

    def push(self, events: Events) -> list[Alert]:
        """Take events of any markets in any order; return the alert revisions of the buckets they closed."""
        out = []
        by_market = np.argsort(events.market, kind="stable")
        codes, first = np.unique(events.market[by_market], return_index=True)
        for code, rows in zip(codes, np.split(by_market, first[1:]), strict=True):
            watch = self._watch(int(code))
            out += self._process(watch, watch.buffer.add(events.take(rows)))
        return out + self.cross.close()

    def advance(self, until_ns: int) -> list[Alert]:
        """Move every market's watermark to a time before which no further event will come."""
        out = []
        for code in sorted(self._watches):
            watch = self._watches[code]
            out += self._process(watch, watch.buffer.tick(until_ns))
        return out + self.cross.close()

    def finish(self) -> list[Alert]:
        """Close everything: the tape is at its end."""
        return self.advance(END_OF_TIME)

    def cross_report(self, symbol: str | None, window_ns: int) -> CrossReport | None:
        """Return what venues of one thing make of one another; see `models.cross_report`."""
        return cross_report(self.cross, symbol, window_ns, one_dollar=self._parameters.cross.one_dollar)

    def _watch(self, code: int) -> MarketWatch:
        if code not in self._watches:
            name, fold = self.vocabulary.markets[code], fold_of(self._parameters, self.vocabulary, code)
            self._watches[code] = MarketWatch(name, fold, self._policy.lateness_ns)
        return self._watches[code]

    def _process(self, watch: MarketWatch, ready: Events) -> list[Alert]:
        entity, counter = self.vocabulary.entities(ready.account), self.vocabulary.entities(ready.counter)
        folded = watch.fold.fold(ready, entity, counter)
        watch.recent = concatenate([watch.recent, ready]) if len(watch.recent) else ready
        alerts = self._raise(watch, folded)
        alerts += self._raise(watch, watch.fold.advance(watch.buffer.watermark))
        watch.alerts.advance(watch.buffer.watermark, self._policy)
        if self._shadow:
            self._shadow.advance(watch.fold.market, watch.alerts, watch.buffer.watermark)
        watch.forget(self._windows.market_ns + LOOK_BACK_NS)
        self.cross.take(watch.fold.market, ready, watch.buffer.held, watch.buffer.watermark)
        return alerts

    def _raise(self, watch: MarketWatch, folded: Folded) -> list[Alert]:
        if len(folded.fast) + len(folded.market) == 0:
            return []
        judged = judge(self._rules, folded, self._bundle, self._parameters.alerts)
        entity, counter = self.vocabulary.entities(watch.recent.account), self.vocabulary.entities(watch.recent.counter)
        recent = Recent(watch.recent, entity, counter)
        alerts = watch.alerts.fold(judged, recent, self.vocabulary, self._policy)
        if self._shadow:
            market = (watch.fold.market, watch.alerts, alerts)
            self._shadow.judge(*market, self._rules, folded, recent, self.vocabulary)
        return alerts

    def snapshot(self) -> bytes:
        """Return the whole state; `restore` with the same parameters and bundle continues bit for bit."""
        arrays: dict[str, NDArray[Any]] = {}
        markets = {}
        for code, watch in self._watches.items():
            arrays |= {f"{code}/fold/{name}": array for name, array in watch.fold.snapshot().items()}
            arrays[f"{code}/held"] = events_to_bytes(watch.buffer.held)
            arrays[f"{code}/recent"] = events_to_bytes(watch.recent)
            opened = open_to_json(watch.alerts.open)
            markets[code] = {"watermark": watch.buffer.watermark, "late": watch.buffer.late, "open": opened}
        across, cross = self.cross.snapshot()
        arrays |= {f"cross/{name}": array for name, array in across.items()}
        state = {"vocabulary": self.vocabulary.to_dict(), "markets": markets, "cross": cross}
        arrays["state"] = np.frombuffer(json.dumps(state).encode(), np.uint8)
        out = io.BytesIO()
        np.savez(out, **arrays)  # type: ignore[arg-type]
        return out.getvalue()

    @classmethod
    def restore(
        cls, snapshot: bytes, parameters: Parameters, bundle: Bundle | None, shadow: Shadow | None = None
    ) -> Surveillance:
        """Return the surveillance that a snapshot was taken of; a shadow begins anew."""
        with np.load(io.BytesIO(snapshot), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        state = json.loads(arrays["state"].tobytes())
        restored = cls(parameters, bundle, Vocabulary.from_dict(state["vocabulary"]), shadow)
        across = {name.removeprefix("cross/"): array for name, array in arrays.items() if name.startswith("cross/")}
        restored.cross.restore(across, state["cross"])
        for code, saved in state["markets"].items():
            restored._restore_market(int(code), saved, arrays)
        return restored

    def _restore_market(self, code: int, saved: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        watch = self._watch(code)
        prefix = f"{code}/fold/"
        watch.fold.restore({n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)})
        watch.buffer.held = events_from_bytes(arrays[f"{code}/held"])
        watch.recent = events_from_bytes(arrays[f"{code}/recent"])
        watch.buffer.watermark, watch.buffer.late = int(saved["watermark"]), int(saved["late"])
        watch.alerts.open = open_from_json(saved["open"])
        self.cross.hold(code, watch.buffer.held)

"""Over venues, too, batch and live are one fold: the same bits however the events were cut, delayed or interrupted."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import models.market_watch
import models.surveillance
from features.cross.fold import CrossFolded
from features.events import Vocabulary
from models.alert import Alert
from models.cross_folding import fold_across
from models.cross_surveillance import CrossSurveillance, Group
from models.parameters import parse_parameters
from models.surveillance import Surveillance
from tests.cross_tape import SECOND, VENUES, Trade, Venues, events_of

LATENESS_S = 5.0
CROSS = {"price_discrepancy", "arbitrage", "inter_venue_manipulation", "cross_market_wash"}
EAGER = parse_parameters(
    {
        "alerts": {"confidence_threshold": 0.2, "quiet_s": 60.0, "quiet_s_by_typology": {}},
        "events": {"lot": 1e-3, "allowed_lateness_s": LATENESS_S},
        "cross": {"taker_fee_bps": 0.2, "taker_fees_bps": {"beta": 0.4}, "patience_s": 40.0},
        "price_discrepancy": {"minimum_net_bps": 0.1, "minimum_gap_s": 3.0, "minimum_trades": 1},
        "arbitrage": {"minimum_pairs": 2, "next_multiple": 1.1, "lead": 0.1},
        "inter_venue_manipulation": {
            "minimum_move_bps": 1.0,
            "minimum_sigmas": 0.5,
            "exit_s": 90.0,
            "position_trades": 0.5,
            "together": 1.0,
        },
        "cross_market_wash": {"minimum_rounds": 2, "round_share": 0.05},
    }
)


class Recording(CrossSurveillance):
    """A surveillance over venues that also keeps the rows and episodes it judged."""

    seen: ClassVar[dict[str, list[Any]]] = {}

    def _judge(self, name: str, group: Group, folded: Mapping[int, CrossFolded]) -> list[Alert]:
        for code, one in folded.items():
            kept = self.seen.setdefault("|".join(self.names.markets[code]), [])
            rows = zip(one.rows.end.tolist(), one.rows.values, strict=True)
            kept += [(end, "", [], row.tobytes()) for end, row in rows]
            for kind, found in one.episodes.items():
                who = [sorted(self.names.accounts[c] for c in members if c >= 0) for members in found.members]
                told = zip(found.end.tolist(), who, found.figures, strict=True)
                kept += [(end, kind, names, figures.tobytes()) for end, names, figures in told]
        return super()._judge(name, group, folded)


@pytest.fixture(autouse=True)
def _recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.surveillance, "CrossSurveillance", Recording)


def run(trades: list[Trade], cuts: list[int], restarts: frozenset[int], ticks: frozenset[int]) -> tuple[Any, ...]:
    """Return the alert revisions of the rules over venues, all rows and episodes, and how many trades were late."""
    Recording.seen = {}
    surveillance, revisions = Surveillance(EAGER, None), []
    for number, (begin, end) in enumerate(pairwise(cuts)):
        revisions += surveillance.push(events_of(trades[begin:end], surveillance.vocabulary, begin))
        if number in ticks and end < len(trades):
            revisions += surveillance.advance(min(trade["timestamp"] for trade in trades[end:]))
        if number in restarts:
            surveillance = Surveillance.restore(surveillance.snapshot(), EAGER, None)
    revisions += surveillance.finish()
    told = sorted((a.venue, a.detected_at, a.alert_id, a.revision, repr(a)) for a in revisions if a.typology in CROSS)
    rows = {name: sorted(kept) for name, kept in Recording.seen.items()}
    return told, rows, surveillance.cross.late


def market(seed: int, venues: int) -> list[Trade]:
    """Return a quarter of an hour with every pattern, on venues of which the last is quiet and comes late."""
    written = Venues(minutes=15.0, seed=seed, venues=VENUES[:venues], every_s=2.5)
    last = VENUES[venues - 1]
    written.trades = [
        trade for number, trade in enumerate(written.trades)
        if trade["venue"] != last or (number % 9 == 0 and trade["timestamp"] > written.trades[30]["timestamp"])
    ]  # fmt: skip
    return written.wash(150.0).apart(420.0, 60.0).push(600.0).arbitrage(650.0, 15).records()


@given(
    seed=st.integers(0, 50),
    venues=st.sampled_from((2, 3)),
    cuts=st.frozensets(st.integers(1, 800), max_size=12),
    restarts=st.frozensets(st.integers(0, 12), max_size=4),
    ticks=st.frozensets(st.integers(0, 12), max_size=4),
    delay_seed=st.integers(0, 1000),
)
# Shrinking a failure takes minutes, and any of these deliveries is small enough to read.
@settings(max_examples=5, deadline=None, phases=(Phase.explicit, Phase.generate))
@pytest.mark.slow
def test_alerts_over_venues_in_any_delivery_have_the_bits_of_the_batch(
    seed: int, venues: int, cuts: frozenset[int], restarts: frozenset[int], ticks: frozenset[int], delay_seed: int
) -> None:
    trades = market(seed, venues)
    delay = np.random.default_rng(delay_seed).uniform(0, (LATENESS_S - 0.01) * SECOND, len(trades))
    come = [trades[k] for k in np.argsort([trade["timestamp"] for trade in trades] + delay, kind="stable")]
    bounds = sorted({0, len(come), *(cut for cut in cuts if cut < len(come))})
    whole, live = run(trades, [0, len(trades)], frozenset(), frozenset()), run(come, bounds, restarts, ticks)
    assert live[2] == whole[2] == 0
    assert live[1] == whole[1]
    assert live[0] == whole[0]
    assert {line.split("typology='")[1].split("'")[0] for *_, line in whole[0]} == CROSS


def test_alerts_over_venues_by_fives_have_the_bits_of_the_batch() -> None:
    trades = market(3, 3)[:400]
    by_fives = run(trades, [*range(0, len(trades), 5), len(trades)], frozenset({20, 60}), frozenset())
    assert by_fives == run(trades, [0, len(trades)], frozenset(), frozenset())


@pytest.mark.parametrize("size", [1, 5, 50])
def test_thin_venue_that_joins_has_its_rows_from_its_first_bucket_however_events_are_cut(size: int) -> None:
    written = Venues(minutes=10.0, seed=1, venues=VENUES[:2], every_s=2.0)
    busy, thin = VENUES[:2]
    few = [trade for trade in written.trades if trade["venue"] == thin][40::23]
    written.trades = [trade for trade in written.trades if trade["venue"] == busy] + few
    trades = written.records()
    cut = run(trades, [*range(0, len(trades), size), len(trades)], frozenset(), frozenset())
    whole = run(trades, [0, len(trades)], frozenset(), frozenset())
    assert cut == whole
    assert len(whole[1]) == 2


def test_market_that_sleeps_when_company_comes_is_compared_like_one_that_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later = 3 * 3600 * SECOND
    first = Venues(minutes=6.0, seed=2, venues=VENUES[:1]).records()
    second = [
        {**trade, "timestamp": trade["timestamp"] + later, "trade_id": f"later {trade['trade_id']}"}
        for trade in Venues(minutes=6.0, seed=3, venues=VENUES[:2]).apart(100.0, 60.0).records()
    ]
    trades = [*first, *[trade for trade in second if trade["venue"] == VENUES[1]][:20], *second[60:]]
    trades.sort(key=lambda trade: int(trade["timestamp"]))
    bounds, ticks = [0, len(first), *range(len(first) + 1, len(trades), 7), len(trades)], frozenset(range(4))
    told = []
    for least in (0, 2**62):
        monkeypatch.setattr(models.market_watch, "SLEEPS_AFTER_NS", least)
        told.append(run(trades, bounds, frozenset({1}), ticks))
    assert told[0] == told[1]
    assert told[0] == run(trades, [0, len(trades)], frozenset(), frozenset())


def test_fold_of_a_recording_over_venues_has_the_bits_of_the_surveillance() -> None:
    trades, names = market(4, 3), Vocabulary()
    _, judged, _ = run(trades, [0, len(trades)], frozenset(), frozenset())
    folded = fold_across(events_of(trades, names), names, EAGER)
    for code, one in folded.items():
        rows: list[Any] = [
            (end, "", [], row.tobytes()) for end, row in zip(one.rows.end.tolist(), one.rows.values, strict=True)
        ]
        assert [kept for kept in judged["|".join(names.markets[code])] if not kept[1]] == rows
        found = {kind: len(episodes) for kind, episodes in one.episodes.items()}
        assert sum(found.values()) == sum(bool(kept[1]) for kept in judged["|".join(names.markets[code])])
    assert len(folded) == 3

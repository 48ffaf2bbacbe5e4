"""Alerting: when alerts open, grow and close, and what they carry."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from features.catalogue import COLUMN
from features.events import CANCEL, FILL, NEW, TRADE, Events, Vocabulary, no_events
from features.rows import Episodes, Rows, blank_rows, no_episodes
from features.sweeps.base import MOST_MEMBERS
from features.time_units import SECOND_NS
from models.alert import Alert, Category, level
from models.alerting import MOST_IDS, AlertFold, Policy, alert_id, contributions, severity
from models.calibration import Opening
from models.citing import Citation, Recent, cite
from models.combination import Weights
from models.findings import Evidence, Findings
from models.judging import Candidates
from models.rules.base import RuleParams

MINUTE = 60 * SECOND_NS
QUIET = dict.fromkeys(("wash_trading", "spoofing", "ramping"), 5 * MINUTE)
POLICY = Policy(0.7, QUIET, 5 * SECOND_NS, "simulated", "m1", "f1", "p1")
NAMES = Vocabulary()
ANN, BOB, CID = (NAMES.account(name) for name in ("ann", "bob", "cid"))


@dataclass(frozen=True)
class Told:
    """A rule that has nothing of its own to say."""

    typology: ClassVar[str] = "wash_trading"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "market"
    reads: ClassVar[str] = ""
    mar: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ()
    yields_to: ClassVar[tuple[str, ...]] = ()
    params: RuleParams = field(default_factory=RuleParams)

    def judge(self, rows: Rows, episodes: Episodes, /) -> Findings:
        raise NotImplementedError

    def evidence(self, rows: Rows, row: int, episodes: Episodes, episode: int, /) -> tuple[Evidence, ...]:
        return (Evidence("pair_share", 0.9, "ratio", 0.8, "told"),)


@dataclass(frozen=True)
class ToldSpoofing(Told):
    typology: ClassVar[str] = "spoofing"


@dataclass(frozen=True)
class ToldOfTheMarket(Told):
    typology: ClassVar[str] = "ramping"
    yields_to: ClassVar[tuple[str, ...]] = ("spoofing",)


@dataclass(frozen=True)
class ToldOfABook(ToldOfTheMarket):
    scale: ClassVar[str] = "book"


def candidates(*found: tuple[int, float], entity: int = ANN, other: int = -1, rule: Told | None = None) -> Candidates:
    """Return what is held against an entity, as (row, confidence)."""
    n = len(found)
    members = np.full((n, MOST_MEMBERS), -1, np.int32)
    members[:, 0], members[:, 1] = entity, other
    confidence = np.array([confidence for _, confidence in found])
    nothing = np.full(n, np.nan)
    return Candidates(
        rule=rule or Told(), rows=blank_rows("market", 400), episodes=no_episodes(),
        row=np.array([row for row, _ in found], np.int64), members=members,
        episode=np.full(n, -1, np.int64), score=confidence, evidence=np.ones(n),
        probability=nothing, onset=nothing, p_value=nothing, alone=np.full((n, 3), np.nan), weights=None,
        raw=confidence, confidence=confidence, opens=confidence,
    )  # fmt: skip


def recent_of(*trades: tuple[int, int, int]) -> Recent:
    """Return trades as (minute, buyer, seller); their ids count up."""
    time, buyer, seller = np.array(trades, np.int64).reshape(-1, 3).T
    return recent_events(time * MINUTE, np.full(len(time), TRADE), buyer, seller)


def recent_events(
    time: NDArray[np.int64], kind: NDArray[np.int64], account: NDArray[np.int64], counter: NDArray[np.int64]
) -> Recent:
    n = len(time)
    events: Events = replace(
        no_events(), time=time, kind=kind.astype(np.int8), side=np.ones(n, np.int8), lots=np.arange(n) % 7,
        account=account.astype(np.int32), counter=counter.astype(np.int32),
        ids=pa.array([f"i{k}" for k in range(n)], pa.string()),
    )  # fmt: skip
    return Recent(events, events.account, events.counter)


NOTHING = recent_of()


def fold() -> AlertFold:
    return AlertFold("x", "BTC/USD")


def test_alert_opens_at_the_threshold_and_not_below() -> None:
    assert fold().fold([candidates((0, 0.6999))], NOTHING, NAMES, POLICY) == []
    (alert,) = fold().fold([candidates((3, 0.7))], NOTHING, NAMES, POLICY)
    assert (alert.revision, alert.confidence, alert.typology, alert.accounts) == (1, 0.7, "wash_trading", ("ann",))
    assert (alert.window_start, alert.window_end, alert.detected_at) == (3 * MINUTE, 4 * MINUTE, 4 * MINUTE)
    assert alert.known_at == 4 * MINUTE + 5 * SECOND_NS


def test_alert_seen_again_grows_keeping_id_opening_and_highest_confidence() -> None:
    alerts = fold().fold([candidates((0, 0.8), (1, 0.95), (2, 0.75))], NOTHING, NAMES, POLICY)
    assert [alert.revision for alert in alerts] == [1, 2, 3]
    assert len({alert.alert_id for alert in alerts}) == 1
    assert [alert.confidence for alert in alerts] == [0.8, 0.95, 0.95]
    assert [alert.window_end for alert in alerts] == [MINUTE, 2 * MINUTE, 3 * MINUTE]
    assert {alert.detected_at for alert in alerts} == {MINUTE}
    risks = [alert.risk_score for alert in alerts]
    assert risks == sorted(risks)


def test_alert_opens_at_what_opening_says_and_grows_by_what_follows() -> None:
    hopeful = replace(POLICY, opening=Opening((0.0,), (1.0,), (1.0,)))
    found = replace(candidates((0, 0.8), (1, 0.75), (2, 0.85)), weights=Weights(0.0, (1.0, 0.0, 0.0), (0.0, 0.0, 0.0)))
    alerts = fold().fold([found], NOTHING, NAMES, hopeful)
    assert [alert.confidence for alert in alerts] == [pytest.approx(0.9158, abs=1e-4), 0.8, 0.85]
    # The rule alone is not calibrated, so there is nothing that an opening would add to it.
    assert fold().fold([candidates((0, 0.8))], NOTHING, NAMES, hopeful)[0].confidence == 0.8


def test_alert_of_a_book_yields_to_a_wider_one_of_anybody_and_that_of_a_market_only_to_its_own() -> None:
    for rule, opened in ((ToldOfABook(), ["spoofing"]), (ToldOfTheMarket(), ["spoofing", "ramping"])):
        both = [candidates((0, 0.8), rule=ToldSpoofing()), candidates((1, 0.9), entity=-1, rule=rule)]
        assert [alert.typology for alert in fold().fold(both, NOTHING, NAMES, POLICY)] == opened


def test_alert_after_the_quiet_span_is_a_new_one() -> None:
    at_its_end, after_it = candidates((0, 0.8), (5, 0.8)), candidates((0, 0.8), (6, 0.8))
    assert [a.revision for a in fold().fold([at_its_end], NOTHING, NAMES, POLICY)] == [1, 2]
    first, second = fold().fold([after_it], NOTHING, NAMES, POLICY)
    assert (first.revision, second.revision) == (1, 1)
    assert first.alert_id != second.alert_id


def test_alerts_closed_by_the_watermark_close_as_by_events() -> None:
    alerts = fold()
    alerts.fold([candidates((0, 0.8))], NOTHING, NAMES, POLICY)
    alerts.advance(6 * MINUTE, POLICY)
    assert len(alerts.open) == 1
    alerts.advance(6 * MINUTE + 1, POLICY)
    assert alerts.open == {}


def test_alerts_on_one_subject_never_multiply_while_open() -> None:
    rows = [(row, 0.9) for row in range(0, 300, 5)]
    assert len({a.alert_id for a in fold().fold([candidates(*rows)], NOTHING, NAMES, POLICY)}) == 1


def test_alerts_on_two_subjects_are_two_and_related() -> None:
    judged = [candidates((0, 0.8)), candidates((1, 0.8), entity=BOB), candidates((1, 0.8), entity=-1)]
    ann, market_or_bob, last = fold().fold(judged, NOTHING, NAMES, POLICY)
    assert ann.related == ()
    assert market_or_bob.related == (ann.alert_id,)
    assert last.related == tuple(sorted((ann.alert_id, market_or_bob.alert_id)))
    assert last.accounts == ()


def test_subject_of_a_pair_is_its_first_name_whatever_the_codes() -> None:
    one = fold().fold([candidates((0, 0.8), entity=ANN, other=CID)], NOTHING, NAMES, POLICY)[0]
    other = fold().fold([candidates((0, 0.8), entity=CID, other=ANN)], NOTHING, NAMES, POLICY)[0]
    assert one.alert_id == other.alert_id == alert_id("wash_trading", "x", "BTC/USD", "ann", 0)
    assert one.accounts == other.accounts == ("ann", "cid")


def test_id_of_an_alert_does_not_change_with_model_or_parameters() -> None:
    promoted = replace(POLICY, model_version="m2", parameters="p2", feature_schema="f2", calibrated_on="labelled")
    (one,), (two,) = (fold().fold([candidates((0, 0.8))], NOTHING, NAMES, policy) for policy in (POLICY, promoted))
    assert one.alert_id == two.alert_id
    assert (one.model_version, two.model_version) == ("m1", "m2")


def test_calibration_is_told_only_where_a_combination_was_learned() -> None:
    bare = candidates((0, 0.8))
    learned = replace(bare, weights=Weights(0.0, (1.0, 0.5, 0.2), (0.0, 0.0, 0.0)),
                      probability=np.array([0.6]), p_value=np.array([0.01]))  # fmt: skip
    assert fold().fold([bare], NOTHING, NAMES, POLICY)[0].calibrated_on == "definition"
    alert = fold().fold([learned], NOTHING, NAMES, POLICY)[0]
    assert alert.calibrated_on == "simulated"
    assert [(part.detector, part.weight) for part in alert.findings] == [
        ("wash_trading", 1.0), ("classifier", 0.5), ("isolation_forest", 0.2)]  # fmt: skip
    assert contributions(learned, 0)[2].score == pytest.approx(0.99)


def test_severity_rises_with_size_impact_and_repetition() -> None:
    found = candidates((0, 0.8))
    calm = severity(found, 0, 1)
    found.rows.values[0, COLUMN["price_change"]] = -0.2
    moved = severity(found, 0, 1)
    found.rows.values[0, COLUMN["volume_ratio"]] = 8.0
    assert 0.5 == calm < moved < severity(found, 0, 1) < severity(found, 0, 4) < 1.0


def test_levels_of_risk_stand_at_their_limits() -> None:
    assert [level(risk) for risk in (0.9, 0.89, 0.7, 0.4, 0.39)] == ["critical", "high", "medium", "medium", "low"]


def test_ids_of_a_long_alert_are_capped_and_never_repeat() -> None:
    trades = recent_of(*[(k // 40, ANN, BOB) for k in range(400)])
    alerts = fold().fold([candidates(*[(row, 0.9) for row in range(10)], other=BOB)], trades, NAMES, POLICY)
    counts = [len(alert.trade_ids) for alert in alerts]
    assert counts[:2] == [40, 80]
    assert counts[-1] == MOST_IDS
    assert len(set(alerts[-1].trade_ids)) == MOST_IDS


def test_wash_trading_cites_only_trades_between_its_members_in_the_bucket() -> None:
    recent = recent_of((0, ANN, BOB), (1, ANN, BOB), (1, ANN, CID), (1, BOB, ANN), (2, BOB, ANN))
    citation = cite("wash_trading", recent, MINUTE, 2 * MINUTE, [ANN, BOB])
    assert citation == Citation(trade_ids=("i1", "i3"), accounts=(ANN, BOB))


def test_concentrated_trading_cites_all_trades_of_its_subject() -> None:
    recent = recent_of((1, ANN, BOB), (1, BOB, CID), (1, CID, ANN))
    assert cite("concentrated_trading", recent, MINUTE, 2 * MINUTE, [ANN]).trade_ids == ("i0", "i2")


def test_spoofing_cites_cancels_and_fills_latest_first() -> None:
    kind, mine = np.array([NEW, FILL, CANCEL, CANCEL, CANCEL]), np.array([ANN, ANN, ANN, BOB, ANN])
    recent = recent_events(np.arange(5) * SECOND_NS, kind, mine, np.full(5, -1))
    assert cite("spoofing", recent, 0, MINUTE, [ANN]).order_ids == ("i4", "i2", "i1")


def test_pump_and_dump_cites_the_largest_buys_first() -> None:
    recent = recent_of(*[(0, -1, -1)] * 4)
    assert cite("pump_and_dump", recent, 0, MINUTE, []).trade_ids == ("i3", "i2", "i1", "i0")


def test_typology_without_citations_of_its_own_cites_what_the_subject_did() -> None:
    recent = recent_of((0, ANN, BOB), (0, BOB, CID), (0, CID, ANN))
    assert cite("ramping", recent, 0, MINUTE, [ANN]) == Citation((), ("i2", "i0"), (ANN,))


def test_typology_without_citations_of_its_own_and_subject_cites_nothing() -> None:
    assert cite("timing_anomaly", recent_of((0, ANN, BOB)), 0, MINUTE, []) == Citation()


def test_spoofing_alert_starts_with_its_episode() -> None:
    whole = np.zeros(1, np.int64)
    found = replace(candidates((3, 0.9), rule=ToldSpoofing()), episode=whole,
                    episodes=replace(no_episodes(), start=whole + 2 * MINUTE))  # fmt: skip
    alerts: list[Alert] = fold().fold([found], NOTHING, NAMES, POLICY)
    assert (alerts[0].window_start, alerts[0].window_end) == (2 * MINUTE, 4 * MINUTE)


@dataclass(frozen=True)
class ToldRamping(Told):
    typology: ClassVar[str] = "ramping"
    yields_to: ClassVar[tuple[str, ...]] = ("wash_trading",)


def test_what_an_open_alert_of_a_wider_pattern_explains_raises_nothing() -> None:
    one = fold()
    one.fold([candidates((0, 0.9), entity=ANN, other=BOB)], NOTHING, NAMES, POLICY)
    assert one.fold([candidates((1, 0.9), entity=BOB, rule=ToldRamping())], NOTHING, NAMES, POLICY) == []
    (other,) = one.fold([candidates((2, 0.9), entity=CID, rule=ToldRamping())], NOTHING, NAMES, POLICY)
    assert other.typology == "ramping"


def test_what_happens_after_the_wider_pattern_has_ended_speaks_for_itself() -> None:
    one = fold()
    one.fold([candidates((0, 0.9), entity=ANN)], NOTHING, NAMES, POLICY)
    assert len(one.fold([candidates((9, 0.9), entity=ANN, rule=ToldRamping())], NOTHING, NAMES, POLICY)) == 1


def test_who_joins_a_group_belongs_to_its_alert() -> None:
    one = fold()
    (first,) = one.fold([candidates((0, 0.8), entity=BOB, other=CID)], NOTHING, NAMES, POLICY)
    (then,) = one.fold([candidates((1, 0.8), entity=ANN, other=CID)], NOTHING, NAMES, POLICY)
    assert (then.alert_id, then.revision, set(then.accounts)) == (first.alert_id, 2, {"ann", "bob", "cid"})

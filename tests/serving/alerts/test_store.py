from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from models.alert import Alert
from serving.alerts.database import migrate, open_database
from serving.alerts.life import CLOSED, FOLLOWS, OPEN, STATUSES, Change, Status, Triage, after
from serving.alerts.query import Filters
from serving.alerts.record import to_record
from serving.alerts.schema import metadata
from serving.alerts.store import AlertStore
from serving.errors import AlertNotFoundError, LifeCycleError, RequestError, StoreUnreachableError

MakeAlert = Callable[..., Alert]
MINUTE = 60_000_000_000


def ids(store: AlertStore, filters: Filters) -> list[str]:
    return [record["alert_id"][-1] for record in store.query(filters).alerts]


def test_migrations_applied_twice_give_exactly_the_declared_tables(store_url: str) -> None:
    engine = open_database(store_url)
    migrate(engine)
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_upsert_known_and_older_revisions_change_nothing(store: AlertStore, alert: MakeAlert) -> None:
    assert store.upsert([alert(revision=2, risk_score=0.95)]) == 1
    assert store.upsert([alert(revision=2, risk_score=0.1), alert(revision=1)]) == 0
    kept = store.get("alert-0000")
    assert (kept.record["revision"], kept.record["risk_score"], kept.revisions) == (2, 0.95, [2])


def test_upsert_growing_alert_stays_one_row_with_all_revisions(store: AlertStore, alert: MakeAlert) -> None:
    revisions = [alert(revision=n, accounts=("a", f"n{n}"), risk_score=0.5 + n / 10) for n in (3, 1, 2)]
    assert store.upsert(revisions) == 3
    assert store.get("alert-0000").revisions == [1, 2, 3]
    assert store.summary().total_alerts == 1
    assert store.summary().by_level["high"] == 1
    assert ids(store, Filters(account=("n3",))) == ["0"]
    assert ids(store, Filters(account=("n1",))) == []
    assert store.revision("alert-0000", 1)["accounts"] == ["a", "n1"]


def test_upsert_after_triage_keeps_what_the_analyst_decided(store: AlertStore, alert: MakeAlert) -> None:
    store.upsert([alert()])
    store.patch("alert-0000", Change("eve", "resolved", "eve", "false", "a market maker"), at=1)
    store.upsert([alert(revision=2)])
    kept = store.get("alert-0000")
    assert kept.record["revision"] == 2
    assert kept.triage == Triage("resolved", "eve", "false")
    assert kept.record["status"] == "resolved"


def test_upsert_that_fails_in_the_middle_keeps_nothing(store: AlertStore, alert: MakeAlert) -> None:
    with pytest.raises(Exception, match="venue"):
        store.upsert([alert(0), alert(1, venue=None)])
    assert store.summary().total_alerts == 0


def test_record_of_alert_has_the_designed_keys_and_times(alert: MakeAlert) -> None:
    record = to_record(alert())
    assert list(record) == [
        "alert_id", "revision", "typology", "category", "alert_level", "confidence", "calibrated_on", "risk_score",
        "status", "venue", "symbol", "accounts", "window_start", "window_end", "detected_at", "known_at", "findings",
        "order_ids", "trade_ids", "related", "model_version", "feature_schema", "parameters",
    ]  # fmt: skip
    assert record["detected_at"] == "2023-11-14T22:14:00.000000Z"
    assert list(record["findings"][0]["evidence"][0]) == ["name", "value", "unit", "threshold", "says"]


def test_query_stored_alert_returns_the_record_unchanged(store: AlertStore, alert: MakeAlert) -> None:
    store.upsert([alert()])
    (found,) = store.query(Filters()).alerts
    assert list(found.items()) == list(to_record(alert()).items())


def test_query_pages_while_alerts_arrive_and_grow_repeat_and_miss_none(store: AlertStore, alert: MakeAlert) -> None:
    store.upsert([alert(n, detected_at=1_000 * (n // 3)) for n in range(20)])
    seen: list[str] = []
    cursor: str | None = None
    for step in itertools.count():
        page = store.query(Filters(), cursor, limit=4)
        seen += [record["alert_id"] for record in page.alerts]
        store.upsert([alert(100 + step), alert(n := 19 - step, revision=2, detected_at=1_000 * (n // 3))])
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"alert-{n:04d}" for n in reversed(range(20))]


def test_query_last_full_page_has_no_cursor(store: AlertStore, alert: MakeAlert) -> None:
    store.upsert([alert(n) for n in range(4)])
    assert store.query(Filters(), limit=4).next_cursor is None


@pytest.mark.parametrize("cursor", ["nonsense", "", "WzFd", "W251bGwsImEiXQ=="])
def test_query_foreign_cursor_is_refused_by_name(store: AlertStore, cursor: str) -> None:
    with pytest.raises(RequestError, match="cursor must be the next_cursor of an earlier answer"):
        store.query(Filters(), cursor)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), "3210"),
        (Filters(typology=("spoofing",)), "1"),
        (Filters(typology=("spoofing", "volume_spike")), "21"),
        (Filters(category=("anomaly",)), "2"),
        (Filters(level=("critical",)), "3"),
        (Filters(venue=("y",)), "1"),
        (Filters(symbol=("ETH/USD",)), "2"),
        (Filters(account=("c",)), "2"),
        (Filters(account=("a", "c")), "3210"),
        (Filters(status=("assigned",)), "0"),
        (Filters(status=("active", "assigned"), symbol=("BTC/USD",)), "310"),
        (Filters(since=1_700_000_040_000_000_000 + MINUTE), "321"),
        (Filters(until=1_700_000_040_000_000_000 + MINUTE), "0"),
        (Filters(min_confidence=0.95), "3"),
        (Filters(min_risk=0.81), "310"),
    ],
)
def test_query_filter_lets_through_what_it_says(
    store: AlertStore, alert: MakeAlert, filters: Filters, expected: str
) -> None:
    store.upsert(
        [
            alert(0),
            alert(1, typology="spoofing", venue="y"),
            alert(
                2, typology="volume_spike", category="anomaly", symbol="ETH/USD", accounts=("a", "c"), risk_score=0.5
            ),
            alert(3, confidence=0.99, risk_score=0.97),
        ]
    )
    store.patch("alert-0000", Change("eve", "assigned", "eve"), at=1)
    assert "".join(ids(store, filters)) == expected


def test_summary_counts_active_alerts_exactly(store: AlertStore, alert: MakeAlert) -> None:
    risks = [0.95, 0.9, 0.71, 0.7, 0.5, 0.4, 0.39, 0.8, 0.2]
    store.upsert([alert(n, risk_score=risk) for n, risk in enumerate(risks)])
    store.upsert([alert(20, typology="spoofing", risk_score=0.5), alert(21, typology="layering", risk_score=0.5)])
    store.patch("alert-0007", Change("eve", "resolved", disposition="true"), at=1)
    store.patch("alert-0008", Change("eve", "escalated"), at=1)
    store.patch("alert-0000", Change("eve", "escalated"), at=1)
    store.patch("alert-0000", Change("eve", "reported"), at=2)
    summary = store.summary()
    assert (summary.total_alerts, summary.active_alerts) == (11, 9)
    assert summary.by_level == {"critical": 1, "high": 1, "medium": 5, "low": 2}
    assert summary.by_type == {
        "pump_and_dump": 0, "wash_trading": 7, "spoofing": 1, "volume_spike": 0, "price_anomaly": 0,
        "concentrated_trading": 0, "layering": 1,
    }  # fmt: skip
    assert summary.risk_distribution == {"high_risk": 2, "medium_risk": 5, "low_risk": 2}


def test_summary_without_alerts_has_every_key_at_zero(store: AlertStore) -> None:
    summary = store.summary()
    assert (summary.total_alerts, summary.active_alerts) == (0, 0)
    assert set(summary.by_level.values()) | set(summary.by_type.values()) | set(summary.risk_distribution.values()) == {
        0
    }


@pytest.mark.parametrize("now", STATUSES)
@pytest.mark.parametrize("then", STATUSES)
def test_life_cycle_change_of_status_is_allowed_or_refused_by_the_table(now: Status, then: Status) -> None:
    state = Triage(now, None if now == "active" else "eve", "true" if now in CLOSED else None)
    moved = now != then
    assignee = "eve" if moved and then == "assigned" else None
    change = Change("eve", then, assignee, "true" if moved and then == "resolved" else None)
    if not moved or then in FOLLOWS[now]:
        assert after("id", state, change).status == then
    else:
        with pytest.raises(LifeCycleError, match="status of alert id must be one of"):
            after("id", state, change)


def test_life_cycle_every_open_status_can_be_resolved_and_none_but_known_follow() -> None:
    assert all("resolved" in FOLLOWS[status] for status in OPEN)
    assert FOLLOWS["reported"] == ()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (Change("eve", "resolved"), "disposition"),
        (Change("eve", "assigned"), "assignee"),
        (Change("eve", "investigating", disposition="true"), "disposition"),
        (Change("eve", assignee="eve"), "assignee"),
    ],
)
def test_patch_that_lacks_or_brings_too_much_names_the_field_and_changes_nothing(
    store: AlertStore, alert: MakeAlert, change: Change, field: str
) -> None:
    store.upsert([alert()])
    with pytest.raises(RequestError) as refused:
        store.patch("alert-0000", change, at=1)
    assert refused.value.field == field
    kept = store.get("alert-0000")
    assert (kept.triage, kept.history) == (Triage(), [])


def test_patch_records_who_when_and_what(store: AlertStore, alert: MakeAlert) -> None:
    store.upsert([alert()])
    store.patch("alert-0000", Change("ann", "assigned", "eve"), at=1_000_000_000)
    store.patch("alert-0000", Change("eve", note="looks like one desk"), at=2_000_000_000)
    kept = store.patch("alert-0000", Change("eve", "resolved", disposition="inconclusive"), at=3_000_000_000)
    assert kept.history == [
        {"at": "1970-01-01T00:00:01.000000Z", "by": "ann",
         "change": {"status": {"from": "active", "to": "assigned"}, "assignee": {"from": None, "to": "eve"}}},
        {"at": "1970-01-01T00:00:02.000000Z", "by": "eve", "change": {"note": "looks like one desk"}},
        {"at": "1970-01-01T00:00:03.000000Z", "by": "eve",
         "change": {"status": {"from": "assigned", "to": "resolved"},
                    "disposition": {"from": None, "to": "inconclusive"}}},
    ]  # fmt: skip


def test_patch_reopened_alert_loses_its_disposition(store: AlertStore, alert: MakeAlert) -> None:
    store.upsert([alert()])
    store.patch("alert-0000", Change("eve", "resolved", disposition="false"), at=1)
    kept = store.patch("alert-0000", Change("eve", "investigating"), at=2)
    assert kept.triage == Triage("investigating", None, None)


def test_get_unknown_alert_says_so(store: AlertStore) -> None:
    with pytest.raises(AlertNotFoundError, match="was nothing-like-it"):
        store.get("nothing-like-it")


def test_check_unreachable_database_is_an_error_of_ours() -> None:
    store = AlertStore.open("postgresql+psycopg://nobody@127.0.0.1:1/none", migrated=True)
    with pytest.raises(StoreUnreachableError, match="must be reachable"):
        store.check()

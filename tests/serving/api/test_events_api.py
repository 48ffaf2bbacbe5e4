from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient

from serving.alerts.store import AlertStore
from serving.api.event_bodies import ARROW, MOST_ROWS, NDJSON
from serving.api.scorer import ChampionScorer
from serving.app import create_app
from serving.champion import Champion
from serving.engine.engine import Engine
from serving.engine.wire import Ack, Batch
from serving.errors import EngineBusyError
from serving.settings import Settings

Trades = list[dict[str, Any]]
ORDER = {
    "timestamp": "2023-11-14T22:14:00Z", "symbol": "BTC/USD", "order_id": "1", "account_id": "a", "event": "new",
    "side": "buy", "price": 100.0, "quantity": 1.0,
}  # fmt: skip


def lines(*records: object) -> bytes:
    return b"\n".join(json.dumps(record).encode() for record in records)


def arrow(rows: Trades) -> bytes:
    return stream(pa.Table.from_pylist(rows))


def stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def arrow_of(rows: int = 1, **columns: Any) -> bytes:
    empty: dict[str, Any] = {name: pa.nulls(rows) for name in ("timestamp", "symbol", "price", "quantity")}
    return stream(pa.table(empty | columns))


def post(http: TestClient, body: bytes, content_type: str, **options: Any) -> Any:
    return http.post("/v1/events", content=body, headers={"Content-Type": content_type}, **options)


def test_events_as_json_are_taken_once(http: TestClient, wash_trades: Trades) -> None:
    body = {"trades": wash_trades[:20], "orders": [{**ORDER, "event_id": "o1"}]}
    first, second = (http.post("/v1/events", json=body) for _ in range(2))
    assert first.status_code == 200
    assert first.json() == {"accepted": 21, "duplicates": 0, "late": 0, "notes": []}
    assert second.json() == {"accepted": 0, "duplicates": 21, "late": 0, "notes": []}


def test_events_in_all_three_formats_are_the_same_events(http: TestClient, wash_trades: Trades) -> None:
    rows = wash_trades[:20]
    assert post(http, arrow(rows), ARROW).json()["accepted"] == 20
    assert post(http, lines(*({"table": "trades", **row} for row in rows)), NDJSON).json()["duplicates"] == 20
    assert http.post("/v1/events", json={"trades": rows}).json()["duplicates"] == 20


def test_events_whole_tape_and_watermark_give_alerts(http: TestClient, wash_trades: Trades) -> None:
    http.post("/v1/events", json={"trades": wash_trades}, params={"watermark": "2023-11-15T02:00:00Z"})
    found = http.get("/v1/alerts", params={"typology": "wash_trading"}).json()["alerts"]
    assert [alert["accounts"] for alert in found] == [["w"]]
    assert http.get("/v1/alerts/summary").json()["by_type"]["wash_trading"] == 1


def test_events_with_idempotency_key_are_taken_once(http: TestClient) -> None:
    headers = {"Idempotency-Key": "batch-7"}
    answers = [http.post("/v1/events", json={"orders": [ORDER, ORDER]}, headers=headers).json() for _ in range(2)]
    assert [(answer["accepted"], answer["duplicates"]) for answer in answers] == [(2, 0), (0, 2)]


def test_events_same_id_twice_in_a_body_count_as_duplicates(http: TestClient) -> None:
    answer = http.post("/v1/events", json={"orders": [{**ORDER, "event_id": "1"}] * 3}).json()
    assert (answer["accepted"], answer["duplicates"]) == (1, 2)


def test_events_without_zone_are_utc_and_the_answer_says_so(http: TestClient) -> None:
    order = {**ORDER, "timestamp": "2023-11-14T22:14:00"}
    (note,) = http.post("/v1/events", json={"orders": [order]}).json()["notes"]
    assert "UTC is assumed" in note


def test_events_one_bad_row_refuses_all_and_keeps_nothing(
    http: TestClient, engine: Engine, wash_trades: Trades
) -> None:
    rows = [*wash_trades[:5], {**wash_trades[5], "price": -1}]
    answer = http.post("/v1/events", json={"trades": rows, "orders": [ORDER]})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == [{"field": "trades[5].price", "rule": "must be a finite number > 0", "was": "-1"}]
    assert (engine.status().events, engine.status().journal_bytes) == (0, 0)


@pytest.mark.parametrize(
    ("content_type", "body", "status", "field"),
    [
        ("application/json", b'{"trades": [{"symbol": "A"}]}', 422, "trades"),
        ("application/json", b'{"trades": {"symbol": "A"}}', 422, "trades"),
        ("application/json", b'{"trades": [1]}', 422, "trades[0]"),
        ("application/json", b'{"tradez": []}', 422, "tradez"),
        ("application/json", b'{"trades": [', 422, "body"),
        ("application/json", b"\xff", 422, "body"),
        ("application/json", b"", 422, "body"),
        ("application/json", json.dumps({"orders": [{**ORDER, "side": "up"}]}).encode(), 422, "orders[0].side"),
        ("application/json", json.dumps({"orders": [{**ORDER, "symbol": "a\0b"}]}).encode(), 422, "orders.symbol"),
        ("application/json", json.dumps({"orders": [{**ORDER, "symbol": "a" * 1001}]}).encode(), 422, "orders.symbol"),
        ("application/json", json.dumps({"orders": [{**ORDER, "price": 1e999}]}).encode(), 422, "body"),
        (
            "application/json",
            json.dumps({"orders": [{**ORDER, "quantity": 1e-12}]}).encode(),
            422,
            "orders[0].quantity",
        ),
        ("application/json", b'{"trades": [' + b"[" * 5000, 422, "trades[0]"),
        ("application/json", b'{"trades": [{"a": ' + b"[" * 5000, 422, "body"),
        (NDJSON, b'{"a": ' + b"[" * 5000, 422, "lines[0].(row)"),
        (NDJSON, lines({"table": "orders", **ORDER}, {"table": "orders", **ORDER, "price": 0}), 422, "lines[1].price"),
        (NDJSON, lines(ORDER), 422, "lines[0].table"),
        (NDJSON, b"{nonsense\n", 422, "lines[0].(row)"),
        (ARROW, b"nonsense", 422, "body"),
        (ARROW, arrow([{"price": 1.0}]), 422, "request"),
        (ARROW, arrow([{"price": 1.0}]).replace(b"price", b"pric\xff"), 422, "body"),
        (ARROW, arrow_of(timestamp=pa.array([2**62], pa.timestamp("s")), price=[1.0]), 422, "trades[0].timestamp"),
        ("text/csv", b"timestamp,price", 415, "Content-Type"),
        ("", b"{}", 415, "Content-Type"),
    ],
)
def test_events_body_that_cannot_be_taken_is_a_problem_that_names_the_field(
    http: TestClient, engine: Engine, content_type: str, body: bytes, status: int, field: str | None
) -> None:
    answer = post(http, body, content_type)
    assert answer.status_code == status
    problem = answer.json()
    assert (problem["status"], problem["instance"]) == (status, "/v1/events")
    assert [error["field"] for error in problem["errors"]][:1] == ([] if field is None else [field])
    assert engine.status().journal_bytes == 0


def test_events_small_body_that_unpacks_to_too_many_rows_is_refused(http: TestClient, engine: Engine) -> None:
    body = arrow_of(MOST_ROWS + 1)
    assert len(body) < 2000
    answer = post(http, body, ARROW)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body"
    assert engine.status().journal_bytes == 0


def test_events_from_the_far_future_are_refused_and_do_not_shut_the_market(http: TestClient) -> None:
    far = http.post("/v1/events", json={"orders": [ORDER, {**ORDER, "timestamp": "2099-01-01T00:00:00Z"}]})
    assert (far.status_code, far.json()["errors"][0]["field"]) == (422, "orders.timestamp")
    ahead = http.post("/v1/events", json={"orders": [ORDER]}, params={"watermark": "2099-01-01T00:00:00Z"})
    assert (ahead.status_code, ahead.json()["errors"][0]["field"]) == (422, "watermark")
    assert http.post("/v1/events", json={"orders": [ORDER]}).json()["accepted"] == 1


LEVEL = {
    "timestamp": "2023-11-14T22:14:00Z", "symbol": "BTC/USD", "side": "buy", "price": 99.0, "quantity": 2.0,
    "snapshot": False, "event_id": "b1",
}  # fmt: skip


def test_book_levels_in_all_three_formats_are_the_same_events(http: TestClient, engine: Engine) -> None:
    assert http.post("/v1/events", json={"books": [LEVEL], "orders": [ORDER]}).json()["accepted"] == 2
    assert post(http, lines({"table": "books", **LEVEL}), NDJSON).json()["duplicates"] == 1
    assert post(http, arrow([LEVEL]), ARROW).json()["duplicates"] == 1
    assert engine.status().events == 2


def test_book_levels_twice_or_late_are_counted_as_trades_are(http: TestClient) -> None:
    twice = http.post("/v1/events", json={"books": [LEVEL, LEVEL, {**LEVEL, "event_id": "b2"}]}).json()
    assert (twice["accepted"], twice["duplicates"]) == (2, 1)
    late = {**LEVEL, "event_id": "b3", "timestamp": "2023-11-14T22:13:00Z"}
    assert http.post("/v1/events", json={"books": [late]}).json()["late"] == 1


def test_book_level_that_breaks_the_schema_is_refused_by_field(http: TestClient) -> None:
    answer = http.post("/v1/events", json={"books": [{**LEVEL, "quantity": -1.0}]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "books[0].quantity")
    far = http.post("/v1/events", json={"books": [{**LEVEL, "timestamp": "2099-01-01T00:00:00Z"}]})
    assert far.json()["errors"][0]["field"] == "books.timestamp"


def test_trades_in_arrow_with_a_side_column_stay_trades(http: TestClient) -> None:
    trade = {name: LEVEL[name] for name in ("timestamp", "symbol", "price", "quantity", "side")}
    assert "side" in post(http, arrow([trade]), ARROW).json()["notes"][0]


def test_arrow_metadata_says_which_table_it_is(http: TestClient, engine: Engine) -> None:
    level = {name: LEVEL[name] for name in ("timestamp", "symbol", "price", "side")} | {"quantity": 0.0}
    rows = pa.Table.from_pylist([level])
    assert post(http, stream(rows), ARROW).json()["errors"][0]["field"] == "trades[0].quantity"
    assert post(http, stream(rows.replace_schema_metadata({"table": "books"})), ARROW).json()["accepted"] == 1
    for wrong in ("accounts", b"\xff"):
        answer = post(http, stream(rows.replace_schema_metadata({"table": wrong})), ARROW)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body")
    assert engine.status().events == 1


class Full:
    """An engine with more to do than it takes on."""

    def __init__(self, engine: Engine) -> None:
        self.status, self.cross = engine.status, engine.cross

    def submit(self, _batch: Batch) -> Ack:
        raise EngineBusyError(2.3)


def test_events_while_the_engine_is_busy_are_put_off_with_the_time_to_come_back(
    settings: Settings, sqlite_store: AlertStore, rules_only: Champion, engine: Engine, wash_trades: Trades
) -> None:
    busy = create_app(settings, sqlite_store, Full(engine), ChampionScorer(rules_only))
    answer = TestClient(busy, raise_server_exceptions=False).post("/v1/events", json={"trades": wash_trades[:1]})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert answer.json()["detail"] == "the engine must catch up first; send again in 2.3 s"


def test_events_watermark_of_one_market_leaves_the_others_open(http: TestClient, wash_trades: Trades) -> None:
    rows = [{**wash_trades[0], "symbol": symbol, "event_id": symbol} for symbol in ("A", "B")]
    query = {"watermark": "2023-11-15T00:00:00Z", "market": "default:A"}
    assert http.post("/v1/events", json={"trades": rows}, params=query).json()["accepted"] == 2
    again = [{**row, "event_id": f"{row['symbol']}2"} for row in rows]
    taken = http.post("/v1/events", json={"trades": again}).json()
    assert taken == {"accepted": 1, "duplicates": 0, "late": 1, "notes": []}
    wrong = http.post("/v1/events", json={}, params={**query, "market": "A"})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["rule"].startswith("must be a venue and a symbol with a colon between")


def test_events_watermark_of_the_canaries_venue_is_refused(http: TestClient) -> None:
    query = {"watermark": "2023-11-15T00:00:00Z", "market": "canary:WASH_TRADING-0/CANARY"}
    answer = http.post("/v1/events", json={}, params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "market"

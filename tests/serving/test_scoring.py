"""The mission's own shape of a window, and windows of events, as functions and over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from features.account_catalogue import ACCOUNT_FEATURES
from features.catalogue import MARKET_FEATURES
from features.errors import ParameterError, TapeError
from features.readers import Tape
from features.records import tables_from_records
from models.parameters import Parameters, parse_parameters
from serving.alerts.store import AlertStore
from serving.api.scorer import ChampionScorer
from serving.app import create_app
from serving.champion import Champion
from serving.engine.engine import Engine
from serving.errors import RequestError
from serving.scoring import feature_table, scan_tape, score_events, score_totals
from serving.settings import Settings
from serving.window_score import Totals, WindowScore

Trades = list[dict[str, Any]]
RNG = np.random.default_rng(4)
VOLUMES = (100 + 20 * RNG.random(59)).round(3).tolist()
PRICES = (100 + RNG.random(59)).round(3).tolist()
PUMP = Totals("A", [*VOLUMES, 10 * float(np.mean(VOLUMES))], [*PRICES, 1.2 * float(np.mean(PRICES))])
QUIET = Totals("A", [*VOLUMES, 110.0], [*PRICES, 100.5])
USERS = {"u1": 850.0, **{f"u{n}": 150 / 9 for n in range(2, 11)}}


def patterns(totals: Totals, changes: Mapping[str, Any] | None = None) -> dict[str, float]:
    """Return the confidence of each pattern that reaches the threshold, by the rules alone."""
    found = score_totals(replace(totals, **(changes or {})), Parameters(), None).patterns
    return {pattern.pattern_type: pattern.confidence for pattern in found}


def findings(totals: Totals) -> dict[str, tuple[float, float]]:
    found = score_totals(totals, Parameters(), None).findings
    return {finding.typology: (finding.score, finding.confidence) for finding in found}


def test_score_totals_ten_times_the_volume_at_a_fifth_more_is_spike_anomaly_and_pump() -> None:
    found = patterns(PUMP)
    assert set(found) == {"volume_spike", "price_anomaly", "pump_and_dump"}
    assert min(found.values()) >= 0.7


def test_score_totals_quiet_window_shows_nothing() -> None:
    score = score_totals(QUIET, Parameters(), None)
    assert score.patterns == ()
    assert (score.venue, score.symbol, score.model_version) == ("default", "A", "rules")


def test_score_totals_fall_of_a_fifth_is_the_mirror_of_a_pump() -> None:
    fall = replace(PUMP, prices=[*PRICES, 80.0])
    assert set(patterns(fall)) == {"volume_spike", "price_anomaly", "dump_and_pump"}


def test_score_totals_user_with_85_percent_is_concentration_and_named() -> None:
    score = score_totals(replace(QUIET, shares=USERS, trades=120), Parameters(), None)
    (pattern,) = score.patterns
    assert (pattern.pattern_type, pattern.accounts) == ("concentrated_trading", ("u1",))
    assert 0.7 <= pattern.confidence < 0.85
    share = next(figure for figure in pattern.evidence if figure.name == "top_account_share")
    assert share.value == pytest.approx(0.85)
    assert share.threshold == 0.6


def test_score_totals_95_of_100_orders_cancelled_is_suspicious_with_less_confidence() -> None:
    many = replace(QUIET, trades=50, cancels=95, orders=100)
    assert set(patterns(many)) == {"spoofing"}
    score, evidence = findings(many)["spoofing"]
    assert score > 0.8
    assert evidence < 0.9
    assert "spoofing" not in findings(replace(QUIET, trades=50, cancels=10, orders=100))


def test_score_totals_more_suspicious_cancels_score_higher() -> None:
    less, more = (findings(replace(QUIET, trades=50, cancels=n, orders=100))["spoofing"][0] for n in (91, 99))
    assert less < more


def six(volumes: NDArray[np.float64], prices: NDArray[np.float64], totals: Totals) -> dict[str, float]:
    """Return the mission's six features by its own formulas, in numpy."""
    shares = np.array(list((totals.shares or {}).values()))
    return {
        "volume_volatility": float(np.std(volumes) / np.mean(volumes)),
        "price_volatility": float(np.std(prices) / np.mean(prices)),
        "volume_price_correlation": float(np.corrcoef(volumes, prices)[0, 1]),
        "user_concentration": float(np.sum((shares / shares.sum()) ** 2)),
        "trading_frequency": (totals.trades or 0) / (len(volumes) * totals.bucket_s / 60),
        "cancellation_rate": (totals.cancels or 0) / (totals.orders or 1),
    }


@pytest.mark.parametrize("n", [60, 2, 17, 300])
@pytest.mark.parametrize("bucket_s", [60.0, 7.5])
@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e9])
def test_score_totals_six_features_are_the_missions_formulas(n: int, bucket_s: float, scale: float) -> None:
    rng = np.random.default_rng(n)
    volumes, prices = scale * (1 + rng.random(n)), 1000 + 50 * rng.standard_normal(n)
    totals = Totals("A", volumes.tolist(), prices.tolist(), bucket_s, USERS, 77, 19, 20)
    found = score_totals(totals, Parameters(), None).features
    for name, value in six(volumes, prices, totals).items():
        assert found[name] == pytest.approx(value, rel=1e-12, abs=1e-12), name


def test_score_totals_volume_ratio_and_price_change_compare_with_the_preceding() -> None:
    found = score_totals(PUMP, Parameters(), None).features
    assert found["volume_ratio"] == pytest.approx(10.0)
    assert found["price_change"] == pytest.approx(0.2)


def test_score_totals_what_is_not_told_is_unknown() -> None:
    found = score_totals(QUIET, Parameters(), None).features
    assert set(found) == {feature.name for feature in MARKET_FEATURES}
    for name in ("user_concentration", "trading_frequency", "cancellation_rate", "top_account_share"):
        assert np.isnan(found[name])


@pytest.mark.parametrize(
    "totals",
    [
        Totals("A", [5.0], [100.0]),
        Totals("A", [0.0] * 60, [100.0] * 60),
        Totals("A", [0.0] * 59 + [5.0], [100.0] * 60),
        replace(QUIET, shares={}, trades=0, cancels=0, orders=0),
        replace(QUIET, shares={"a": 0.0}),
    ],
)
def test_score_totals_too_little_data_is_a_result_and_no_pattern_of_manipulation(totals: Totals) -> None:
    score = score_totals(totals, Parameters(), None)
    assert not {pattern.pattern_type for pattern in score.patterns} & {"pump_and_dump", "spoofing", "wash_trading"}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"volumes": [], "prices": []}, "volumes must be at least one number >= 0, was []"),
        ({"prices": [1.0] * 3}, "prices must be as many as volumes, 60, was 3"),
        ({"volumes": [-1.0] * 60}, "volumes must be at least one number >= 0"),
        ({"volumes": [float("nan")] * 60}, "volumes must be"),
        ({"prices": [0.0] * 60}, "prices must be numbers > 0"),
        ({"bucket_s": 0.0}, "bucket_s must be a number of seconds > 0, was 0.0"),
        ({"shares": {"a": -1.0}}, "shares must be numbers >= 0, was {'a': -1.0}"),
        ({"trades": -1, "orders": -2}, "trades must be a count >= 0, was -1; orders must be a count >= 0, was -2"),
    ],
)
def test_score_totals_wrong_numbers_are_refused_all_at_once(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ParameterError) as refused:
        score_totals(replace(QUIET, **changes), Parameters(), None)
    assert text in str(refused.value)


def test_score_totals_threshold_of_the_parameters_decides() -> None:
    strict = parse_parameters({"alerts": {"confidence_threshold": 0.99}})
    score = score_totals(PUMP, strict, None)
    assert score.patterns == ()
    assert {"volume_spike", "price_anomaly", "pump_and_dump"} <= {finding.typology for finding in score.findings}


def tape_of(trades: Trades) -> Tape:
    return tables_from_records(trades=trades)


def test_score_events_names_who_washed(wash_trades: Trades) -> None:
    score = score_events(tape_of(wash_trades[:180]), Parameters(), None)
    found = {pattern.pattern_type: pattern for pattern in score.patterns}
    assert found["wash_trading"].accounts == ("w",)
    assert 0 < found["wash_trading"].risk_score <= found["wash_trading"].confidence
    assert [p.risk_score for p in score.patterns] == sorted((p.risk_score for p in score.patterns), reverse=True)
    assert score.features["self_match_share"] > 0.5


@pytest.mark.parametrize("symbols", [["A", "B"], ["A"]])
def test_score_events_of_two_markets_is_refused_and_both_are_named(wash_trades: Trades, symbols: list[str]) -> None:
    trades = [{**wash_trades[n], "symbol": symbol} for n, symbol in enumerate(symbols)]
    if len(symbols) == 1:
        assert score_events(tape_of(trades), Parameters(), None).symbol == "A"
        return
    with pytest.raises(RequestError, match="exactly one venue and symbol, was default A, default B"):
        score_events(tape_of(trades), Parameters(), None)


def test_score_events_without_an_event_is_refused() -> None:
    with pytest.raises(RequestError, match="exactly one venue and symbol, was none"):
        score_events(Tape("empty"), Parameters(), None)


def test_feature_table_has_a_row_for_every_bucket_of_both_scales(wash_trades: Trades) -> None:
    table = feature_table(tape_of(wash_trades), Parameters())
    scales = table["scale"].to_pylist()
    assert (scales.count("market"), scales.count("fast")) == (60, 360)
    assert table.column_names == ["venue", "symbol", "scale", "start", "end", *(f.name for f in MARKET_FEATURES)]
    assert table.schema.field("start").type == pa.timestamp("ns", "UTC")


def test_feature_table_of_accounts_has_a_row_for_every_account_that_acted(wash_trades: Trades) -> None:
    table = feature_table(tape_of(wash_trades), Parameters(), "account")
    assert table.column_names == [
        "venue", "symbol", "scale", "start", "end", "account", *(f.name for f in ACCOUNT_FEATURES)
    ]  # fmt: skip
    assert set(table["scale"].to_pylist()) == {"account"}
    named = {trade[side] for trade in wash_trades for side in ("buyer_id", "seller_id")}
    assert set(table["account"].to_pylist()) == named


def test_feature_table_of_nothing_is_refused() -> None:
    with pytest.raises(TapeError, match="empty: must hold events, was empty"):
        feature_table(Tape("empty"), Parameters())


def test_scan_tape_finds_the_wash_trading_and_counts(tmp_path: Path, wash_trades: Trades) -> None:
    path = tmp_path / "tape.jsonl"
    path.write_text("".join(f"{line}\n".replace("'", '"') for line in wash_trades))
    done: list[tuple[int, int]] = []
    scanned = scan_tape(path, Parameters(), None, progress=lambda *step: done.append(step))
    assert "wash_trading" in {alert.typology for alert in scanned.alerts}
    assert (scanned.events, scanned.markets, done[-1]) == (360, 1, (360, 360))
    assert scanned.hours == pytest.approx(1.0, abs=0.01)
    assert [alert.detected_at for alert in scanned.alerts] == sorted(alert.detected_at for alert in scanned.alerts)


@pytest.fixture
def http(settings: Settings, sqlite_store: AlertStore, watch: Any, rules_only: Champion) -> Any:
    engine = Engine(settings, watch, sqlite_store, lambda: 0.0)
    app: FastAPI = create_app(settings, sqlite_store, engine, ChampionScorer(rules_only), clock=lambda: 0)
    with TestClient(app) as client:
        yield client
    engine.close()


@pytest.fixture
def post(http: TestClient) -> Callable[[Totals], dict[str, Any]]:
    """Return what posts the mission's shape of a window and returns the answer."""

    def posted(totals: Totals) -> dict[str, Any]:
        body = {
            "symbol": totals.symbol,
            "current_volume": totals.volumes[-1],
            "current_price": totals.prices[-1],
            "volume_history": list(totals.volumes[:-1]),
            "price_history": list(totals.prices[:-1]),
            "timestamps": [f"2024-05-01T09:{minute:02d}:00Z" for minute in range(len(totals.volumes) - 1)],
            "user_distribution": totals.shares,
            "trade_count": totals.trades,
            "order_cancellations": totals.cancels,
            "total_orders": totals.orders,
        }
        answer = http.post("/v1/score", json=body)
        assert answer.status_code == 200, answer.text
        scored: dict[str, Any] = answer.json()
        return scored

    return posted


def equal(answer: dict[str, Any], score: WindowScore) -> bool:
    known = {name: None if np.isnan(value) else value for name, value in score.features.items()}
    said = [(p["pattern_type"], p["confidence"], p["risk_score"]) for p in answer["patterns"]]
    return answer["features"] == known and said == [
        (p.pattern_type, p.confidence, p.risk_score) for p in score.patterns
    ]


@pytest.mark.parametrize("totals", [PUMP, QUIET, replace(PUMP, shares=USERS, trades=140, cancels=95, orders=100)])
def test_score_over_http_of_the_missions_shape_is_what_the_function_says(
    post: Callable[[Totals], dict[str, Any]], totals: Totals
) -> None:
    answer = post(totals)
    assert set(answer) == {"venue", "symbol", "features", "findings", "patterns", "model_version", "notes"}
    assert equal(answer, score_totals(totals, Parameters(), None))
    for pattern in answer["patterns"]:
        assert set(pattern) == {"pattern_type", "confidence", "risk_score", "accounts", "evidence"}
        assert all(set(one) == {"name", "value", "unit", "threshold", "says"} for one in pattern["evidence"])
    for finding in answer["findings"]:
        assert set(finding) == {"detector", "kind", "typology", "score", "confidence"}


def test_score_over_http_of_the_current_bucket_alone_is_a_result(post: Callable[[Totals], dict[str, Any]]) -> None:
    assert post(Totals("A", [5.0], [100.0]))["patterns"] == []

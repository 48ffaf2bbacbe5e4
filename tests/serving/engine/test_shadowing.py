from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from features.encoding import encode
from features.records import tables_from_records
from models.alert import Alert
from models.bundle import Bundle
from models.parameters import Parameters
from models.shadow import Compared, Shadow
from models.surveillance import Surveillance, shadow_of
from serving.alerts.record import to_record
from serving.alerts.summary import Summary
from serving.api.metrics import Behind
from serving.champion import Champion, load_champion, load_shadowed
from serving.commands.shadow import comparisons, summary, table_of
from serving.engine.engine import Engine
from serving.engine.process import watch_of
from serving.engine.shadowing import MOST_BYTES, ShadowLog
from serving.engine.wire import EngineStatus, batch_of
from serving.settings import Settings
from serving.times import iso

MakeAlert = Callable[..., Alert]
Trades = list[dict[str, Any]]
END = 1_700_010_000_000_000_000


def challenger_of(bias: float) -> Bundle:
    """Return a bundle that learned nothing but how much to believe the rule of wash trading."""
    weights = {"bias": bias, "weight": [1.0, 0.0, 0.0], "absent": [0.0, 0.0, 0.0]}
    return Bundle({}, {}, {"wash_trading": weights}, {}, "p", "labelled", f"bias {bias}")


class Heard:
    """Keeps what a shadow tells."""

    def __init__(self) -> None:
        self.what: list[Compared] = []
        self.why: list[str] = []

    def compared(self, what: Compared) -> None:
        self.what.append(what)

    def failed(self, why: str) -> None:
        self.why.append(why)


class Last:
    def __init__(self) -> None:
        self.revisions: list[str] = []

    def upsert(self, found: list[Alert]) -> int:
        self.revisions += [json.dumps(to_record(alert)) for alert in found]
        return len(found)


class Broken(Bundle):
    """A challenger that cannot judge."""

    def weights(self, typology: str) -> None:
        raise ZeroDivisionError(typology)


def watched(
    trades: Trades, challenger: Bundle | None, heard: Heard, cuts: int = 4, *, restart: bool = False
) -> list[str]:
    """Return the champion's revisions with a challenger in its shadow; at each cut it may restart from a snapshot."""
    parameters, out = Parameters(), []

    def shadow() -> Shadow | None:
        return shadow_of(parameters, challenger, heard) if challenger else None

    surveillance = Surveillance(parameters, None, shadow=shadow())
    lots = Champion(parameters, None).lots
    for cut in range(cuts):
        if cut and restart:
            surveillance = Surveillance.restore(surveillance.snapshot(), parameters, None, shadow())
        part = trades[len(trades) * cut // cuts : len(trades) * (cut + 1) // cuts]
        events = encode(tables_from_records(trades=part), surveillance.vocabulary, lots)
        out += [repr(alert) for alert in surveillance.push(events)]
    out += [repr(alert) for alert in surveillance.advance(END)]
    return out


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("bias", [-9.0, 0.0, 2.0])
def test_champion_has_the_same_bits_with_and_without_a_shadow(
    wash_trades: Trades, bias: float, *, restart: bool
) -> None:
    alone = watched(wash_trades, None, Heard())
    assert any("wash_trading" in revision for revision in alone)
    assert watched(wash_trades, challenger_of(bias), Heard(), restart=restart) == alone


@pytest.mark.parametrize("bias", [-9.0, 2.0])
def test_shadow_after_a_restart_compares_nothing_that_was_open(wash_trades: Trades, bias: float) -> None:
    heard, undisturbed = Heard(), Heard()
    watched(wash_trades, challenger_of(bias), undisturbed)
    # The second of two halves begins while the washing goes on.
    watched(wash_trades[:300], challenger_of(bias), heard, cuts=2, restart=True)
    assert "wash_trading" in {what.alert.typology for what in undisturbed.what}
    assert "wash_trading" not in {what.alert.typology for what in heard.what if what.champion}


def test_shadow_that_fails_is_dropped_and_the_champion_goes_on(wash_trades: Trades) -> None:
    heard, broken = Heard(), Broken(**vars(challenger_of(0.0)))
    assert watched(wash_trades, broken, heard) == watched(wash_trades, None, Heard())
    assert heard.why == ["ZeroDivisionError: pump_and_dump"]
    assert heard.what == []


@pytest.mark.parametrize(("bias", "agreement"), [(-9.0, "champion_only"), (2.0, "both")])
def test_shadow_tells_who_raised_the_alert(wash_trades: Trades, bias: float, agreement: str) -> None:
    heard = Heard()
    watched(wash_trades, challenger_of(bias), heard)
    (wash,) = [what for what in heard.what if what.alert.typology == "wash_trading"]
    assert wash.agreement == agreement
    assert wash.disagrees is (agreement != "both")
    others = {what.agreement for what in heard.what if what.alert.typology != "wash_trading"}
    assert others <= {"both"}


def test_shadow_that_raises_more_is_alone_with_it(wash_trades: Trades) -> None:
    heard, bundle = Heard(), challenger_of(2.0)
    parameters = Parameters()
    quiet = Bundle({}, {}, {"wash_trading": challenger_of(-9.0).combination["wash_trading"]}, {}, "p", "labelled", "q")
    surveillance = Surveillance(parameters, quiet, shadow=shadow_of(parameters, bundle, heard))
    lots = Champion(parameters, None).lots
    surveillance.push(encode(tables_from_records(trades=wash_trades), surveillance.vocabulary, lots))
    surveillance.advance(END)
    assert "challenger_only" in {what.agreement for what in heard.what if what.alert.typology == "wash_trading"}


def hour_later(trades: Trades) -> Trades:
    times = [pd.Timestamp(trade["timestamp"]).value + 3_600_000_000_000 for trade in trades]
    return [
        trade | {"event_id": f"{trade['event_id']} later", "timestamp": iso(at)}
        for trade, at in zip(trades, times, strict=True)
    ]


def is_wash(revision: dict[str, Any]) -> bool:
    return bool(revision["typology"] == "wash_trading")


def test_engine_shadows_across_a_restart_and_its_alerts_stay_the_same(
    settings: Settings, wash_trades: Trades, tmp_path: Path
) -> None:
    trades = wash_trades + hour_later(wash_trades)

    def alerts(home: Path, challenger: Bundle | None) -> tuple[list[str], EngineStatus]:
        kept = Last()
        mine = settings.model_copy(update={"home": home})
        for begin, end in ((0, 170), (170, len(trades))):
            watch = watch_of(Champion(Parameters(), None, challenger), home / "shadow.jsonl")
            engine = Engine(mine, watch, kept, monotonic=lambda: 0.0)
            table = tables_from_records(trades=trades[begin:end]).trades
            engine.submit(batch_of({"trades": table}, watermark=END if end > 170 else None))
            status = engine.status()
            engine.close()
        return kept.revisions, status

    with_shadow, status = alerts(tmp_path / "with", challenger_of(-9.0))
    without, _ = alerts(tmp_path / "without", None)
    assert with_shadow == without
    assert status.challenger == challenger_of(-9.0).version
    # One alert was open when the engine was started again, which is compared with nothing; the next hour has another.
    assert len({revision["alert_id"] for revision in map(json.loads, without) if is_wash(revision)}) == 2
    assert status.shadow == {"champion_only wash_trading": 1, "both timing_anomaly": 1}


def test_shadow_log_counts_each_comparison_once_and_keeps_a_bounded_file(alert: MakeAlert, tmp_path: Path) -> None:
    path = tmp_path / "shadow.jsonl"
    heard, one, other = ShadowLog(path, "c1"), alert(1), replace(alert(1), confidence=0.5, model_version="c1")
    for what in (Compared("both", one, other), Compared("both", one, other), Compared("champion_only", alert(2), None)):
        heard.compared(what)
    assert heard.counts == {"both wash_trading": 1, "champion_only wash_trading": 1}
    path.write_text(path.read_text() + " " * MOST_BYTES + "\n")
    heard.compared(Compared("challenger_only", None, replace(alert(3), model_version="c1")))
    assert len(path.read_text().splitlines()) == 1
    records = comparisons(path)
    assert summary(records)["all"] == {"both": 1, "champion_only": 1, "challenger_only": 1, "apart": 1}
    assert table_of(records).row_count == 2


def test_comparisons_are_those_with_the_challenger_that_is_shadowed_now(alert: MakeAlert, tmp_path: Path) -> None:
    path = tmp_path / "shadow.jsonl"
    for challenger, numbers in (("c1", (1, 2, 3)), ("c2", (2, 4))):
        heard = ShadowLog(path, challenger)
        for number in numbers:
            heard.compared(Compared("champion_only", alert(number), None))
    records = comparisons(path)
    assert [one["champion"]["alert_id"] for one in records] == ["alert-0002", "alert-0004"]
    assert summary(records)["all"]["champion_only"] == 2
    assert table_of(records).title == "Alerts of champion rules and challenger c2"


def test_champion_with_a_damaged_challenger_is_served_all_the_same(settings: Settings) -> None:
    settings.challenger_file.write_text("deadbeef\n")
    with capture_logs() as logs:
        assert load_shadowed(settings).challenger is None
    assert [entry["event"] for entry in logs] == ["shadow.unusable"]
    bundle = challenger_of(0.0)
    bundle.save(settings.bundle_folder(bundle.digest))
    settings.challenger_file.write_text(f"{bundle.digest}\n")
    loaded = load_shadowed(settings).challenger
    assert loaded is not None
    assert loaded.digest == bundle.digest


def test_champion_that_is_served_without_a_shadow_loads_no_challenger(settings: Settings) -> None:
    settings.challenger_file.write_text("deadbeef\n")
    with capture_logs() as logs:
        assert load_champion(settings).challenger is None
    assert logs == []


def test_metrics_count_comparisons_by_agreement_and_typology() -> None:
    status = EngineStatus(0, 0, 0, 0, 0, "m", "p", "c1", {"both wash_trading": 2, "champion_only spoofing": 1})
    registry = CollectorRegistry()
    registry.register(Behind(lambda: status, lambda: Summary(0, 0, {}, {}, {})))
    text = generate_latest(registry).decode()
    assert 'tapewatch_shadow_alerts_total{agreement="both",typology="wash_trading"} 2.0' in text
    assert 'tapewatch_shadow_alerts_total{agreement="champion_only",typology="spoofing"} 1.0' in text

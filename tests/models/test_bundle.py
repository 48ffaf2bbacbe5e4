from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import models.bundle
from features.account_catalogue import ACCOUNT_FEATURES
from features.errors import BundleError
from features.rows import Rows, blank_rows
from models.bundle import Bundle
from models.calibration import Opening, fit_calibrator
from models.combination import Weights
from models.records import Record
from training.experiment import IsolationForest as ForestSettings
from training.fit import fit_isolation_forest


@pytest.fixture
def rows(values: NDArray[np.float64]) -> Rows:
    return replace(blank_rows("market", len(values)), values=values)


@pytest.fixture
def saved(bundle: Bundle, tmp_path: Path) -> Path:
    return bundle.save(tmp_path / "bundle")


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "bundle.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_load_what_was_saved_scores_with_the_same_bits(bundle: Bundle, saved: Path, rows: Rows) -> None:
    again = Bundle.load(saved)
    np.testing.assert_array_equal(again.forest_findings(rows), bundle.forest_findings(rows))
    found, expected = again.class_probabilities(rows), bundle.class_probabilities(rows)
    assert found.keys() == expected.keys() == {"spoofing", "wash_trading"}
    np.testing.assert_array_equal(found["spoofing"], expected["spoofing"])
    assert (again.metrics, again.calibrated_on) == (bundle.metrics, "simulated")


def test_digest_saved_again_at_another_time_is_the_same(
    bundle: Bundle, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 2e9)
    again = Bundle.load(Bundle.load(saved).save(tmp_path / "again"))
    assert again.digest == bundle.digest
    assert again.version == bundle.digest[:12]


@pytest.mark.parametrize(
    "change", [{"parameters": "p2"}, {"metrics": {"ece": 0.1}}, {"combination": {}}, {"calibrators": {}}]
)
def test_digest_other_content_is_another(bundle: Bundle, change: dict[str, Any]) -> None:
    assert replace(bundle, **change).digest != bundle.digest


def test_weights_learned_typology_gives_them_and_others_none(bundle: Bundle, saved: Path) -> None:
    assert Bundle.load(saved).weights("spoofing") == Weights(-1.5, (1.0, 0.5, 0.25), (0.0, -0.5, 0.0))
    assert bundle.weights("wash_trading") is None


def test_calibrate_rarer_in_use_claims_less(bundle: Bundle) -> None:
    raw = np.array([0.6])
    assert bundle.calibrate("spoofing", raw, 0.05)[0] < bundle.calibrate("spoofing", raw)[0]
    assert bundle.calibrate("wash_trading", raw)[0] == 0.6


def test_findings_scale_without_models_abstain(bundle: Bundle, rows: Rows) -> None:
    fast = replace(rows, scale="fast")
    assert np.isnan(bundle.forest_findings(fast)).all()
    assert bundle.class_probabilities(fast) == {}


def test_save_holds_no_pickle(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == ["arrays.npz", "bundle.json"]
    with zipfile.ZipFile(saved / "arrays.npz") as file:
        assert {Path(name).suffix for name in file.namelist()} == {".npy"}


@pytest.mark.parametrize("content", [{"x": {"bias": float("nan")}}, {"x": {"bias": object()}}, {"x": {1: 2.0}}])
def test_save_what_json_cannot_hold_is_refused(bundle: Bundle, tmp_path: Path, content: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match="combination/x"):
        replace(bundle, combination=content).save(tmp_path / "bad")


@pytest.mark.parametrize("missing", ["arrays.npz", "bundle.json"])
def test_load_missing_file_is_named(saved: Path, missing: str) -> None:
    (saved / missing).unlink()
    with pytest.raises(BundleError, match=f"{missing}: must exist"):
        Bundle.load(saved)


@pytest.mark.parametrize("name", ["arrays.npz", "bundle.json"])
@pytest.mark.parametrize("keep", [0, 30, -30])
def test_load_truncated_file_is_refused(saved: Path, name: str, keep: int) -> None:
    (saved / name).write_bytes((saved / name).read_bytes()[:keep])
    with pytest.raises(BundleError, match="must hold a model bundle"):
        Bundle.load(saved)


def test_load_changed_number_is_refused(saved: Path) -> None:
    edit(saved, lambda content: content["metrics"].update(average_precision=1.0))
    with pytest.raises(BundleError, match=r"digest must be .*, was"):
        Bundle.load(saved)


def test_load_made_for_other_features_is_refused(saved: Path) -> None:
    with pytest.raises(BundleError, match=r"feature schema must be abc, was .*: train again and promote"):
        Bundle.load(saved, schema="abc")


def test_load_of_an_earlier_format_is_refused_and_says_to_train_again(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.bundle, "FORMAT", 1)
    earlier = replace(bundle).save(tmp_path / "earlier")
    monkeypatch.undo()
    with pytest.raises(BundleError, match=r"format must be 2, was 1: train again and promote"):
        Bundle.load(earlier)


def test_load_pickled_arrays_are_refused(saved: Path) -> None:
    np.savez(saved / "arrays.npz", x=np.array([object()], dtype=object))
    with pytest.raises(BundleError, match="could not be read"):
        Bundle.load(saved)


def test_load_keeps_which_variant_of_the_account_grain_is_asked_first(bundle: Bundle, tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((200, len(ACCOUNT_FEATURES)))
    forest = fit_isolation_forest(
        values[:100], values[100:], seed=0, settings=ForestSettings(trees=10), grain="account"
    )
    names = [variant.inputs.variant for variant in forest.variants]
    assert names == ["full", "executions", "messages", "trades"]
    folder = replace(bundle, isolation_forests={"account": forest}).save(tmp_path / "account")
    again = Bundle.load(folder).isolation_forests["account"]
    assert [variant.inputs.variant for variant in again.variants] == names
    np.testing.assert_array_equal(again.p_values(values), forest.p_values(values))


def test_load_what_was_saved_keeps_onsets_openings_and_what_detectors_are_worth(
    bundle: Bundle, tmp_path: Path, rows: Rows
) -> None:
    score, said = np.linspace(0, 1, 100), np.array([[0.7, np.nan, 0.2]])
    kept = replace(
        bundle, onsets={"market": bundle.classifiers["market"]}, opening=Opening((-1.0, 1.0), (0.9, 1.1), (0.2, 0.4)),
        detectors={"spoofing": {"rule": fit_calibrator(score, score > 0.5)}},
    )  # fmt: skip
    again = Bundle.load(kept.save(tmp_path / "kept"))
    assert (again.opening, again.digest) == (kept.opening, kept.digest)
    found, expected = again.onset_probabilities(rows), kept.class_probabilities(rows)
    np.testing.assert_array_equal(found["spoofing"], expected["spoofing"])
    np.testing.assert_array_equal(again.alone("spoofing", said), kept.alone("spoofing", said))
    assert np.isfinite(again.alone("spoofing", said)).tolist() == [[True, False, False]]


def test_load_what_was_saved_keeps_records_and_reference(bundle: Bundle, tmp_path: Path) -> None:
    reference = {"samples": {"market": {"values": np.array([[np.nan, 1.0]]), "cluster": np.array([0])}}, "hours": 2.0}
    records = {"spoofing": {"rule": Record(3.0, 1.0)}}
    kept = replace(bundle, records=records, reference=reference)
    again = Bundle.load(kept.save(tmp_path / "kept"))
    assert (again.records, again.digest) == (records, kept.digest)
    np.testing.assert_array_equal(again.reference["samples"]["market"]["values"], [[np.nan, 1.0]])

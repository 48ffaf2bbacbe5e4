from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from numpy.typing import NDArray

from features.catalogue import MARKET_FEATURES
from features.errors import BundleError, RegistryError
from models import registry
from models.bundle import Bundle
from models.pyfunc import BundleModel
from models.registry import (
    CHALLENGER,
    CHAMPION,
    MODEL,
    load_challenger,
    load_champion,
    mlflow_at,
    promote,
    register,
    tracking_uri,
)
from training.tracking import tracked_run

pytestmark = pytest.mark.slow
NAMES = [feature.name for feature in MARKET_FEATURES]


def example(values: NDArray[np.float64]) -> pd.DataFrame:
    return pd.DataFrame(values[:5], columns=NAMES)


def log(bundle: Bundle, home: Path) -> str:
    with tracked_run(home, "small", bundle.created_from) as run:
        run.register(bundle, example(np.random.default_rng(0).random((5, len(NAMES)))))
        return run.run_id


@pytest.fixture(scope="module")
def runs(bundle: Bundle, better_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """Return a home, the run of a bundle and the run of a better one."""
    home = tmp_path_factory.mktemp("registry")
    return home, log(bundle, home), log(better_bundle, home)


@pytest.fixture
def home(runs: tuple[Path, str, str]) -> Iterator[Path]:
    """Return the home as nobody has promoted anything in it."""
    challenger = (runs[0] / CHALLENGER).read_text()
    yield runs[0]
    with mlflow_at(runs[0]) as client:
        client.delete_registered_model_alias(MODEL, CHAMPION)
        client.set_registered_model_alias(MODEL, CHALLENGER, "2")
    (runs[0] / CHAMPION).unlink(missing_ok=True)
    (runs[0] / CHALLENGER).write_text(challenger)


def aliases(home: Path) -> dict[str, str]:
    with mlflow_at(home) as client:
        return {alias: str(version) for alias, version in client.get_registered_model(MODEL).aliases.items()}


def test_register_newest_is_the_challenger(home: Path) -> None:
    assert aliases(home) == {CHALLENGER: "2"}


def test_load_champion_before_any_promotion_is_none(tapewatch_home: Path) -> None:
    assert load_champion(tapewatch_home) is None


@pytest.mark.parametrize("by", ["run", "short run", "version", "alias"])
def test_promote_first_becomes_champion_and_is_cached(
    home: Path, runs: tuple[Path, str, str], better_bundle: Bundle, by: str
) -> None:
    name = {"run": runs[2], "short run": runs[2][:8], "version": "2", "alias": "challenger"}[by]
    promotion = promote(name, home)
    champion = load_champion(home)
    assert champion is not None
    assert champion.digest == promotion.digest == better_bundle.digest
    assert (promotion.version, promotion.main_metric, promotion.replaced) == ("2", 0.95, None)
    assert aliases(home) == {CHAMPION: "2"}


def test_promote_worse_is_refused_and_leaves_the_champion(home: Path, better_bundle: Bundle) -> None:
    promote("2", home)
    with pytest.raises(RegistryError, match=r"average_precision must be at least 0\.9500.*was 0\.9000.*--force"):
        promote("1", home)
    champion = load_champion(home)
    assert champion is not None
    assert champion.digest == better_bundle.digest


def test_promote_worse_with_force_replaces_the_champion(home: Path, bundle: Bundle, better_bundle: Bundle) -> None:
    promote("2", home)
    assert promote("1", home, force=True).replaced == better_bundle.digest
    champion = load_champion(home)
    assert champion is not None
    assert champion.digest == bundle.digest


def test_promote_champion_again_repairs_its_cache(home: Path) -> None:
    digest = promote("2", home).digest
    (home / "bundles" / digest / "arrays.npz").write_bytes(b"")
    with pytest.raises(BundleError):
        load_champion(home)
    promote("2", home)
    assert load_champion(home) is not None


@pytest.mark.parametrize("name", ["99", "deadbeef", "nobody"])
def test_promote_unknown_is_refused_and_tells_what_there_is(runs: tuple[Path, str, str], name: str) -> None:
    with pytest.raises(RegistryError, match=rf"was {name}; registered: 2 \(run"):
        promote(name, runs[0])


def test_promote_in_an_empty_home_is_refused(tapewatch_home: Path) -> None:
    with pytest.raises(RegistryError, match="registered: none"):
        promote("1", tapewatch_home)


def test_register_what_was_never_logged_is_refused(runs: tuple[Path, str, str], bundle: Bundle) -> None:
    with pytest.raises(RegistryError, match="must be a logged bundle"):
        register(bundle, "models:/m-00000000000000000000000000000000", runs[0])


class Killed(BaseException):
    pass


@contextmanager
def killed_at(point: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let what is done in the block end where a function of the registry or of MLflow's client is called."""

    def kill(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(registry if point.startswith("_") else MlflowClient, point, kill)
        with pytest.raises(Killed):
            yield


@pytest.mark.parametrize("point", ["_cache", "set_registered_model_alias", "_write", "delete_registered_model_alias"])
def test_promote_killed_anywhere_names_whole_bundles_and_is_mended_by_the_same_call(
    home: Path, better_bundle: Bundle, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    with killed_at(point, monkeypatch):
        promote(CHALLENGER, home)
    assert aliases(home)[CHALLENGER] == "2"
    for named in (load_champion(home), load_challenger(home)):
        assert named is None or named.digest == better_bundle.digest
    assert promote(CHALLENGER, home).version == "2"
    assert aliases(home) == {CHAMPION: "2"}
    champion = load_champion(home)
    assert champion is not None
    assert (champion.digest, load_challenger(home)) == (better_bundle.digest, None)


@pytest.mark.parametrize("point", ["_cache", "set_registered_model_alias", "_write"])
def test_register_killed_anywhere_names_whole_bundles_and_is_mended_by_the_same_call(
    home: Path, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    mine = tmp_path / "home"
    shutil.copytree(home, mine, ignore=shutil.ignore_patterns("bundles", "artifacts", CHALLENGER))
    with mlflow_at(mine) as client:
        logged = str(client.get_model_version(MODEL, "1").source)
    with killed_at(point, monkeypatch):
        register(bundle, logged, mine)
    cached = [Bundle.load(path).digest for path in (mine / "bundles").glob("[!.]*")]
    assert aliases(mine)[CHALLENGER] == "2" or cached == [bundle.digest]
    assert load_challenger(mine) is None
    version = register(bundle, logged, mine)
    assert (version, aliases(mine)) == ("4", {CHALLENGER: "4"})
    challenger = load_challenger(mine)
    assert challenger is not None
    assert challenger.digest == bundle.digest


def test_load_champion_needs_no_mlflow(home: Path) -> None:
    promote("2", home)
    program = (
        "import sys, pathlib; from models.registry import load_champion;"
        "print(load_champion(pathlib.Path(sys.argv[1])).version, 'mlflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(home)], check=True, capture_output=True, text=True)
    assert done.stdout.split()[1] == "False"


def test_logged_model_holds_no_pickle(runs: tuple[Path, str, str]) -> None:
    files = [path for path in (runs[0] / "artifacts").rglob("*") if path.is_file()]
    assert any(path.name == "bundle.json" for path in files)
    assert [path for path in files if path.suffix in {".pkl", ".pickle", ".joblib", ".pyc", ".nbi"}] == []


@pytest.fixture
def server(runs: tuple[Path, str, str], tmp_path: Path) -> Iterator[str]:
    """Start `mlflow models serve` on the registered model, elsewhere than in the checkout, and return its address."""
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local", "--workers", "1"]
    command += ["--model-uri", f"models:/{MODEL}/1", "--host", "127.0.0.1", "--port", "0"]
    # MLflow starts uvicorn by name, as in an activated environment, and leaves a port of 0 to its settings.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "MLFLOW_TRACKING_URI": tracking_uri(runs[0]), "PATH": path, "UVICORN_PORT": "0"}
    process = subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if running := re.search(r"Uvicorn running on (http://[\d.:]+)", line):
                break
        else:
            pytest.fail(f"mlflow models serve must answer, was: {''.join(said)}")
        yield running.group(1)
        os.killpg(process.pid, signal.SIGTERM)


def test_mlflow_models_serve_answers_as_direct_scoring(
    server: str, bundle: Bundle, values: NDArray[np.float64]
) -> None:
    values[3, 5:] = np.nan
    values[4] = np.nan
    frame = pd.DataFrame(values, columns=NAMES)
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{server}/invocations",
        data=json.dumps({"dataframe_split": json.loads(frame.to_json(orient="split", double_precision=15))}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
        found = pd.DataFrame(json.load(answer)["predictions"]).astype(float)
    expected = BundleModel(bundle).predict(frame)
    pd.testing.assert_frame_equal(found, expected, rtol=0, atol=1e-12)
    assert found.loc[4].isna().all()

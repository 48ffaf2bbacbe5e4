"""The registry: which bundle is registered in MLflow, which one is the champion, and its copy that serving reads.

MLflow is loaded only when something is registered or promoted; `load_champion` needs the copy alone.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING

import features
import models
from features.catalogue import GRAINS
from features.errors import BundleError, RegistryError
from models.bundle import Bundle
from models.classifier import NONE
from models.pyfunc import P_VALUE, SCALE

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.models import ModelSignature

MODEL = "tapewatch-surveillance"
CHAMPION, CHALLENGER = "champion", "challenger"
MAIN_METRIC = "average_precision"
_REQUIREMENTS = ("mlflow", "numba", "numpy", "pandas", "pyarrow", "pydantic", "scipy")
_DATA = Path("data") / "bundle"
_DESCRIPTION = 5000


@dataclass(frozen=True)
class Promotion:
    """What a promotion did.

    Attributes:
        version: Version that is the champion now.
        digest: Its bundle's digest.
        main_metric: Its main metric, None if it was not measured.
        replaced: Digest of the champion before, None if there was none.
    """

    version: str
    digest: str
    main_metric: float | None
    replaced: str | None


def tracking_uri(home: Path) -> str:
    """Return where MLflow keeps runs and registry; also what `mlflow ui --backend-store-uri` takes."""
    return f"sqlite:///{database_of(home)}"


def database_of(home: Path) -> Path:
    """Return where MLflow's database lies."""
    return home.resolve() / "mlflow.db"


@contextmanager
def mlflow_at(home: Path) -> Iterator[MlflowClient]:
    """Point MLflow at a home for a while, with its telemetry off."""
    # Before the import: MLflow decides then whether it sends usage statistics.
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    # It tells of every table of its database and every input example; what is wrong is still told.
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    # Its bar would be printed where there is no terminal, too.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow

    home.mkdir(parents=True, exist_ok=True)
    uri, before = tracking_uri(home), mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    try:
        yield mlflow.MlflowClient(uri, uri)
    finally:
        mlflow.set_tracking_uri(before)


def log_bundle(bundle: Bundle, example: pd.DataFrame) -> str:
    """Log a bundle as a pyfunc model of the active run and return its model URI.

    The model carries this program's `features` and `models`, so that MLflow can serve it in any environment that has
    the libraries.

    Args:
        bundle: What to log.
        example: A few feature rows, columns by catalogue names.
    """
    import mlflow.pyfunc

    with tempfile.TemporaryDirectory() as folder:
        info = mlflow.pyfunc.log_model(
            name="bundle",
            loader_module="models.pyfunc",
            data_path=str(bundle.save(Path(folder) / "bundle")),
            code_paths=_code(Path(folder)),
            signature=_signature(bundle),
            input_example=example,
            pip_requirements=[f"{name}=={installed_version(name)}" for name in _REQUIREMENTS],
            metadata={"digest": bundle.digest, "feature_schema": bundle.schema_hash},
        )
    return str(info.model_uri)


def _code(folder: Path) -> list[str]:
    # Without caches: numba's machine code is for this processor only.
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    sources = [Path(str(package.__file__)).parent for package in (features, models)]
    return [str(shutil.copytree(source, folder / source.name, ignore=ignore)) for source in sources]


def _signature(bundle: Bundle) -> ModelSignature:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    classes = dict.fromkeys([NONE, *(name for one in bundle.classifiers.values() for name in one.classes)])
    names = dict.fromkeys(feature.name for catalogue in GRAINS.values() for feature in catalogue)
    return ModelSignature(
        inputs=Schema([ColSpec(DataType.double, name, required=False) for name in names]),
        outputs=Schema([ColSpec(DataType.double, name, required=False) for name in (P_VALUE, *classes)]),
        params=ParamSchema([ParamSpec("scale", DataType.string, SCALE)]),
    )


def register(
    bundle: Bundle, model_uri: str, home: Path, run_id: str | None = None, description: str | None = None
) -> str:
    """Register a logged bundle as a new version, make it the challenger and return the version.

    Args:
        bundle: The bundle.
        model_uri: Where it was logged.
        home: TAPEWATCH_HOME.
        run_id: The run that made it.
        description: What people read of it, such as a model card; at most 5,000 characters are kept.

    Raises:
        RegistryError: There is no such model.
    """
    with mlflow_at(home) as client:
        from mlflow.exceptions import MlflowException

        tags = {"digest": bundle.digest, "feature_schema": bundle.schema_hash, "created_from": bundle.created_from}
        if MAIN_METRIC in bundle.metrics:
            tags[MAIN_METRIC] = repr(float(bundle.metrics[MAIN_METRIC]))
        if not client.search_registered_models(f"name = '{MODEL}'"):
            client.create_registered_model(MODEL, description="Tapewatch: learned detectors, weights, calibrators.")
        try:
            text = description[:_DESCRIPTION] if description else None
            version = client.create_model_version(MODEL, model_uri, run_id, tags=tags, description=text)
        except MlflowException as error:
            raise RegistryError(f"model must be a logged bundle, was {model_uri}: {error}") from error
        # Serving shadows it; it must not need MLflow for that.
        _cache(bundle, home)
        _name(client, home, CHALLENGER, version.version, bundle.digest)
        return str(version.version)


def promote(run_or_version: str, home: Path, *, force: bool = False) -> Promotion:
    """Make a registered bundle the champion, and cache it where scan and serve start from.

    Args:
        run_or_version: Run id (or its first 6 digits or more), version number, or alias such as "challenger".
        home: TAPEWATCH_HOME.
        force: Promote even what is worse in the main metric, `average_precision`.

    Raises:
        RegistryError: No such run or version, or it is worse than the champion.
        BundleError: The registered bundle is damaged or made for other features.
    """
    with mlflow_at(home) as client:
        version, champion = _find(client, run_or_version), _by_alias(client, CHAMPION)
        bundle = _bundle_of(client, version)
        if champion is not None and champion.version != version.version and not force:
            _refuse_worse(bundle, champion)
        challenger = _by_alias(client, CHALLENGER)
        _cache(bundle, home)
        _name(client, home, CHAMPION, version.version, bundle.digest)
        # Last: until it is the champion in both places, the same call finds it by this name again.
        if challenger is not None and challenger.version == version.version:
            (home / CHALLENGER).unlink(missing_ok=True)
            client.delete_registered_model_alias(MODEL, CHALLENGER)
    replaced = None if champion is None else champion.tags["digest"]
    return Promotion(str(version.version), bundle.digest, bundle.metrics.get(MAIN_METRIC), replaced)


def load_champion(home: Path) -> Bundle | None:
    """Return the promoted bundle from its cache, or None if none was promoted.

    Raises:
        BundleError: The cached bundle is missing, damaged or made for other features.
    """
    return _load_cached(home, CHAMPION)


def load_challenger(home: Path) -> Bundle | None:
    """Return the newest registered bundle that was not promoted, from its cache, or None if there is none.

    Raises:
        BundleError: The cached bundle is missing, damaged or made for other features.
    """
    return _load_cached(home, CHALLENGER)


def _load_cached(home: Path, alias: str) -> Bundle | None:
    try:
        digest = (home / alias).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    return Bundle.load(home / "bundles" / digest)


def _find(client: MlflowClient, run_or_version: str) -> ModelVersion:
    versions = list(client.search_model_versions(f"name = '{MODEL}'"))
    found = [item for item in versions if str(item.version) == run_or_version]
    if not found and len(run_or_version) >= 6:
        found = [item for item in versions if (item.run_id or "").startswith(run_or_version)]
    by_alias = None if found else _by_alias(client, run_or_version)
    if by_alias is not None:
        found = [by_alias]
    if len({item.run_id for item in found}) != 1:
        known = ", ".join(f"{item.version} (run {str(item.run_id)[:8]})" for item in versions) or "none"
        raise RegistryError(f"must be a registered version or its run, was {run_or_version}; registered: {known}")
    return max(found, key=lambda item: int(item.version))


def _by_alias(client: MlflowClient, alias: str) -> ModelVersion | None:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(MODEL, alias)
    except MlflowException:
        return None


def _bundle_of(client: MlflowClient, version: ModelVersion) -> Bundle:
    import mlflow.artifacts

    uri = client.get_model_version_download_uri(MODEL, version.version)
    with tempfile.TemporaryDirectory() as folder:
        return Bundle.load(Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder)) / _DATA)


def _refuse_worse(bundle: Bundle, champion: ModelVersion) -> None:
    if MAIN_METRIC not in champion.tags:
        return
    new, old = bundle.metrics.get(MAIN_METRIC), float(champion.tags[MAIN_METRIC])
    if new is not None and new >= old:
        return
    was = "not measured" if new is None else f"{new:.4f}"
    other = "" if champion.tags["created_from"] == bundle.created_from else ", each measured on its own dataset"
    raise RegistryError(
        f"{MAIN_METRIC} must be at least {old:.4f}, the champion's (version {champion.version}), was {was}{other}; "
        "--force promotes it all the same"
    )


def _name(client: MlflowClient, home: Path, alias: str, version: str, digest: str) -> None:
    """Let an alias, and the file from which serving starts, name a version whose bundle is in the cache."""
    client.set_registered_model_alias(MODEL, alias, version)
    _write(home / alias, digest + "\n")


def _cache(bundle: Bundle, home: Path) -> None:
    target = home / "bundles" / bundle.digest
    if target.exists():
        try:
            Bundle.load(target)
        except BundleError:
            shutil.rmtree(target)
        else:
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as folder:
        bundle.save(Path(folder) / bundle.digest).rename(target)


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MODEL_LIBRARIES = ("fastapi", "mlflow", "sklearn")
HEAVY = ("ccxt", "lightgbm", "matplotlib", "mlflow", "optuna", "shap", "sklearn")


def loaded_by(statement: str, candidates: tuple[str, ...], root: Path) -> list[str]:
    """Return which of the candidates a fresh interpreter has loaded after the statement."""
    program = f"{statement}; import sys; print(*sorted(set(sys.modules) & set({candidates!r})))"
    done = subprocess.run([sys.executable, "-c", program], cwd=root, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def modules_of(package: str, root: Path) -> str:
    paths = sorted(path.relative_to(root) for path in (root / package).rglob("*.py"))
    names = (".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths)
    return ", ".join(names)


def test_loaded_by_a_module_that_is_imported_names_it(root: Path) -> None:
    assert loaded_by("import json", ("json", "mlflow"), root) == ["json"]


@pytest.mark.parametrize("module", ["serving.app", "serving.supervisor"])
def test_serving_process_at_start_has_loaded_nothing_heavy(module: str, root: Path) -> None:
    assert loaded_by(f"import {module}", HEAVY, root) == []


def test_command_line_at_start_has_loaded_nothing_heavy(root: Path) -> None:
    assert loaded_by("import tapewatch", HEAVY, root) == []


def test_features_all_imported_have_loaded_no_model_library(root: Path) -> None:
    assert loaded_by(f"import {modules_of('features', root)}", MODEL_LIBRARIES, root) == []

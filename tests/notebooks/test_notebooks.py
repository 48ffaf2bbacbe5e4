"""The notebooks, executed in order in one home as a reader would, and what they must not hold."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PUMPS = Path(os.environ.get("TAPEWATCH_PUMPS", ROOT.parent / "shared" / "data" / "pumps"))
EXPLORE = "01_explore_a_real_pump"
TIMEOUT_S = 600
PLOTS = {
    EXPLORE: 2,
    "02_train_and_compare": 4,
    "03_calibrate_and_choose_thresholds": 3,
    "04_why_did_this_alert_fire": 3,
}


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)  # type: ignore[no-any-return,no-untyped-call]


def code_of(path: Path) -> Iterator[str]:
    for cell in read(path).cells:
        if cell.cell_type == "code":
            yield "\n".join(line for line in cell.source.splitlines() if not line.startswith("%"))


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment that all notebooks share: one home, and this tree's packages before installed ones."""
    home = tmp_path_factory.mktemp("notebooks")
    told = {"TAPEWATCH_HOME": str(home), "TAPEWATCH_PUMPS": str(PUMPS), "PYTHONPATH": str(ROOT)}
    return {**os.environ, **told, "IPYTHONDIR": str(home / "ipython")}


@pytest.mark.slow
# jupyter_client says this of any kernel on this machine alone.
@pytest.mark.filterwarnings("ignore::RuntimeWarning:jupyter_client")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_executed_top_to_bottom_has_no_error_and_shows_plots(path: Path, reader: dict[str, str]) -> None:
    if path.stem == EXPLORE and not (PUMPS / "tapes").is_dir():
        pytest.skip(f"no recorded pumps at {PUMPS}; TAPEWATCH_PUMPS names them")
    notebook = read(path)
    where = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(
        notebook, kernel_name="python3", resources=where,
        timeout=TIMEOUT_S, startup_timeout=TIMEOUT_S, iopub_timeout=TIMEOUT_S,
    )  # fmt: skip
    client.execute(env=reader)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    said = "".join(one["text"] for one in outputs if one["output_type"] == "stream" and one["name"] == "stderr")
    # Without ipywidgets, which no test needs, tqdm draws its bars as text and says so.
    assert "Warning" not in said.replace("TqdmWarning", "")
    assert sum("image/png" in one.get("data", {}) for one in outputs) >= PLOTS[path.stem]


def test_notebooks_are_the_four_that_are_told() -> None:
    assert {path.stem for path in NOTEBOOKS} == set(PLOTS)
    text = (ROOT / "notebooks" / "README.md").read_text()
    assert [path.name for path in NOTEBOOKS if path.name not in text] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_defines_nothing(path: Path) -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    defined = [node for text in code_of(path) for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]
    assert defined == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_kept_without_outputs(path: Path) -> None:
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.source for cell in cells if cell.outputs or cell.execution_count is not None] == []

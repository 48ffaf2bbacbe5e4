from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

MODULE_LINES = 400
FUNCTION_LINES = 40
TRACKED_BYTES = 500_000
VAGUE = {"common", "core", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
# Split in two, so that this file does not contain what it looks for.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs"),
        ("registry", "yarnpkg"),
        ("anaconda", "org"),
        ("deb", "debian"),
        ("crates", "io"),
        ("proxy", "golang"),
    )
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def code_lines(function: Function) -> int:
    """Return the lines of a function from its `def`, without its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def functions(text: str) -> Iterator[Function]:
    return (node for node in ast.walk(ast.parse(text)) if isinstance(node, Function))


def texts(paths: tuple[Path, ...]) -> Iterator[tuple[Path, str]]:
    for path in paths:
        content = path.read_bytes()
        if b"\0" not in content:
            yield path, content.decode()


def test_code_lines_with_docstring_leaves_it_out() -> None:
    (function,) = functions('def f():\n    """One.\n\n    Two.\n    """\n    return 1\n')
    assert code_lines(function) == 2


def test_modules_of_the_tree_are_at_most_400_lines(modules: tuple[Path, ...], root: Path) -> None:
    long = {str(path.relative_to(root)): len(path.read_text().splitlines()) for path in modules}
    assert {name: lines for name, lines in long.items() if lines > MODULE_LINES} == {}


def test_functions_of_the_tree_are_at_most_40_lines(modules: tuple[Path, ...], root: Path) -> None:
    long = [
        f"{path.relative_to(root)}:{function.lineno} {function.name}: {code_lines(function)} lines"
        for path in modules
        for function in functions(path.read_text())
        if code_lines(function) > FUNCTION_LINES
    ]
    assert long == []


def test_module_names_of_the_tree_say_what_is_held(modules: tuple[Path, ...], root: Path) -> None:
    named = (path.relative_to(root).with_suffix("") for path in modules)
    assert [str(name) for name in named if VAGUE & {word for part in name.parts for word in part.split("_")}] == []


def test_json_that_is_printed_is_written_where_nan_becomes_null(root: Path) -> None:
    printing = (root / "tapewatch.py", *(root / "serving" / "commands").glob("*.py"), *root.glob("serving/*_report.py"))
    assert [path.name for path in printing if "json.dumps" in path.read_text()] == []


def test_tracked_files_name_no_registry_host(tracked: tuple[Path, ...], root: Path) -> None:
    naming = [
        f"{path.relative_to(root)}: {host}" for path, text in texts(tracked) for host in REGISTRY_HOSTS if host in text
    ]
    assert naming == []


def test_tracked_files_are_small(tracked: tuple[Path, ...], root: Path) -> None:
    assert [str(path.relative_to(root)) for path in tracked if path.stat().st_size > TRACKED_BYTES] == []


def test_tracked_files_are_none_of_the_shared_data(tracked: tuple[Path, ...], root: Path) -> None:
    shared = root.parent / "shared" / "data"
    if not shared.is_dir():
        pytest.skip("no ../shared/data beside this clone to compare with")
    by_size = {path.stat().st_size: path for path in tracked}
    same = [
        str(path)
        for path in shared.rglob("*")
        if path.is_file()
        and (ours := by_size.get(path.stat().st_size))
        and hashlib.sha256(ours.read_bytes()).digest() == hashlib.sha256(path.read_bytes()).digest()
    ]
    assert same == []


def test_ruff_exceptions_each_have_a_reason_beside(root: Path) -> None:
    ruff = (root / "pyproject.toml").read_text().split("[tool.ruff.lint]")[1].split("[tool.ruff.lint.pydocstyle]")[0]
    exceptions = re.findall(r'^ +"[A-Z]+[0-9]*",.*$', ruff, flags=re.MULTILINE)
    assert exceptions
    assert [line.strip() for line in exceptions if not re.search(r",\s+# \S+", line)] == []

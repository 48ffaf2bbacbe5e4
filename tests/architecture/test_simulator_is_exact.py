"""The simulator leaves nothing to the C library: its last bit depends on the machine, and one bit is another tape."""

from __future__ import annotations

import ast
from pathlib import Path

SIMULATOR = Path(__file__).parents[2] / "training" / "simulator"
INEXACT = {"exp", "log", "log10", "log2", "log1p", "expm1", "pow", "sin", "cos", "tan", "tanh", "power", "random"}


def _is_whole(node: ast.expr) -> bool:
    """Whether an exponent is a whole number by its look: a literal, or the decimals of a tick or a lot."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int)
    return "decimals" in ast.unparse(node) or ast.unparse(node) == "self.tick[1]"


def _inexact(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        power = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and not _is_whole(node.right)
        called = (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in {"math", "np", "numpy"}
            and node.attr in INEXACT
        )
        if power or called:
            found.append(f"{path.name}:{getattr(node, 'lineno', 0)} {ast.unparse(node)}")
    return found


def test_what_happens_on_tapes_uses_no_function_of_the_c_library() -> None:
    folders = ("exchange", "flow", "people", "scenarios", "innocent")
    files = [path for folder in folders for path in (SIMULATOR / folder).glob("*.py")]
    files += [SIMULATOR / f"{name}.py" for name in ("opening", "chance", "arithmetic", "planting")]
    assert len(files) > 50
    assert [line for path in sorted(files) for line in _inexact(path)] == []

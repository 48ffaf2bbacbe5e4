"""Which layout a table has, judged by its column names; and what to tell a user whose columns fit none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches

from features.errors import SchemaError
from features.schema import Layout


def recognise(names: Sequence[str], layouts: Sequence[Layout], origin: str) -> tuple[Layout, str | None]:
    """Return the layout that a table with these columns has.

    Args:
        names: Column names as found.
        layouts: Layouts that may stand here, the likeliest first.
        origin: File or request body, for the message.

    Returns:
        The layout, and a note on columns that it does not know (they are left aside), or None.

    Raises:
        SchemaError: A column is there twice, or no layout has all its required columns; the text lists what is
            missing and what is unknown, each with the nearest spelling.
    """
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise SchemaError(f"{origin}: columns must have unique names, was twice: {', '.join(twice)}")
    fitting = [layout for layout in layouts if layout.required <= set(names)]
    if fitting:
        best = max(fitting, key=lambda layout: len(layout.required))
        unknown = _unknown(names, best)
        return best, f"columns that are not read: {unknown}" if unknown else None
    nearest = max(layouts, key=lambda layout: len(set(layout.names) & set(names)) / len(layout.required))
    raise SchemaError(_wrong_columns(names, nearest, layouts, origin))


def _wrong_columns(names: Sequence[str], nearest: Layout, layouts: Sequence[Layout], origin: str) -> str:
    missing = [name for name in nearest.names if name in nearest.required and name not in names]
    lines = [f"{origin}: columns must be those of {' or '.join(layout.name for layout in layouts)}"]
    lines.append(f"  nearest layout: {nearest.name}; missing: {', '.join(missing)}")
    unknown = _unknown(names, nearest)
    return "\n".join([*lines, f"  unknown: {unknown}"] if unknown else lines)


def _unknown(names: Sequence[str], layout: Layout) -> str:
    free = [name for name in layout.names if name not in names]
    return ", ".join(name + _suggestion(name, free) for name in names if name not in layout.names)


def _suggestion(name: str, free: Collection[str]) -> str:
    spelled = get_close_matches(name.strip().lower().replace(" ", "_"), free, n=1)
    return f" (did you mean {spelled[0]}?)" if spelled else ""

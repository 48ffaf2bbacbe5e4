"""What JSON can hold: what is unknown or without bound is null there, as JSON has no NaN."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def finite(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return JSON values with null for what is not a finite number.

    Example:
        >>> finite({"recall": float("nan"), "delays_s": (1.5, float("inf"))})
        {'recall': None, 'delays_s': [1.5, None]}
    """
    if isinstance(value, Mapping):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    if isinstance(value, float):
        # A plain one, whatever numpy called it.
        return float(value) if math.isfinite(value) else None
    return value


def json_text(value: Any, indent: int | None = None) -> str:  # noqa: ANN401 - as above
    """Return values as JSON that every reader takes."""
    return json.dumps(finite(value), indent=indent, allow_nan=False)

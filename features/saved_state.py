"""States of kernels as arrays by dotted name: named tuples of arrays and of further named tuples."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.generic]]
State = TypeVar("State", bound=tuple[Any, ...])


def to_arrays(state: tuple[Any, ...], prefix: str = "") -> Arrays:
    """Return a copy of every array of a state by its dotted name."""
    arrays: Arrays = {}
    for name, value in state._asdict().items():  # type: ignore[attr-defined]  # a named tuple
        if isinstance(value, np.ndarray):
            arrays[prefix + name] = value.copy()
        else:
            arrays.update(to_arrays(value, f"{prefix}{name}."))
    return arrays


def from_arrays(like: State, arrays: Arrays, prefix: str = "") -> State:
    """Return the state that `to_arrays` described; `like` is any state of the same shape of names."""
    out: dict[str, Any] = {}
    for name, value in like._asdict().items():  # type: ignore[attr-defined]  # a named tuple
        if isinstance(value, np.ndarray):
            out[name] = np.ascontiguousarray(arrays[prefix + name]).copy()
        else:
            out[name] = from_arrays(value, arrays, f"{prefix}{name}.")
    return type(like)(**out)

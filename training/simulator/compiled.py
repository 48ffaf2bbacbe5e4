"""How kernels are compiled.

Only the event loop itself is cached on disk. numba notices changes of the file that holds a cached kernel, not of the
files it calls, so whoever edits an inner kernel must delete `__pycache__`; a fresh installation never needs that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from numba import njit

P = ParamSpec("P")
R = TypeVar("R")


def inner(function: Callable[P, R]) -> Callable[P, R]:
    """Compile for use by other kernels only: without a way in from Python it compiles a third faster."""
    compiler: Callable[..., Callable[[Callable[P, R]], Callable[P, R]]] = njit
    return compiler(no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def entry(function: Callable[P, R]) -> Callable[P, R]:
    """Compile for calls from Python, and keep the machine code on disk."""
    return cast("Callable[P, R]", njit(cache=True)(function))

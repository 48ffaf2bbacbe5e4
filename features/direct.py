"""Direct calls of kernels whose arguments are of the same types every time.

numba looks at the types of all arguments at each call: 10 µs for what a sweep is given, and for some named tuples half
a millisecond, because it does not find again what it found before. With some thirty kernels a bucket of a market, that
is most of the time of a live feed.
"""

from __future__ import annotations

from typing import Any

import numba as nb
from numba.core.registry import CPUDispatcher


class Direct:
    """Calls a kernel, past numba's look at its arguments from the second call on.

    Whoever uses it answers for the types: arrays of the same dtype, number of dimensions and contiguity at every call,
    which holds for states made by one constructor and columns that one constructor allocates. What is only read may be
    read-only.

    Args:
        kernel: A function compiled by `numba.njit`.
    """

    def __init__(self, kernel: CPUDispatcher) -> None:
        self._kernel = kernel
        self._entry: Any = None

    def __call__(self, *arguments: Any) -> Any:  # noqa: ANN401 - as the kernel's
        """Return what the kernel returns."""
        if self._entry is not None:
            return self._entry(*arguments)
        result = self._kernel(*arguments)
        self._entry = self._kernel.overloads[tuple(nb.typeof(argument) for argument in arguments)].entry_point
        return result

"""Rows of the account grain, with the market's context, and the row on which an episode of an entity counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.account import AccountOut
from features.account_catalogue import ACCOUNT_COLUMN, ACCOUNT_FEATURES, CONTEXT
from features.rows import Rows
from features.sweeps.base import Found

_CONTEXT = [ACCOUNT_COLUMN[name] for name in CONTEXT]


def account_rows(parts: list[AccountOut], fast: Rows, found: list[Found]) -> Rows:
    """Return the rows of one output of the fold, oldest first.

    Args:
        parts: Rows as they were written; none ends where no row of `fast` does.
        fast: The market's rows of the same output.
        found: Episodes of entities that count in this output. One whose subject did nothing in that bucket gets a row
            of its own there, of which nothing but the context is known: the rule is heard, and the models abstain.
    """
    end = np.concatenate([np.empty(0, np.int64), *(part.end for part in parts)])
    entity = np.concatenate([np.empty(0, np.int32), *(part.entity for part in parts)])
    values = np.concatenate([np.empty((0, len(ACCOUNT_FEATURES))), *(part.values for part in parts)])
    named = np.concatenate([np.empty(0, np.int64), *(_keys(fast, one.end, one.members[:, 0]) for one in found)])
    missing = np.setdiff1d(named, _key(np.searchsorted(fast.end, end), entity))
    if len(missing):
        end = np.concatenate([end, fast.end[missing >> 32]])
        entity = np.concatenate([entity, (missing & 0xFFFFFFFF).astype(np.int64) - 1]).astype(np.int32)
        values = np.concatenate([values, np.full((len(missing), values.shape[1]), np.nan)])
        order = np.argsort(end, kind="stable")
        end, entity, values = end[order], entity[order], values[order]
    at = np.searchsorted(fast.end, end)
    for column, name in zip(_CONTEXT, CONTEXT, strict=True):
        values[:, column] = fast[name][at]
    pair = np.full((len(end), 2), -1, np.int32)
    return Rows("account", fast.market, fast.start[at], end, values, entity, pair)


def row_of(rows: Rows, fast: Rows, found: Found) -> NDArray[np.int64]:
    """Return the number of the row on which each episode counts: its subject's, in the first bucket that ends after it.

    Args:
        rows: What `account_rows` returned for these episodes.
        fast: The market's rows of the same output.
        found: The episodes.
    """
    keys = _key(np.searchsorted(fast.end, rows.end), rows.top_entity)
    order = np.argsort(keys, kind="stable")
    at: NDArray[np.int64] = order[np.searchsorted(keys[order], _keys(fast, found.end, found.members[:, 0]))]
    return at


def _keys(fast: Rows, end: NDArray[np.int64], subject: NDArray[np.int32]) -> NDArray[np.int64]:
    return _key(np.searchsorted(fast.end, end, side="right"), subject)


def _key(bucket: NDArray[np.int64], entity: NDArray[np.int32]) -> NDArray[np.int64]:
    # A subject may be unknown, -1.
    key: NDArray[np.int64] = (bucket.astype(np.int64) << 32) | (entity.astype(np.int64) + 1)
    return key

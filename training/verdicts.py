"""Verdicts: what labels say, and what they leave open.

Labels without verdicts are complete: what they do not name is innocent. A tape on which a label with a verdict lies is
*partly labelled*: somebody looked at some alerts of it. What was called true is a pattern, what was called false is a
reviewed look-alike, and what nobody looked at is unknown: neither learned from nor counted as false. So is an episode
that a split leaves out, because who is accused there is accused again in a later part.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

VERDICT, TAPES, DETECTORS, LEFT = "verdict", "tapes", "detectors", "left_out"


def labels_of(tape: str, labels: pd.DataFrame) -> pd.DataFrame:
    """Return the labels that are about a tape; they have a column `verdict` only where it is partly labelled.

    Args:
        tape: Name of the tape.
        labels: Labels of the dataset; a verdict that names no tape makes every tape partly labelled.
    """
    mine = labels
    if TAPES in labels:
        mine = labels[np.array([not names or tape in names for names in labels[TAPES]], dtype=bool)]
    if VERDICT not in mine:
        return mine
    return mine if mine[VERDICT].notna().any() else mine.drop(columns=VERDICT)


def is_partly(labels: pd.DataFrame) -> bool:
    """Return whether the labels of a tape leave open what they do not name."""
    return VERDICT in labels


def confirmed(labels: pd.DataFrame) -> pd.DataFrame:
    """Return the labels of patterns: all that were not called false."""
    return labels[~_is_false(labels)] if is_partly(labels) else labels


def refuted(labels: pd.DataFrame) -> pd.DataFrame:
    """Return the labels of look-alikes: what an analyst called false."""
    return labels[_is_false(labels)] if is_partly(labels) else labels.iloc[:0]


def left_out(labels: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which labels nobody learns from, shape (n_labels,)."""
    return labels[LEFT].to_numpy(dtype=bool) if LEFT in labels else np.zeros(len(labels), dtype=bool)


def _is_false(labels: pd.DataFrame) -> pd.Series[bool]:
    return labels[VERDICT].map(lambda verdict: verdict is False).astype(bool)

"""Track records of detectors: seeded by labelled suspicions, moved by what analysts decided."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.combination import DETECTORS
from models.records import Record
from training.labelling import is_judged, is_right
from training.markets import MarketTape
from training.verdicts import DETECTORS as SPOKE
from training.verdicts import VERDICT, is_partly, left_out

BY_DETECTOR = dict.fromkeys(DETECTORS, Record())


def of_rows(x: NDArray[np.float64], truth: NDArray[np.int8], weight: NDArray[np.float64]) -> dict[str, Record]:
    """Return the record of each detector over suspicions.

    Args:
        x: Detectors' log-odds, NaN where one abstains, shape (n, 3); above 0 it speaks up.
        truth: As in `Suspicions`; only those that are right or wrong count.
        weight: Weight of each suspicion.
    """
    used = is_judged(truth)
    loud, right, w = x[used] > 0, is_right(truth[used]), weight[used]
    yes_no = [(loud * (w * part)[:, None]).sum(axis=0).tolist() for part in (right, ~right)]
    sums = zip(DETECTORS, *yes_no, strict=True)
    return {name: Record(yes, no) for name, yes, no in sums}


def of_verdicts(markets: Sequence[MarketTape]) -> dict[str, dict[str, Record]]:
    """Return the records by typology that analysts' verdicts on alerts of these markets make.

    A verdict counts for every detector that had spoken up in the alert; of an episode that the split leaves out, none.
    """
    out: dict[str, dict[str, Record]] = {}
    for market in markets:
        if not is_partly(market.labels) or SPOKE not in market.labels:
            continue
        for _, label in market.labels[~left_out(market.labels)].iterrows():
            _count(label, out.setdefault(str(label["typology"]), dict(BY_DETECTOR)))
    return out


def _count(label: pd.Series, records: dict[str, Record]) -> None:
    verdict = label[VERDICT]
    if verdict is None:
        return
    for name in label[SPOKE]:
        if name in records:
            records[name] += Record(float(verdict), float(not verdict))


def together(one: dict[str, Record], other: dict[str, Record]) -> dict[str, Record]:
    """Return the sum of two records of each detector."""
    return {name: one[name] + other[name] for name in DETECTORS}

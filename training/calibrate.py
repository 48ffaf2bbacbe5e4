"""Calibration: what confidence, and what each detector's own word, has been worth on alerts nothing was learned from.

The unit is the alert, at its opening and at its end, never the window.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.alert import Alert
from models.calibration import Calibrator, Opening, fit_calibrator, fit_opening
from models.combination import DETECTORS
from training.alerts import Raised
from training.hits import truths
from training.verdicts import VERDICT, confirmed


@dataclass(frozen=True)
class Known:
    """An alert at its opening and at its end, and whether it was true."""

    opened: Alert
    last: Alert
    true: bool


def known_alerts(raised: Sequence[Raised]) -> Iterator[Known]:
    """Yield the alerts whose truth is known."""
    for one in raised:
        true, known = truths(one.last, one.market.labels)
        for opened, last, is_true, is_known in zip(one.opened, one.last, true, known, strict=True):
            if is_known:
                yield Known(opened, last, bool(is_true))


def known_only(raised: Raised) -> Raised:
    """Return the alerts of a market whose truth is known, and the labels of patterns alone."""
    known = list(known_alerts([raised]))
    labels = confirmed(raised.market.labels).drop(columns=VERDICT, errors="ignore")
    market = replace(raised.market, labels=labels)
    return Raised(market, tuple(one.opened for one in known), tuple(one.last for one in known))


def calibrate(raised: Sequence[Raised], typologies: tuple[str, ...]) -> Mapping[str, Calibrator]:
    """Return a calibrator per combined typology, fitted on alerts, at their opening and at their end.

    Args:
        raised: Alerts down to any confidence, by detectors that had not learned from their markets.
        typologies: Typologies that a combination was learned for.
    """
    fitted = {}
    for typology, known in _by_typology(raised, typologies).items():
        scores = np.array([[one.opened.confidence, one.last.confidence] for one in known]).ravel()
        truths = np.repeat([one.true for one in known], 2)
        fitted[typology] = fit_calibrator(scores, truths, np.full(len(scores), 0.5))
    return fitted


def calibrate_opening(by_threshold: Mapping[float, Sequence[Raised]], typologies: tuple[str, ...]) -> Opening:
    """Return what confidence is worth when an alert opens, fitted on alerts raised under several thresholds.

    Args:
        by_threshold: Alerts with calibrated confidence, by detectors that had not learned from their markets, by the
            threshold under which they opened.
        typologies: Typologies that are calibrated.
    """
    told = {}
    for threshold, raised in by_threshold.items():
        known = [one for part in _by_typology(raised, typologies).values() for one in part]
        told[threshold] = (
            np.array([one.opened.confidence for one in known]),
            np.array([one.true for one in known], bool),
        )
    return fit_opening(told)


def calibrate_detectors(
    raised: Sequence[Raised], typologies: tuple[str, ...]
) -> Mapping[str, Mapping[str, Calibrator]]:
    """Return a calibrator of each detector's own word, by typology and detector, fitted on alerts at their end.

    Args:
        raised: Alerts down to any confidence, by detectors that had not learned from their markets.
        typologies: Typologies that a combination was learned for.
    """
    fitted = {}
    for typology, known in _by_typology(raised, typologies).items():
        said, truths = words_of([one.last for one in known]), np.array([one.true for one in known])
        heard = {name: ~np.isnan(said[:, column]) for column, name in enumerate(DETECTORS)}
        fitted[typology] = {
            name: fit_calibrator(said[heard[name], column], truths[heard[name]])
            for column, name in enumerate(DETECTORS)
            if heard[name].any()
        }
    return fitted


def words_of(alerts: Sequence[Alert]) -> NDArray[np.float64]:
    """Return what each detector said of alerts, in [0, 1], shape (n_alerts, 3), NaN where one abstained.

    Columns are as in `combination.DETECTORS`; a rule's word is its score times the evidence that it rests on.
    """
    out = np.full((len(alerts), len(DETECTORS)), np.nan)
    for row, alert in enumerate(alerts):
        for part in alert.findings:
            out[row, DETECTORS.index(part.kind)] = part.score * (part.confidence if part.kind == "rule" else 1.0)
    return out


def _by_typology(raised: Sequence[Raised], typologies: tuple[str, ...]) -> dict[str, list[Known]]:
    found: dict[str, list[Known]] = {}
    for one in known_alerts(raised):
        if one.last.typology in typologies:
            found.setdefault(one.last.typology, []).append(one)
    return {name: found[name] for name in typologies if name in found}

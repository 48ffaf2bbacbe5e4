"""The classifier of onsets: of suspicions that lie in an episode of a public tape, which are its first seconds?

The classifier of typologies says whether something is a pump, and goes on saying so while the pump goes on; teaching it
to fall silent after the onset makes it miss pumps (see `training/README.md`). So a second one tells when it began. It
judges nothing: it says of an accusation whether it is early.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from features.catalogue import MARKET_GRAIN
from features.errors import TapewatchError
from models.classifier import NONE
from training.candidates import candidates_of
from training.experiment import Experiment
from training.fit_classifiers import ClassifierFit, Labelled, fit_classifiers
from training.labelling import FOLLOWS, GOES_ON, RIGHT, Suspicions

LEAST_GROUPS = 3


def fit_onsets(mine: Mapping[str, Suspicions], experiment: Experiment) -> ClassifierFit | None:
    """Return a classifier that tells onsets from what follows them; None with fewer than 3 tapes that show both.

    Args:
        mine: Suspicions of the fast scale, by typology.
        experiment: Candidates, their settings, features, seed.
    """
    parts = [rows.take(np.isin(rows.truth, (RIGHT, FOLLOWS, GOES_ON))) for rows in mine.values()]
    parts = [rows for rows in parts if (rows.truth == GOES_ON).any()]
    if not parts:
        return None
    label = np.concatenate([np.where(rows.truth == RIGHT, rows.typology, NONE) for rows in parts])
    values, group, weight = (
        np.concatenate([getattr(rows, name) for rows in parts]) for name in ("values", "group", "weight")
    )
    is_onset = label != NONE
    if min(len(np.unique(group[is_onset])), len(np.unique(group[~is_onset]))) < LEAST_GROUPS:
        return None
    for kind in (is_onset, ~is_onset):
        weight[kind] *= len(weight) / weight[kind].sum()
    try:
        return fit_classifiers(
            Labelled(values, label, group, weight, MARKET_GRAIN),
            seed=experiment.seed,
            candidates=candidates_of(experiment),
            allowed=experiment.features.of(MARKET_GRAIN),
        )
    except TapewatchError:
        # Too few rows know what any variant reads.
        return None

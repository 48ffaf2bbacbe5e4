"""A user who buys out of proportion to the user's own history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from models.rules.one_sided import AgainstOwn
from models.rules.one_sided_params import Params


@dataclass(frozen=True)
class ExcessiveAccumulationOwn(AgainstOwn):
    """Buying out of proportion to the user's own history.

    Pattern:
        Within a day at least 70 % of 10,000 USD bought, in five trades and more, and further above the mean of the
        user's daily proportions of the week before than two of their standard deviations.

    Innocent explanations:
        An investor who only came to buy: without a habit (fewer than 10 trades or 5 days) there is none to break.
        Who always buys, goes on. Whose days differ widely deviates only with more than all of them; that a week
        says little of what is usual costs confidence.

    Source:
        detectors.md, the nine parameters.
    """

    typology: ClassVar[str] = "excessive_accumulation_own"
    side: ClassVar[int] = 1

    params: Params = field(default_factory=Params)

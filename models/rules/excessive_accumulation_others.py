"""A user who buys out of proportion to the other users of the symbol."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from models.rules.one_sided import AgainstOthers
from models.rules.one_sided_params import OthersParams


@dataclass(frozen=True)
class ExcessiveAccumulationOthers(AgainstOthers):
    """Buying out of proportion to the other users of the symbol.

    Pattern:
        Within a day at least 70 % of 10,000 USD bought, in five trades and more, further above the median of the
        peers' proportions of that day than two robust standard deviations, and twice what the user usually buys.

    Innocent explanations:
        On a day on which all buy, nobody stands out. Who buys a little every day stands out from traders, but not
        more than ever. A user who never traded the symbol before came to buy (most executions of large orders look
        so) and is no peer of those who trade it daily. With few trades everybody is one-sided: occasional users are
        no benchmark.

    Source:
        detectors.md, siblings of the nine parameters.
    """

    typology: ClassVar[str] = "excessive_accumulation_others"
    side: ClassVar[int] = 1

    params: OthersParams = field(default_factory=OthersParams)

"""What the engine tells of the challenger in its shadow: logged, counted, and kept in a bounded file."""

from __future__ import annotations

import json
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import structlog

from features.canary import is_canary
from models.shadow import Compared
from serving.bounded_lines import append_bounded
from serving.times import iso

MOST_BYTES = 4 * 2**20
_MOST_SEEN = 10_000
log = structlog.get_logger(__name__)


def record_of(what: Compared, shadowed: str) -> dict[str, Any]:
    """Return a comparison with the challenger of a version as JSON types."""
    alert = what.alert
    sides = {"champion": what.champion, "challenger": what.challenger}
    told = {
        name: None
        if one is None
        else {"alert_id": one.alert_id, "confidence": one.confidence, "model": one.model_version}
        for name, one in sides.items()
    }
    return {
        "shadowed": shadowed,
        "agreement": what.agreement,
        "disagrees": what.disagrees,
        "typology": alert.typology,
        "venue": alert.venue,
        "symbol": alert.symbol,
        "accounts": list(alert.accounts),
        "window_start": iso(alert.window_start),
        "window_end": iso(alert.window_end),
        **told,
    }


class ShadowLog:
    """Hears what the shadow sees; a comparison that a replay of the journal brings again counts once.

    Args:
        path: File of JSON lines; grown to 4 MiB it becomes `<name>.1`, and a new one begins.
        challenger: Version of the bundle that is shadowed.
    """

    def __init__(self, path: Path, challenger: str) -> None:
        self.challenger = challenger
        self._path = path
        self._counts: Counter[tuple[str, str]] = Counter()
        self._seen: OrderedDict[str, None] = OrderedDict()

    @property
    def counts(self) -> dict[str, int]:
        """Comparisons since the process started by "agreement typology"."""
        return {f"{agreement} {typology}": n for (agreement, typology), n in self._counts.copy().items()}

    def compared(self, what: Compared) -> None:
        """Take note of one comparison; canaries are not compared."""
        if is_canary(what.alert.venue):
            return
        record = record_of(what, self.challenger)
        line = json.dumps(record)
        if line in self._seen:
            return
        self._seen[line] = None
        if len(self._seen) > _MOST_SEEN:
            self._seen.popitem(last=False)
        self._counts[what.agreement, what.alert.typology] += 1
        if what.disagrees:
            log.info("shadow.disagrees", **record)
        append_bounded(self._path, line.encode(), MOST_BYTES)

    def failed(self, why: str) -> None:
        """Take note that the challenger failed and is not asked again."""
        log.error("shadow.failed", challenger=self.challenger, why=why)

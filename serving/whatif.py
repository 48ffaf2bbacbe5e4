"""What-if for a request: over a dataset below TAPEWATCH_HOME, or over what the engine's journal still holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from features.encoding import Lots
from features.labels import no_labels
from models.parameters import Parameters
from models.registry import load_champion
from serving.engine.recording import is_recorded, recorded_events
from serving.errors import RequestError
from serving.settings import Settings
from serving.whatif_report import figures
from training.hits import with_nanoseconds
from training.markets import MarketTape, fold_markets
from training.whatif import compared, refolding, what_if

JOURNAL = "journal"


def path_below(settings: Settings, dataset: str | None) -> Path | None:
    """Return the path of a dataset or tape; None for the journal.

    Raises:
        RequestError: There is none below TAPEWATCH_HOME, or the journal is empty.
    """
    if dataset is None:
        if not is_recorded(settings):
            raise RequestError("dataset", "given while the engine has recorded nothing yet")
        return None
    home = settings.home.resolve()
    try:
        path = (home / dataset).resolve()
        is_there = path != home and path.is_relative_to(home) and path.exists()
    except (OSError, ValueError):
        is_there = False
    if not is_there:
        raise RequestError("dataset", "the path of a dataset or tape below TAPEWATCH_HOME", dataset)
    return path


def replay(
    settings: Settings, path: Path | None, before: Parameters, after: Parameters, *, rules_only: bool, details: bool
) -> dict[str, Any]:
    """Return the figures of a what-if; runs in a process of its own.

    Args:
        settings: Where the champion, the journal and stored features are.
        path: Dataset or tape; None for the journal.
        before: The parameters in force.
        after: The changed ones.
        rules_only: Leave the champion model out.
        details: Tell the alerts gained and lost.
    """
    bundle = None if rules_only else load_champion(settings.home)
    if path is not None:
        result = what_if(path, settings.home, before, after, bundle)
    else:
        old = _journal(settings, before)
        new = _journal(settings, after) if refolding(before, after) else old
        result = compared(old, new, before, after, bundle, labelled=False)
    told = {"model_version": bundle.version if bundle else "rules", "refolded": list(refolding(before, after))}
    return {
        "version": {"before": before.version(), "after": after.version()},
        **told,
        **figures(result, details=details),
    }


def _journal(settings: Settings, parameters: Parameters) -> list[MarketTape]:
    lots = Lots(parameters.events.lot, dict(parameters.events.lots))
    events, names = recorded_events(settings, lots)
    return list(fold_markets(JOURNAL, events, names, with_nanoseconds(no_labels()), parameters))

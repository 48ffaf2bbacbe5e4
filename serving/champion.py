"""What is served: the parameters, and the promoted bundle where there is one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from features.encoding import Lots
from features.errors import BundleError
from models.parameters import Parameters

if TYPE_CHECKING:
    from pathlib import Path

    from models.bundle import Bundle
    from serving.settings import Settings

RULES_ONLY = "rules only"
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Champion:
    """Parameters and bundle; without a bundle the rules judge alone.

    Attributes:
        parameters: What the rules and alerts are set to.
        bundle: The promoted bundle.
        challenger: The bundle that is shadowed, if there is one.
    """

    parameters: Parameters
    bundle: Bundle | None
    challenger: Bundle | None = None

    @property
    def digest(self) -> str:
        """Digest of the bundle, or "rules only"."""
        return RULES_ONLY if self.bundle is None else self.bundle.digest

    @property
    def version(self) -> str:
        """Version of the bundle, or "rules only"."""
        return RULES_ONLY if self.bundle is None else self.bundle.version

    @property
    def lots(self) -> Lots:
        """Smallest quantities, as the parameters have them."""
        return Lots(self.parameters.events.lot, dict(self.parameters.events.lots))


def load_champion(settings: Settings) -> Champion:
    """Return what is to be served from `TAPEWATCH_HOME`, without a challenger.

    Raises:
        ParameterError: `parameters.toml` has mistakes; all are told.
        BundleError: The bundle is missing, damaged, or was made for other features.
    """
    exists = settings.champion_file.exists()
    return Champion(settings.parameters(), _loaded(settings, settings.champion_file) if exists else None)


def load_shadowed(settings: Settings) -> Champion:
    """Return the same with the challenger that judges in its shadow, where there is one that can be used.

    Raises:
        ParameterError: As `load_champion`.
        BundleError: As `load_champion`.
    """
    return replace(load_champion(settings), challenger=_challenger(settings))


def _loaded(settings: Settings, file: Path) -> Bundle:
    from models.bundle import Bundle  # noqa: PLC0415 - numba kernels of the forests load only where there is a bundle

    return Bundle.load(settings.bundle_folder(file.read_text(encoding="utf-8").strip()))


def _challenger(settings: Settings) -> Bundle | None:
    try:
        return _loaded(settings, settings.challenger_file) if settings.challenger_file.exists() else None
    except (BundleError, OSError) as error:
        # Nobody depends on a challenger.
        log.warning("shadow.unusable", why=str(error))
        return None

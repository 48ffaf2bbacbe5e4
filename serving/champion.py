"""What is served: the parameters, and the promoted bundle where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.encoding import Lots
from models.parameters import Parameters

if TYPE_CHECKING:
    from models.bundle import Bundle
    from serving.settings import Settings

RULES_ONLY = "rules only"


@dataclass(frozen=True)
class Champion:
    """Parameters and bundle; without a bundle the rules judge alone."""

    parameters: Parameters
    bundle: Bundle | None

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
    """Return what is to be served from `TAPEWATCH_HOME`.

    Raises:
        ParameterError: `parameters.toml` has mistakes; all are told.
        BundleError: The bundle is missing, damaged, or was made for other features.
    """
    parameters = settings.parameters()
    if not settings.champion_file.exists():
        return Champion(parameters, None)
    from models.bundle import Bundle  # noqa: PLC0415 - numba kernels of the forests load only where there is a bundle

    digest = settings.champion_file.read_text(encoding="utf-8").strip()
    return Champion(parameters, Bundle.load(settings.bundle_folder(digest)))

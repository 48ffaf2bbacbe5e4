"""Pictures of tapes and of what was planted in them: `draw_dataset` for a dataset, `draw_tape` for one tape."""

from __future__ import annotations

from training.pictures.draw import draw_dataset, draw_tape

__all__ = ["draw_dataset", "draw_tape"]

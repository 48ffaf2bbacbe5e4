"""Zooming on the densest part of an episode."""

from __future__ import annotations

import numpy as np

from training.pictures.spans import CANCELS, zoom_span

MS, SECOND = 1_000_000, 1_000_000_000
START = 1_767_600_000 * SECOND


def test_zoom_on_messages_of_the_same_instant_ends() -> None:
    times = np.array([START, *([START + SECOND] * 8)], dtype=np.int64)
    kinds = np.array([2, 2, 3, CANCELS, CANCELS, 2, 3, CANCELS, 0], dtype=np.int64)
    zoom = zoom_span(times, kinds, (START - 9 * SECOND, START + 9 * SECOND))
    assert zoom is None or zoom[0] <= START + SECOND <= zoom[1]


def test_zoom_of_cycles_far_apart_shows_the_shortest_of_the_fullest() -> None:
    cycle = np.array([0, 10, 20, 300, 310, 320]) * MS
    times = np.concatenate([2 * cycle, 20 * SECOND + cycle, 60 * SECOND + 3 * cycle])
    kinds = np.tile([2, 3, 3, 0, CANCELS, CANCELS], 3)
    assert zoom_span(times, kinds, (0, 80 * SECOND)) == (19_920 * MS, 20_400 * MS)

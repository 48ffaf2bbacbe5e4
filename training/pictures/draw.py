"""Drawing a dataset or a tape: overview of each tape, a picture of each episode, and the page that lists them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from features.readers import read_dataset
from training.pictures.behaviour import behaviour_figure, is_behaviour
from training.pictures.episode import episode_figure
from training.pictures.index import DrawnTape, write_index
from training.pictures.overview import overview_figures
from training.pictures.paper import write
from training.pictures.planted import Episode, read_episodes
from training.pictures.recorded import Market, Recorded, load
from training.pictures.spans import EXCERPT_NS, busiest, is_throughout

Progress = Callable[[int, int], None]
_MOST_EXCERPTS = 12


def draw_dataset(dataset: Path, out: Path, progress: Progress | None = None) -> Path:
    """Draw every tape of a dataset, each planted episode and each look-alike; return the page that lists them.

    Args:
        dataset: Folder with `tapes/`, `labels.csv` and perhaps `innocent.csv`.
        out: Folder to write to; pictures of the same names are replaced.
        progress: Called with (pictures done, pictures in all); the overview of a tape counts as one.

    Raises:
        TapeError: The folder is not a dataset, or a tape cannot be read.
        SchemaError: A table breaks the schema.
    """
    tapes, episodes = read_dataset(dataset).tapes, read_episodes(dataset)
    done, total = 0, len(tapes) + len(episodes)
    drawn = []
    for path in tapes:
        tape = load(path)
        mine = [episode for episode in episodes if episode.is_on(tape)]
        left_out = len(mine)
        mine = one_of_each(mine, tape)
        done += left_out - len(mine)
        drawn.append(_draw(tape, out, mine, _from(progress, done, total)))
        done += 1 + len(mine)
    return write_index(out, dataset.resolve().name, drawn)


def draw_tape(
    path: Path, out: Path, episodes: Sequence[Episode] | None = None, progress: Progress | None = None
) -> Path:
    """Draw one tape; return the page that lists its pictures.

    Args:
        path: File or folder of the tape.
        out: Folder to write to.
        episodes: What happened on it; without any, the busiest five minutes of its largest markets are drawn, and
            in them the account that traded most.
        progress: As for `draw_dataset`.

    Raises:
        TapeError: The tape cannot be read.
        SchemaError: A table breaks the schema.
    """
    tape = load(path)
    shown = list(episodes) if episodes else excerpts(tape)
    return write_index(out, tape.name, [_draw(tape, out, shown, _from(progress, 0, 1 + len(shown)))])


def one_of_each(episodes: Sequence[Episode], tape: Recorded) -> list[Episode]:
    """Return episodes, of look-alikes that go on throughout only the first of each kind and market."""
    kept: dict[object, Episode] = {}
    for number, episode in enumerate(episodes):
        key: object = number
        if is_throughout(episode, tape.span):
            key = (episode.kind, episode.venues, episode.symbols)
        seen = kept.get(key)
        kept[key] = episode if seen is None else replace(seen, alike=seen.alike + 1)
    return list(kept.values())


def _first_of_each(episodes: Sequence[Episode], tape: Recorded) -> list[Episode]:
    """Return episodes, of look-alikes that go on throughout only the first of each kind, whatever its market."""
    kept: dict[object, Episode] = {}
    for number, episode in enumerate(episodes):
        key: object = episode.kind if is_throughout(episode, tape.span) else number
        seen = kept.get(key)
        kept[key] = episode if seen is None else replace(seen, alike=seen.alike + episode.alike)
    return list(kept.values())


def excerpts(tape: Recorded) -> list[Episode]:
    """Return the busiest five minutes of the tape's largest markets, with the account that traded most in each."""
    largest = sorted(tape.markets, key=lambda market: -len(market.events))[:_MOST_EXCERPTS]
    return [_excerpt(tape, market) for market in largest if len(market.events)]


def _excerpt(tape: Recorded, market: Market) -> Episode:
    start, end = busiest(market.events.time, market.span, EXCERPT_NS)
    trades = market.trades.between(start, end)
    holders = np.concatenate([trades.buyer, trades.seller])
    volume = np.bincount(holders + 1, weights=np.tile(trades.quantity, 2))[1:]
    accounts = (tape.names.accounts[int(volume.argmax())],) if len(volume) else ()
    kind = "busiest_minutes"
    return Episode(kind, "excerpt", (market.venue,), (market.symbol,), accounts, start, end, tape=tape.name)


def _draw(tape: Recorded, out: Path, episodes: Sequence[Episode], done: Callable[[int], None]) -> DrawnTape:
    folder = out / _plain(tape.name)
    pages = overview_figures(tape, [episode for episode in episodes if episode.role != "excerpt"])
    overviews = tuple(write(page, folder / f"overview-{number}.png") for number, page in enumerate(pages, start=1))
    done(1)
    drawn: list[tuple[Episode, Path | None]] = []
    order = sorted(_first_of_each(episodes, tape), key=lambda episode: (episode.innocent, episode.start, episode.kind))
    for number, episode in enumerate(order, start=1):
        path = None
        if episode.markets(tape):
            figure = (behaviour_figure if is_behaviour(episode) else episode_figure)(tape, episode)
            path = write(figure, folder / f"{number:03d}-{_plain(episode.kind)}-{_plain(episode.symbols[0])}.png")
        drawn.append((episode, path))
        done(1 + number)
    return DrawnTape(tape.name, overviews, tuple(drawn))


def _plain(name: str) -> str:
    """Return a name that can be part of a file name."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.") or "x"


def _from(progress: Progress | None, before: int, total: int) -> Callable[[int], None]:
    def report(done: int) -> None:
        if progress is not None:
            progress(min(before + done, total), total)

    return report

"""The page that lists a dataset's pictures: one file, relative links, nothing from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote

from training.pictures.paper import clock, date_of, family_of, length
from training.pictures.planted import Episode

_PAGE = Path(__file__).with_name("index_page.html")


@dataclass(frozen=True)
class DrawnTape:
    """The pictures of one tape.

    Attributes:
        name: Name of the tape.
        overviews: Pictures of all its markets.
        episodes: Each episode with its picture; None where the tape does not have its market.
    """

    name: str
    overviews: tuple[Path, ...]
    episodes: tuple[tuple[Episode, Path | None], ...]


def write_index(out: Path, title: str, tapes: Sequence[DrawnTape]) -> Path:
    """Write `index.html` into the folder of the pictures and return its path."""
    episodes = [episode for tape in tapes for episode, _ in tape.episodes]
    planted = sum(episode.role == "planted" for episode in episodes)
    look_alikes = sum(episode.role == "innocent" for episode in episodes)
    counts = ", ".join([_some(len(tapes), "tape"), _some(planted, "planted episode"), _some(look_alikes, "look-alike")])
    page = Template(_PAGE.read_text(encoding="utf-8")).substitute(
        title=escape(title),
        summary=f"{counts}. Times are UTC.",
        tapes="\n".join(_tape(out, tape) for tape in tapes),
    )
    path = out / "index.html"
    path.write_text(page, encoding="utf-8")
    return path


def _some(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _tape(out: Path, tape: DrawnTape) -> str:
    pages = "\n".join(
        f'<a href="{_link(out, path)}"><img src="{_link(out, path)}" alt="overview of {escape(tape.name)}"></a>'
        for path in tape.overviews
    )
    rows = "\n".join(_row(out, episode, path) for episode, path in tape.episodes)
    heads = '<th>picture</th><th>kind</th><th class="number">severity</th><th>market</th><th>span</th>'
    heads += '<th class="number">accounts</th><th class="number">orders</th>'
    table = f"<table><thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>" if rows else ""
    return f'<h2>{escape(tape.name)}</h2>\n<div class="overview">\n{pages}\n</div>\n{table}'


def _row(out: Path, episode: Episode, path: Path | None) -> str:
    shown = ""
    if path is not None:
        small = path.parent / "thumbs" / path.name
        alt = escape(f"{episode.title} on {' '.join(episode.symbols)}")
        shown = f'<a href="{_link(out, path)}"><img loading="lazy" src="{_link(out, small)}" alt="{alt}"></a>'
    severity = "–" if math.isnan(episode.severity) else f"{episode.severity:.2f}"
    market = escape(f"{', '.join(dict.fromkeys(episode.venues))}  {', '.join(dict.fromkeys(episode.symbols))}")
    span = f"{date_of(episode.start)} {clock(episode.start)}<br><small>{length(episode.end - episode.start)}</small>"
    family, colour = family_of(episode)
    words = escape(
        " ".join([episode.kind, episode.title, family, *episode.venues, *episode.symbols, *episode.accounts])
    )
    kind = f'<span class="dot" style="background:{colour}"></span><span class="kind">{escape(episode.title)}</span>'
    return (
        f'<tr data-words="{words.lower()}"><td class="picture">{shown}</td>'
        f"<td>{kind}<br><small>{escape(family)}</small></td>"
        f'<td class="number">{severity}</td><td>{market}</td><td>{span}</td>'
        f'<td class="number">{len(episode.accounts)}</td><td class="number">{len(episode.order_ids) or "–"}</td></tr>'
    )


def _link(out: Path, path: Path) -> str:
    return quote(path.relative_to(out).as_posix())

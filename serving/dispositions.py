"""Dispositions as a dataset: what analysts decided, in the form in which simulated data and real pumps are labelled."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import TapeError, TapewatchError
from features.readers import Tape, read_tape
from features.tables import stem_of, suffix_of
from models.records import spoke_up
from serving.alerts.store import AlertStore, Decided
from serving.times import iso

MARK = "dispositions.json"
COLUMNS = ("typology", "venue", "symbol", "accounts", "start", "end", "order_ids", "trade_ids", "severity", "verdict",
           "tapes", "detectors", "alert_id", "by", "decided_at")  # fmt: skip
Spans = dict[tuple[str, str], tuple[int, int]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Exported:
    """What came of an export.

    Attributes:
        path: The dataset.
        true: Labels of alerts that were called true, or reported.
        false: Labels of alerts that were called false: reviewed look-alikes.
        inconclusive: Alerts left out because nobody could tell.
        without_tape: Alerts left out because none of the tapes holds their market and time.
        tapes: Tapes in the dataset, each with at least one label.
    """

    path: Path
    true: int
    false: int
    inconclusive: int
    without_tape: int
    tapes: int


def export_dispositions(
    store: AlertStore, out: Path, tapes: Sequence[Path], *, copy: bool = False, progress: Progress | None = None
) -> Exported:
    """Write what analysts decided as a dataset.

    Args:
        store: The alert store.
        out: Folder of the dataset; one that an earlier export wrote is replaced.
        tapes: Tapes, folders of tapes, or datasets, on which the alerts were raised.
        copy: Copy the tapes; by default they are linked to.
        progress: Called with (tapes read, tapes in all).

    Raises:
        TapewatchError: The folder holds something else, or nothing that was decided lies on these tapes.
        TapeError: A tape cannot be read.
    """
    _refuse_foreign(out)
    decided = store.decided()
    known = [one for one in decided if one.disposition != "inconclusive"]
    found = _names([path for given in tapes for path in _tapes_in(given)])
    rows: list[dict[str, Any]] = []
    used: dict[str, Path] = {}
    for done, (name, path) in enumerate(found.items(), start=1):
        spans, taken = _spans(read_tape(path)), {row["alert_id"] for row in rows}
        mine = [_label(one, name) for one in known if _lies_on(one, spans) and one.record["alert_id"] not in taken]
        if mine:
            rows, used[name] = rows + mine, path
        if progress:
            progress(done, len(found))
    if not rows:
        counts = f"{len(decided)} closed alerts, {len(known)} of them decided, {len(found)} tapes"
        raise TapewatchError(f"decided alerts must lie on one of the tapes, was: {counts}")
    verdicts = Counter(row["verdict"] for row in rows)
    exported = Exported(
        out, verdicts["true"], verdicts["false"], len(decided) - len(known), len(known) - len(rows), len(used)
    )
    _write(out, rows, used, exported, copy=copy)
    return exported


def _write(out: Path, rows: list[dict[str, Any]], used: dict[str, Path], exported: Exported, *, copy: bool) -> None:
    shutil.rmtree(out, ignore_errors=True)
    (out / "tapes").mkdir(parents=True)
    for name, path in used.items():
        target = out / "tapes" / (name + ("" if path.is_dir() else suffix_of(path) or ""))
        if not copy:
            target.symlink_to(path.resolve(), target_is_directory=path.is_dir())
        elif path.is_dir():
            shutil.copytree(path, target)
        else:
            shutil.copy2(path, target)
    labels = pd.DataFrame(rows, columns=list(COLUMNS))
    labels.sort_values(["start", "alert_id"]).to_csv(out / "labels.csv", index=False)
    told = {name: value for name, value in asdict(exported).items() if name != "path"}
    (out / MARK).write_text(json.dumps(told, indent=1), encoding="utf-8")


def _refuse_foreign(out: Path) -> None:
    if out.exists() and not (out / MARK).exists() and (not out.is_dir() or any(out.iterdir())):
        raise TapewatchError(f"{out} must be a new folder, or one that holds exported dispositions, was neither")


def _tapes_in(given: Path) -> Iterator[Path]:
    folder = given / "tapes" if (given / "tapes").is_dir() else given
    if folder.is_file() or (folder.is_dir() and _is_tape(folder)):
        yield folder
        return
    if not folder.is_dir():
        raise TapeError(f"{given}: must be a tape or a folder of tapes, was missing")
    yield from sorted(one for one in folder.iterdir() if (one.is_dir() and _is_tape(one)) or suffix_of(one))


def _is_tape(folder: Path) -> bool:
    return any(suffix_of(one) and stem_of(one) in {"trades", "orders", "books"} for one in folder.iterdir())


def _names(paths: Sequence[Path]) -> dict[str, Path]:
    out: dict[str, Path] = {}
    for path in paths:
        plain = path.name if path.is_dir() else stem_of(path)
        name, number = plain, 1
        while name in out and out[name].resolve() != path.resolve():
            number += 1
            name = f"{plain}-{number}"
        out[name] = path
    return out


def _spans(tape: Tape) -> Spans:
    out: Spans = {}
    for table in (tape.trades, tape.orders, tape.books):
        if table is None or not table.num_rows:
            continue
        columns = table.select(["venue", "symbol", "timestamp"]).to_pandas()
        times = columns["timestamp"].astype("int64")
        of_market = times.groupby([columns["venue"].astype(str), columns["symbol"].astype(str)]).agg(["min", "max"])
        for (venue, symbol), first, last in of_market.itertuples():
            known = out.get((venue, symbol), (first, last))
            out[venue, symbol] = (min(known[0], first), max(known[1], last))
    return out


def _lies_on(one: Decided, spans: Spans) -> bool:
    span = spans.get((one.record["venue"], one.record["symbol"]))
    if span is None:
        return False
    start, end = (pd.Timestamp(one.record[name]).value for name in ("window_start", "window_end"))
    return start <= span[1] and end >= span[0]


def _label(one: Decided, tape: str) -> dict[str, Any]:
    record = one.record
    confidence = record["confidence"]
    spoke = [part["kind"] for part in record["findings"] if spoke_up(part["score"], part["confidence"])]
    lists = {name: ";".join(record[name]) for name in ("accounts", "order_ids", "trade_ids")}
    return {
        **{name: record[name] for name in ("typology", "venue", "symbol", "alert_id")},
        **lists,
        "start": record["window_start"],
        "end": record["window_end"],
        # Risk is confidence times severity.
        "severity": round(min(1.0, record["risk_score"] / confidence), 4) if confidence else None,
        # Who reports an alert to the authority does not do so because it is false.
        "verdict": "false" if one.disposition == "false" else "true",
        "tapes": tape,
        "detectors": ";".join(dict.fromkeys(spoke)),
        "by": one.by,
        "decided_at": iso(one.at),
    }

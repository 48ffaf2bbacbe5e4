from __future__ import annotations

from pathlib import Path

import msgspec

from serving.bounded_lines import append_bounded, read_records

MOST = 200


class Number(msgspec.Struct):
    n: int


def line(n: int) -> bytes:
    return msgspec.json.encode(Number(n))


def numbers(path: Path) -> list[int]:
    return [one.n for one in read_records(path, Number)]


def test_lines_are_read_oldest_first_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    assert numbers(path) == []
    for n in range(100):
        append_bounded(path, line(n), MOST)
    kept = numbers(path)
    assert kept == list(range(kept[0], 100))
    assert len(kept) * len(line(99)) <= 3 * MOST


def test_line_cut_short_anywhere_is_left_out_and_hurts_no_other(tmp_path: Path) -> None:
    for cut in range(len(line(2)) + 1):
        path = tmp_path / str(cut)
        append_bounded(path, line(1), MOST)
        with path.open("ab") as file:
            file.write(line(2)[:cut])
        append_bounded(path, line(3), MOST)
        assert numbers(path) == [1, 2, 3] if cut == len(line(2)) else [1, 3]

from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import StoreError
from serving.engine.frames import HEAD_BYTES
from serving.engine.journal import Journal
from serving.engine.remembered import Remembered
from serving.errors import JournalDamagedError

SEGMENT = 1 << 20
FIRST = "00000000000000000000.log"


def payloads(folder: Path, offset: int = 0, segment: int = SEGMENT) -> list[bytes]:
    with Journal(folder, segment) as journal:
        return [payload for _, payload in journal.read(offset)]


def written(folder: Path, *content: bytes, segment: int = SEGMENT) -> list[int]:
    with Journal(folder, segment) as journal:
        return [journal.append(payload) for payload in content]


def test_journal_reopened_gives_every_payload_from_any_offset(tmp_path: Path) -> None:
    ends = written(tmp_path, b"one", b"", b"three" * 100)
    assert payloads(tmp_path) == [b"one", b"", b"three" * 100]
    assert payloads(tmp_path, ends[1]) == [b"three" * 100]
    assert payloads(tmp_path, ends[2]) == []


def test_journal_cut_at_any_byte_keeps_whole_frames_and_goes_on(tmp_path: Path) -> None:
    ends = written(tmp_path / "whole", b"first", b"second")
    content = (tmp_path / "whole" / FIRST).read_bytes()
    for cut in range(len(content)):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / FIRST).write_bytes(content[:cut])
        kept = [b"first"] if cut >= ends[0] else []
        written(folder, b"next")
        assert payloads(folder) == [*kept, b"next"]


def test_journal_last_frame_partly_written_is_cut_off(tmp_path: Path) -> None:
    ends = written(tmp_path, b"first", b"second")
    content = bytearray((tmp_path / FIRST).read_bytes())
    content[ends[0] + HEAD_BYTES :] = b"\0" * len(content[ends[0] + HEAD_BYTES :])
    (tmp_path / FIRST).write_bytes(content)
    assert payloads(tmp_path) == [b"first"]


def test_journal_zeros_after_a_crash_are_cut_off(tmp_path: Path) -> None:
    written(tmp_path, b"first")
    with (tmp_path / FIRST).open("ab") as file:
        file.write(b"\0" * 5000)
    assert payloads(tmp_path) == [b"first"]


@pytest.mark.parametrize("at", [2, 6, 10, HEAD_BYTES + 1])
def test_journal_damaged_before_acknowledged_frames_refuses_to_open(tmp_path: Path, at: int) -> None:
    written(tmp_path, b"first", b"second")
    content = bytearray((tmp_path / FIRST).read_bytes())
    content[at] ^= 0xFF
    (tmp_path / FIRST).write_bytes(content)
    with pytest.raises(JournalDamagedError, match="frame at byte 0 must match its checksum"):
        Journal(tmp_path, SEGMENT)


def test_journal_of_many_segments_reads_across_them(tmp_path: Path) -> None:
    many = [bytes([n]) * 30 for n in range(20)]
    ends = written(tmp_path, *many, segment=100)
    assert len(list(tmp_path.glob("*.log"))) > 5
    assert payloads(tmp_path, segment=100) == many
    assert payloads(tmp_path, ends[11], segment=100) == many[12:]


def test_journal_taken_back_frame_is_gone_also_across_a_segment(tmp_path: Path) -> None:
    for segment in (SEGMENT, 1):
        folder = tmp_path / str(segment)
        with Journal(folder, segment) as journal:
            before = journal.append(b"kept")
            journal.append(b"taken back")
            journal.take_back(before)
            assert journal.end == before
            journal.append(b"next")
        assert payloads(folder, segment=segment) == [b"kept", b"next"]


def test_journal_forget_deletes_what_a_snapshot_covers_but_the_last_few(tmp_path: Path) -> None:
    with Journal(tmp_path, 1) as journal:
        ends = [journal.append(bytes([n])) for n in range(6)]
        journal.forget(ends[3], keep=1)
        assert journal.begin == ends[2]
        with pytest.raises(JournalDamagedError, match="offset must be in the journal"):
            list(journal.read(0))


def test_journal_open_elsewhere_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path, SEGMENT), pytest.raises(StoreError, match="must belong to one engine"):
        Journal(tmp_path, SEGMENT)


def identity(n: int) -> bytes:
    return n.to_bytes(16, "big")


def test_remembered_second_of_a_batch_and_known_ones_are_not_fresh() -> None:
    remembered = Remembered(horizon_ns=10, at_least=0)
    batch = [identity(1), identity(2), identity(1), None, None]
    assert remembered.fresh(batch) == [True, True, False, True, True]
    remembered.remember([identity(1), identity(2)], 5)
    assert remembered.fresh([identity(2), identity(3)]) == [False, True]


def test_remembered_beyond_the_horizon_is_forgotten_but_for_the_last_ones() -> None:
    remembered = Remembered(horizon_ns=10, at_least=2)
    for n in range(5):
        remembered.remember([identity(n)], 100 * n)
    assert [remembered.fresh([identity(n)])[0] for n in range(5)] == [True, True, True, False, False]


def test_remembered_restored_goes_on_the_same() -> None:
    first, second = Remembered(10, 1), Remembered(10, 1)
    first.remember([identity(1), identity(2)], 5)
    second.restore(first.snapshot())
    for remembered in (first, second):
        remembered.remember([identity(3)], 50)
    assert second.snapshot() == first.snapshot()
    assert len(second) == len(first) == 1


def test_journal_forgets_only_beyond_the_segments_it_is_to_keep(tmp_path: Path) -> None:
    with Journal(tmp_path, 1) as journal:
        ends = [journal.append(b"x" * 10) for _ in range(6)]
        journal.forget(ends[-1], 16)
        assert journal.begin == 0
        journal.forget(ends[-1], 2)
        assert len(list(tmp_path.glob("*.log"))) == 3


def test_journal_that_cannot_begin_a_segment_says_so_and_goes_on(tmp_path: Path) -> None:
    with Journal(tmp_path, 1) as journal:
        journal.append(b"one")
        tmp_path.joinpath(f"{journal.end:020d}.log").mkdir()
        with pytest.raises(StoreError, match="must be written to disk before they are taken"):
            journal.append(b"two")
        tmp_path.joinpath(f"{journal.end:020d}.log").rmdir()
        journal.append(b"three")
        assert [payload for _, payload in journal.read(0)] == [b"one", b"three"]

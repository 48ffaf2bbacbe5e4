from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from training.run_lock import held_lock, is_held


def test_lock_is_held_until_the_block_ends(tmp_path: Path) -> None:
    with held_lock(tmp_path) as name:
        assert is_held(tmp_path, name)
    assert not is_held(tmp_path, name)


def test_lock_of_a_killed_process_is_not_held(tmp_path: Path) -> None:
    program = """
import os, pathlib, signal, sys
from training.run_lock import held_lock
with held_lock(pathlib.Path(sys.argv[1])) as name:
    print(name, flush=True)
    sys.stdin.read(1)
"""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
    ) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert is_held(tmp_path, name)
        process.kill()
        process.wait()
    assert not is_held(tmp_path, name)
    assert list((tmp_path / "running").iterdir()) == []

"""Stores on disk that may no longer be used."""

import os
from pathlib import Path

from adaptive_stream.process.stale import GHOSTLY_S, LOST_S, remove_stale

NOW_S = 2_000_000_000.0


def _store(directory: Path, name: str, used_ago_s: float) -> None:
    path = directory / name
    path.mkdir(parents=True)
    (path / "LOG").write_text("")
    for each in (path / "LOG", path):
        os.utime(each, (NOW_S - used_ago_s, NOW_S - used_ago_s))


def test_a_partition_that_moved_away_leaves_nobody_behind(tmp_path: Path) -> None:
    """A day later its directory is gone: whoever is erased now is not found on this machine."""
    _store(tmp_path, "t-0", LOST_S + 1)
    _store(tmp_path, "t-1", LOST_S - 1)
    assert remove_stale(tmp_path, set(), now_s=NOW_S) == ["t-0"]
    assert [path.name for path in tmp_path.iterdir()] == ["t-1"]


def test_a_store_that_slept_longer_than_tombstones_last_is_read_anew(tmp_path: Path) -> None:
    """Else a customer who was deleted meanwhile would come back; a weekend off costs nothing."""
    _store(tmp_path, "t-0", GHOSTLY_S + 1)
    _store(tmp_path, "t-1", 3 * LOST_S)
    ours = {"t-0", "t-1"}
    assert remove_stale(tmp_path, ours, are_open=True, now_s=NOW_S) == []
    assert remove_stale(tmp_path, ours, now_s=NOW_S) == ["t-0"]


def test_a_store_is_as_young_as_what_was_last_written_in_it(tmp_path: Path) -> None:
    """One that is open and at work is never taken for a stale one."""
    _store(tmp_path, "t-0", 2 * GHOSTLY_S)
    os.utime(tmp_path / "t-0" / "LOG", (NOW_S, NOW_S))
    assert remove_stale(tmp_path, {"t-0"}, now_s=NOW_S) == []
    assert remove_stale(tmp_path / "nothing-yet", set(), now_s=NOW_S) == []

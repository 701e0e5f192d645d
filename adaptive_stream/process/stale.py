"""Local stores that may no longer be used, and are removed.

A store that was left alone for longer than the changelog keeps its tombstones would bring back what
was deleted meanwhile; one whose partition moved away keeps persons whom nobody erases here.
"""

import shutil
import time
from collections.abc import Set
from pathlib import Path

LOST_S = 24 * 3_600.0
GHOSTLY_S = 7 * 24 * 3_600.0  # A day less than `delete.retention.ms` of the changelogs.


def remove_stale(
    directory: Path, ours: Set[str], *, are_open: bool = False, now_s: float | None = None
) -> list[str]:
    """Removes what in `directory` nobody used for LOST_S; of `ours`, which are left alone where
    they are open, what nobody used for GHOSTLY_S. Returns the names."""
    now_s = time.time() if now_s is None else now_s
    removed = []
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        is_ours = path.name in ours
        if is_ours and are_open:
            continue
        if now_s - _used_s(path) > (GHOSTLY_S if is_ours else LOST_S):
            shutil.rmtree(path)
            removed.append(path.name)
    return removed


def _used_s(path: Path) -> float:
    """When anything in it was written last: RocksDB writes its log at every opening and flush."""
    return max(each.stat().st_mtime for each in (path, *path.iterdir()))

"""The local store, on a real RocksDB."""

import subprocess
import sys
from pathlib import Path

from adaptive_stream.stages.outcome import Row
from adaptive_stream.worker.store import Memory, Store

MEMORY = Memory(8 << 20, 8 << 20)
START = (0, b"")

KILLED = """
import os, pathlib, sys
from adaptive_stream.stages.outcome import Row
from adaptive_stream.worker.store import Memory, Store
store = Store(pathlib.Path(sys.argv[1]), Memory(8 << 20, 8 << 20))
for n in range(200):
    store.write({b"%d" % n: Row(n + 1, b"x")}, {b"n": b"%d" % n})
    if n == 120:
        store.flush()
os.kill(os.getpid(), 9)
"""


def test_who_is_due_comes_in_order_and_from_a_place_on(tmp_path: Path) -> None:
    """A tick finds the customers whose time has come, and goes on behind the last one."""
    store = Store(tmp_path / "p", MEMORY)
    rows = {b"c": Row(5, b"C"), b"a": Row(5, b"A"), b"d": Row(9, b"D"), b"never": Row(0, b"N")}
    store.write(rows, {})

    assert list(store.due(8, START)) == [(5, b"a"), (5, b"c")]
    assert list(store.due(9, (5, b"a"))) == [(5, b"c"), (9, b"d")]
    store.close()


def test_a_row_has_one_place_in_the_index(tmp_path: Path) -> None:
    """A customer whose time was put off is not due at the old time, nor one who is gone."""
    store = Store(tmp_path / "p", MEMORY)
    store.write({b"a": Row(5, b"A"), b"b": Row(6, b"B")}, {})
    store.write({b"a": Row(9, b"A2"), b"b": Row(6, None)}, {})

    assert list(store.due(99, START)) == [(9, b"a")]
    assert store.rows([b"a", b"b"]) == {b"a": Row(9, b"A2")}
    store.close()


def test_a_closed_store_opens_again_at_once_with_all_it_had(tmp_path: Path) -> None:
    """A partition that comes back to this process finds its store unlocked and whole."""
    for n in range(3):
        store = Store(tmp_path / "p", MEMORY)
        assert store.meta() == ({b"n": b"%d" % (n - 1)} if n else {})
        store.write({b"a": Row(0, b"%d" % n)}, {b"n": b"%d" % n})
        store.close()


def test_kill_leaves_whole_batches_from_the_first_on(tmp_path: Path) -> None:
    """What a kill -9 loses is the end, never a piece of the middle."""
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "p")], check=False)
    assert killed.returncode == -9

    store = Store(tmp_path / "p", MEMORY)
    last = int(store.meta()[b"n"])
    kept = [key for _, key in store.due(10**6, START)]
    assert last >= 120
    assert kept == [b"%d" % n for n in range(last + 1)]
    assert store.rows([b"%d" % (last + 1)]) == {}
    store.close()


def test_a_wiped_store_knows_nothing(tmp_path: Path) -> None:
    """A store of another changelog starts from nothing."""
    store = Store(tmp_path / "p", MEMORY)
    store.write({b"a": Row(5, b"A")}, {b"n": b"1"})
    store.wipe()
    assert store.meta() == {}
    assert store.rows([b"a"]) == {}
    store.close()

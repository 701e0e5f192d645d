"""The local store, on a real RocksDB."""

import os
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


def test_a_row_that_was_asked_for_is_given_as_it_was_written_since(tmp_path: Path) -> None:
    """Rows that are kept beside RocksDB say nothing else than it does, deleted ones included."""
    store = Store(tmp_path / "p", MEMORY)
    keys = [b"a", b"b", b"c"]
    assert store.rows(keys) == {}
    store.write({b"a": Row(5, b"A"), b"b": Row(6, b"B")}, {})
    assert store.rows(keys) == {b"a": Row(5, b"A"), b"b": Row(6, b"B")}
    store.write({b"a": Row(7, b"A2"), b"b": Row(0, None), b"c": Row(8, b"C")}, {})
    assert store.rows(keys) == {b"a": Row(7, b"A2"), b"c": Row(8, b"C")}
    assert list(store.due(99, START)) == [(7, b"a"), (8, b"c")]
    store.wipe()
    assert store.rows(keys) == {}
    store.close()


def test_rows_at_hand_stay_within_their_share_of_the_memory(tmp_path: Path) -> None:
    """Ten thousand customers pass by; each is found, and no more of them are kept than agreed."""
    memory = Memory(1 << 20, 8 << 20)
    stores = [Store(tmp_path / name, memory) for name in ("p", "q")]
    for store in stores:
        for n in range(10_000):
            key = b"%d" % n
            store.rows([key])
            store.write({key: Row(n + 1, b"x" * 500)}, {})
        assert len(store.rows([b"%d" % n for n in range(10_000)])) == 10_000
        assert 100 < len(store._recent.rows) < (1 << 17) / 500
    assert len(list(stores[1].due(10**6, START))) == 10_000
    for store in stores:
        store.close()
    assert memory.room.stores == 0


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


def test_a_store_that_opens_again_has_the_cache_and_filters_of_a_new_one(tmp_path: Path) -> None:
    """After a restart its blocks are in the cache that is counted, and memory stays one number."""
    memory = Memory(8 << 20, 8 << 20)
    store = Store(tmp_path / "p", memory)
    keys = [b"%d" % n for n in range(2_000)]
    store.write({key: Row(1, os.urandom(1_000)) for key in keys}, {})
    store.close()
    again = Store(tmp_path / "p", memory)
    before = again.figures()["store_cache_bytes"]
    assert len(again.rows(keys)) == len(keys)
    assert again.figures()["store_cache_bytes"] - before > 1_000_000
    again.close()
    settings = (tmp_path / "p" / "LOG").read_text()
    assert "filter_policy: bloomfilter" in settings
    assert "partition_filters: 1" in settings


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

"""What a partition remembers on this machine: RocksDB, one directory per stage and partition.

Rule 1: one column family, key prefixes `v/` values, `t/` index by due time, `m/` meta. Without a
write-ahead log a batch over several families would not be atomic after a crash (PROTOCOL a5).
Rule 2: the changelog is the truth. The store is a copy of a prefix of it and may be deleted.
Rule 3: all partitions share one cache, and their write buffers are charged to it: memory is one
number. Rows that were asked for lately have a share of it beside.
"""

import shutil
import struct
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from rocksdict import (
    BlockBasedIndexType,
    BlockBasedOptions,
    Cache,
    Options,
    Rdict,
    ReadOptions,
    WriteBatch,
    WriteBufferManager,
    WriteOptions,
)

from adaptive_stream.stages.outcome import NEVER, Row
from adaptive_stream.worker.recent import ABSENT, Recent, Room

VALUE, TIME, META = b"v/", b"t/", b"m/"
RECENT_SHARE = 1 / 4  # Of the bytes of the cache, so much more for rows that were asked for lately.
WRITTEN_BYTES_PER_S_MAX = 128 << 20  # Per store; RocksDB takes a twentieth while that is enough.
_WAKE = struct.Struct(">Q")
FIGURES = {
    "store_memtable_bytes": "rocksdb.cur-size-all-mem-tables",
    "store_sst_bytes": "rocksdb.total-sst-files-size",
    "store_keys": "rocksdb.estimate-num-keys",
    "store_compactions_running": "rocksdb.num-running-compactions",
    "store_compaction_pending_bytes": "rocksdb.estimate-pending-compaction-bytes",
}


class Memory:
    """The cache and the write buffers that all stores of a process share. Sizes in bytes."""

    def __init__(self, cache_bytes: int, buffer_bytes: int) -> None:
        self.cache = Cache(cache_bytes)
        self.room = Room(int(cache_bytes * RECENT_SHARE))
        # The buffers are charged to the cache: what they take, it gives up.
        self.buffers = WriteBufferManager.new_write_buffer_manager_with_cache(
            buffer_bytes, False, self.cache
        )

    def options(self) -> Options:
        """Options for one store."""
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_write_buffer_manager(self.buffers)
        options.set_keep_log_file_num(2)
        options.set_auto_tuned_ratelimiter(WRITTEN_BYTES_PER_S_MAX, 10_000, 10)
        table = BlockBasedOptions()
        table.set_block_cache(self.cache)
        table.set_bloom_filter(10, False)
        table.set_cache_index_and_filter_blocks(True)
        # In parts: a whole one, of a megabyte, is read for each row once the cache drops it.
        table.set_index_type(BlockBasedIndexType.two_level_index_search())
        table.set_partition_filters(True)
        options.set_block_based_table_factory(table)
        return options


class Store:
    """One partition's store. Not usable after `close`."""

    def __init__(self, path: Path, memory: Memory) -> None:
        self.path = path
        self._memory = memory
        self._unlogged = WriteOptions()
        self._unlogged.disable_wal = True
        self._open()
        self._recent = Recent(memory.room)

    def _open(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        options = self._memory.options()
        # By name too: rocksdict opens what exists with the options in its file, without our cache.
        self._db = Rdict(str(self.path), options, {"default": options})

    def _between(self, first: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """What is stored, in order. The options live as long as the iterator: without them it
        ends early and says nothing."""
        options = ReadOptions()
        options.set_iterate_upper_bound(end)
        at = self._db.iter(options)
        at.seek(first)
        while at.valid():
            yield at.key(), at.value()
            at.next()

    def meta(self) -> dict[bytes, bytes]:
        """All that was written as meta."""
        return {key[len(META) :]: value for key, value in self._between(META, _end(META))}

    def rows(self, keys: list[bytes]) -> dict[bytes, Row]:
        """The rows that exist, by key."""
        recent = self._recent.rows
        found = {key: row for key in keys if (row := recent.get(key)) is not None}
        for key, row in self._stored(keys, found).items():
            self._recent.keep(key, row)
            found[key] = row
        return {key: row for key, row in found.items() if row.value is not None}

    def _stored(self, keys: Iterable[bytes], known: Container[bytes]) -> dict[bytes, Row]:
        """Of the keys that are not known, what is stored, ABSENT where nothing is."""
        asked = [key for key in keys if key not in known]
        if not asked:
            return {}
        found = self._db.get([VALUE + key for key in asked])
        return {
            key: ABSENT if value is None else Row(_WAKE.unpack_from(value)[0], value[8:])
            for key, value in zip(asked, found, strict=True)
        }

    def due(self, until_ms: int, after: tuple[int, bytes]) -> Iterator[tuple[int, bytes]]:
        """(wake_ms, key) of rows due at `until_ms`, in order, strictly after that place."""
        first = TIME + _WAKE.pack(after[0]) + after[1]
        for key, _ in self._between(first, TIME + _WAKE.pack(until_ms + 1)):
            place = _WAKE.unpack_from(key, 2)[0], key[10:]
            if place > after:
                yield place

    def following(self, after: bytes, count: int) -> list[bytes]:
        """The keys of the first rows behind `after`, in order."""
        rows = self._between(VALUE + after + b"\0", _end(VALUE))
        return [key[len(VALUE) :] for key, _ in islice(rows, count)]

    def write(self, rows: Mapping[bytes, Row], meta: Mapping[bytes, bytes]) -> None:
        """Rows, their index and meta, all or nothing."""
        batch = WriteBatch(raw_mode=True)
        recent = self._recent.rows
        stored = self._stored(rows, recent)
        for key, row in rows.items():
            old = recent.get(key) or stored[key]
            if old.wake_ms != NEVER:
                batch.delete(TIME + _WAKE.pack(old.wake_ms) + key)
            if row.value is None:
                batch.delete(VALUE + key)
            else:
                batch.put(VALUE + key, _WAKE.pack(row.wake_ms) + row.value)
                if row.wake_ms != NEVER:
                    batch.put(TIME + _WAKE.pack(row.wake_ms) + key, b"")
        for name, value in meta.items():
            batch.put(META + name, value)
        self._db.write(batch, self._unlogged)
        self._recent.written(rows.items())

    def figures(self) -> dict[str, int]:
        """What it takes, by the names of metrics. The cache is that of all stores."""
        found = {name: self._db.property_int_value(of) or 0 for name, of in FIGURES.items()}
        blocks = self._memory.cache.get_usage() - self._memory.buffers.get_usage()
        return found | {"store_cache_bytes": max(0, blocks)}

    def flush(self) -> None:
        """Makes all that was written survive the process."""
        self._db.flush()

    def wipe(self) -> None:
        """Forgets everything."""
        self._db.close()
        self._recent.clear()
        shutil.rmtree(self.path)
        self._open()

    def close(self) -> None:
        """Flushes and lets go of the directory, so that it can be opened again at once."""
        self._recent.leave()
        self._db.flush()
        self._db.close()


def _end(prefix: bytes) -> bytes:
    """The first key behind all of a prefix: "0" is the byte after "/"."""
    return prefix[:-1] + b"0"

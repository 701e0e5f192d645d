"""How far a partition has come, as its changelog and its local store tell it.

Rule: what carries a smaller epoch than the highest claim before it is a stranger's. It is not
believed, and its key is remembered as damaged.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from adaptive_stream.checkpoint.effects import Chunk
from adaptive_stream.engine.clock import Clock
from adaptive_stream.stages.outcome import NOTHING_SAID, Cursor, InForce, Place, Row

CLAIM = b"#claim"
CHECKPOINT = b"#ckpt"
SOURCE = b"#src/"
LEASE_S = 10.0  # As long as a session: who is silent for longer may have been replaced.


class Mark(msgspec.Struct, omit_defaults=True):
    """The value of `#ckpt`: `in` is the next offset to read, `n` counts the batches, `views` is the
    offset below which the partition of views holds what it should (-1: there is none), `tenant` the
    fingerprint of the tenant key ("": it was written before there were any), `in_force` the rules
    that the partition goes by at `in`, `meaning` what the writer makes of rules ("": as before),
    `partitions` how many there are (0: it does not say); `clean`: it was let go in good order, and
    nothing was stepped behind `in`."""

    e: int
    n: int
    next_offset: int = msgspec.field(name="in")
    cursor: Cursor | None = None
    clock: Clock = Clock()
    in_force: InForce = NOTHING_SAID
    clean: bool = False
    views: int = -1
    tenant: str = ""
    meaning: str = ""
    partitions: int = 0


encode_mark = msgspec.json.Encoder().encode
decode_mark = msgspec.json.Decoder(Mark).decode
encode_keys = msgspec.msgpack.Encoder().encode
decode_keys = msgspec.msgpack.Decoder(list[bytes]).decode


@dataclass
class Progress:
    """How far a partition has come. `log_end` is the changelog offset after the last one known,
    `damaged` holds the keys that a stranger wrote after us, `views_end` and `damaged_views` are the
    same of the partition of views. `proven_s`: when our last proof of ownership was sent. `tenant`
    is the fingerprint of this process's tenant key, `meaning` what it makes of rules, `partitions`
    how many its topic has."""

    mark: Mark | None = None
    epoch: int = -1
    log_end: int = 0
    sources: dict[str, Place] = field(default_factory=dict)
    damaged: set[bytes] = field(default_factory=set)
    views_end: int = -1
    damaged_views: set[bytes] = field(default_factory=set)
    proven_s: float = -math.inf
    views_seen_s: float = -math.inf
    strangers: int = 0  # Records of theirs that were met, for the metrics.
    tenant: str = ""
    meaning: str = ""
    partitions: int = 0

    def may_step(self, now_s: float) -> bool:
        """Whether the lease holds; if not, `prove` first."""
        return now_s - self.proven_s <= LEASE_S

    def unchanged(self) -> "Pending":
        """What is pending when nothing has happened."""
        mark = self.mark
        if mark is None:
            raise RuntimeError("a partition that was not taken over")
        return Pending(mark.next_offset, mark.cursor, mark.clock, mark.in_force)


@dataclass
class Pending:
    """What has happened since the last checkpoint: last value of each touched row, sources
    touched, and the outputs that must be acknowledged first (opaque here)."""

    next_offset: int = 0
    cursor: Cursor | None = None
    clock: Clock = Clock()
    in_force: InForce = NOTHING_SAID
    rows: dict[bytes, Row] = field(default_factory=dict)
    sources: dict[str, Place] = field(default_factory=dict)
    outputs: dict[Any, int] = field(default_factory=dict)
    records: int = 0


def fold(progress: Progress, chunk: Chunk) -> tuple[dict[bytes, Row], dict[str, bytes]]:
    """Takes a chunk into `progress`; returns the rows and the sources that it changed."""
    rows: dict[bytes, Row] = {}
    sources: dict[str, bytes] = {}
    for offset, epoch, entry in chunk.records:
        if entry.key == CLAIM:
            progress.epoch = max(progress.epoch, offset)
            continue
        if epoch is None or epoch < progress.epoch:
            progress.damaged.add(entry.key)
            progress.strangers += 1
            continue
        progress.epoch = epoch
        progress.damaged.discard(entry.key)
        if entry.key == CHECKPOINT:
            progress.mark = decode_mark(entry.value or b"")
        elif entry.key.startswith(SOURCE):
            source, place = entry.key[len(SOURCE) :].decode(), entry.value or b""
            sources[source] = place
            if place:
                progress.sources[source] = read_place(place)
            else:
                progress.sources.pop(source, None)
        else:
            rows[entry.key] = Row(entry.wake_ms, entry.value)
    progress.log_end = chunk.next_offset
    return rows, sources


def meta_of(progress: Progress, sources: Mapping[str, bytes]) -> dict[bytes, bytes]:
    """What the store is to remember of it; of the sources, those that changed."""
    meta = {
        b"epoch": b"%d" % progress.epoch,
        b"log_end": b"%d" % progress.log_end,
        b"damaged": encode_keys(sorted(progress.damaged)),  # Else a restart forgets the repair.
    }
    if progress.mark is not None:
        meta[b"mark"] = encode_mark(progress.mark)
    meta.update((SOURCE + source.encode(), place) for source, place in sources.items())
    return meta


def stored(meta: Mapping[bytes, bytes]) -> Progress:
    """What the store remembers."""
    progress = Progress(
        epoch=int(meta.get(b"epoch", b"-1")), log_end=int(meta.get(b"log_end", b"0"))
    )
    if b"damaged" in meta:
        progress.damaged = set(decode_keys(meta[b"damaged"]))
    if b"mark" in meta:
        progress.mark = decode_mark(meta[b"mark"])
    for name, place in meta.items():
        if name.startswith(SOURCE) and place:
            progress.sources[name[len(SOURCE) :].decode()] = read_place(place)
    return progress


def write_place(place: Place) -> bytes:
    """As it stands in a changelog."""
    return b"%d/%d" % place


def read_place(text: bytes) -> Place:
    """The opposite of `write_place`."""
    offset, _, idx = text.partition(b"/")
    return int(offset), int(idx)

"""How a partition's progress becomes durable, without I/O (PROTOCOL (a)).

Two generators yield what is to be done and are sent what came of it. The shell drives them against
Kafka and RocksDB, a simulator against a fake of both; nothing else touches a changelog.

Rule 1: one checkpoint is one record batch of the changelog: whole or not there.
Rule 2: a claim's offset is its owner's epoch. What carries a smaller epoch than the highest claim
before it is a stranger's, and is ignored.
Rule 3: the position is what `#ckpt` says. A commit is a hint and never ahead of it.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from adaptive_stream.engine.clock import Clock
from adaptive_stream.worker.exit import Refusal, Superseded
from adaptive_stream.worker.store import Row

CLAIM = b"#claim"
CHECKPOINT = b"#ckpt"
SOURCE = b"#src/"
Place = tuple[int, int]  # (offset, idx) of a record within the partition that it was made from
Cursor = tuple[int, int, str]  # wake_ms, idx of the next output, customer: how far a tick has come


class Mark(msgspec.Struct, omit_defaults=True):
    """The value of `#ckpt`: `in` is the next offset to read, `n` counts the batches."""

    e: int
    n: int
    next_offset: int = msgspec.field(name="in")
    cursor: Cursor | None = None
    rules: str = ""
    clock: Clock = Clock()
    clean: bool = False


encode_mark = msgspec.json.Encoder().encode
decode_mark = msgspec.json.Decoder(Mark).decode


@dataclass
class Progress:
    """How far a partition has come. `log_end` is the changelog offset after the last one known,
    `damaged` holds the keys that a stranger wrote after us."""

    mark: Mark | None = None
    epoch: int = -1
    log_end: int = 0
    sources: dict[str, Place] = field(default_factory=dict)
    damaged: set[bytes] = field(default_factory=set)


class Entry(NamedTuple):
    """One record of a changelog. `wake_ms` is a header of it, so that recovery decodes no state."""

    key: bytes
    value: bytes | None
    wake_ms: int = 0


class Logged(NamedTuple):
    """An Entry as it was read. `epoch` is None on a claim."""

    offset: int
    epoch: int | None
    entry: Entry


class Chunk(NamedTuple):
    """Some of a changelog. `next_offset` may be beyond the last record: compaction leaves gaps."""

    records: list[Logged]
    next_offset: int


class Input(NamedTuple):
    """An input partition: what its group committed (None: nothing), where it begins and ends."""

    committed: int | None
    start: int
    end: int


@dataclass
class Pending:
    """What has happened since the last checkpoint: last value of each touched row, sources
    touched, and the outputs that must be acknowledged first (opaque here)."""

    next_offset: int = 0
    cursor: Cursor | None = None
    clock: Clock = Clock()
    rules: str = ""
    rows: dict[bytes, Row] = field(default_factory=dict)
    sources: dict[str, Place] = field(default_factory=dict)
    outputs: dict[Any, int] = field(default_factory=dict)
    records: int = 0


class ReadInput(NamedTuple):
    """-> Input."""


class ReadStore(NamedTuple):
    """-> meta of the local store, {} when it is new."""


class WipeStore(NamedTuple):
    """-> None. The local store is not of this changelog."""


class Append(NamedTuple):
    """-> the offset of the first entry. All entries in one record batch, each with the epoch."""

    entries: list[Entry]
    epoch: int | None


class ReadLog(NamedTuple):
    """-> Chunk from this offset on, never empty-handed before the end of the log."""

    offset: int


class WriteStore(NamedTuple):
    """-> None. One write batch."""

    rows: Mapping[bytes, Row]
    meta: Mapping[bytes, bytes]


class AwaitOutputs(NamedTuple):
    """-> None, once all of them are acknowledged."""

    outputs: Mapping[Any, int]


class Commit(NamedTuple):
    """-> None. Offsets below this one need not be read again."""

    offset: int


Effect = ReadInput | ReadStore | WipeStore | Append | ReadLog | WriteStore | AwaitOutputs | Commit


def recover(owner: bytes) -> Generator[Effect, Any, Progress]:
    """Takes a partition over: claims it, then reads its changelog from where the store stands."""
    input: Input = yield ReadInput()
    progress = _stored((yield ReadStore()))
    claim: int = yield Append([Entry(CLAIM, owner)], None)
    if progress.log_end > claim:  # A topic that was made anew, or an unclean leader election.
        yield WipeStore()
        progress = Progress()
    while progress.log_end <= claim:
        chunk: Chunk = yield ReadLog(progress.log_end)
        rows, sources = _fold(progress, chunk)
        yield WriteStore(rows, _meta(progress, sources))
    if progress.epoch > claim:
        raise Superseded(f"claimed at {claim}, and again by another at {progress.epoch}")
    progress.epoch = claim
    if progress.mark is None:
        progress.mark = Mark(e=claim, n=0, next_offset=input.start)
        _check(input, progress.mark.next_offset, "nothing")
        # The first checkpoint: from now on a commit that the changelog does not know is a loss.
        yield from checkpoint(progress, Pending(next_offset=input.start))
    else:
        _check(input, progress.mark.next_offset, str(progress.mark.next_offset))
    yield Commit(progress.mark.next_offset)
    return progress


def checkpoint(
    progress: Progress, pending: Pending, clean: bool = False
) -> Generator[Effect, Any, None]:
    """Makes what is pending durable. `progress` speaks of it from then on."""
    yield AwaitOutputs(pending.outputs)
    number = progress.mark.n + 1 if progress.mark else 1
    mark = Mark(
        e=progress.epoch, n=number, next_offset=pending.next_offset, cursor=pending.cursor,
        rules=pending.rules, clock=pending.clock, clean=clean,
    )  # fmt: skip
    entries = [Entry(key, row.value, row.wake_ms) for key, row in pending.rows.items()]
    sources = {source: _place(place) for source, place in pending.sources.items()}
    entries += [Entry(SOURCE + source.encode(), place) for source, place in sources.items()]
    entries.append(Entry(CHECKPOINT, encode_mark(mark)))
    base: int = yield Append(entries, progress.epoch)
    if base != progress.log_end:
        raise Superseded(f"wrote at {base} where {progress.log_end} was next: another owner wrote")
    progress.mark = mark
    progress.log_end = base + len(entries)
    progress.sources.update(pending.sources)
    yield WriteStore(pending.rows, _meta(progress, sources))
    yield Commit(mark.next_offset)


def pass_on(pending: Pending) -> Generator[Effect, Any, None]:
    """The checkpoint of a stage without state: its position is its commit."""
    yield AwaitOutputs(pending.outputs)
    yield Commit(pending.next_offset)


def _fold(progress: Progress, chunk: Chunk) -> tuple[dict[bytes, Row], dict[str, bytes]]:
    """Takes a chunk into `progress`; returns the rows and the sources that it changed."""
    rows: dict[bytes, Row] = {}
    sources: dict[str, bytes] = {}
    for offset, epoch, entry in chunk.records:
        if entry.key == CLAIM:
            progress.epoch = max(progress.epoch, offset)
            continue
        if epoch is None or epoch < progress.epoch:
            progress.damaged.add(entry.key)
            continue
        progress.epoch = epoch
        progress.damaged.discard(entry.key)
        if entry.key == CHECKPOINT:
            progress.mark = decode_mark(entry.value or b"")
        elif entry.key.startswith(SOURCE):
            source, place = entry.key[len(SOURCE) :].decode(), entry.value or b""
            sources[source] = place
            progress.sources[source] = _read_place(place)
        else:
            rows[entry.key] = Row(entry.wake_ms, entry.value)
    progress.log_end = chunk.next_offset
    return rows, sources


def _meta(progress: Progress, sources: Mapping[str, bytes]) -> dict[bytes, bytes]:
    meta = {b"epoch": b"%d" % progress.epoch, b"log_end": b"%d" % progress.log_end}
    if progress.mark is not None:
        meta[b"mark"] = encode_mark(progress.mark)
    meta.update((SOURCE + source.encode(), place) for source, place in sources.items())
    return meta


def _stored(meta: Mapping[bytes, bytes]) -> Progress:
    progress = Progress(
        epoch=int(meta.get(b"epoch", b"-1")), log_end=int(meta.get(b"log_end", b"0"))
    )
    if b"mark" in meta:
        progress.mark = decode_mark(meta[b"mark"])
    for name, place in meta.items():
        if name.startswith(SOURCE):
            progress.sources[name[len(SOURCE) :].decode()] = _read_place(place)
    return progress


def _place(place: Place) -> bytes:
    return b"%d/%d" % place


def _read_place(text: bytes) -> Place:
    offset, _, idx = text.partition(b"/")
    return int(offset), int(idx)


def _check(input: Input, next_offset: int, known: str) -> None:
    """Refuses to go on where facts would be lost in silence."""
    if input.committed is not None and input.committed > next_offset:
        raise Refusal(
            f"offset {input.committed} is committed and the changelog knows {known}",
            "the changelog lost its end, or belongs to another topic: restore it, or reset the "
            "group's offsets to where it ends",
        )
    check_range(next_offset, input.start, input.end)


def check_range(next_offset: int, start: int, end: int) -> None:
    """Refuses an offset that the topic does not have: facts were lost, or the topic is another."""
    if next_offset < start:
        raise Refusal(
            f"offset {next_offset} is next and the topic begins at {start}: facts were removed "
            "before they were processed",
            "raise the topic's retention; to go on without them, reset the group to the earliest",
        )
    if next_offset > end:
        raise Refusal(
            f"offset {next_offset} is next and the topic ends at {end}: it was made anew",
            "raise adaptive-stream.io/incarnation in its file under topics/, and reset the group "
            "to the earliest",
        )

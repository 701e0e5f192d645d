"""How a partition's progress becomes durable, without I/O (PROTOCOL (a)).

Two generators yield what is to be done and are sent what came of it. The shell drives them against
Kafka and RocksDB, a simulator against a fake of both; nothing else touches a changelog.

Rule 1: one checkpoint is one record batch of the changelog: whole or not there.
Rule 2: a claim's offset is its owner's epoch. What carries a smaller epoch than the highest claim
before it is a stranger's: ignored, and its keys are put again before the cleaner prefers it.
Rule 3: an append proves ownership if it stands right behind the one before, or if what stands
between is no claim. Without a proof in the last LEASE_S nothing is stepped.
Rule 4: the position is what `#ckpt` says. A commit is a hint and never ahead of it.
"""

from collections.abc import Generator
from typing import Any

from adaptive_stream.checkpoint.effects import (
    Append,
    AwaitOutputs,
    Chunk,
    Commit,
    Effect,
    Entry,
    Input,
    LoadRules,
    PutViews,
    ReadClock,
    ReadEnd,
    ReadInput,
    ReadLog,
    ReadRows,
    ReadStore,
    ReadViews,
    Span,
    Views,
    WipeStore,
    WriteStore,
)
from adaptive_stream.checkpoint.progress import (
    CHECKPOINT,
    CLAIM,
    SOURCE,
    Mark,
    Pending,
    Progress,
    encode_mark,
    fold,
    meta_of,
    stored,
    write_place,
)
from adaptive_stream.checkpoint.refusal import Refusal, Superseded
from adaptive_stream.stages.outcome import NOTHING_SAID, InForce, Row

IDLE_S = 60.0  # An idle partition looks for strangers so often; the cleaner waits for 15 min.
REPAIR_BYTES_MAX = 512 << 10  # Of one batch of repairs: below what any changelog takes.
Steps = Generator[Effect, Any, None]


def recover(
    owner: bytes,
    has_views: bool = False,
    tenant: str = "",
    first: InForce = NOTHING_SAID,
    meaning: str = "",
    partitions: int = 0,
) -> Generator[Effect, Any, Progress]:
    """Takes a partition over: claims it, then reads its changelog from where the store stands.
    `tenant` is the fingerprint of our tenant key, `first` what is in force where nothing was,
    `meaning` what we make of rules, `partitions` how many its topic has (0: that is no matter)."""
    input: Input = yield ReadInput()
    progress = stored((yield ReadStore()))
    claim: int = yield Append([Entry(CLAIM, owner)], None)
    if progress.log_end > claim:  # A topic that was made anew, or an unclean leader election.
        yield WipeStore()
        progress = Progress()
    while progress.log_end <= claim:
        chunk: Chunk = yield ReadLog(progress.log_end)
        rows, sources = fold(progress, chunk)
        yield WriteStore(rows, meta_of(progress, sources))
    if progress.epoch > claim:
        raise Superseded(f"claimed at {claim}, and again by another at {progress.epoch}")
    progress.epoch = claim
    progress.tenant, progress.meaning, progress.partitions = tenant, meaning, partitions
    mark, known = progress.mark, "nothing"
    if mark is None:
        mark = progress.mark = Mark(e=claim, n=0, next_offset=input.start)
    else:
        check_tenant(mark, tenant)
        check_partitions(mark, partitions)
        check_meaning(mark, meaning)
        known = str(mark.next_offset)
    if mark.next_offset > input.end:  # It was read before the claim, and may have grown since.
        input = input._replace(end=(yield ReadEnd()))
    _check(input, mark.next_offset, known)
    if mark.in_force.rev < 0:  # Nothing was stepped yet, and nothing is before this is durable.
        mark.in_force = first
    yield LoadRules(mark.in_force)
    if has_views:
        views: Views = yield ReadViews(mark.views if mark.views >= 0 else None)
        progress.damaged_views.update(key for _, key in views.keys)
        progress.views_end = views.next_offset
        progress.views_seen_s = yield ReadClock()
    # At once: it repairs what strangers wrote, and shows that nobody claimed since. From the first
    # one on, a commit that the changelog does not know is a loss.
    yield from checkpoint(progress, progress.unchanged())
    return progress


def checkpoint(progress: Progress, pending: Pending, clean: bool = False) -> Steps:
    """Makes what is pending durable. `progress` speaks of it from then on."""
    spans: list[Span] = yield AwaitOutputs(pending.outputs)
    if progress.views_end >= 0:
        yield from _look_at_views(progress, spans)
    entries = [Entry(key, row.value, row.wake_ms) for key, row in pending.rows.items()]
    sources = {source: write_place(place) for source, place in pending.sources.items()}
    entries += [Entry(SOURCE + source.encode(), place) for source, place in sources.items()]
    yield from _repair(progress, {CHECKPOINT, *(entry.key for entry in entries)})
    number = progress.mark.n + 1 if progress.mark else 1
    mark = Mark(
        e=progress.epoch, n=number, next_offset=pending.next_offset, cursor=pending.cursor,
        clock=pending.clock, in_force=pending.in_force, clean=clean, views=progress.views_end,
        tenant=progress.tenant, meaning=progress.meaning, partitions=progress.partitions,
    )  # fmt: skip
    yield from _append(progress, [*entries, Entry(CHECKPOINT, encode_mark(mark))])
    progress.mark = mark
    progress.sources.update(pending.sources)
    yield WriteStore(pending.rows, meta_of(progress, sources))
    yield Commit(mark.next_offset)


def prove(progress: Progress) -> Steps:
    """A checkpoint of nothing, where the lease has run out or nothing happened for IDLE_S."""
    yield from checkpoint(progress, progress.unchanged())


def let_go(progress: Progress) -> Steps:
    """The last checkpoint of an owner who stops in good order: the next has nothing to repeat."""
    if progress.mark is None or not progress.mark.clean:
        yield from checkpoint(progress, progress.unchanged(), clean=True)


def pass_on(pending: Pending) -> Steps:
    """The checkpoint of a stage without state: its position is its commit."""
    yield AwaitOutputs(pending.outputs)
    yield Commit(pending.next_offset)


def position(input: Input) -> int:
    """Where such a stage goes on. Raises Refusal where facts would be lost."""
    if input.committed is None:
        return input.start
    check_range(input.committed, input.start, input.end)
    return input.committed


def _append(progress: Progress, entries: list[Entry]) -> Steps:
    """One batch of ours. What others wrote before it is read: a claim ends us."""
    sent_s: float = yield ReadClock()
    base: int = yield Append(entries, progress.epoch)
    if base < progress.log_end:
        raise Superseded(f"wrote at {base} where {progress.log_end} was next: the log lost its end")
    while progress.log_end < base:
        chunk: Chunk = yield ReadLog(progress.log_end)
        for offset, epoch, entry in chunk.records:
            if offset < base and (epoch is None or epoch > progress.epoch):
                raise Superseded(f"another owner claimed before {offset}, after {progress.epoch}")
            if offset < base:
                progress.damaged.add(entry.key)
                progress.strangers += 1
        progress.log_end = min(chunk.next_offset, base)
    progress.damaged.difference_update(entry.key for entry in entries)
    progress.log_end = base + len(entries)
    progress.proven_s = sent_s


def _repair(progress: Progress, written: set[bytes]) -> Steps:
    """Puts again what strangers wrote over, as of the last checkpoint, but for what is `written`
    next anyway. The cleaner keeps the last record of a key, and that must be ours."""
    damaged = sorted(progress.damaged - written)
    rows: dict[bytes, Row] = (yield ReadRows(damaged)) if damaged else {}
    batch: list[Entry] = []
    size = 0
    for key in damaged:
        wake_ms, value = rows.get(key, Row(0, None))
        if key.startswith(SOURCE):
            place = progress.sources.get(key[len(SOURCE) :].decode())
            value = None if place is None else write_place(place)
        batch.append(Entry(key, value, wake_ms))
        size += len(key) + len(value or b"")
        if size > REPAIR_BYTES_MAX:
            yield from _append(progress, batch)
            batch, size = [], 0
    if batch:
        yield from _append(progress, batch)


def _look_at_views(progress: Progress, spans: list[Span]) -> Steps:
    """The same for the partition of views. Its records say nothing of who wrote them: whatever
    stands between ours is looked at, and what is behind them once in IDLE_S."""
    now_s: float = yield ReadClock()
    for first, after in spans:
        if first > progress.views_end:
            views: Views = yield ReadViews(progress.views_end)
            progress.damaged_views.update(key for offset, key in views.keys if offset < first)
        progress.views_end = max(progress.views_end, after)
    if now_s - progress.views_seen_s > IDLE_S:
        views = yield ReadViews(progress.views_end)
        progress.damaged_views.update(key for _, key in views.keys)
        progress.views_end, progress.views_seen_s = views.next_offset, now_s
    if progress.damaged_views:
        now = progress.unchanged()
        yield PutViews(sorted(progress.damaged_views), now.clock, now.in_force)
        progress.damaged_views = set()


def _check(input: Input, next_offset: int, known: str) -> None:
    """Refuses to go on where facts would be lost in silence."""
    if input.committed is not None and input.committed > next_offset:
        raise Refusal(
            f"offset {input.committed} is committed and the changelog knows {known}",
            "the changelog lost its end, or belongs to another topic: restore it, or reset the "
            "group's offsets to where it ends",
        )
    check_range(next_offset, input.start, input.end)


def check_tenant(mark: Mark, tenant: str) -> None:
    """Refuses state that was made under another tenant key: every identifier has another hash now,
    and each customer would be a stranger to their own past. Older marks do not tell."""
    if mark.tenant not in ("", tenant):
        raise Refusal(
            "this state was made under another ADAPTIVE_STREAM_TENANT_KEY",
            "start with that key, or on new topics",
        )


def check_partitions(mark: Mark, partitions: int) -> None:
    """Refuses state that was made for another number of partitions: most of its keys are looked
    for elsewhere now, and each would be a stranger there. Older marks do not tell."""
    if partitions and mark.partitions not in (0, partitions):
        raise Refusal(
            f"this state was made for {mark.partitions} partitions: its topic has {partitions}",
            "`adaptive-stream migrate plan` says what stands in the way, `migrate apply` moves it",
        )


def check_meaning(mark: Mark, meaning: str) -> None:
    """Refuses to repeat what another version of the engine or of the time zones may have done
    already: it would tell other things under the same ids. Older marks do not tell."""
    if mark.meaning not in ("", meaning) and not mark.clean:
        raise Refusal(
            f"another version ({mark.meaning}) was not stopped in good order: "
            f"what it left in doubt is not repeated by this one ({meaning})",
            "start the version of before once more, stop it with SIGTERM, then start this one",
        )


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

"""More partitions, carried out. Killed anywhere, it is given again and goes on.

Rule 1: the topics grow in place. No name, incarnation or offset changes, so no `src` does either.
Rule 2: changelogs grow first and the topics of facts last; while they differ no worker starts. And
partition 0, whose mark a worker asks at its start, is divided last.
Rule 3: of an old partition the new ones are written whole before anything is taken out of it, and
its mark says its new number of partitions last. One that does not say so yet is done again: what
is still in it has not changed, and what is not in it any more is where it belongs.
"""

import shutil
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from functools import partial

from aiokafka import AIOKafkaProducer, TopicPartition

from adaptive_stream.announce.rulebook import Rulebook
from adaptive_stream.catalog import Catalog
from adaptive_stream.catalog.apply import apply_plan
from adaptive_stream.catalog.cluster import Cluster
from adaptive_stream.catalog.plan import Change
from adaptive_stream.catalog.plan import Plan as TopicPlan
from adaptive_stream.checkpoint.effects import Input
from adaptive_stream.client.reading import Reader, read_inputs, reader
from adaptive_stream.migration.look import members
from adaptive_stream.migration.owned import BATCH_BYTES, Client, Owned, Workshop
from adaptive_stream.migration.plan import Move, Plan
from adaptive_stream.process.settings import Settings
from adaptive_stream.process.supervisor import group_of
from adaptive_stream.stages.every import stage_of
from adaptive_stream.stages.outcome import NEVER, Row
from adaptive_stream.stages.records import RULES
from adaptive_stream.worker.producer import Outboxes
from adaptive_stream.worker.store import Memory

PRODUCED_BYTES_MAX = 3 << 20  # Of one batch: three quarters of what a changelog takes.

Say = Callable[[str, int, int], None]  # changelog, partition, rows that left it
Take = Callable[[int, Input, int], Awaitable[Owned]]  # partition, its input, for how many


class StoppedError(Exception):
    """Somebody or something came in between. Nothing is lost; the command may be given again."""


async def apply(
    cluster: Cluster, settings: Settings, catalog: Catalog, plan: Plan, say: Say
) -> None:
    """Does all of the plan that is not done."""
    changelogs = [move.changelog for move in plan.moves]
    _change(cluster, [change for change in plan.grown if change.topic in changelogs])
    _change(cluster, plan.anew)
    if any(members(cluster, catalog.prefix).values()):
        raise StoppedError("a worker started meanwhile: stop it")
    for move in plan.moves:
        left = [n for n in reversed(range(move.old)) if (move.changelog, n) not in plan.done]
        if move.new > move.old and left:
            await _move(cluster, settings, catalog, move, left, say)
    _change(cluster, [change for change in plan.grown if change.topic not in changelogs])


def _change(cluster: Cluster, changes: Iterable[Change]) -> None:
    """One after the other: their order is what keeps workers from starting."""
    for change in changes:
        apply_plan(cluster, TopicPlan((change,)), yes=True)


async def _move(
    cluster: Cluster,
    settings: Settings,
    catalog: Catalog,
    move: Move,
    partitions: list[int],
    say: Say,
) -> None:
    """The state of one stage, an old partition after the other."""
    producer = AIOKafkaProducer(
        **settings.client(), acks="all", enable_idempotence=True, compression_type="lz4",
        max_batch_size=PRODUCED_BYTES_MAX, max_request_size=2 * PRODUCED_BYTES_MAX,
    )  # fmt: skip
    counts = {name: found.partitions for name, found in cluster.read([]).items()}
    outboxes = Outboxes(Client(producer), counts)
    logs = Reader(settings)
    rulebook = Rulebook(catalog, settings.rules_dir, partial(reader, settings))
    stage = stage_of(
        move.stage, catalog, settings.hash_key, rulebook.library, log_time=False,
        warm_bytes=0, traces_per_million=0,
    )  # fmt: skip
    scratch = settings.data_dir / "migration"
    shutil.rmtree(scratch, ignore_errors=True)  # Of one that was killed.
    memory = Memory(settings.store_cache_bytes, settings.store_buffer_bytes)
    shop = Workshop(settings, stage, outboxes, logs, rulebook, memory, scratch)

    async def take(n: int, found: Input, count: int) -> Owned:
        return await Owned.take(shop, TopicPartition(move.facts, n), found, count)

    tps = [TopicPartition(move.facts, n) for n in partitions]
    inputs = await read_inputs(settings, group_of(catalog.prefix, move.stage), tps)
    async with AsyncExitStack() as stack:
        for each in (producer, logs):
            await each.start()
            stack.push_async_callback(each.stop)
        if await logs.end(TopicPartition(catalog.name(RULES), 0)):  # Else it would publish ours.
            await rulebook.start(outboxes)
            stack.push_async_callback(rulebook.stop)
        for tp in tps:
            left = await move_partition(
                take, move, tp.partition, inputs[tp], shows=stage.views is not None
            )
            say(move.changelog, tp.partition, left)
    shutil.rmtree(scratch, ignore_errors=True)


async def move_partition(take: Take, move: Move, n: int, found: Input, *, shows: bool) -> int:
    """Divides an old partition; the rows that left it. `shows`: its rows have views."""
    source = await take(n, found, move.old)
    mark = source.mark
    if mark.cursor is not None:
        raise StoppedError(f"{move.facts}-{n} was let go of amid a tick")
    targets = {to: await take(to, Input(None, 0, 0), move.new) for to in move.targets(n)[1:]}
    try:
        await _copy(move, source, targets)
        for target in targets.values():
            await target.write({}, dict(source.progress.sources), by=mark)
        for home, each in {n: source, **targets}.items() if shows else ():
            for rows in each.rows():
                await each.show([key for key in rows if home in move.homes(key)])
        left = await _take_out(move, source, n)
        source.progress.partitions = move.new
        await source.write({})
        return left
    finally:
        for each in (source, *targets.values()):
            each.close()


async def _copy(move: Move, source: Owned, targets: dict[int, Owned]) -> None:
    batches: dict[int, dict[bytes, Row]] = {n: {} for n in targets}
    sizes = dict.fromkeys(targets, 0)
    for rows in source.rows():
        for key, row in rows.items():
            for n in move.homes(key) or targets:
                if n in targets:
                    batches[n][key] = row
                    sizes[n] += len(key) + len(row.value or b"")
                    if sizes[n] > BATCH_BYTES:
                        await targets[n].write(batches[n], by=source.mark)
                        batches[n], sizes[n] = {}, 0
    for n, batch in batches.items():
        await targets[n].write(batch, by=source.mark)


async def _take_out(move: Move, source: Owned, partition: int) -> int:
    left = 0
    for rows in source.rows():
        gone = [key for key in rows if (home := move.homes(key)) and partition not in home]
        if gone:
            await source.write({key: Row(NEVER, None) for key in gone})
        left += len(gone)
    return left

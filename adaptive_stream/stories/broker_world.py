"""Plays stories on a real cluster: the same records and ticks as in engine_world, through Kafka.

Rule 1: the worker runs with `--clock log` on topics of the profile `story`; all time is in the
log, written here, so that fourteen days take seconds.
Rule 2: a tick is written when all that stands before it has been worked on, never after a wait of
some length: the stages' commits say so.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Protocol, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from adaptive_stream import outputs as output_topics
from adaptive_stream.catalog import Catalog
from adaptive_stream.catalog.publishing import Effect, Published
from adaptive_stream.catalog.shelf import Shelf
from adaptive_stream.checkpoint.progress import CHECKPOINT, decode_mark
from adaptive_stream.engine.clock import Clock, encode_clock
from adaptive_stream.engine.notice import decode_notice
from adaptive_stream.process.supervisor import STAGES, group_of
from adaptive_stream.stages.records import (
    CONTEXT,
    CUSTOMER_CHANGELOG,
    CUSTOMER_FACTS,
    IDENTITY_FACTS,
)
from adaptive_stream.stories import scrape
from adaptive_stream.stories.backtest import backtest, in_short
from adaptive_stream.stories.live import Files, LiveRules, instances
from adaptive_stream.stories.names import Names
from adaptive_stream.stories.output import Output, board_of, output
from adaptive_stream.stories.phrases import STATE_SIZE, changes_rules
from adaptive_stream.stories.records import Written
from adaptive_stream.stories.replay import recorded
from adaptive_stream.stories.rules_log import RulesLog
from adaptive_stream.stories.story import Row, Story
from adaptive_stream.stories.timeline import Moment, merged, minutes, timeline
from adaptive_stream.stories.writer import Writer

SETTLE_WITHIN_S = 60
LOOK_S = 0.01
READ_WITHIN_S = 60
TICKS_OF_A_SWEEP = 40  # A thousand customers are judged anew by some at each tick.


class Worker(Protocol):
    """The worker's processes. `ports`: where they answer."""

    @property
    def ports(self) -> Sequence[int]: ...

    def start(self) -> None: ...

    def wait_until_ready(self) -> None: ...

    def stop(self) -> bool: ...


class NotSettledError(Exception):
    """The stages did not get through what was written; the message says how far they came."""


def play(
    stories: Sequence[Story],
    bootstrap: str,
    catalog: Catalog,
    worker: Worker,
    say: Callable[[str], None] = lambda _: None,
    desk: Files | None = None,
) -> list[list[Output]]:
    """What came out for each story, in order of known time. They are played together, each with
    people of its own; they must load the same journeys and have the same calendar. `desk`: where
    the files come from of one that publishes, which is played alone."""
    noted: list[Output] = []
    names = [Names(story, number) for number, story in enumerate(stories, start=1)]
    moments = merged(
        [_renamed(timeline(story), own) for story, own in zip(stories, names, strict=True)]
    )
    with BrokerWorld(bootstrap, catalog) as world:
        live = None
        if any(moment.does for moment in moments):
            assert desk is not None, "whoever publishes has files"
            live = LiveRules(desk, world)
            live.known()
        before_ms: int | None = None
        for moment in moments:
            say(stories[0].calendar.text(moment.at_ms))
            if before_ms is not None and not moment.starts:
                world.tick(minutes(before_ms, moment.at_ms))
            if live:
                noted += [told for row in moment.does for told in world.do(row, live)]
            if moment.records:
                world.write(moment.records)
            if moment.starts:
                worker.start()
                worker.wait_until_ready()
            world.settle()
            if moment.ticks:
                world.tick([moment.at_ms] * (TICKS_OF_A_SWEEP if moment.does else 1))
                before_ms = moment.at_ms
            if moment.looks:
                noted += world.look(worker.ports, moment.at_ms, live)
            if moment.stops:
                world.settle()
                worker.stop()
        world.settle()
        came = [*noted, *world.outputs()]
    return [
        [one for one in own.mine(came) if one.known_ms <= story.rows[-1].at_ms]  # as if alone
        for story, own in zip(stories, names, strict=True)
    ]


def _renamed(moments: Iterable[Moment], names: Names) -> list[Moment]:
    return [
        replace(
            moment,
            records=tuple(replace(one, value=names.value(one.value)) for one in moment.records),
        )
        for moment in moments
    ]


class BrokerWorld:
    """A cluster with a worker on it. Use it as a context manager."""

    def __init__(self, bootstrap: str, catalog: Catalog) -> None:
        self._catalog = catalog
        self._writer = Writer(bootstrap)
        self._admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        self._reader = KafkaConsumer(
            bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False
        )
        self._inputs = {
            group_of(catalog.prefix, stage): self._partitions(topics)
            for stage, topics in zip(STAGES, self._topics_of_stages(), strict=True)
        }
        self._channels = tuple(catalog.channels)
        self._producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
        self._log_ms = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()
        self._producer.close()
        self._admin.close()
        self._reader.close()

    def write(self, records: Iterable[Written]) -> None:
        """Records of one time on their channels, which the broker has when this returns."""
        self._writer.write(
            (self._catalog.name(f"channel.{record.channel}.v1"), record.value, record.at_ms)
            for record in records
        )

    def tick(self, times_ms: Iterable[int]) -> None:
        """Ticks in every partition, in order. All channels are known up to each of them."""
        ticks = [
            (now_ms, encode_clock(Clock(now_ms, dict.fromkeys(self._channels, now_ms))))
            for now_ms in times_ms
        ]
        topic = self._catalog.name(CUSTOMER_FACTS)
        self._writer.tick(topic, [one.partition for one in self._partitions([topic])], ticks)

    def settle(self) -> None:
        """Returns when every stage has committed all that was written, by us and by each other.

        What a stage commits, it has passed on: if nothing was added while all of it was being
        committed, nothing is on the way any more. Raises NotSettledError.
        """
        until_s = time.monotonic() + SETTLE_WITHIN_S
        ends = self._ends()
        while True:
            self._await_commits(ends, until_s)
            before, ends = ends, self._ends()
            if ends == before:
                return

    def do(self, row: Row, live: LiveRules) -> list[Output]:
        """What the commands do that change rules, or try them on what has happened."""
        self.settle()
        if changes_rules(row):
            self._log_ms = row.at_ms
            live.publish(row)
            return []
        now, then = live.tried(row)
        facts = recorded(self._read([self._catalog.name(CUSTOMER_FACTS)]))
        return [in_short(backtest(facts, now, then, self._channels), row.at_ms)]

    def run(self, work: Generator[Effect, Any, Published]) -> Published:
        """Performs what publishing asks for, at the time of the story."""
        return self._rules_log().run(work)

    def shelf(self) -> Shelf:
        """What rules.v1 holds now."""
        return self._rules_log().shelf()

    def _rules_log(self) -> RulesLog:
        told = [self._catalog.name(topic) for topic in (IDENTITY_FACTS, CUSTOMER_FACTS)]
        return RulesLog(
            self._reader, self._producer, self._catalog.prefix, told, log_ms=self._log_ms
        )

    def look(self, ports: Sequence[int], at_ms: int, live: LiveRules | None) -> list[Output]:
        """What no output tells: the worker's metrics, how much room each state takes, and what
        runs go by."""
        self.settle()
        states: dict[bytes, bytes] = {}
        in_force = {}
        for one in self._read([self._catalog.name(CUSTOMER_CHANGELOG)]):
            states[one.key or b""] = one.value or b""
            if one.key == CHECKPOINT:
                in_force[one.partition] = decode_mark(one.value).in_force
        room = [
            Output(STATE_SIZE, at_ms, key.decode(), {"bytes": len(state)})
            for key, state in states.items()
        ]
        if live:
            customers = [state for key, state in states.items() if key.startswith(b"c-") and state]
            goes_by = [live.compiled(one.id) for one in in_force.values()]
            room += instances(customers, goes_by, live, at_ms)
        read = self._read([self._catalog.name(CONTEXT)])
        notices = {(one.key or b"").decode(): decode_notice(one.value) for one in read if one.value}
        board = board_of(notices, self.outputs(), at_ms)
        return [*scrape.metrics(ports, at_ms), *room, *board]

    def outputs(self) -> list[Output]:
        """All that is on the output topics. A copy of a record counts once."""
        names = {self._catalog.name(topic): topic for topic in output_topics.TOPICS}
        found: dict[object, Output] = {}
        for one in self._read([name for name in names if name in self._catalog.topics]):
            came = output(names[one.topic], one.key, one.value, one.headers)
            # A state may be said again unchanged, at another time: that is no copy.
            found.setdefault((one.topic, one.key, one.value, came.known_ms), came)
        return sorted(found.values(), key=lambda one: one.known_ms)

    def _read(self, topics: Iterable[str]) -> Iterator[Any]:
        """Every record of these topics as they are now."""
        partitions = self._partitions(topics)
        ends = self._reader.end_offsets(partitions)
        self._reader.assign(partitions)
        self._reader.seek_to_beginning(*partitions)
        until_s = time.monotonic() + READ_WITHIN_S
        while any(self._reader.position(one) < ends[one] for one in partitions):
            if time.monotonic() > until_s:
                raise NotSettledError("topics could not be read to their ends")
            for batch in self._reader.poll(timeout_ms=200).values():
                yield from batch

    def _topics_of_stages(self) -> tuple[list[str], list[str], list[str]]:
        catalog = self._catalog
        channels = [catalog.name(f"channel.{name}.v1") for name in catalog.channels]
        return channels, [catalog.name(IDENTITY_FACTS)], [catalog.name(CUSTOMER_FACTS)]

    def _partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        return [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(self._reader.partitions_for_topic(topic) or ())
        ]

    def _ends(self) -> dict[TopicPartition, int]:
        every = [one for partitions in self._inputs.values() for one in partitions]
        return dict(self._reader.end_offsets(every))

    def _await_commits(self, ends: Mapping[TopicPartition, int], until_s: float) -> None:
        while True:
            offsets: dict[str, dict[TopicPartition, Any]] = self._admin.list_group_offsets(
                list(self._inputs)
            )
            behind = {
                one: ends[one] - committed
                for group, partitions in self._inputs.items()
                for one in partitions
                if (committed := _committed(offsets[group].get(one))) < ends[one]
            }
            if not behind:
                return
            if time.monotonic() > until_s:
                told = ", ".join(f"{one.topic}/{one.partition}: {n}" for one, n in behind.items())
                raise NotSettledError(f"after {SETTLE_WITHIN_S} s the worker is behind on {told}")
            time.sleep(LOOK_S)


def _committed(found: Any) -> int:
    return 0 if found is None else max(0, int(found.offset))

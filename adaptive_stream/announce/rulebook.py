"""The rules that partitions may be told to go by: rules.v1, read as long as the process lives.

Rule 1: what is in force is said by records in the partitions, never by this: it only has at hand,
compiled, whatever they may name.
Rule 2: where nothing was published, the files that this process started with are; where something
was, the files are passed over, and it is said so.
Rule 3: who owns the clock tells every partition what is active, at first and whenever it changes:
so what somebody published who died before they had told them all is in force all the same.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from adaptive_stream.announce.asked import Boxes
from adaptive_stream.catalog import Catalog, CatalogError
from adaptive_stream.catalog.bundle import MEANING, bundle_of
from adaptive_stream.catalog.edits import Edited
from adaptive_stream.catalog.published import compiled
from adaptive_stream.catalog.publishing import Append, Appended, ReadOn, Tell, first, publishing
from adaptive_stream.catalog.rules import read_dir
from adaptive_stream.catalog.shelf import Shelf
from adaptive_stream.checkpoint.refusal import Refusal
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.switch import Switch, encode_switch
from adaptive_stream.process.exit import die
from adaptive_stream.stages.outcome import InForce
from adaptive_stream.stages.records import (
    CUSTOMER_FACTS,
    IDENTITY_FACTS,
    RULES,
    RULES_KEY,
    rules_headers,
)

log = logging.getLogger(__name__)

LOADED_WITHIN_S = 60.0  # Who names a bundle has seen it acknowledged.


class Rulebook:
    """`library`: the rules at hand, by id. `reader` makes a consumer without a group; the files of
    `rules_dir` are published where nothing was."""

    def __init__(
        self, catalog: Catalog, rules_dir: Path, reader: Callable[[], AIOKafkaConsumer]
    ) -> None:
        self.library: dict[str, Rules] = {}
        self._boxes: Boxes
        self._catalog = catalog
        self._rules_dir = rules_dir
        self._reader = reader
        self._tells = False
        self._shelf = Shelf()
        self._log = TopicPartition(catalog.name(RULES), 0)
        self._consumer: AIOKafkaConsumer
        self._reading = False
        self._grown = asyncio.Condition()
        self._following: asyncio.Task[None] | None = None

    @property
    def first(self) -> InForce:
        """What a partition goes by of which nothing was stepped: the oldest that is known, since
        its records tell of all that came after."""
        active = self._shelf.active
        if active is None:
            return InForce()
        oldest = (*active.past, active.as_past(self._shelf.rev))[0]
        return InForce(oldest.id, oldest.rev)

    @property
    def active(self) -> Rules:
        """What is in force for whoever keeps no state."""
        assert self._shelf.active is not None, "it was started"
        return self.library[self._shelf.active.id]

    async def start(self, boxes: Boxes) -> None:
        """Reads rules.v1 to its end, and publishes our files where it is empty."""
        self._boxes = boxes
        self._consumer = self._reader()
        self._reading = True
        await self._consumer.start()
        self._consumer.assign([self._log])
        await self._consumer.seek_to_beginning(self._log)
        await self._read_on()
        ours = Edited(*bundle_of(read_dir(self._rules_dir, []), self._catalog.channels))
        if self._shelf.active is None:
            await self._publish(ours)
        current = self._shelf.current
        assert current is not None, "something is active by now"
        if current.bundle.files != ours.bundle.files:
            log.warning(
                "%s is in force, and not the files of %s: `adaptive-stream journeys publish` them",
                current.bundle.id, self._rules_dir,
            )  # fmt: skip
        await self.load(current.bundle.id)
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Reads no further, if it has begun to."""
        if self._following is not None:
            self._following.cancel()
        if self._reading:
            await self._consumer.stop()

    async def load(self, id_: str) -> None:
        """Returns once these rules are in the library."""
        if not id_ or id_ in self.library:
            return
        try:
            async with asyncio.timeout(LOADED_WITHIN_S), self._grown:
                await self._grown.wait_for(lambda: self._shelf.has(id_))
        except TimeoutError:
            says = f"{self._log.topic} does not hold the rules {id_}, by which a partition goes"
            raise Refusal(
                says, "restore that topic: what they decided cannot be repeated"
            ) from None
        edited = self._shelf.edited(id_)
        if foreign := edited.bundle.foreign:
            says = f"{id_}, by which a partition goes, {foreign}; this worker has {MEANING}"
            raise Refusal(says, "start the version that published it, or a newer one")
        try:
            # Beside: a hundred journeys take a second, and purchases would wait for them.
            self.library[id_] = await asyncio.to_thread(compiled, edited.bundle, edited.contents)
        except CatalogError as error:
            says = f"the rules {id_} were published by another version, and have faults: {error}"
            raise Refusal(says, "start the version that published them") from error

    def tell(self, owns_clock: bool) -> None:
        """Whether it is on us to tell the partitions."""
        self._tells = owns_clock
        if owns_clock and self._shelf.switch is not None:
            self._tell(self._shelf.switch)

    def _tell(self, switch: Switch) -> dict[Any, int]:
        return {
            box: box.put(RULES_KEY, encode_switch(switch), rules_headers())
            for topic in map(self._catalog.name, (IDENTITY_FACTS, CUSTOMER_FACTS))
            for number in range(self._boxes.partitions(topic))
            for box in (self._boxes.box(topic, number),)
        }

    async def _follow(self) -> None:
        try:
            while True:
                rev = self._shelf.rev
                await self._take(await self._consumer.getmany(timeout_ms=1_000))
                switch = self._shelf.switch
                if switch is not None and self._shelf.rev != rev:
                    await self.load(switch.id)
                    if self._tells:
                        self._tell(switch)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 (a bug stops the worker)
            die("reading the rules", error)

    async def _take(self, found: dict[TopicPartition, list[Any]]) -> None:
        async with self._grown:
            for record in found.get(self._log, ()):
                self._shelf.take(record.offset, record.key or b"", record.value)
            self._grown.notify_all()

    async def _read_on(self) -> None:
        end = (await self._consumer.end_offsets([self._log]))[self._log]
        while await self._consumer.position(self._log) < end:
            await self._take(await self._consumer.getmany(timeout_ms=1_000))

    async def _publish(self, ours: Edited) -> None:
        """Our files, unless somebody else is first."""
        work, result = publishing(first(ours), "start", shelf=self._shelf), None
        box = self._boxes.box(*self._log)
        while True:
            try:
                effect = work.send(result)
            except StopIteration:
                return
            result = None
            match effect:
                case ReadOn():
                    await self._read_on()
                case Append(key, value):
                    await box.reached(box.put(key, value, ()))
                    result = Appended(box.base_offset, box.appended_ms)
                case Tell(switch):
                    await self._boxes.acknowledged(self._tell(switch))

"""The one clock (PROTOCOL (c)): rounds by offsets, run by whoever owns clock.v1's partition.

A round: append it, and the broker's stamp is T0; read where the channels end; wait until admit has
committed that far, then resolve twice (a link goes from row to row), then step four times (a
merge's proposal, offer, go and what follows). Whatever was acknowledged before T0 is then behind
every partition's tick. Rounds overlap; ticks of two clocks are both true, the greater wins.
"""

import asyncio
import logging
from collections.abc import Mapping

from aiokafka import TopicPartition

from adaptive_stream.announce.asked import Box, Boxes, Ends, Offsets
from adaptive_stream.catalog import Catalog
from adaptive_stream.checkpoint.refusal import Refusal
from adaptive_stream.engine.clock import Clock, encode_clock
from adaptive_stream.process.exit import die
from adaptive_stream.process.supervisor import STAGES, group_of
from adaptive_stream.stages.records import CLOCK, CUSTOMER_FACTS, IDENTITY_FACTS, TICK_KEY

log = logging.getLogger(__name__)

ROUND_S = 0.5
LOOK_S = 0.1  # Between two looks at what is committed, while somebody waits for it.
ROUND_AT_MOST_S = 10.0  # Then its tick is written without knowing more than before.
ROUNDS_MAX = 24
HOPS = (("resolve", 2), ("step", 4))


class Commits:
    """What a group has committed, read while somebody waits for it."""

    def __init__(self, offsets: Offsets, group: str) -> None:
        self._offsets = offsets
        self._group = group
        self._committed: Ends = {}
        self._looking: asyncio.Task[None] | None = None

    def cover(self, ends: Ends) -> bool:
        """Whether all that is before these ends was committed at the last look."""
        return all(self._committed.get(tp, 0) >= end for tp, end in ends.items())

    async def look(self) -> None:
        """Reads the commits; whoever asks meanwhile shares the answer."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        await asyncio.shield(self._looking)

    async def _look(self) -> None:
        try:
            await asyncio.sleep(LOOK_S)
            self._committed = await self._offsets.committed(self._group)
        finally:
            self._looking = None

    async def reach(self, ends: Ends) -> None:
        """Returns once they cover `ends`."""
        while not self.cover(ends):
            await self.look()


class BarrierClock:
    """Begins rounds and writes their ticks, while `run` runs."""

    def __init__(self, offsets: Offsets, boxes: Boxes, catalog: Catalog) -> None:
        self._offsets = offsets
        self._boxes = boxes
        self._round_box: Box = boxes.box(catalog.name(CLOCK), 0)
        self._channels = {
            name: [tp for each in channel.read for tp in self._tps(each.topic)]
            for name, channel in catalog.channels.items()
        }
        self._facts = {
            "resolve": self._tps(catalog.name(IDENTITY_FACTS)),
            "step": self._tps(catalog.name(CUSTOMER_FACTS)),
        }
        self._commits = {
            stage: Commits(offsets, group_of(catalog.prefix, stage)) for stage in STAGES
        }
        self._admitted: dict[str, int] = {}
        self._known: dict[str, int] = {}
        self._rounds: set[asyncio.Task[None]] = set()

    def _tps(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(topic, n) for n in range(self._boxes.partitions(topic))]

    async def run(self) -> None:
        """Rounds until it is cancelled."""
        try:
            await self._offsets.start()
            number = 0
            while True:
                number += 1
                if len(self._rounds) < ROUNDS_MAX:
                    task = asyncio.create_task(self._round(number))
                    self._rounds.add(task)
                    task.add_done_callback(self._ended)
                await asyncio.sleep(ROUND_S)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 (a bug stops the worker)
            die("running the clock", error)
        finally:
            for task in self._rounds:
                task.cancel()
            await self._offsets.stop()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._rounds.discard(task)
        if not task.cancelled() and (error := task.exception()):
            die("a round of the clock", error)

    async def _round(self, number: int) -> None:
        now_ms = await self._begin(number)
        ends = {name: await self._offsets.ends(tps) for name, tps in self._channels.items()}
        known: dict[str, int] = {}
        try:
            async with asyncio.timeout(ROUND_AT_MOST_S):
                known = await self._barriers(now_ms, ends)
        except TimeoutError:
            log.info("round %d does not come through: the clock goes on without it", number)
        for name, known_ms in known.items():
            self._known[name] = max(known_ms, self._known.get(name, 0))
        self._tick(Clock(now_ms=now_ms, known=self._known))

    async def _begin(self, number: int) -> int:
        """T0: when the broker had the round."""
        await self._round_box.reached(self._round_box.put(None, b"%d" % number, ()))
        if self._round_box.appended_ms < 0:
            topic = self._round_box.topic
            raise Refusal(
                f"{topic} has no message.timestamp.type LogAppendTime",
                "`adaptive-stream topics apply` sets it",
            )
        return self._round_box.appended_ms

    async def _barriers(self, now_ms: int, ends: Mapping[str, Ends]) -> dict[str, int]:
        """For each channel until when all is known, once the facts behind it are applied."""
        await self._await_channels(now_ms, ends)
        known = dict(self._admitted)
        for stage, times in HOPS:
            for _ in range(times):
                await self._commits[stage].reach(await self._offsets.ends(self._facts[stage]))
        return known

    async def _await_channels(self, now_ms: int, ends: Mapping[str, Ends]) -> None:
        """A channel that lags holds up nobody but itself: a round waits for it a moment only."""
        admit, loop = self._commits["admit"], asyncio.get_running_loop()
        missing, until = dict(ends), loop.time() + 2 * ROUND_S
        while True:
            for name in [name for name, at in missing.items() if admit.cover(at)]:
                self._admitted[name] = max(now_ms, self._admitted.get(name, 0))
                del missing[name]
            if not missing or loop.time() > until:
                return
            await admit.look()

    def _tick(self, clock: Clock) -> None:
        body = encode_clock(clock)
        for topic, partition in self._facts["step"]:
            self._boxes.box(topic, partition).put(TICK_KEY, body, (("k", b"tick"),))

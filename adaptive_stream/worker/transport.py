"""Faust's aiokafka driver with record batches as the unit. Registered as `batches://`.

What Faust keeps: the group protocol, the assignor, conductor, streams and agents. What is replaced,
and the fault of stock Faust that it answers (see README.md):

- one message at a time through four tasks, a lock and a queue -> an Inbox per partition; the agent
  is told that there is work, and takes all that waits in each as one batch
- a thread for the consumer, which each poll wakes and waits for, and which fights the main thread
  for the interpreter -> one loop
- C1, C2: positions from a list of acknowledgements -> positions that the checkpoint owns
- C3: on revocation acknowledgements are dropped before the commit -> released, then revoked
- C4, C5: a seek while a fetch is under way -> a seek waits until no fetch is
- fetches that wait 1.5 s, offsets out of range that jump over lost records
"""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import aiokafka
from faust import Schema
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode import Service
from mode.utils.futures import maybe_async

from adaptive_stream.client.company import Company
from adaptive_stream.client.fetching import Sessions
from adaptive_stream.client.landing import follow_at_once
from adaptive_stream.process.cores import waiting
from adaptive_stream.process.exit import die
from adaptive_stream.process.supervisor import STAGES
from adaptive_stream.worker.inbox import Inbox, Inboxes
from adaptive_stream.worker.producer import Producer

SCHEME = "batches"
POLL_S = 0.25  # A seek waits at most this long for the poll under way.
COMMIT_S = 0.05  # After a beat nearly all of its checkpoints are done.


class InboxSchema(Schema):
    """Hands the Inboxes to the agent: there is nothing to decode."""

    def compile(self, app: Any, **_: Any) -> Any:
        """The decoder of a channel."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:  # noqa: ARG001
            return app.create_event(None, message.value, message.headers, message)

        return decode


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread without the thread: its calls are awaited where they are made.

    Heart beats therefore wait for the batch at work, which the Keeper cuts to TURN_S.
    """

    mundane_level = "debug"
    wait_for_shutdown = False  # There is no thread that would tell.

    def __init__(self, consumer: "Consumer", loop: Any, **kwargs: Any) -> None:
        super().__init__(consumer, loop=loop, thread_loop=loop, **kwargs)

    async def start(self) -> None:
        """As any service starts."""
        self._thread_started.set()
        await self._default_start()

    async def stop(self) -> None:
        """As any service stops."""
        await Service.stop(self)

    async def on_start(self) -> None:
        """Connects the client."""
        await super().on_start()
        follow_at_once(self._ensure_consumer()._fetcher)

    async def on_stop(self) -> None:
        """Leaves the group."""
        await self.on_thread_stop()

    async def _stop_futures(self) -> None:
        await self._default_stop_futures()

    async def call_thread(self, fun: Any, *args: Any, **kwargs: Any) -> Any:
        """At once, here."""
        return await maybe_async(fun(*args, **kwargs))

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # Stock Faust waits 1.5 s, in which a partition that was just drained is not asked for; and
        # an offset that is gone would be replaced in silence by the earliest.
        consumer._fetch_max_wait_ms = self.app.settings.fetch_wait_ms
        consumer._auto_offset_reset = "none"
        Sessions(consumer._client)
        return consumer

    def seek_all(self, positions: Mapping[TP, int]) -> None:
        """Moves the partitions; drops what was fetched of them."""
        consumer = self._ensure_consumer()
        for tp, offset in positions.items():
            consumer.seek(driver.ensure_aiokafka_TP(tp), offset)

    def wait_at_most(self, wait_ms: int) -> None:
        """How long the next fetches may wait for a record."""
        self._ensure_consumer()._fetcher._fetch_max_wait_ms = wait_ms

    def hold(self, pause: list[TP], resume: list[TP]) -> None:
        """Leaves partitions out of fetches, or takes them in again."""
        consumer = self._ensure_consumer()
        consumer.pause(*map(driver.ensure_aiokafka_TP, pause))
        consumer.resume(*map(driver.ensure_aiokafka_TP, resume))


class Consumer(driver.Consumer):
    """Fills the inboxes and tells the agent. `app.keeper` says what may be committed."""

    mundane_level = "debug"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.inboxes = Inboxes()
        self.revoked = False  # Since the last assignment: what is assigned is no longer ours.
        self._polling = asyncio.Lock()
        self._company = Company(self.loop.time(), STAGES.index(self.app.stage.name), waiting())
        self._together: list[Inbox] = []
        self._committed: dict[TP, int] = {}

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):
                if not self.flow_active:
                    await self.wait(self.can_resume_flow)
                    continue
                await self._poll()
        except asyncio.CancelledError:
            raise
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise
        except BaseException as error:  # noqa: BLE001 (a bug stops the worker)
            die("fetching", error)

    async def _poll(self) -> None:
        async with self._polling:
            fetched = await self._thread.getmany(None, POLL_S)
            if not self.flow_active:
                return  # A rebalance began: what was fetched is dropped, and a seek follows.
            self._wait_for_company(fetched)
            for tp, records in fetched.items():
                inbox = self.inboxes.get(ensure_TP(tp))
                if inbox is not None:
                    inbox.put(records)
        self._hold_back()
        await self.offer()

    def _wait_for_company(self, fetched: Mapping[Any, list[Any]]) -> None:
        """Leaves busy partitions out of fetches until the next beat."""
        now_s = self.loop.time()
        counts = ((tp, len(records)) for tp, records in fetched.items())
        moments = len({each.timestamp for records in fetched.values() for each in records})
        if self._company.came(counts, moments, now_s) and not self._together:
            self._together = [each for tp, each in self.inboxes.items() if tp in self._company.busy]
            self._thread.hold([each.tp for each in self._together], [])
            self._thread.wait_at_most(int(self._company.beat_s * 1000))  # Nor waits the beat.
            self.loop.call_at(self._company.next_beat_s(now_s), self._beat)

    def _beat(self) -> None:
        together, self._together = self._together, []
        self._thread.wait_at_most(self.app.settings.fetch_wait_ms)
        ours = [each for each in together if self.inboxes.get(each.tp) is each]
        self._thread.hold([], [each.tp for each in ours if not each.paused])

    def _hold_back(self) -> None:
        """Bounds what is fetched ahead, per partition: a slow one does not stop the others."""
        pause = [i for i in self.inboxes.values() if not i.paused and i.bytes > i.bytes_max]
        resume = [i for i in self.inboxes.values() if i.paused and i.bytes <= i.bytes_max // 2]
        if pause or resume:
            for inbox in pause + resume:
                inbox.paused = not inbox.paused
            self._thread.hold([i.tp for i in pause], [i.tp for i in resume])

    async def offer(self) -> None:
        """Tells the agent, once, that there is work."""
        inboxes = self.inboxes
        if inboxes.offered or not self.flow_active or not inboxes.have_work():
            return
        inboxes.offered = True
        tp = next(iter(inboxes))
        await self.callback(
            ConsumerMessage(
                tp.topic, tp.partition, 0, 0.0, 0, [], None, cast(Any, inboxes), None, 0, 0, tp,
                generation_id=self.app.consumer_generation_id,
            )
        )  # fmt: skip

    def waits(self, tp: TP) -> tuple[int, int | None]:
        """The offset after a partition's last record (0: unknown), and the next one's timestamp."""
        consumer, inbox = self._thread._ensure_consumer(), self.inboxes.get(tp)
        end = consumer.highwater(tp) if tp in consumer.assignment() else 0
        return end or 0, inbox.first_ms if inbox else None

    async def move_to(self, positions: Mapping[TP, int]) -> None:
        """Starts the partitions at these offsets, with empty inboxes."""
        async with self._polling:  # Faust faults C4 and C5.
            self._thread.seek_all(positions)
            bytes_max = self.app.settings.backlog_bytes_max
            self.inboxes = Inboxes({tp: Inbox(tp, bytes_max) for tp in positions})
            self._committed = {}

    async def perform_seek(self) -> None:
        """Positions come from `move_to` alone."""

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finishes and commits what is under way while the partitions are still ours (fault C3)."""
        self.revoked = True
        self.stop_flow()
        try:
            await self.app.keeper.release(self)
        except Exception as error:  # noqa: BLE001 (aiokafka would go on)
            die("letting partitions go", error)
        self.inboxes = Inboxes()
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """They are ours from here on; Takeover does the rest."""
        self.revoked = False
        await super().on_partitions_assigned(assigned, generation_id)

    @Service.task
    async def _commit_handler(self) -> None:
        """They follow the checkpoints: who waits for both does not wait for a second timer."""
        while not self.should_stop:
            every_s = self.commit_interval
            await self.sleep(every_s - (self.loop.time() - COMMIT_S) % every_s)
            await self.commit()

    async def commit(self, *_: Any, **__: Any) -> bool:
        """One request for all partitions that moved since the last; every commit_every_ms."""
        positions = self.app.keeper.positions()
        moved = {tp: at for tp, at in positions.items() if self._committed.get(tp) != at}
        if not moved or not await self._thread.commit(moved):
            return False
        self._committed.update(moved)
        self.app.monitor.on_tp_commit(moved)
        return True

    async def verify_all_partitions_active(self) -> None:
        """Stock Faust looks at acknowledgements, which there are none of."""


class Transport(driver.Transport):
    """The driver that Faust finds under `batches://`."""

    Consumer = Consumer
    Producer = Producer


TRANSPORTS.aliases[SCHEME] = f"{__name__}:Transport"

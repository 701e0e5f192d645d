"""One stage as a Faust app: what it reads, how it starts, how it ends.

Faust keeps the app, the agent, the group protocol, the assignor and the services. Each stage is an
app of its own with one constant set of topics: a member with another set would be given partitions
that do not go together (notes on the copartition trap in README.md).
"""

import asyncio
import gc
import logging
from functools import partial
from typing import Any, NoReturn

import faust
import uvloop
from faust.auth import SASLCredentials, SSLCredentials
from mode.supervisors import CrashingSupervisor
from yarl import URL

from adaptive_stream.announce.clock import BarrierClock
from adaptive_stream.announce.rulebook import Rulebook
from adaptive_stream.catalog import Catalog, load_catalog
from adaptive_stream.client.packing import pack_quickly
from adaptive_stream.client.reading import Offsets, reader
from adaptive_stream.engine.sender import silent_after_s
from adaptive_stream.metrics.watch import Watch
from adaptive_stream.metrics.words import own_words
from adaptive_stream.process.exit import die
from adaptive_stream.process.http import Http
from adaptive_stream.process.logs import start_logging
from adaptive_stream.process.settings import Settings
from adaptive_stream.process.supervisor import STAGES, group_of
from adaptive_stream.stages.admit import Admit
from adaptive_stream.stages.every import stage_of
from adaptive_stream.stages.outcome import Stage
from adaptive_stream.stages.records import CLOCK
from adaptive_stream.worker import cluster
from adaptive_stream.worker.keeper import Keeper
from adaptive_stream.worker.monitor import SlimMonitor
from adaptive_stream.worker.producer import Outboxes
from adaptive_stream.worker.recovery import Tables
from adaptive_stream.worker.transport import SCHEME, InboxSchema

RULES_WAIT_MS = 500  # Of a fetch: rules are seldom published, and one that is ends the wait.
BATCH_SHARE = 0.75  # Of max.message.bytes: a batch is measured before its headers are added.


class StageApp(faust.App):
    """A Faust app with what its seams need: settings, keeper, metrics."""

    mundane_level = "debug"  # "Starting...", "Stopping...": nobody must act on them.
    logger = logging.getLogger("faust.app")  # Else its lines ("Flush ...") pass for ours.

    def __init__(
        self,
        stage: Stage,
        settings: Settings,
        catalog: Catalog,
        rulebook: Rulebook | None,
        **conf: Any,
    ) -> None:
        super().__init__(group_of(catalog.prefix, stage.name), **conf)
        self.stage = stage
        self.settings = settings
        self.catalog = catalog
        own, wall = own_words(catalog.channels, catalog.rules), settings.clock == "wall"
        self._watch = Watch(
            stage.name, own, wall=wall, traces_url=settings.traces_url,
            silent_after_s=silent_after_s(catalog.rules.senders),
        )  # fmt: skip
        self.rulebook = rulebook
        self.keeper = Keeper(stage, settings, self._watch, rulebook)
        self.batch_bytes_max = 1 << 20
        port = settings.web_port + STAGES.index(stage.name)
        self._http = Http(settings.web_host, port, self._watch.metrics, self.is_ready)
        self._clock: asyncio.Task[None] | None = None
        self._begun = False  # Whether what Faust starts has been let start.
        self._taken_over = False

    def is_ready(self) -> bool:
        """Whether partitions are assigned and taken over."""
        return self._taken_over and not self.rebalancing and not self.should_stop

    async def on_first_start(self) -> None:
        """Looks at the cluster before anything is consumed; stock Faust joins its group at once."""
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        await super().on_first_start()
        try:
            found = await cluster.inspect(self.settings, self.catalog, self.stage.changelog)
            self.batch_bytes_max = int(found.message_bytes * BATCH_SHARE)
            self.keeper.bytes_max = self.batch_bytes_max
            self.keeper.outboxes = Outboxes(self.producer, found.partitions)
            if self.rulebook is not None:
                await self._open_rules(self.rulebook)
            self._watch.look_at(lambda: self.keeper.partitions, self.consumer.waits, self.is_ready)
            await self._http.start()
            self._begun = True
        except BaseException as error:  # A start that fails, fails.
            if self.should_stop and isinstance(error, asyncio.CancelledError):
                raise  # Told to stop meanwhile: another stage refuses, say, and tells why.
            die("starting", error)

    async def _open_rules(self, rulebook: Rulebook) -> None:
        await self.producer.maybe_start()
        await rulebook.start(self.keeper.outboxes)
        if isinstance(self.stage, Admit):
            self.stage.go_by(rulebook.active)

    def on_taken_over(self, assignment: set[Any]) -> None:
        """Called when the partitions of an assignment are ours."""
        self._taken_over = True
        clock_topic = self.catalog.name(CLOCK)
        owns_clock = any(tp.topic == clock_topic for tp in assignment)
        if self.settings.clock == "wall" and owns_clock and self._clock is None:
            clock = BarrierClock(Offsets(self.settings), self.keeper.outboxes, self.catalog)
            self._clock = asyncio.get_running_loop().create_task(clock.run())
            if self.rulebook is not None:
                self.rulebook.tell(owns_clock=True)

    def on_rebalance_start(self) -> None:
        """Another may own the clock afterwards; stock Faust lets what an app runs go on."""
        super().on_rebalance_start()
        self.loop.call_soon_threadsafe(self._stop_clock)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
            if self.rulebook is not None:
                self.rulebook.tell(owns_clock=False)

    async def on_stop(self) -> None:
        """The orderly end: what is under way is durable and committed before stock Faust drops
        what waits. Stock Faust would also stop what has not started yet, and complain of that."""
        if not self._begun:
            self._children.clear()
        self._stop_clock()
        self.consumer.stop_flow()
        await self.keeper.release(self.consumer)
        if self.rulebook is not None:
            await self.rulebook.stop()
        await super().on_stop()
        await self._http.stop()


def build_app(
    stage: Stage, settings: Settings, catalog: Catalog, rulebook: Rulebook | None = None
) -> StageApp:
    """The app of a stage, not started."""
    session_s = settings.session_timeout_ms / 1000
    app = StageApp(
        stage,
        settings,
        catalog,
        rulebook,
        broker=[URL(f"{SCHEME}://{each}") for each in settings.bootstrap.split(",")],
        broker_credentials=_credentials(settings),
        broker_session_timeout=session_s,
        broker_heartbeat_interval=session_s / 4,
        broker_request_timeout=max(30.0, session_s + 5),
        broker_rebalance_timeout=30.0,
        broker_max_poll_interval=86_400.0,  # A worker without partitions never polls.
        broker_commit_interval=settings.commit_every_ms / 1000,
        broker_commit_every=10**9,
        consumer_group_instance_id=settings.instance_of(stage.name),
        consumer_max_fetch_size=4 << 20,
        producer_compression_type="lz4",
        producer_request_timeout=30.0,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_enabled=False,
        store="memory://",
        datadir=str(settings.data_dir),  # Faust makes it and puts nothing there.
        Monitor=SlimMonitor,
        TableManager=Tables,
        agent_supervisor=CrashingSupervisor,
    )
    topic = app.topic(*stage.topics, schema=InboxSchema(), acks=False)

    async def work(stream: Any) -> None:
        try:
            async for inboxes in stream:
                await app.keeper.work(app.consumer, inboxes)
        except (asyncio.CancelledError, GeneratorExit, StopAsyncIteration):
            raise
        except BaseException as error:  # noqa: BLE001 (a bug stops the worker)
            die(f"working in {stage.name}", error)

    app.agent(topic, name=stage.name)(work)
    return app


def _credentials(settings: Settings) -> Any:
    if "SASL" in settings.security:
        return SASLCredentials(
            username=settings.sasl_username,
            password=settings.sasl_password,
            mechanism=settings.sasl_mechanism or "PLAIN",
            ssl_context=settings.ssl_context(),
        )
    if settings.security == "SSL":
        return SSLCredentials(context=settings.ssl_context())
    return None


class Worker(faust.Worker):
    """Faust's worker without its waits at the end: stock Faust sleeps a second, for nobody."""

    async def _sentinel_task(self) -> None:
        pass


def run_stage(stage_name: str, settings: Settings) -> NoReturn:
    """Runs one of the three stages until it is told to stop."""
    catalog = load_catalog(settings.topics_dir, settings.rules_dir, settings.prefix)
    rules_reader = partial(reader, settings, wait_ms=RULES_WAIT_MS)
    rulebook = Rulebook(catalog, settings.rules_dir, rules_reader)
    stage = stage_of(
        stage_name, catalog, settings.hash_key, rulebook.library, log_time=settings.clock == "log",
        warm_bytes=settings.warm_bytes, traces_per_million=settings.traces_begun,
    )  # fmt: skip
    run(stage, settings, catalog, rulebook)


def run(
    stage: Stage, settings: Settings, catalog: Catalog, rulebook: Rulebook | None = None
) -> NoReturn:
    """Runs a stage until it is told to stop. `rulebook`: where rules matter to it."""
    start_logging(settings.log_level, stage.name, settings.log_format)
    # The stages make no garbage in cycles (40,000 facts left none), and a look for it at all
    # that is at hand stops step for up to 1.4 s.
    gc.disable()
    pack_quickly()
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    app = build_app(stage, settings, catalog, rulebook)
    worker = Worker(
        app, loop=loop, quiet=True, loglevel=settings.log_level, override_logging=False,
        redirect_stdouts=False,
    )  # fmt: skip
    worker.spinner = None
    worker.execute_from_commandline()
    raise SystemExit(0)

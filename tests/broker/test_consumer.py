"""The consumer's own start and stop on a real Kafka, beside stock Faust's, which is a thread."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import faust
import pytest

from adaptive_stream.broker import Broker
from adaptive_stream.client.landing import UnderWay
from adaptive_stream.process.settings import Settings
from adaptive_stream.worker.app import build_app
from tests.stages.stage_world import CATALOG, resolve_stage

WITHIN_S = 20


async def _started_and_stopped(app: Any) -> tuple[int, bool, bool, bool]:
    """Threads that a started consumer adds; whether its client was there, and whether it closed;
    whether a fetch is followed at once."""
    consumer = app.transport.create_consumer(
        callback=lambda _: None,
        on_partitions_revoked=lambda _: None,
        on_partitions_assigned=lambda _: None,
    )
    before = threading.active_count()
    async with asyncio.timeout(WITHIN_S):
        await consumer._thread.start()
        added, client = threading.active_count() - before, consumer._thread._consumer
        known = await consumer._thread.call_thread(client.topics)
        follows = isinstance(client._fetcher._in_flight, UnderWay)
        await consumer._thread.stop()
    return added, isinstance(known, set), client._closed, follows


@pytest.mark.broker
def test_a_consumer_starts_and_stops_without_a_thread(broker: Broker, tmp_path: Path) -> None:
    """Stock Faust's brings a thread and a second loop. Ours is started, asked and closed here."""
    at = broker.bootstrap
    settings = Settings(data_dir=tmp_path, tenant_key="0123456789abcdef", bootstrap=at)
    ours = build_app(resolve_stage(), settings, CATALOG)
    stock = faust.App("stock", broker=f"kafka://{at}", autodiscover=False)

    assert asyncio.run(_started_and_stopped(stock)) == (1, True, True, False)
    assert asyncio.run(_started_and_stopped(ours)) == (0, True, True, True)

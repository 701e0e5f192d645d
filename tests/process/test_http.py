"""What probes do to the process that they ask, by real HTTP."""

import asyncio
import gc

import uvloop

from adaptive_stream.broker.ports import free_port
from adaptive_stream.metrics.collector import Metrics
from adaptive_stream.process.http import Http
from tests.observability.test_metrics import OWN

HOST = "127.0.0.1"
PROBES = 50


def test_probes_leave_nothing_behind() -> None:
    """A worker looks for no garbage: the probes of a month may not fill its memory."""
    uvloop.run(_probed())  # As the worker: a connection of asyncio's own loop is a cycle.


async def _probed() -> None:
    port = free_port()
    http = Http(HOST, port, Metrics("step", OWN), lambda: True)
    await http.start()
    for _ in range(2):  # The first time, what is made but once is made.
        gc.collect()
        gc.disable()
        try:
            for path in ("metrics", "livez", "readyz") * PROBES:
                assert b" 200 OK" in await _answer(port, path)
            found = gc.collect()
        finally:
            gc.enable()
    await http.stop()
    assert found == 0


async def _answer(port: int, path: str) -> bytes:
    """As kubelet asks: a connection for each question."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(f"GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer

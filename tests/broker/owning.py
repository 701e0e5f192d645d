"""Which partitions a worker's stages have, as their metrics say."""

import re
import time
import urllib.request
from collections.abc import Callable

from adaptive_stream.cli.running_worker import STAGES, RunningWorker
from adaptive_stream.metrics.listed import PREFIX

OWNED = re.compile(PREFIX + r'lag_records\{partition="(\d+)"')
LOOK_S = 0.1


def owned(worker: RunningWorker, stage: str) -> set[int]:
    """The partitions that a stage has taken over; none while it does not answer."""
    port = worker.ports[STAGES.index(stage)]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return {int(number) for number in OWNED.findall(answer.read().decode())}
    except OSError:
        return set()


def wait_until(holds: Callable[[], bool], otherwise: str, within_s: float) -> None:
    """Returns when it holds."""
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until, otherwise
        time.sleep(LOOK_S)

"""How long suppressions stay away when the step stage is killed, and when it is restarted.

Purchases go on all the while. The pause is the longest time in which no suppression came; after a
kill Kafka itself waits for the session timeout, which is therefore taken off.
"""

import signal
from collections.abc import Callable, Iterator
from itertools import pairwise

from tests.bench import latency, worker
from tests.bench.figures import Figure
from tests.bench.lab import Lab
from tests.bench.probe import Seen, probe

PER_S = 100
SESSION_S = 6.0
SECONDS, AT_S = 18, 3.0


def measure(quick: bool, say: Callable[[str], None]) -> Iterator[Figure]:  # noqa: ARG001
    """A kill; then a stop and start by the supervisor, with static membership."""
    say("kill -9 of the step stage")
    killed_s = _pause(say, "501", signal.SIGKILL, ())
    detail = {"with_session": round(killed_s, 2)}
    yield Figure("kill_pause_s", max(0.0, killed_s - SESSION_S), detail)
    say("restart of the step stage")
    options = ("--instance", "bench")
    yield Figure("static_restart_pause_s", _pause(say, "502", signal.SIGTERM, options))


def _pause(
    say: Callable[[str], None], run: str, how: signal.Signals, options: tuple[str, ...]
) -> float:
    with Lab(say) as lab:
        worker.apply(lab)
        with worker.Worker(lab, options=options) as ours:
            records = latency.records_of(PER_S * SECONDS, 2, run)
            latency.seed_carts(lab, [id for *_, id in records if id])
            say("a purchase every 20 ms, and the step stage goes")
            step = ours.stage_process("step")
            hit = {AT_S: lambda: step.send_signal(how)}
            seen = probe(lab.bootstrap, records, PER_S, latency.OUT, latency.cause_of, hit)
    return longest_pause_s(seen)


def longest_pause_s(seen: Seen) -> float:
    """Between one suppression and the next. Raises AssertionError when one never came."""
    seen.latencies_ms()
    moments = sorted(seen.readable_s.values())
    return max(after - before for before, after in pairwise(moments))

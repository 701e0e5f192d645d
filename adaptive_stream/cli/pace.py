"""How fast a history may be sent beside live facts: as fast as the worker keeps up, no faster.

Rule: records leave in small lumps. Each alone would cost every stage a request of its own; a heap
of them is what the next live fact would wait behind.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack

from kafka import KafkaAdminClient

from adaptive_stream.cli.reader import ANSWER_MS, Reader
from adaptive_stream.cli.topic_name import topic_name
from adaptive_stream.process.supervisor import group_of

# Stage -> what it reads beside the topic that is sent to.
READS = {"resolve": "identity.facts.v1", "step": "customer.facts.v1"}
FIRST_PER_S, LEAST_PER_S, MOST_PER_S = 200.0, 20.0, 20_000.0
LUMP_S = 0.05  # What is due within it leaves now.
LOOK_S = 0.5  # Between two looks at how far the worker is; commits come four times a second.
FASTER, SLOWER = 1.15, 0.7


class Pace:
    """`behind`: how many records the worker has to go; more than `at_most` are too many. Never more
    than `most_per_s` leave."""

    def __init__(
        self,
        behind: Callable[[], int],
        at_most: int,
        most_per_s: float = MOST_PER_S,
        now_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.per_s = min(FIRST_PER_S, most_per_s)
        self._most_per_s = most_per_s
        self._behind, self._at_most = behind, at_most
        self._now_s, self._sleep = now_s, sleep
        self._next_s = self._look_s = now_s()

    def wait(self) -> None:
        """Returns when the next record may leave."""
        now_s = self._now_s()
        if now_s >= self._look_s:
            many = self._behind() > self._at_most
            self.per_s *= SLOWER if many else FASTER
            self.per_s = min(max(self.per_s, LEAST_PER_S), self._most_per_s)
            # What was not sent while we looked is not made up for: it would be a heap.
            now_s = self._now_s()
            self._next_s = max(self._next_s, now_s)
            self._look_s = now_s + LOOK_S
        if self._next_s > now_s + LUMP_S:
            self._sleep(self._next_s - now_s)
        self._next_s += 1 / self.per_s


class Behind:
    """What the worker of this prefix has to go, from `topic` to the end of its last stage. Use it
    as a context manager."""

    def __init__(self, bootstrap: str, prefix: str, topic: str) -> None:
        self._left = ExitStack()
        self._reader = self._left.enter_context(Reader(bootstrap))
        names = {"admit": topic} | {s: topic_name(each, prefix) for s, each in READS.items()}
        try:
            self._wanted = {
                group_of(prefix, s): self._reader.partitions(n) for s, n in names.items()
            }
            self._admin = self._left.enter_context(
                KafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=ANSWER_MS)
            )
        except BaseException:
            self._left.close()
            raise

    def __enter__(self) -> "Behind":
        return self

    def __exit__(self, *_: object) -> None:
        self._left.close()

    def records(self) -> int:
        """Those that its stages have not committed."""
        found = self._admin.list_group_offsets(self._wanted)
        behind = 0
        for group, places in self._wanted.items():
            committed = found.get(group, {})
            for place, end in self._reader.end(places).items():
                at = committed.get(place)
                behind += max(0, end - max(0, at.offset if at is not None else 0))
        return behind

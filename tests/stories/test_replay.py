"""What is taken from customer.facts.v1 to be played again: every fact once, in one order."""

import random
from types import SimpleNamespace

from adaptive_stream.engine.notice import PREFIX
from adaptive_stream.stories.in_memory import Recorded
from adaptive_stream.stories.replay import recorded

TOPIC = "customer.facts.v1"
FROM_RESOLVE, FROM_HERE = "identity.facts.v1@0/3", f"{TOPIC}@0/1"


def record(
    partition: int, offset: int, kind: str, body: str, log_ms: int, **said: str
) -> SimpleNamespace:
    headers = {"k": kind, "log_ms": str(log_ms), **said}
    return SimpleNamespace(
        topic=TOPIC,
        partition=partition,
        offset=offset,
        key=said.get("key", "c-1").encode(),
        value=body.encode(),
        timestamp=0,
        headers=[(name, value.encode()) for name, value in headers.items() if name != "key"],
    )


LOG = [
    record(0, 0, "fact", "first", 10, src=f"{FROM_RESOLVE}/7/0"),
    record(0, 1, "fact", "third", 30, src=f"{FROM_RESOLVE}/9/0"),
    record(0, 2, "fact", "first", 10, src=f"{FROM_RESOLVE}/7/0"),  # a repeat
    record(0, 3, "fact", "handed on", 20, src=f"{FROM_HERE}/5/0"),
    record(0, 4, "notice", "a price", 25, key=f"{PREFIX}item/boots-41"),
    record(0, 5, "tick", "the time", 26),
    record(1, 0, "notice", "a price", 25, key=f"{PREFIX}item/boots-41"),
    record(1, 1, "fact", "second", 20, src="identity.facts.v1@0/4/2/0"),
    record(1, 2, "rules", "other rules", 28),
]


def test_every_fact_counts_once_and_so_does_what_all_are_told() -> None:
    """Repeats, what a partition handed on to another, ticks and rules are no facts."""
    assert recorded(LOG) == [
        Recorded(10, b"first"),
        Recorded(20, b"second"),
        Recorded(25, b"a price", "item/boots-41"),
        Recorded(30, b"third"),
    ]


def test_the_order_in_which_partitions_are_read_does_not_matter() -> None:
    """Whoever plays it again plays the same."""
    chance = random.Random(7)
    for _ in range(20):
        mixed, order = [], [chance.randint(0, 1) for _ in range(20)]
        waiting = {n: [one for one in LOG if one.partition == n] for n in (0, 1)}
        for partition in order + [0] * 9 + [1] * 9:
            if waiting[partition]:
                mixed.append(waiting[partition].pop(0))
        assert len(mixed) == len(LOG)
        assert recorded(mixed) == recorded(LOG)

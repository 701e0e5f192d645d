"""One partition of four carries nine facts of ten; how long the others wait beside it.

What the quiet partitions are told is the same each time: first alone, then with the hot partition
in full swing, in turns. Twice: one stage with the bench's own job, which is the shell alone; then
all three, from a purchase to its suppression, where a partition is hot for resolve and for step.
"""

import random
import time
from collections.abc import Callable, Iterator
from itertools import count, islice
from statistics import median
from typing import Any, NamedTuple

import orjson

from adaptive_stream.engine.identifier import identifier_hash
from adaptive_stream.stages.records import partition_of
from tests.bench import job, kafka, latency, mix, worker
from tests.bench.figures import GOALS, Figure, rounded
from tests.bench.kafka import Read
from tests.bench.lab import TENANT_KEY, Lab
from tests.bench.probe import Record, percentile, probe

PER_S = 5_000  # Of the whole; one of QUIET_EVERY is for a quiet partition.
STAGES_PER_S = 1_000  # What three stages take beside their broker without working to the full.
QUIET_EVERY = 10
TRACKED_EVERY = 2  # Of the quiet ones' facts.
SECONDS, ROUNDS = (8, 4), (3, 1)  # In full, in quick.
HOT = 0
HOT_PEOPLE, QUIET_PEOPLE = 400, 1_000
FROM = 9_500_000  # Nobody of any other benchmark.
FACTS = "facts"

Make = Callable[[], Record]
Beside = tuple[list[Record], float]


class Kinds(NamedTuple):
    """What makes a fact of the hot partition, of a quiet one, and one that must be answered."""

    hot: Make
    quiet: Make
    tracked: Make


class Load(NamedTuple):
    """`probe(records, per_s, beside)` -> latencies in ms, sorted; `wait()` until all is done."""

    kinds: Kinds
    probe: Callable[[list[Record], float, Beside], list[float]]
    wait: Callable[[], Any]


def measure(quick: bool, say: Callable[[str], None]) -> Iterator[Figure]:
    """The shell alone, then all three stages."""
    seconds, rounds = SECONDS[quick], ROUNDS[quick]
    with Lab(say) as lab:
        yield _figure("quiet_p99_beside_hot", lab, _one_stage(lab), PER_S, seconds, rounds)
    with Lab(say) as lab:
        worker.apply(lab)
        with worker.Worker(lab):
            answered = STAGES_PER_S // QUIET_EVERY // TRACKED_EVERY * seconds * 2 * rounds
            load = _three_stages(lab, answered)
            name = f"the same of three stages at {STAGES_PER_S:,}/s"
            yield _figure(name, lab, load, STAGES_PER_S, seconds, rounds)


def _figure(name: str, lab: Lab, load: Load, per_s: int, seconds: int, rounds: int) -> Figure:
    alone, together = [], []
    for number in range(rounds):
        lab.say(f"{name}, round {number + 1}")
        for found, hot in (alone, False), (together, True):
            quiet_per_s = per_s // QUIET_EVERY
            hot_per_s = per_s - quiet_per_s if hot else 0
            beside = [load.kinds.hot() for _ in range(hot_per_s * seconds)], max(hot_per_s, 1)
            records = list(islice(_quiet(load.kinds), quiet_per_s * seconds))
            found.append(percentile(load.probe(records, quiet_per_s, beside), 0.99))
            load.wait()
    ratios = [after / before for before, after in zip(alone, together, strict=True)]
    detail: dict[str, Any] = {} if name in GOALS else {"unit": "times"}
    detail |= {
        "alone_ms": [rounded(each) for each in alone],
        "beside_hot_ms": [rounded(each) for each in together],
    }
    return Figure(name, median(ratios), detail)


def _quiet(kinds: Kinds) -> Iterator[Record]:
    for number in count():
        yield kinds.quiet() if number % TRACKED_EVERY else kinds.tracked()


def _one_stage(lab: Lab) -> Load:
    run = "hot."
    out = run + "customer.state-changed.v1"
    kafka.create(lab.bootstrap, [FACTS, out, *(run + topic for topic in worker.ONE_STAGE)])
    lab.python("ours.py", FACTS, run, str(lab.directory / "ours"))
    rng, number = random.Random(job.SEED), count()
    named = (f"c-{each:07d}" for each in count())
    home = {True: [], False: []}
    while len(home[True]) < HOT_PEOPLE:
        customer = next(named)
        home[_lives_hot(customer.encode())].append(customer)

    def fact(customer: str, kind: str, id: str = "") -> Record:
        value = job.fact(next(number), kind, customer, rng.randrange(500, 10_000))
        return FACTS, customer.encode(), value, id

    def tracked() -> Record:
        customer = next(each for each in named if not _lives_hot(each.encode()))
        return fact(customer, "cart.item_added", customer)

    def hot() -> Record:
        return fact(rng.choice(home[True]), rng.choice(tuple(job.KINDS)))

    def quiet() -> Record:
        return fact(rng.choice(home[False]), "page.viewed")

    def probed(records: list[Record], per_s: float, beside: Beside) -> list[float]:
        return probe(lab.bootstrap, records, per_s, out, _customer_of, beside=beside).latencies_ms()

    kinds = Kinds(hot, quiet, tracked)
    warm = list(islice(_quiet(kinds), PER_S // QUIET_EVERY))  # It starts meanwhile.
    probed(warm, PER_S // QUIET_EVERY, ([hot() for _ in range(PER_S)], PER_S))
    return Load(kinds, probed, lambda: None)


def _three_stages(lab: Lab, answered: int) -> Load:
    hot, quiet, buyers = _people(lab, answered)
    rng = random.Random(mix.SEED)

    def browsing(people: list[int]) -> Record:
        now_ms = int(time.time() * 1000)
        return _record(mix.browsing_fact(rng.choice(people), now_ms, rng))

    def bought() -> Record:
        person = next(buyers)
        id = f"buy-{person}"
        return _record(mix.purchase_fact(id, person, int(time.time() * 1000)), id)

    def probed(records: list[Record], per_s: float, beside: Beside) -> list[float]:
        seen = probe(lab.bootstrap, records, per_s, latency.OUT, latency.cause_of, beside=beside)
        return seen.latencies_ms()

    kinds = Kinds(lambda: browsing(hot), lambda: browsing(quiet), bought)
    return Load(kinds, probed, lambda: worker.wait_until_done(lab))


def _people(lab: Lab, buyers: int) -> tuple[list[int], list[int], Iterator[int]]:
    """Of the hot partition, of the others, and those of the others who will buy what has been in
    their carts. Where a customer lives is known once there is one."""
    wanted = {True: 8 * HOT_PEOPLE, False: 2 * (QUIET_PEOPLE + buyers)}
    home: dict[bool, list[int]] = {True: [], False: []}
    for person in count(FROM):
        named = identifier_hash(TENANT_KEY.encode(), f"email:{mix.email(person)}")
        home[_lives_hot(named.encode())].append(person)
        if all(len(home[each]) >= wanted[each] for each in home):
            break
    chosen = [*home[True][: wanted[True]], *home[False][: wanted[False]]]
    lab.say(f"{len(chosen)} people fill their carts")
    latency.fill_carts(lab, chosen)
    lives_hot = _found_hot(lab)
    hot = [each for each in home[True] if lives_hot.get(mix.email(each)) is True]
    quiet = [each for each in home[False] if lives_hot.get(mix.email(each)) is False]
    return hot[:HOT_PEOPLE], quiet[:QUIET_PEOPLE], iter(quiet[QUIET_PEOPLE:])


def _found_hot(lab: Lab) -> dict[str, bool]:
    """By address, whether its customer lives in the hot partition."""
    reader = kafka.Reader(lab.bootstrap, "customer.state.v1")
    found = {}
    for each in reader.everything():
        for named in orjson.loads(each.value or b"{}").get("identifiers", ()):
            if named["type"] == "email":
                found[named["value"]] = _lives_hot(each.key)
    reader.close()
    return found


def _lives_hot(key: bytes) -> bool:
    return partition_of(key, kafka.PARTITIONS) == HOT


def _record(fact: tuple[str, bytes, bytes], id: str = "") -> Record:
    channel, key, value = fact
    return f"channel.{channel}.v1", key, value, id


def _customer_of(read: Read) -> str:
    return str(orjson.loads(read.value)["customer"])

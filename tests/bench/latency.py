"""From a purchase's acknowledgement to its suppression, beside three bare hops in the same minute.

Background facts come at the rate named; some of all facts are purchases of what lies abandoned in
a cart, each by a person of her own, and each must lead to a suppression.
"""

import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import orjson

from tests.bench import kafka, mix, worker
from tests.bench.figures import Figure, rounded
from tests.bench.kafka import Read
from tests.bench.lab import Lab, wait_for
from tests.bench.probe import Record, Seen, percentile, probe

RATES = (200, 1_000, 5_000)
JUDGED = RATES[:2]  # The goal is about these; the third shows where it ends.
SECONDS = (15, 4)  # In full, in quick.
WARM_S = 4  # The first purchases of a young worker and of a young broker are slow.
TRACKED_PER_S = 40
CUSTOMERS = 5_000
TRACKED_FROM = 1_000_000  # Nobody of the background.
HOPS = ("relay.0", "relay.1", "relay.2", "relay.3")
OUT = "suppressions.email.v1"


def measure(quick: bool, say: Callable[[str], None]) -> Iterator[Figure]:
    """For each rate: three hops, then ours."""
    found: dict[int, tuple[list[float], list[float]]] = {}
    with Lab(say) as lab:
        worker.apply(lab)
        kafka.create(lab.bootstrap, HOPS)
        one_hop = _relay(lab, 200, SECONDS[quick], HOPS[:2])
        for rate in RATES[: 2 if quick else 3]:
            relay = _relay(lab, rate, SECONDS[quick], HOPS)
            ours = _ours(lab, rate, SECONDS[quick])
            found[rate] = relay.latencies_ms(), ours.latencies_ms()
    for name, share in (("suppression_p50_vs_relay", 0.5), ("suppression_p99_vs_relay", 0.99)):
        detail = {}
        for rate, pair in found.items():
            relay_ms, ours_ms = (rounded(percentile(each, share)) for each in pair)
            detail[f"at_{rate}_per_s"] = f"{ours_ms} ms to {relay_ms} ms"
        ratios = [
            percentile(found[rate][1], share) / percentile(found[rate][0], share) for rate in JUDGED
        ]
        yield Figure(name, max(ratios), detail)
    floor = one_hop.latencies_ms()
    detail = {"unit": "ms", "p99": rounded(percentile(floor, 0.99))}
    yield Figure("one bare hop at 200/s, p50", percentile(floor, 0.5), detail)


def _relay(lab: Lab, rate: int, seconds: int, hops: tuple[str, ...]) -> Seen:
    lab.say(f"latency at {rate}/s: {len(hops) - 1} bare hops")
    records = [(hops[0], key, value, id) for _, key, value, id in _records(rate, seconds)]
    jobs = [
        lab.python("relay.py", source, target, name=f"{source}-{target}")
        for source, target in pairwise(hops)
    ]
    wait_for(lambda: all("ready" in job.log.read_text() for job in jobs), "a relay", 30)
    warm = [(topic, key, value, "") for topic, key, value, _ in records[:rate]]
    probe(lab.bootstrap, warm, rate, hops[-1], _id_of_fact)
    seen = probe(lab.bootstrap, records, rate, hops[-1], _id_of_fact)
    for job in jobs:
        lab.stop(job)
    return seen


def _ours(lab: Lab, rate: int, seconds: int) -> Seen:
    lab.say(f"latency at {rate}/s: ours")
    records = _records(rate, seconds)
    warm = records_of(rate * WARM_S, rate // TRACKED_PER_S, f"{rate + 3}")
    with worker.Worker(lab):
        seed_carts(lab, [id for *_, id in (*warm, *records) if id])
        probe(lab.bootstrap, warm, rate, OUT, cause_of)
        return probe(lab.bootstrap, records, rate, OUT, cause_of)


def _records(rate: int, seconds: int) -> list[Record]:
    return records_of(rate * seconds, rate // TRACKED_PER_S, f"{rate}")


def records_of(
    count: int, every: int, run: str, customers: int = CUSTOMERS, one_in: int = 1
) -> list[Record]:
    """`count` records; each `every`-th is a purchase that must lead to a suppression. `run` is a
    number, so that each run has people of its own; of the others one in `one_in` is a customer."""
    now_ms = int(time.time() * 1000)
    records: list[Record] = []
    background = mix.facts(count, customers, now_ms, seed=int(run), every=one_in)
    for number, (channel, key, value) in enumerate(background):
        id = ""
        if number % every == 0:
            id = f"buy-{run}-{number // every}"
            channel, key, value = mix.purchase_fact(id, person_of(id), now_ms)
        records.append((f"channel.{channel}.v1", key, value, id))
    return records


def person_of(id: str) -> int:
    """Whose purchase it is."""
    _, run, number = id.split("-")
    return TRACKED_FROM + int(run) * 1_000 % 8_000_000 + int(number)


def seed_carts(lab: Lab, ids: list[str]) -> None:
    """Gives each of these purchases its cart, abandoned ten minutes ago."""
    fill_carts(lab, [person_of(id) for id in ids])


def fill_carts(lab: Lab, people: list[int]) -> None:
    """Each has a cart that was abandoned ten minutes ago."""
    put_in_ms = int(time.time() * 1000) - 40 * 60_000
    worker.feed(lab, (mix.cart_fact(f"cart-{each}", each, put_in_ms) for each in people))
    worker.wait_until_done(lab)
    time.sleep(3)  # Until the clock, which lags, has gone by and the journeys have begun.


def _id_of_fact(read: Read) -> str:
    return str(orjson.loads(read.value)["id"]) if b'"id": "buy-' in read.value else ""


def cause_of(read: Read) -> str:
    """The id of the fact behind a suppression."""
    found = orjson.loads(read.value)
    return found["cause"]["id"] if found["action"] == "suppress" and found["cause"] else ""

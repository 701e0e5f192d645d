"""One stage: everybody does the same job (job.py), and no figure counts before its output is right.

A rate is taken from the broker's stamps on the output: from the moment by which a quarter of it was
there (a JVM is warm by then) to its end. What starting costs is in none of them.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from tests.bench import job, kafka, worker
from tests.bench.figures import Figure
from tests.bench.lab import ROOT, Job, Lab, cpu_at
from tests.bench.peers import kafka_streams

ROUNDS = 2
WARM_AFTER = 0.25
DONE_WITHIN_S = 600.0
LOOK_S = 0.25
QUIX_PYTHON = str(ROOT / ".venv" / "peers" / "bin" / "python")  # Its pins are not ours.
OURS, LIMIT = "ours", "bare aiokafka loop"


@dataclass(frozen=True)
class Peer:
    """`facts`: how many it gets, in full and in quick; `start(lab, facts, out, run)` runs it."""

    name: str
    facts: tuple[int, int]
    start: Callable[[Lab, str, str, str], Job]


@dataclass(frozen=True)
class Rate:
    """Events per second of wall time, whole and once warm; per CPU second once warm; peak RSS."""

    whole: float
    warm: float
    per_cpu_s: float
    rss_mb: float


def measure(quick: bool, say: Callable[[str], None]) -> Iterator[Figure]:
    """Every round starts everybody once; a ratio is taken within a round."""
    with Lab(say) as lab:
        peers = [*_python_peers(), *_kafka_streams(lab)]
        wanted = _prepare(lab, {peer.facts[quick] for peer in peers})
        rounds: list[dict[str, Rate]] = []
        for number in range(1 if quick else ROUNDS):
            rates = {}
            for peer in peers:
                say(f"one stage, round {number + 1}: {peer.name}")
                run = f"r{number}.{peers.index(peer)}."
                rates[peer.name] = _run(lab, peer, peer.facts[quick], wanted, run)
            rounds.append(rates)
    yield from _figures(rounds)


def _python_peers() -> list[Peer]:
    def data(lab: Lab, run: str) -> str:
        return str(lab.directory / run)

    return [
        Peer(OURS, (1_200_000, 400_000), lambda lab, facts, _, run: lab.python(
            "ours.py", facts, run, data(lab, run), name=run)),
        Peer("stock Faust", (40_000, 8_000), lambda lab, facts, out, run: lab.python(
            "stock_faust.py", facts, out, data(lab, run), name=run)),
        Peer("Quix Streams", (300_000, 60_000), lambda lab, facts, out, run: lab.python(
            "quix.py", facts, out, data(lab, run), name=run, python=QUIX_PYTHON)),
        Peer(LIMIT, (1_200_000, 400_000), lambda lab, facts, out, run: lab.python(
            "bare_loop.py", facts, out, name=run)),
    ]  # fmt: skip


def _kafka_streams(lab: Lab) -> list[Peer]:
    try:
        command = kafka_streams.command(lab.directory / "kafka-streams")
    except kafka_streams.Unavailable as reason:
        print(f"Kafka Streams is left out: {reason}", flush=True)
        return []

    def peer(guarantee: str) -> Peer:
        def start(lab: Lab, facts: str, out: str, run: str) -> Job:
            words = [lab.bootstrap, facts, out, str(lab.directory / run), guarantee]
            return lab.start(run, [*command, *words])

        return Peer(f"Kafka Streams {guarantee}", (1_200_000, 400_000), start)

    return [peer("at_least_once"), peer("exactly_once_v2")]


def _topic(count: int) -> str:
    return f"facts.{count}"


def _prepare(lab: Lab, counts: set[int]) -> dict[int, job.Changes]:
    """Writes each input once; what must come out of it."""
    wanted = {}
    kafka.create(lab.bootstrap, map(_topic, counts))
    for count in sorted(counts):
        lab.say(f"one stage: writing {count} facts")
        facts = list(job.facts(count))
        kafka.write(lab.bootstrap, (kafka.ToWrite(_topic(count), k, v) for k, v in facts))
        wanted[count] = job.expected(value for _, value in facts)
    return wanted


def _run(lab: Lab, peer: Peer, count: int, wanted: dict[int, job.Changes], run: str) -> Rate:
    out = run + "customer.state-changed.v1"
    ours = [run + topic for topic in worker.ONE_STAGE] if peer.name == OURS else []
    kafka.create(lab.bootstrap, [out, *ours])
    reader = kafka.Reader(lab.bootstrap, out)
    running = peer.start(lab, _topic(count), out, run)
    try:
        found = _wait(lab, running, reader, len(wanted[count]))
    finally:
        lab.stop(running)
        reader.close()
    wrong = job.differences(wanted[count], (each.value for each in found))
    if wrong:
        raise AssertionError(f"the output of {peer.name} is wrong: {'; '.join(wrong[:3])}")
    return _rate(count, found, running)


def _wait(lab: Lab, running: Job, reader: kafka.Reader, wanted: int) -> list[kafka.Read]:
    """Until the whole output is there. It is read only then: reading costs CPU as well."""
    until = time.monotonic() + DONE_WITHIN_S
    while reader.ends() < wanted:
        running.sample()
        lab.say(f"{running.name} {running.samples[-1].rss_bytes >> 20} MB")
        if time.monotonic() > until:
            raise TimeoutError(f"{running.name} was not done within {DONE_WITHIN_S:.0f} s")
        time.sleep(LOOK_S)
    running.sample()
    found = [*reader.everything()]
    while len({job.change_of(each.value)[0] for each in found}) < wanted:
        running.sample()
        found += reader.more()
        if time.monotonic() > until:
            raise TimeoutError(f"{running.name}: outputs are missing after {DONE_WITHIN_S:.0f} s")
    return found


def _rate(count: int, found: list[kafka.Read], running: Job) -> Rate:
    stamps = sorted(each.appended_ms / 1000 for each in found)
    start_s, end_s = stamps[0], stamps[-1]
    warm_s = stamps[int(len(stamps) * WARM_AFTER)]
    warm = count * (1 - WARM_AFTER)
    cpu_s = cpu_at(running.samples, end_s) - cpu_at(running.samples, warm_s)
    return Rate(
        whole=count / max(0.001, end_s - start_s),
        warm=warm / max(0.001, end_s - warm_s),
        per_cpu_s=warm / max(0.001, cpu_s),
        rss_mb=max(each.rss_bytes for each in running.samples) / (1 << 20),
    )


def _figures(rounds: list[dict[str, Rate]]) -> Iterator[Figure]:
    against = {
        "one_stage_vs_stock_faust": "stock Faust",
        "one_stage_vs_quix": "Quix Streams",
        "one_stage_vs_kafka_streams_eos": "Kafka Streams exactly_once_v2",
    }
    for name, peer in against.items():
        if peer in rounds[0]:
            ratios = [rates[OURS].warm / rates[peer].warm for rates in rounds]
            per_cpu = [rates[OURS].per_cpu_s / rates[peer].per_cpu_s for rates in rounds]
            detail = {
                "rounds": [round(each, 2) for each in ratios],
                "by_cpu_seconds": round(median(per_cpu), 2),
            }
            yield Figure(name, median(ratios), detail)
    for peer in rounds[0]:
        rates = [each[peer] for each in rounds]
        yield Figure(
            f"one_stage: {peer}",
            median(each.warm for each in rates),
            {
                "unit": "events/s",
                "from_the_first_output": round(median(each.whole for each in rates)),
                "per_cpu_s": round(median(each.per_cpu_s for each in rates)),
                "rss_mb": round(max(each.rss_mb for each in rates)),
                "rounds": [round(each.warm) for each in rates],
            },
        )

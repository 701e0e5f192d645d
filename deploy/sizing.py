"""How many cores, disks and brokers so many customers and facts need, and what gives way first.

    python -m deploy.sizing --customers 100e6 --facts 1e6

A fact's cost is what was measured on one core (`Measured`; sizing.md says how, and what was only
assumed); all else is arithmetic. Everybody's own mix differs: measure it, and put it in here.
"""

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GB = 1e9


@dataclass(frozen=True)
class Measured:
    """Of the mix in tests/bench. `us` of CPU a fact, `bytes` a fact or a customer, uncompressed."""

    admit_us: float = 30
    resolve_us: float = 27
    step_us: float = 262
    channel_bytes: float = 400
    internal_bytes: float = 1_200  # identity.facts and customer.facts.
    changelog_bytes: float = 1_840
    view_bytes: float = 1_570  # customer.state, compacted.
    output_bytes: float = 350  # state-changed, suppressions, opportunities.
    identity_row_bytes: float = 125
    customer_row_bytes: float = 1_400
    identifiers: float = 3  # A customer has, each with a row.
    process_bytes: float = 400e6  # Python, cache and write buffers, however many customers.
    partition_bytes: float = 8.4e6  # Fetched ahead, at most.
    restore_bytes_s: float = 50e6  # That a process reads from a changelog, uncompressed.
    takeover_s: float = 0.25  # What a takeover takes that reads nothing.


@dataclass(frozen=True)
class Assumed:
    """What nobody measured here: ask your own brokers. Prices are round ones, in dollars."""

    busy: float = 0.6  # Of a core, at the peak: the rest is for catching up.
    compression: float = 2.5
    copies: int = 3
    broker_bytes_s: float = 150e6  # That a broker writes, copies included.
    # Of a compacted log the newest 15 minutes and the segment that is written to stay as they are.
    lag_s: float = 900
    segment_s: float = 21_600
    segment_bytes: float = 2**30
    dirty: float = 1.5  # What a log holds for one that was just cleaned.
    peak: float = 3.0  # Facts of the busiest second for one of the mean.
    channel_days: float = 14
    facts_days: float = 21  # identity.facts 14, customer.facts 28.
    core_month: float = 30.0
    disk_gb_month: float = 0.1


@dataclass(frozen=True)
class Sizing:
    """`facts_s` is the peak. Processes by stage; bytes on disk; dollars a month."""

    customers: float
    facts_s: float
    partitions: int
    admit: int
    resolve: int
    step: int
    memory_bytes: float
    store_bytes: float
    kafka_bytes_s: float
    kafka_bytes: float
    brokers: int
    restore_s: float
    dollars: float

    @property
    def cores(self) -> int:
        """A process has one thread, so one core."""
        return self.admit + self.resolve + self.step


def facts_s_of(partitions: int, measured: Measured, assumed: Assumed) -> float:
    """What so many partitions carry: each is worked on by one thread at a time."""
    return partitions * assumed.busy / (measured.step_us * 1e-6)


def size(
    customers: float,
    facts_s: float,
    measured: Measured = Measured(),
    assumed: Assumed = Assumed(),
) -> Sizing:
    """What is needed at a peak of `facts_s`. Two processes of each stage at least."""

    def processes(us: float) -> int:
        return max(2, math.ceil(facts_s * us * 1e-6 / assumed.busy))

    step, resolve, admit = map(
        processes, (measured.step_us, measured.resolve_us, measured.admit_us)
    )
    partitions = max(64, 2 ** math.ceil(math.log2(step)))
    each_s = {
        "channel": measured.channel_bytes,
        "internal": measured.internal_bytes,
        "changelog": measured.changelog_bytes,
        "view": measured.view_bytes,
        "output": measured.output_bytes,
    }
    written_s = facts_s * sum(each_s.values()) / assumed.compression * assumed.copies
    rows = customers * (
        measured.customer_row_bytes + measured.identifiers * measured.identity_row_bytes
    )
    mean_day = facts_s / assumed.peak * 86_400
    kept = mean_day * (
        measured.channel_bytes * assumed.channel_days
        + measured.internal_bytes * assumed.facts_days
        + measured.output_bytes * assumed.channel_days
    )

    def tail(fact_bytes: float) -> float:
        """What the cleaner may not touch yet, compressed, in all partitions."""
        each_s = facts_s * fact_bytes / assumed.compression / partitions
        segment = min(assumed.segment_bytes, each_s * assumed.segment_s)
        return partitions * max(each_s * assumed.lag_s, segment)

    changelogs = assumed.dirty * rows / assumed.compression + tail(measured.changelog_bytes)
    views = assumed.dirty * rows / assumed.compression + tail(measured.view_bytes)
    in_kafka = (kept / assumed.compression + changelogs + views) * assumed.copies
    stateful = step + resolve
    memory = (admit + stateful) * measured.process_bytes
    memory += 3 * partitions * measured.partition_bytes
    cores, brokers = admit + stateful, max(3, math.ceil(written_s / assumed.broker_bytes_s))
    dollars = cores * assumed.core_month + brokers * 8 * assumed.core_month
    dollars += (in_kafka + 2 * rows) / GB * assumed.disk_gb_month
    return Sizing(
        customers=customers, facts_s=facts_s, partitions=partitions, admit=admit, resolve=resolve,
        step=step, memory_bytes=memory, store_bytes=rows, kafka_bytes_s=written_s,
        kafka_bytes=in_kafka, brokers=brokers, dollars=dollars,
        restore_s=changelogs * assumed.compression / stateful / measured.restore_bytes_s,
    )  # fmt: skip


@dataclass(frozen=True)
class Held:
    """One worker of three processes: what so many customers take, and 1,000 facts about them."""

    store_bytes: float
    changelog_bytes: float
    memory_bytes: float
    restore_s: float
    facts_cpu_s: float


# Where measured / predicted must lie. Memory is a bound: its caches were not full.
WITHIN = {
    "store_bytes": (0.8, 1.2),
    "changelog_bytes": (0.8, 1.2),
    "memory_bytes": (0.3, 1.0),
    "restore_s": (0.6, 1.8),
    "facts_cpu_s": (0.8, 2.0),
}
ALIKE = 2.2  # Copies of 200 people compress so well in a store. People do not: `size` takes 1.
CHECKED = Path(__file__).with_name("sizes.json")  # Printed by tests/bench/sizes.py.
SAID = {
    "store_bytes": ("stores", 1e6, "MB"),
    "changelog_bytes": ("changelogs in Kafka", 1e6, "MB"),
    "memory_bytes": ("memory, at most", 1e6, "MB"),
    "restore_s": ("restore", 1, "s"),
    "facts_cpu_s": ("CPU of 1,000 facts", 1, "s"),
}


def held(
    customers: float,
    state_bytes: float,
    measured: Measured = Measured(),
    assumed: Assumed = Assumed(),
) -> Held:
    """Each is known by one address; their states take `state_bytes`."""
    rows = state_bytes + customers * measured.identity_row_bytes
    return Held(
        store_bytes=rows / ALIKE,
        changelog_bytes=rows / assumed.compression,
        memory_bytes=3 * measured.process_bytes,
        restore_s=measured.takeover_s + state_bytes / measured.restore_bytes_s,
        facts_cpu_s=1_000e-6 * (measured.admit_us + measured.resolve_us + measured.step_us),
    )


def measured_at(size: dict[str, float]) -> Held:
    """What was measured at one size, as `held` says it."""
    return Held(
        size["store_bytes"], size["changelog_bytes"], size["memory_bytes"], size["restore_s"],
        size["facts_cpu_s"] / size["facts"] * 1_000,
    )  # fmt: skip


def checked() -> Iterator[str]:
    """Lines of Markdown: what was measured beside what the model says, at each size."""
    sizes = json.loads(CHECKED.read_text())["sizes"]
    yield "| measured / predicted | " + " | ".join(f"{s['customers']:,}" for s in sizes) + " |"
    yield "|---|" + "---|" * len(sizes)
    for name, (says, unit, word) in SAID.items():
        cells = []
        for each in sizes:
            was = getattr(measured_at(each), name)
            said = getattr(held(each["customers"], each["state_bytes"]), name)
            digits = 0 if unit > 1 else 2
            pair = f"{was / unit:,.{digits}f} / {said / unit:,.{digits}f} {word}"
            cells.append(f"{pair} ({was / said:.2f})")
        yield f"| {says} | " + " | ".join(cells) + " |"


SIZES = ((1e6, 1e3), (10e6, 20e3), (100e6, 100e3), (100e6, 1e6))


def table(sizes: tuple[tuple[float, float], ...] = SIZES) -> Iterator[str]:
    """Lines of Markdown, one for each size."""
    yield (
        "| customers | facts/s, peak | partitions | admit + resolve + step | memory | stores "
        "| Kafka writes | Kafka holds | brokers | one pod's restore | $ a month |"
    )
    yield "|" + "---|" * 11
    for customers, facts_s in sizes:
        it = size(customers, facts_s)
        yield (
            f"| {customers:,.0f} | {facts_s:,.0f} | {it.partitions} "
            f"| {it.admit} + {it.resolve} + {it.step} | {it.memory_bytes / GB:,.0f} GB "
            f"| {it.store_bytes / GB:,.0f} GB | {it.kafka_bytes_s / 1e6:,.0f} MB/s "
            f"| {it.kafka_bytes / 1e12:,.1f} TB | {it.brokers} | {it.restore_s:,.0f} s "
            f"| {round(it.dollars, -2):,.0f} |"
        )


def main() -> None:
    """Prints the table, or one line of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--customers", type=float)
    parser.add_argument("--facts", type=float, help="a second, at the peak")
    args = parser.parse_args()
    asked = args.customers is not None and args.facts is not None
    print("\n".join(table(((args.customers, args.facts),) if asked else SIZES)))
    if not asked:
        print("\n" + "\n".join(checked()))


if __name__ == "__main__":
    main()

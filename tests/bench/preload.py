"""Changelogs of many customers, written as the worker's checkpoints write them (PROTOCOL (a)).

To make a million customers with the engine itself would take minutes. So some hundred are made by
it, of the pipeline's own mix, and each is copied under other ids; all ids are of one length.
"""

import re
import time
from collections.abc import Iterator

from adaptive_stream.catalog import load_catalog
from adaptive_stream.checkpoint.progress import CHECKPOINT, CLAIM, Mark, encode_mark
from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.customer import Customer, decode_customer, encode_customer
from adaptive_stream.engine.fact import encode_fact
from adaptive_stream.engine.identifier import customer_id, identifier_hash, member_id
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.message import Arrival
from adaptive_stream.engine.resolve import Row, encode_row
from adaptive_stream.engine.step import step
from adaptive_stream.formats import admit
from adaptive_stream.stages.records import partition_of
from tests.bench import mix
from tests.bench.kafka import PARTITIONS, ToWrite, write
from tests.bench.lab import TENANT_KEY, Lab
from tests.bench.worker import RULES_DIR, TOPICS_DIR

MOULDS = 200
FACTS_EACH = 12
CHECKPOINT_ROWS = 1_000
IDENTITIES, CUSTOMERS = "identity.changelog.v1", "customer.changelog.v1"


class Mould:
    """An encoded customer. `ids` is what in it is another customer's: her id, member, hash and
    address, all of one length for everybody."""

    def __init__(self, state: bytes, ids: tuple[bytes, ...]) -> None:
        found = re.split(b"(" + b"|".join(map(re.escape, ids)) + b")", state)
        self._fixed = found[0::2]  # Between them the ids, in this order:
        self._order = [ids.index(each) for each in found[1::2]]

    def state(self, ids: tuple[bytes, ...]) -> bytes:
        """The same customer under these."""
        pieces = [self._fixed[0]]
        for number, fixed in zip(self._order, self._fixed[1:], strict=True):
            pieces += (ids[number], fixed)
        return b"".join(pieces)


def preload(lab: Lab, count: int) -> int:
    """Writes `count` customers, each known by her address; returns the bytes of their states."""
    lab.say(f"writing the changelogs of {count} customers")
    size = 0

    def records() -> Iterator[ToWrite]:
        nonlocal size
        for record in changelogs(count):
            if record.topic == CUSTOMERS and not record.key.startswith(b"#"):
                size += len(record.value)
            yield record

    write(lab.bootstrap, records())
    return size


def changelogs(count: int) -> Iterator[ToWrite]:
    """The records of `count` customers and of their addresses."""
    moulds = list(_moulds())
    logs = {(t, p): _Log(t, p) for t in (IDENTITIES, CUSTOMERS) for p in range(PARTITIONS)}
    for log in logs.values():
        yield log.claim()
    base_ms = int(time.time() * 1000) - count
    for person in range(count):
        mail = mix.email(person)
        identifier = mail_identifier(mail)
        hashed = identifier_hash(TENANT_KEY.encode(), identifier)
        customer = customer_id(base_ms + person, hashed)
        member = member_id(customer)
        ids = (customer.encode(), member.encode(), hashed.encode(), mail.encode())
        state = moulds[person % len(moulds)].state(ids)
        row = encode_row(Row(identifier=identifier, member=member, customer=customer))
        for topic, key, value in ((IDENTITIES, ids[2], row), (CUSTOMERS, ids[0], state)):
            yield from logs[topic, partition_of(key, PARTITIONS)].put(key, value)
    for log in logs.values():
        yield log.mark()


def mail_identifier(mail: str) -> str:
    """As admit normalises it."""
    return f"email:{mail}"


class _Log:
    """One changelog partition, as its first owner left it: the claim at 0 is the epoch."""

    def __init__(self, topic: str, partition: int) -> None:
        self._place = topic, partition
        self._rows = 0
        self._marks = 0

    def claim(self) -> ToWrite:
        return self._record(CLAIM, b"bench", [])

    def put(self, key: bytes, value: bytes) -> Iterator[ToWrite]:
        yield self._record(key, value, [("e", b"0")])
        self._rows += 1
        if self._rows % CHECKPOINT_ROWS == 0:
            yield self.mark()

    def mark(self) -> ToWrite:
        self._marks += 1
        value = encode_mark(Mark(e=0, n=self._marks, next_offset=0))
        return self._record(CHECKPOINT, value, [("e", b"0")])

    def _record(self, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> ToWrite:
        topic, partition = self._place
        return ToWrite(topic, key, value, headers, partition)


def _moulds() -> Iterator[Mould]:
    """Customers of the mix, made by the engine; of those who are known by an address alone."""
    catalog = load_catalog(TOPICS_DIR, RULES_DIR)
    rules = {name: channel.read[0].rule for name, channel in catalog.channels.items()}
    now_ms = int(time.time() * 1000)
    facts: dict[int, list[bytes]] = {}
    for channel, key, value in mix.facts(MOULDS * FACTS_EACH, MOULDS, now_ms):
        for fact in admit(value, key, [], now_ms, rules[channel]).facts:
            facts.setdefault(int(key), []).append(encode_fact(fact))
    for person, bodies in facts.items():
        mail = mix.email(person)
        hashed = identifier_hash(TENANT_KEY.encode(), mail_identifier(mail))
        customer = customer_id(now_ms, hashed)
        member = member_id(customer)
        state = _lived(customer, member, hashed, mail_identifier(mail), bodies, catalog.rules)
        state.wake_ms = None  # Copies of one moment would all fire at once.
        yield Mould(
            encode_customer(state), tuple(map(str.encode, (customer, member, hashed, mail)))
        )


def _lived(
    customer: str, member: str, hashed: str, identifier: str, bodies: list[bytes], rules: Rules
) -> Customer:
    """What the engine makes of her facts."""
    clock = Clock()
    now_ms = int(time.time() * 1000)
    state = Customer(id=customer)
    for body in bodies:
        arrival = Arrival("fact", customer, body, now_ms, "channel.web.v1/0/1", member)
        state = step(state, arrival, rules, clock).state
    state.members[member].identifiers = {hashed: identifier}
    return decode_customer(encode_customer(state))

"""The engine's two stages with tables that are dicts, so that a test reads like what happened.

Rule 1: nothing stands in for the engine: `resolve` and `step` run as they are, and every row and
state is kept as bytes between two records, as stores keep them.
Rule 2: order is promised only from one key to one other, as Kafka does it for partitions; in what
order the rest is taken is `pick`'s choice, which by default is first come, first served.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from adaptive_stream.catalog import load_catalog
from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.context import NOTHING, Context, Given
from adaptive_stream.engine.customer import Customer, decode_customer, encode_customer
from adaptive_stream.engine.decision import (
    Decision,
    Opportunity,
    StateChanged,
    Suppression,
    Transition,
)
from adaptive_stream.engine.endpoint import contacts_of
from adaptive_stream.engine.fact import WITHOUT_CUSTOMER, Fact, Line, encode_fact
from adaptive_stream.engine.fold import fold
from adaptive_stream.engine.identifier import identifier_hash, route
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.message import Arrival, Message
from adaptive_stream.engine.notice import (
    PREFIX,
    Notice,
    decode_notice,
    newer,
    noted,
    subjects,
)
from adaptive_stream.engine.public import public
from adaptive_stream.engine.resolve import Row, decode_row, encode_row, resolve
from adaptive_stream.engine.step import step
from adaptive_stream.engine.view import View

ROOT = Path(__file__).parents[2]
TENANT_KEY = b"a key for engine tests"
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
D0 = 1_772_496_000_000  # Tuesday 2026-03-03 00:00 in London and in UTC
TEN = D0 + 10 * HOUR
PRICES = {"boots-41": 8900, "boots-44": 9900, "jacket-3": 12000, "belt-7": 3900, "socks-2": 900}


@cache
def shipped_rules() -> Rules:
    """What ships, as the catalogue reads it."""
    return load_catalog(ROOT / "topics", ROOT / "adaptive_stream" / "rules").rules


def heeded(rules: Rules) -> frozenset[str]:
    """Every channel that some timer waits for."""
    return rules.policy.cart_heeds.union(*(journey.heeds for journey in rules.journeys))


def lines(*items: str | Line) -> tuple[Line, ...]:
    return tuple(i if isinstance(i, Line) else Line(i, 1, PRICES.get(i)) for i in items)


def fact(
    type_: str,
    at_ms: int,
    *identifiers: str,
    items: Iterable[str | Line] = (),
    id: str = "",
    channel: str = "web",
    **data: object,
) -> Fact:
    """A fact as admit makes it; without an id it has one of its own content."""
    names = route(identifiers)
    told = lines(*items)
    content = (type_, at_ms, names, channel, told, sorted(data.items()))
    source = str(data.get("source") or channel)
    own_id = identifier_hash(TENANT_KEY, repr(content))[:12]
    return Fact(id or own_id, type_, at_ms, channel, source, names, lines=told, data=data)


def first(_: list[tuple[str, str, str]]) -> int:
    """First come, first served."""
    return 0


@dataclass
class _Path:
    """One key of one stage to one of the next: what is on it arrives in this order."""

    name: tuple[str, str, str]
    waiting: deque[Arrival]


class World:
    """`decisions` and `faults` grow as facts and ticks go in; `log` is what reached `step`."""

    def __init__(
        self, rules: Rules | None = None, pick: Callable[[list[tuple[str, str, str]]], int] = first
    ) -> None:
        self.rules = rules or shipped_rules()
        self.pick = pick
        self.clock = Clock()
        self.rows: dict[str, bytes] = {}
        self.customers: dict[str, bytes] = {}
        self.decisions: list[Decision] = []
        self.faults: list[str] = []
        self.log: list[tuple[Arrival, Clock]] = []
        self.wakes: dict[str, int] = {}
        self.notices: dict[str, bytes] = {}
        self.context = NOTHING
        self._paths: dict[tuple[str, str, str], _Path] = {}
        self._number = 0

    # What goes in ---------------------------------------------------------------------------

    def tell(
        self, type_: str, at_ms: int, *identifiers: str, log_ms: int | None = None, **said: object
    ) -> Fact:
        """A fact happens and is known at once, or at `log_ms`."""
        one = fact(type_, at_ms, *identifiers, **said)  # type: ignore[arg-type]
        self.take(one, at_ms if log_ms is None else log_ms)
        return one

    def take(self, one: Fact, log_ms: int) -> None:
        """A fact from a channel, and all that comes of it until nothing moves any more."""
        self.send(one, log_ms)
        self.settle()

    def send(self, one: Fact, log_ms: int) -> None:
        """A fact from a channel, still on its way."""
        if one.type in WITHOUT_CUSTOMER:
            for subject in subjects(one):
                key, body = PREFIX + subject, encode_fact(one)
                self._put("admit", "identity", Arrival("context", key, body, log_ms))
            return
        hashed = [(identifier_hash(TENANT_KEY, text), text) for text in one.identifiers]
        self._number += 1
        arrival = Arrival(
            kind="fact",
            key=hashed[0][0],
            body=encode_fact(one),
            log_ms=log_ms,
            cause=f"channel.{one.channel}.v1/0/{self._number}",
            ids=tuple(hashed[1:]),
            type=one.type,
            contacts=tuple((identifier_hash(TENANT_KEY, text), text) for text in contacts_of(one)),
        )
        self._put("admit", "identity", arrival)

    def tick(self, now_ms: int, known: dict[str, int] | None = None) -> None:
        """A tick, and whoever is due. `known`: of channels that lag; the others are up to date."""
        so_far = dict.fromkeys(heeded(self.rules), now_ms) | (known or {})
        self.clock = self.clock.ticked(Clock(now_ms, so_far))
        woken = (0, "")
        while due := [at for at in self._due() if at > woken]:
            woken = min(due)
            self._put("clock", "customer", Arrival("tick", woken[1], b"", self.clock.now_ms))
            self.settle()

    def wait(self, until_ms: int) -> None:
        """Time passes: a tick whenever something is due, and one at the end."""
        while self.wakes and (due_ms := min(self.wakes.values())) < until_ms:
            self.tick(max(due_ms, self.clock.now_ms + 1))
        self.tick(until_ms)

    def settle(self) -> None:
        """Until nothing is on its way."""
        while self.move():
            pass

    def move(self) -> bool:
        """One record arrives; False when none is on its way."""
        if not self._paths:
            return False
        names = list(self._paths)
        path = self._paths[names[self.pick(names)]]
        arrival = path.waiting.popleft()
        if not path.waiting:
            del self._paths[path.name]
        to = path.name[1]
        messages = self._work(to, arrival)
        for message in messages:
            self._put(arrival.key, message.to, _passed_on(message, arrival))
        return True

    def step(self, arrival: Arrival) -> tuple[Message, ...]:
        """One record on a customer."""
        self.log.append((arrival, self.clock))
        before = self.customers.get(arrival.key)
        state = None if before is None else decode_customer(before)
        stepped = step(state, arrival, self.rules, self.clock, self.context)
        self.customers.pop(arrival.key, None)
        if stepped.state is not None:
            self.customers[arrival.key] = encode_customer(stepped.state)
        self.wakes.pop(arrival.key, None)
        if stepped.wake_ms is not None:
            self.wakes[arrival.key] = stepped.wake_ms
        self.decisions += stepped.decisions
        self.faults += stepped.faults
        return stepped.messages

    def _work(self, to: str, arrival: Arrival) -> tuple[Message, ...]:
        if to == "everywhere":
            if newer(arrival.body, self.notices.get(arrival.key)):
                self.notices[arrival.key] = arrival.body
                self.context = Context(self._look)
            return ()
        if arrival.kind != "context":
            return self._resolve(arrival) if to == "identity" else self.step(arrival)
        row = self.rows.get(arrival.key)
        after = noted(decode_notice(row) if row else None, arrival)
        if after is None:
            return ()
        self.rows[arrival.key] = after[1].body
        return (after[1],)

    def _look(self, subject: str) -> Notice | None:
        body = self.notices.get(PREFIX + subject)
        return decode_notice(body) if body else None

    def _resolve(self, arrival: Arrival) -> tuple[Message, ...]:
        before = self.rows.get(arrival.key)
        known = None if before is None else decode_row(before)
        resolved = resolve(known, arrival, self.rules.identity)
        if resolved.row is None:
            self.rows.pop(arrival.key, None)
        elif resolved.changed:
            self.rows[arrival.key] = encode_row(resolved.row)
        return resolved.messages

    def _put(self, origin: str, to: str, arrival: Arrival) -> None:
        name = (origin, to, arrival.key)
        self._paths.setdefault(name, _Path(name, deque())).waiting.append(arrival)

    def _due(self) -> list[tuple[int, str]]:
        return [(at, who) for who, at in self.wakes.items() if at <= self.clock.now_ms]

    # What is there --------------------------------------------------------------------------

    def row(self, identifier: str) -> Row:
        return decode_row(self.rows[identifier_hash(TENANT_KEY, identifier)])

    def customer(self, identifier: str) -> Customer:
        """Whoever has this identifier now."""
        customer = decode_customer(self.customers[self.row(identifier).customer])
        while customer.merged_into:
            customer = decode_customer(self.customers[customer.merged_into])
        return customer

    def view(self, identifier: str) -> View:
        given = Given(self.clock, self.context)
        return fold(self.customer(identifier), given, self.rules.policy)

    def state(self, identifier: str) -> dict:
        """The public state, as customer.state.v1 would have it now."""
        customer = self.customer(identifier)
        view = fold(customer, Given(self.clock, self.context), self.rules.policy)
        return public(customer, view)

    def roots(self) -> list[Customer]:
        """Everybody who is nobody else."""
        everybody = (decode_customer(state) for _, state in sorted(self.customers.items()))
        return [customer for customer in everybody if not customer.merged_into]

    # What came out --------------------------------------------------------------------------

    def transitions(self) -> list[Transition]:
        return [t for one in self.of(StateChanged) for t in one.transitions]

    def news(self) -> list[str]:
        """The names of all transitions, in order."""
        return [t.name for t in self.transitions()]

    def told(self, channel: str = "email", journey: str = "abandoned-cart") -> list[tuple]:
        """(action, because, steps) of each suppression record on a channel."""
        return [
            (one.action, one.because, one.steps)
            for one in self.of(Suppression)
            if (one.channel, one.journey) == (channel, journey)
        ]

    def offered(self) -> list[tuple]:
        """(action, offer or step, because) of each opportunity."""
        return [(o.action, o.step or o.offer, o.because) for o in self.of(Opportunity)]

    def of(self, kind: type) -> Iterator:
        return (one for one in self.decisions if isinstance(one, kind))


def _passed_on(message: Message, arrival: Arrival) -> Arrival:
    """Log time and cause are those of what made it."""
    return Arrival(
        kind=message.kind,
        key=message.key,
        body=message.body,
        log_ms=arrival.log_ms,
        cause=arrival.cause,
        member=message.member,
        ids=message.ids,
        type=message.type,
        contacts=message.contacts,
    )

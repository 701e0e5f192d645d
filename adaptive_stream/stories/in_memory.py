"""The three stages in memory, a partition each: facts in, outputs out, in milliseconds.

Rule 1: the real functions of the three stages, in their order, and nothing in place of any of
them; only tables, queues and the clock are stand-ins.
Rule 2: rows of tables are kept as bytes, as stores keep them, so that no state leaks past a step.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.context import Context
from adaptive_stream.engine.customer import decode_customer, encode_customer
from adaptive_stream.engine.decision import Decision
from adaptive_stream.engine.endpoint import contacts_of
from adaptive_stream.engine.fact import WITHOUT_CUSTOMER, Fact, encode_fact
from adaptive_stream.engine.identifier import identifier_hash
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
from adaptive_stream.engine.resolve import decode_row, encode_row, resolve
from adaptive_stream.engine.step import step
from adaptive_stream.engine.switch import Switch, switched
from adaptive_stream.formats import ReadRule, admit
from adaptive_stream.outputs import records
from adaptive_stream.stages import counts
from adaptive_stream.stories.output import Output, board_of, metric, output
from adaptive_stream.stories.phrases import METRICS, STATE_SIZE
from adaptive_stream.stories.records import Written
from adaptive_stream.stories.timeline import MINUTE_MS, minutes
from adaptive_stream.stories.wakes import Wakes

TENANT_KEY = b"a key for stories"


class Recorded(NamedTuple):
    """A fact as it was admitted, and its log time; or, with its `subject`, a notice. Encoded: a
    million objects would fill the memory."""

    at_ms: int
    body: bytes
    subject: str = ""


class EngineWorld:
    """The three stages with a partition each. `outputs` grows as records and ticks go in."""

    def __init__(self, rules: Rules, reading: Mapping[str, ReadRule]) -> None:
        self.outputs: list[Output] = []
        self._rules = rules
        self._reading = reading
        self._clock = Clock()
        self._rows: dict[str, bytes] = {}  # identifier hash -> its row
        self._notices: dict[str, bytes] = {}
        self._context = Context(self._look)
        self._customers: dict[str, bytes] = {}
        self._counts: Counter[tuple[str, ...]] = Counter()  # (metric, labels...)
        self._wakes = Wakes()
        self._queue: deque[tuple[str, Arrival]] = deque()
        self._written = 0
        self._unswept = False
        self.recorded: list[Recorded] = []

    def write(self, record: Written) -> None:
        """A record on a channel, and all that comes of it until nothing moves any more."""
        reading = self._reading[record.channel]
        admission = admit(record.value, None, (), record.at_ms, reading)
        self._written += 1
        if admission.refused:
            refusal = {"reason": str(admission.refused.reason), "line": record.line}
            self.outputs.append(Output(f"dlq.{record.channel}", record.at_ms, "", refusal))
        cause = f"channel.{record.channel}.v1/0/{self._written}"
        for fact in admission.facts:
            self.recorded.append(Recorded(record.at_ms, encode_fact(fact)))
            self._queue += _arrivals(fact, record.at_ms, cause)
        self._until_quiet()

    def take(self, fact: Fact, log_ms: int) -> None:
        """A fact that was admitted before, and all that comes of it."""
        self._queue += _arrivals(fact, log_ms, "")
        self._until_quiet()

    def note(self, subject: str, body: bytes) -> None:
        """A notice as it was recorded."""
        self._queue.append(("everywhere", Arrival("notice", PREFIX + subject, body, 0)))
        self._until_quiet()

    def switch(self, switch: Switch, rules: Rules) -> None:
        """These rules are in force from here on; at the next tick everybody is judged by them."""
        for told in switched(self._rules, rules, switch, switch.at_ms):
            self.say(told)
        self._rules = rules
        self._unswept = True

    @property
    def channels(self) -> Collection[str]:
        """Those that can say something."""
        return self._reading

    @property
    def rules(self) -> Rules:
        """Those that are in force."""
        return self._rules

    @property
    def states(self) -> Iterable[bytes]:
        """Every customer, as stored."""
        return self._customers.values()

    def advance(self, before_ms: int, *, every_minute: bool = False) -> None:
        """The clock up to the last whole minute before this time; minutes without work are left
        out, but for the last: facts are judged as of it."""
        if every_minute and self._clock.now_ms:
            for at_ms in minutes(self._clock.now_ms, before_ms):
                self.tick(at_ms)
        while (due_ms := self._next_due_minute()) is not None and due_ms < before_ms:
            self.tick(due_ms)
        last_ms = (before_ms - 1) // MINUTE_MS * MINUTE_MS
        if 0 < self._clock.now_ms < last_ms:
            self.tick(last_ms)

    def tick(self, now_ms: int) -> None:
        """The clock moves, and whoever is due is woken, in the order of (due, customer)."""
        known = dict.fromkeys(self._reading, now_ms)
        self._clock = self._clock.ticked(Clock(now_ms=now_ms, known=known))
        for customer in self._wakes.due(self._clock.now_ms):
            self._wake(customer, now_ms)
        if self._unswept:
            self._unswept = False
            for customer in sorted(self._customers):
                self._wake(customer, now_ms)

    def _wake(self, customer: str, now_ms: int) -> None:
        self._queue.append(("customer", Arrival("tick", customer, b"", now_ms)))
        self._until_quiet()

    def look(self, at_ms: int) -> None:
        """Notes what no record tells: the metrics, and how much room each state takes."""
        for (name, *labels), count in sorted(self._counts.items()):
            if f"{name}_total" in METRICS:
                self.outputs.append(metric(f"{name}_total", labels, count, at_ms))
        notices = {key[len(PREFIX) :]: decode_notice(body) for key, body in self._notices.items()}
        self.outputs += board_of(notices, self.outputs, at_ms)
        for customer, state in sorted(self._customers.items()):
            self.outputs.append(Output(STATE_SIZE, at_ms, customer, {"bytes": len(state)}))

    def say(self, decision: Decision) -> None:
        """Where a decision goes: here it becomes the record that a consumer would see."""
        for record in records(decision):
            self.outputs.append(output(record.topic, record.key, record.value, record.headers))

    def _next_due_minute(self) -> int | None:
        earliest_ms = self._wakes.earliest()
        if earliest_ms is None or not self._clock.now_ms:
            return None
        due_ms = max(earliest_ms, self._clock.now_ms + 1)
        return -(-due_ms // MINUTE_MS) * MINUTE_MS

    def _until_quiet(self) -> None:
        while self._queue:
            to, arrival = self._queue.popleft()
            for message in self._work(to, arrival):
                self._queue.append((message.to, _passed_on(message, arrival)))

    def _work(self, to: str, arrival: Arrival) -> tuple[Message, ...]:
        if to == "everywhere":
            if newer(arrival.body, self._notices.get(arrival.key)):
                self._notices[arrival.key] = arrival.body
                self._context = Context(self._look)
            return ()
        if arrival.kind == "context":
            return self._note(arrival)
        return self._resolve(arrival) if to == "identity" else self._step(arrival)

    def _note(self, arrival: Arrival) -> tuple[Message, ...]:
        row = self._rows.get(arrival.key)
        after = noted(decode_notice(row) if row else None, arrival)
        if after is None:
            return ()
        self._rows[arrival.key] = after[1].body
        return (after[1],)

    def _look(self, subject: str) -> Notice | None:
        body = self._notices.get(PREFIX + subject)
        return decode_notice(body) if body else None

    def _resolve(self, arrival: Arrival) -> tuple[Message, ...]:
        row = self._rows.get(arrival.key)
        known = None if row is None else decode_row(row)
        resolved = resolve(known, arrival, self._rules.identity)
        if resolved.row is None:
            self._rows.pop(arrival.key, None)
        elif resolved.changed:
            self._rows[arrival.key] = encode_row(resolved.row)
        return resolved.messages

    def _step(self, arrival: Arrival) -> tuple[Message, ...]:
        state = self._customers.get(arrival.key)
        customer = None if state is None else decode_customer(state)
        stepped = step(customer, arrival, self._rules, self._clock, self._context)
        self._customers.pop(arrival.key, None)
        self._wakes.set(arrival.key, stepped.state.wake_ms if stepped.state else None)
        if stepped.state is not None:
            self._customers[arrival.key] = encode_customer(stepped.state)
        self._counts.update(map(counts.of_fault, stepped.faults))
        for decision in stepped.decisions:
            for transition in getattr(decision, "transitions", ()):
                self._counts.update(counts.of_transition(transition))
            self.say(decision)
        return stepped.messages


def _arrivals(fact: Fact, log_ms: int, cause: str) -> list[tuple[str, Arrival]]:
    """The fact under its strongest identifier, or in the row of each thing that it speaks of."""
    if fact.type not in WITHOUT_CUSTOMER:
        return [("identity", _arrival(fact, log_ms, cause))]
    body = encode_fact(fact)
    return [
        ("identity", Arrival("context", PREFIX + subject, body, log_ms, cause, type=fact.type))
        for subject in subjects(fact)
    ]


def _arrival(fact: Fact, log_ms: int, cause: str) -> Arrival:
    """The fact under the hash of its routing identifier; the others beside it."""
    hashed = [(identifier_hash(TENANT_KEY, text), text) for text in fact.identifiers]
    return Arrival(
        kind="fact",
        key=hashed[0][0],
        body=encode_fact(fact),
        log_ms=log_ms,
        cause=cause,
        ids=tuple(hashed[1:]),
        type=fact.type,
        contacts=tuple((identifier_hash(TENANT_KEY, text), text) for text in contacts_of(fact)),
    )


def _passed_on(message: Message, arrival: Arrival) -> Arrival:
    """A message as the next stage sees it; log time and cause are those of what made it."""
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

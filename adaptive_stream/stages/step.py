"""step: what does it change, and what did that make stale? customer.facts.v1 to the outputs.

Rule 1: one event at a time: outputs never depend on where a batch was cut.
Rule 2: a tick fires whoever is due, in the order of (due, customer), a thousand at a time; the
cursor says how far it came, and a later run goes on from there to the same outputs.
"""

from collections.abc import Iterable
from functools import partial
from operator import attrgetter
from typing import Any

from adaptive_stream.engine.clock import Clock, decode_clock
from adaptive_stream.engine.context import NOTHING, Context, Given
from adaptive_stream.engine.customer import Customer, decode_customer, encode_customer
from adaptive_stream.engine.decision import Opportunity, Suppression
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.message import Arrival
from adaptive_stream.engine.notice import PREFIX, Notice, decode_notice, newer
from adaptive_stream.engine.step import show, step
from adaptive_stream.engine.view import View as Known
from adaptive_stream.outputs import customer_state
from adaptive_stream.outputs import records as records_of
from adaptive_stream.stages import counts
from adaptive_stream.stages.dead_letters import of_engine_fault, tick_fault
from adaptive_stream.stages.outcome import NEVER, EngineFault, Outcome, Row, Rows, View
from adaptive_stream.stages.records import (
    CUSTOMER_CHANGELOG,
    CUSTOMER_FACTS,
    Output,
    message_output,
    read,
)
from adaptive_stream.stages.warm import Warm

TICK_CUSTOMERS_MAX = 1_000  # An outage's 100,000 timers would not fit into one checkpoint.
WARM_BYTES = 64 << 20
NEW_STATE_BYTES = 1_024
HAS_CONTEXT = PREFIX.encode()  # A row that says whether any notice came: most ask for none.
GROWTH = 2  # A fact takes no more room in a state than twice its own bytes.


class Step:
    """The third stage. `prefix` stands before the names of our topics, `tick_customers_max` is
    how many a tick fires before a checkpoint."""

    name = "step"

    def __init__(
        self,
        prefix: str,
        incarnation: int,
        rules: Rules,
        tick_customers_max: int = TICK_CUSTOMERS_MAX,
        warm_bytes: int = WARM_BYTES,
    ) -> None:
        self.topics = (prefix + CUSTOMER_FACTS,)
        self.changelog = prefix + CUSTOMER_CHANGELOG
        self.views = prefix + customer_state.TOPIC
        self.rules = rules.id
        self.engine_rules = rules
        self.tick_customers_max = tick_customers_max
        self.prefix = prefix
        self.incarnation = incarnation
        self.warm = Warm(warm_bytes)

    def work(self, tp: Any, records: list[Any], view: View) -> Outcome:
        """Works on records until their states fill a checkpoint, or a tick has more to fire than
        fits into one. Raises EngineFault."""
        run = _Run(self, tp, records, view)
        for record in records:
            try:
                taken = not run.is_full() and run.take(record)
            except Exception as error:
                raise EngineFault(record.offset, error) from error
            if not taken:
                run.outcome.next_offset = record.offset
                break
        return run.encoded()

    def tell(self, partition: int, keys: Iterable[bytes], rows: Rows, clock: Clock) -> list[Output]:
        """What customer.state.v1 should say of these customers; nothing of one that is unknown."""
        told = []
        found = rows([*keys])
        given = Given(clock, Context(partial(look, rows)))
        for key in keys:
            row = found.get(key)
            customer = decode_customer(row.value or b"") if row else Customer(key.decode())
            state = show(customer, self.engine_rules, given)
            record = customer_state.record(state) if state else None
            value, headers = (record.value, record.headers) if record else (None, ())
            told.append(Output(self.views, partition, key, value, headers))
        return told

    def dead_letter(self, tp: Any, record: Any, fault: EngineFault) -> Output:
        """The record as it came, with why."""
        return of_engine_fault(tp, record, fault)


def look(rows: Rows, subject: str) -> Notice | None:
    """The newest notice of a subject among the rows of a partition."""
    key = (PREFIX + subject).encode()
    row = rows([key]).get(key)
    return decode_notice(row.value) if row and row.value else None


class _Run:
    """One batch at work."""

    def __init__(self, stage: Step, tp: Any, records: list[Any], view: View) -> None:
        self.outcome = Outcome(clock=view.clock, next_offset=records[-1].offset + 1)
        self._stage = stage
        self._view = view
        self._cursor = view.cursor
        self._tp = tp
        self._here = f"{tp.topic}@{stage.incarnation}/{tp.partition}"
        self._stored = view.rows([HAS_CONTEXT, *{record.key for record in records if record.key}])
        self._customers: dict[bytes, Customer | None] = {}  # None: forgotten
        self._views: dict[bytes, Known | None] = {}
        self._context = (
            Context(partial(look, self._rows)) if HAS_CONTEXT in self._stored else NOTHING
        )
        self._bytes = 0  # What the states will take when they are encoded, roughly.

    def is_full(self) -> bool:
        """Whether the states touched so far should be encoded before more are."""
        return self._bytes > self._view.bytes_max

    def take(self, record: Any) -> bool:
        """Steps one record. False: a tick that has more to fire; nothing may follow it yet."""
        arrival, origin = read(record)
        if arrival.kind == "tick":
            return self._tick(record, arrival)
        if arrival.kind == "notice":
            return self._notice(record.key, arrival.body)
        if origin is None:
            raise ValueError("an internal record without src")
        self.outcome.records += 1
        if self.outcome.is_repeat(origin, self._view):
            self.outcome.count("repeats")
        else:
            self._step(record.key, arrival, record.offset, 0)
        return True

    def _notice(self, key: bytes, body: bytes) -> bool:
        """Something that is no customer's is otherwise from here on. It visits nobody."""
        before = self._rows([key]).get(key)
        if newer(body, before.value if before else None):
            self._bytes += len(key) + len(body)  # A night's prices do not fit into one checkpoint.
            self.outcome.rows[key] = Row(NEVER, body)
            self.outcome.rows[HAS_CONTEXT] = Row(NEVER, b"1")
            self._context = Context(partial(look, self._rows))
        return True

    def _rows(self, keys: list[bytes]) -> dict[bytes, Row]:
        """Rows of notices as of now: those of this batch in front."""
        rows = self.outcome.rows
        return self._view.rows(keys) | {key: rows[key] for key in keys if key in rows}

    def _tick(self, record: Any, tick: Arrival) -> bool:
        """Fires whoever is due. False: not all of them yet.

        The same tick again changes nothing in a state (a law of the engine), so it does not
        matter whether a customer who stays due is met once more behind the cursor.
        """
        if self._customers:
            return False  # So that what a tick makes of a state begins at what is stored.
        outcome = self.outcome
        clock = outcome.clock = outcome.clock.ticked(decode_clock(tick.body))
        wake_ms, idx, customer = self._cursor or (NEVER, 0, "")
        count = self._stage.tick_customers_max
        due = self._view.due(clock.now_ms, (wake_ms, customer.encode()), count)
        self._stored = self._view.rows([key for _, key in due])
        for wake_ms, key in due:
            idx = self._fire(key, clock.now_ms, record.offset, idx)
            self._cursor = wake_ms, idx, key.decode()
            if self.is_full():
                break
        else:
            if len(due) < count:
                self._cursor = None
        outcome.cursor = self._cursor
        return outcome.cursor is None

    def _fire(self, key: bytes, now_ms: int, offset: int, idx: int) -> int:
        """A tick for one customer. If the engine raises, she waits for her next fact instead."""
        arrival = Arrival(kind="tick", key=key.decode(), body=b"", log_ms=now_ms)
        try:
            return self._step(key, arrival, offset, idx)
        except Exception as error:  # noqa: BLE001 (whatever a bug raises)
            self._customers.pop(key, None)
            self.outcome.rows[key] = Row(NEVER, self._stored[key].value)
            fault = EngineFault(offset, error)
            self.outcome.outputs.append(tick_fault(self._tp, key, fault))
            self.outcome.count("engine_exceptions", type(error).__name__)
            self.outcome.count("dead_letters", "engine_fault")
            return idx

    def _step(self, key: bytes, arrival: Arrival, offset: int, idx: int) -> int:
        """Steps one customer; returns the idx of the next output of this record."""
        outcome, stage = self.outcome, self._stage
        customer = self._customer(key)
        was_too_busy = customer is not None and customer.too_busy
        known = self._views.get(key)
        stepped = step(customer, arrival, stage.engine_rules, outcome.clock, self._context, known)
        self._customers[key], self._views[key] = stepped.state, stepped.view
        if stepped.state is not None and stepped.state.too_busy and not was_too_busy:
            outcome.count("customers_too_busy")
        self._bytes += GROWTH * len(arrival.body)
        for decision in stepped.decisions:
            for topic, key, value, headers in map(_fields, records_of(decision)):
                outcome.outputs.append(
                    Output(stage.prefix + topic, self._view.owner, key, value, headers)
                )
            self._count(decision, arrival.log_ms)
        for message in stepped.messages:
            src = f"{self._here}/{offset}/{idx}"
            outcome.outputs.append(message_output(message, stage.prefix, src, arrival))
            idx += 1
        for fault in stepped.faults:
            outcome.count(*counts.of_fault(fault))
        return idx

    def _count(self, decision: Any, log_ms: int) -> None:
        if isinstance(decision, Suppression):
            channel, action, because = decision.channel, decision.action, decision.because
            self.outcome.count("suppressions", channel, action, because)
            self.outcome.suppressed.append(log_ms)
        elif isinstance(decision, Opportunity):
            self.outcome.count("opportunities", decision.action, decision.kind)
        for transition in getattr(decision, "transitions", ()):
            for labels in counts.of_transition(transition):
                self.outcome.count(*labels)

    def _customer(self, key: bytes) -> Customer | None:
        if key in self._customers:
            return self._customers[key]
        row = self._stored.get(key) or self._view.rows([key]).get(key)
        if row is None or row.value is None:
            self._bytes += NEW_STATE_BYTES
            return None
        self._stored[key] = row
        self._bytes += len(row.value)
        customer, self._views[key] = self._stage.warm.take(row.value)
        return customer

    def encoded(self) -> Outcome:
        """The outcome with the rows that are not what they were."""
        for key, customer in self._customers.items():
            if customer is None:
                if key in self._stored:
                    self.outcome.rows[key] = Row(NEVER, None)
                continue
            value = encode_customer(customer)
            row = Row(customer.wake_ms or NEVER, value)
            if row != self._stored.get(key):
                self.outcome.rows[key] = row
            self._stage.warm.put(value, customer, self._views.get(key))
        return self.outcome


_fields = attrgetter("topic", "key", "value", "headers")

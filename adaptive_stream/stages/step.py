"""step: what does it change, and what did that make stale? customer.facts.v1 to the outputs.

Rule 1: one event at a time: outputs never depend on where a batch was cut.
Rule 2: a tick fires whoever is due, by (due, customer), a thousand at a time; a later run goes on
from its cursor to the same outputs.
Rule 3: other rules come into force at a record that says so: at once for who does something, and at
the ticks that follow for everybody else, some at each. No purchase waits for a million judgements.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from adaptive_stream.engine.clock import Clock, decode_clock
from adaptive_stream.engine.context import NOTHING, Given
from adaptive_stream.engine.customer import Customer, encode_customer
from adaptive_stream.engine.decision import Decision, Suppression
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.message import Arrival
from adaptive_stream.engine.notice import PREFIX, newer
from adaptive_stream.engine.step import step
from adaptive_stream.engine.switch import decode_switch, switched
from adaptive_stream.engine.view import View as Known
from adaptive_stream.outputs import customer_state
from adaptive_stream.outputs import records as records_of
from adaptive_stream.stages import counts
from adaptive_stream.stages.context import context_of
from adaptive_stream.stages.dead_letters import of_engine_fault, tick_fault
from adaptive_stream.stages.going_by import EMPTY, GoingBy, Library
from adaptive_stream.stages.outcome import NEVER, EngineFault, InForce, Outcome, Row, Rows, View
from adaptive_stream.stages.records import (
    CUSTOMER_CHANGELOG,
    CUSTOMER_FACTS,
    Output,
    message_output,
    read,
)
from adaptive_stream.stages.shown import shown_again
from adaptive_stream.stages.traces import HEADER as TRACE
from adaptive_stream.stages.waiting import Waiting, waiting_from
from adaptive_stream.stages.warm import WARM_BYTES, Warm

TICK_CUSTOMERS_MAX = 1_000  # An outage's 100,000 timers would not fit into one checkpoint.
NEW_STATE_BYTES = 1_024
HAS_CONTEXT = PREFIX.encode()  # A row that says whether any notice came: most ask for none.
SWEPT_MAX = 100  # Customers that a tick judges anew after a change of the rules,
SWEPT_BYTES = 64 << 10  # and what their states may take: both the same for every worker, for ever.
CUSTOMERS = "c-"  # Before every customer, and behind every other key.
FORGOTTEN = Row(NEVER, None)
SWEEPING = 1 << 62  # As the wake_ms of a cursor: whoever was due has been told.
GROWTH = 2  # A fact takes no more room in a state than twice its own bytes.


class Step:
    """The third stage. `prefix` stands before the names of our topics, `rules` are those of a
    partition that was told of none, `library` has those that it may be told of, by id;
    `tick_customers_max` is how many a tick fires before a checkpoint."""

    name = "step"

    def __init__(
        self,
        prefix: str,
        incarnation: int,
        rules: Rules,
        tick_customers_max: int = TICK_CUSTOMERS_MAX,
        warm_bytes: int = WARM_BYTES,
        library: Library = EMPTY,
        swept_max: int = SWEPT_MAX,
    ) -> None:
        self.topics = (prefix + CUSTOMER_FACTS,)
        self.changelog = prefix + CUSTOMER_CHANGELOG
        self.views = prefix + customer_state.TOPIC
        self.going_by = GoingBy(rules, library)
        self.tick_customers_max, self.swept_max = tick_customers_max, swept_max
        self.prefix, self.incarnation = prefix, incarnation
        self.warm = Warm(warm_bytes)
        self.waiting: dict[Any, Waiting] = {}

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

    def tell(
        self, partition: int, keys: Iterable[bytes], rows: Rows, clock: Clock, in_force: InForce
    ) -> list[Output]:
        """What customer.state.v1 should say of these customers; nothing of one that is unknown."""
        rules, given = self.going_by.rules(in_force), Given(clock, context_of(rows))
        return shown_again(self.views, partition, keys, rows, rules, given)

    def dead_letter(self, tp: Any, record: Any, fault: EngineFault) -> Output:
        """The record as it came, with why."""
        return of_engine_fault(tp, record, fault)


class _Run:
    """One batch at work."""

    def __init__(self, stage: Step, tp: Any, records: list[Any], view: View) -> None:
        self.outcome = Outcome(view.clock, records[-1].offset + 1, view.in_force)
        self._stage, self._view, self._tp = stage, view, tp
        self._rules, self._cursor = stage.going_by.rules(view.in_force), view.cursor
        self._waiting = waiting_from(stage.waiting, tp, records[0].offset, self._rules)
        self._here = f"{tp.topic}@{stage.incarnation}/{tp.partition}"
        self._stored = view.rows([HAS_CONTEXT, *{record.key for record in records if record.key}])
        self._last = {record.key: record.offset for record in records}
        self._begun = False  # Whether any state is otherwise than it was.
        self._customers: dict[bytes, Customer | None] = {}  # None: forgotten
        self._views: dict[bytes, Known | None] = {}
        self._context = context_of(self._rows) if HAS_CONTEXT in self._stored else NOTHING
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
        if arrival.kind == "rules":
            return self._switch(arrival)
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
        before = self._rows([key]).get(key, FORGOTTEN)
        if newer(body, before.value):
            self._bytes += len(key) + len(body)  # A night's prices do not fit into one checkpoint.
            self.outcome.rows[key] = Row(NEVER, body)
            self.outcome.rows[HAS_CONTEXT] = Row(NEVER, b"1")
            self._context = context_of(self._rows)
            self._waiting.clear()
        return True

    def _rows(self, keys: list[bytes]) -> dict[bytes, Row]:
        """Rows of notices as of now: those of this batch in front."""
        rows = self.outcome.rows
        return self._view.rows(keys) | {key: rows[key] for key in keys if key in rows}

    def _switch(self, arrival: Arrival) -> bool:
        """Other rules are in force from here on. False: they must be loaded first."""
        before, going_by = self._rules, self._stage.going_by
        taken = going_by.take(arrival, self.outcome, CUSTOMERS)
        self._rules = rules = going_by.rules(self.outcome.in_force)
        if rules is not before:
            self._views.clear()  # They were folded under the policy of before.
            self._waiting = self._stage.waiting[self._tp] = Waiting(rules)
            for suppression in switched(before, rules, decode_switch(arrival.body), arrival.log_ms):
                self._write(suppression, arrival)
        return taken

    def _tick(self, record: Any, tick: Arrival) -> bool:
        """Fires whoever is due, then judges anew some whom other rules concern. False: not all yet.

        The same tick again changes nothing in a state (a law of the engine), so it does not
        matter whether a customer who stays due is met once more behind the cursor.
        """
        if self._begun:
            return False  # So that what a tick makes of a state begins at what is stored.
        outcome = self.outcome
        clock = outcome.clock = outcome.clock.ticked(decode_clock(tick.body))
        wake_ms, idx, customer = self._cursor or (NEVER, 0, "")
        if wake_ms == SWEEPING:
            return self._sweep(record.offset, idx)
        count = self._stage.tick_customers_max
        due = self._view.due(clock.now_ms, (wake_ms, customer.encode()), count)
        idle = {key for wake_ms, key in due if self._waiting.is_idle(key, wake_ms, clock)}
        self._stored = self._view.rows([key for _, key in due if key not in idle])
        for wake_ms, key in due:
            if key not in idle:
                idx = self._fire(key, clock.now_ms, record.offset, idx)
            self._cursor = wake_ms, idx, key.decode()
            if self.is_full():
                break
        else:
            self._cursor = None if len(due) < count else self._cursor
        outcome.cursor = self._cursor
        if outcome.cursor is not None or outcome.in_force.swept is None:
            return outcome.cursor is None
        if self._begun:  # Their states fill this batch.
            outcome.cursor = self._cursor = (SWEEPING, idx, "")
            return False
        return self._sweep(record.offset, idx)

    def _sweep(self, offset: int, idx: int) -> bool:
        """Judges some more by the rules that are new. Which, does not depend on any batch."""
        outcome, room, count = self.outcome, SWEPT_BYTES, self._stage.swept_max
        keys = self._view.following((outcome.in_force.swept or "").encode(), count)
        self._stored = self._view.rows(keys)
        swept = None if len(keys) < count else keys[-1].decode()
        for key in keys:
            room -= len(self._stored[key].value or b"")
            idx = self._fire(key, outcome.clock.now_ms, offset, idx)
            if room <= 0:
                swept = key.decode()
                break
        outcome.in_force = msgspec.structs.replace(outcome.in_force, swept=swept)
        outcome.cursor = self._cursor = None
        return True

    def _fire(self, key: bytes, now_ms: int, offset: int, idx: int) -> int:
        """A tick for one customer. If the engine raises, she waits for her next fact instead."""
        arrival = Arrival(kind="tick", key=key.decode(), body=b"", log_ms=now_ms)
        try:
            return self._step(key, arrival, offset, idx)
        except Exception as error:  # noqa: BLE001 (whatever a bug raises)
            self._customers.pop(key, None)
            self.outcome.rows[key] = Row(NEVER, self._stored[key].value)
            self._waiting.changed(key)
            self.outcome.outputs.append(tick_fault(self._tp, key, EngineFault(offset, error)))
            self.outcome.count("parked", type(error).__name__)
            self.outcome.count("dead_letters", "engine_fault")
            return idx

    def _step(self, key: bytes, arrival: Arrival, offset: int, idx: int) -> int:
        """Steps one customer; returns the idx of the next output of this record."""
        outcome, self._begun = self.outcome, True
        customer, known = self._customer(key), self._views.get(key)
        was_calm = customer is None or not customer.too_busy
        stepped = step(customer, arrival, self._rules, outcome.clock, self._context, known)
        self._customers[key], self._views[key] = stepped.state, stepped.view
        if was_calm and stepped.state is not None and stepped.state.too_busy:
            outcome.count("customers_too_busy")
        self._bytes += GROWTH * len(arrival.body)
        for decision in stepped.decisions:
            self._write(decision, arrival)
        for message in stepped.messages:
            src = f"{self._here}/{offset}/{idx}"
            outcome.outputs.append(message_output(message, self._stage.prefix, src, arrival))
            idx += 1
        for fault in stepped.faults:
            outcome.count(*counts.of_fault(fault))
        if self._last.get(key, offset) <= offset:
            self._encode(key)  # Now it is in the processor's cache; it would not be at the end.
            if arrival.kind == "tick":
                self._waiting.saw(key, stepped.idle_until_ms, outcome.clock)
        return idx

    def _write(self, decision: Decision, arrival: Arrival) -> None:
        for each in records_of(decision):
            traced = (*each.headers, (TRACE, arrival.trace)) if arrival.trace else each.headers
            said = self._stage.prefix + each.topic, self._view.owner, each.key, each.value
            self.outcome.outputs.append(Output(*said, traced))
        for labels in counts.of_decision(decision):
            self.outcome.count(*labels)
        if isinstance(decision, Suppression):
            self.outcome.suppressed.append(arrival.log_ms)

    def _customer(self, key: bytes) -> Customer | None:
        if key in self._customers:
            return self._customers[key]
        row = self._stored.get(key) or self._view.rows([key]).get(key)
        if row is None or row.value is None:
            self._bytes += NEW_STATE_BYTES
            return None
        self._stored[key] = row
        self._bytes += len(row.value)
        customer, self._views[key] = self._stage.warm.take(key, row.value)
        return customer

    def _encode(self, key: bytes) -> None:
        """Nothing more in this batch is about her: her row, if it is not what it was."""
        customer, view = self._customers.pop(key), self._views.pop(key, None)
        row, before = FORGOTTEN, self._stored.get(key, FORGOTTEN)
        if customer is not None:
            value = encode_customer(customer)
            row = Row(customer.wake_ms or NEVER, value)
            self._stage.warm.put(key, value, customer, view)
        if row != before:
            self.outcome.rows[key] = row
            self._waiting.changed(key)

    def encoded(self) -> Outcome:
        """The outcome, with every row."""
        for key in [*self._customers]:
            self._encode(key)
        self._waiting.next_offset = self.outcome.next_offset
        return self.outcome

"""resolve: whose identifier is it? identity.facts.v1 to customer.facts.v1, bodies undecoded."""

from typing import Any

from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.message import Arrival
from adaptive_stream.engine.notice import PREFIX, decode_notice, noted
from adaptive_stream.engine.resolve import Row as Identity
from adaptive_stream.engine.resolve import decode_row, encode_row, resolve
from adaptive_stream.stages.dead_letters import of_engine_fault
from adaptive_stream.stages.going_by import EMPTY, GoingBy, Library
from adaptive_stream.stages.outcome import NEVER, EngineFault, Outcome, Row, View
from adaptive_stream.stages.records import (
    CONTEXT,
    IDENTITY_CHANGELOG,
    IDENTITY_FACTS,
    Output,
    message_output,
    read,
)


class Resolve:
    """The second stage. `prefix` stands before the names of our topics, `rules` are those of a
    partition that was told of none, `library` has those that it may be told of, by id."""

    name = "resolve"
    views = None

    def __init__(
        self,
        prefix: str,
        incarnation: int,
        rules: Rules,
        library: Library = EMPTY,
    ) -> None:
        self.topics = (prefix + IDENTITY_FACTS,)
        self.changelog = prefix + IDENTITY_CHANGELOG
        self._going_by = GoingBy(rules, library)
        self._prefix = prefix
        self._incarnation = incarnation

    def work(self, tp: Any, records: list[Any], view: View) -> Outcome:
        """Works on all records. Raises EngineFault."""
        outcome = Outcome(view.clock, records[-1].offset + 1, view.in_force)
        outcome.records = len(records)
        policy = self._going_by.rules(view.in_force).identity
        stored = view.rows(list({record.key for record in records if record.key}))
        identities: dict[bytes, Identity | None] = {}  # None: forgotten
        touched: set[bytes] = set()
        here = f"{tp.topic}@{self._incarnation}/{tp.partition}"
        for record in records:
            try:
                arrival, origin = read(record)
                if arrival.kind == "rules":
                    if not self._going_by.take(arrival, outcome):
                        outcome.next_offset = record.offset
                        break
                    policy = self._going_by.rules(outcome.in_force).identity
                    continue
                if origin is None:
                    raise ValueError("an internal record without src")
                if outcome.is_repeat(origin, view):
                    outcome.count("repeats")
                    continue
                if arrival.kind == "context":
                    self._note(record.key, arrival, outcome, view)
                    continue
                if record.key in identities:
                    known = identities[record.key]
                elif record.key in stored:
                    known = decode_row(stored[record.key].value or b"")
                else:
                    known = None
                resolved = resolve(known, arrival, policy)
            except Exception as error:
                raise EngineFault(record.offset, error) from error
            identities[record.key] = resolved.row
            if resolved.changed:
                touched.add(record.key)
            for idx, message in enumerate(resolved.messages):
                src = f"{here}/{record.offset}/{idx}"
                outcome.outputs.append(message_output(message, self._prefix, src, arrival))
                if message.kind != "fact":
                    outcome.count("messages", message.kind)
        for key in touched:
            row = identities[key]
            outcome.rows[key] = Row(NEVER, None if row is None else encode_row(row))
        return outcome

    def _note(self, key: bytes, arrival: Arrival, outcome: Outcome, view: View) -> None:
        """A fact about no customer: every partition is told, unless it says nothing new."""
        row = outcome.rows.get(key) or view.rows([key]).get(key)
        after = noted(decode_notice(row.value) if row and row.value else None, arrival)
        if after is None:
            return
        _, message = after
        outcome.rows[key] = Row(NEVER, message.body)
        outcome.outputs.append(message_output(message, self._prefix, "", arrival))
        subject = key[len(PREFIX) :]
        shown = Output(self._prefix + CONTEXT, 0, subject, message.body, ())
        outcome.outputs.append(shown)
        outcome.count("messages", message.kind)

    def tell(self, *_: Any) -> list[Output]:
        """There is no topic of views."""
        return []

    def dead_letter(self, tp: Any, record: Any, fault: EngineFault) -> Output:
        """The record as it came, with why."""
        return of_engine_fault(tp, record, fault)

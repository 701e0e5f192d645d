"""admit: what did a channel say? Any format, key and compression to identity.facts.v1.

Rule: no state. Its position is its commit, and the same record always gives the same outputs, so
whoever reads them can drop what comes twice by `src` alone.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from adaptive_stream.catalog.channels import Channel
from adaptive_stream.engine.endpoint import contacts_of
from adaptive_stream.engine.fact import MESSAGE, WITHOUT_CUSTOMER, Fact, encode_fact
from adaptive_stream.engine.identifier import identifier_hash
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.notice import PREFIX, subjects
from adaptive_stream.formats import Admission, admit, dead_letter
from adaptive_stream.stages import traces
from adaptive_stream.stages.dead_letters import fitting, of_engine_fault
from adaptive_stream.stages.outcome import EngineFault, Outcome, View
from adaptive_stream.stages.records import CLOCK, IDENTITY_FACTS, Headers, Output, encode_ids

HASHES_KEPT = 65_536  # Who comes once tends to come again within minutes.


class Admit:
    """The first stage. `log_clock`: the channel record's timestamp is the fact's log time.
    `traces_per_million`: so many facts begin a trace that bring none."""

    name = "admit"
    changelog = None
    views = None

    def __init__(
        self,
        prefix: str,
        channels: tuple[Channel, ...],
        tenant_key: bytes,
        log_clock: bool,
        traces_per_million: int = 0,
    ) -> None:
        self._bindings = {each.topic: each for channel in channels for each in channel.read}
        # The clock's topic is here so that the group protocol gives it to one process.
        self.topics = (*self._bindings, prefix + CLOCK)
        self._facts_topic = prefix + IDENTITY_FACTS
        self._log_clock = log_clock
        self._traces_per_million = traces_per_million
        self._hash = lru_cache(HASHES_KEPT)(
            lambda identifier: identifier_hash(tenant_key, identifier)
        )

    def go_by(self, rules: Rules) -> None:
        """The rules that are in force say which identifiers are nobody's."""
        blocked = rules.identity.blocked
        self._bindings = {
            topic: replace(binding, rule=replace(binding.rule, blocked=blocked))
            for topic, binding in self._bindings.items()
        }

    def work(self, tp: Any, records: list[Any], view: View) -> Outcome:
        """Works on all records."""
        outcome = Outcome(clock=view.clock, next_offset=records[-1].offset + 1)
        binding = self._bindings.get(tp.topic)
        if binding is None:
            return outcome  # A round of the clock.
        outcome.records = len(records)
        channel = binding.rule.channel
        here = f"{tp.topic}@{binding.incarnation}/{tp.partition}"
        for record in records:
            try:
                admission = admit(
                    record.value, record.key, record.headers, record.timestamp, binding.rule
                )
                self._write(outcome, admission, here, tp, record)
            except Exception as error:
                raise EngineFault(record.offset, error) from error
            if admission.refused is not None:
                _, key, value, headers = dead_letter(
                    tp.topic, tp.partition, record.offset, record.timestamp, record.key,
                    record.value, record.headers, admission.refused,
                )  # fmt: skip
                outcome.outputs.append(fitting(Output(binding.dlq, 0, key, value, headers)))
                outcome.count("facts", channel, "refused")
                outcome.count("refused", admission.refused.reason)
                outcome.count("dead_letters", admission.refused.reason)
            for why in admission.dropped:
                outcome.count("facts", channel, "dropped")
                outcome.count("dropped", why)
            for flaw in admission.flaws:
                outcome.count("faults", flaw)
        return outcome

    def _write(
        self, outcome: Outcome, admission: Admission, here: str, tp: Any, record: Any
    ) -> None:
        cause = f"{tp.topic}/{tp.partition}/{record.offset}".encode()
        late: Headers = [("log_ms", b"%d" % record.timestamp)] if self._log_clock else []
        if trace := self._trace(record, cause):
            late.append((traces.HEADER, trace))
        idx = 0
        for fact in admission.facts:
            alone = fact.type in WITHOUT_CUSTOMER
            body = encode_fact(fact)
            for key, about in self._context(fact) if alone else (self._customers(fact),):
                src = f"{here}/{record.offset}/{idx}".encode()
                headers = [("src", src), ("cause", cause), *about, *late]
                outcome.outputs.append(Output(self._facts_topic, None, key, body, headers))
                idx += 1
            outcome.count("facts", fact.channel, "without_customer" if alone else "accepted")
            if fact.type in MESSAGE and (sender := fact.data.get("sender")):
                outcome.count("sender_reports", str(sender))

    def _customers(self, fact: Fact) -> tuple[bytes, Headers]:
        """A fact goes by its strongest identifier, and names the others."""
        routed, *others = fact.identifiers
        headers: Headers = [("k", b"fact"), ("t", fact.type.encode())]
        if others:
            ids = [(self._hash(identifier), identifier) for identifier in others]
            headers.append(("ids", encode_ids(ids)))
        if reached := contacts_of(fact):
            contacts = [(self._hash(identifier), identifier) for identifier in reached]
            headers.append(("contacts", encode_ids(contacts)))
        return self._hash(routed).encode(), headers

    def _context(self, fact: Fact) -> Iterator[tuple[bytes, Headers]]:
        """A fact about no customer goes to the row of each thing that it speaks of."""
        for subject in subjects(fact):
            yield (PREFIX + subject).encode(), [("k", b"context"), ("t", fact.type.encode())]

    def _trace(self, record: Any, cause: bytes) -> bytes:
        trace = traces.given(record.headers) if record.headers else b""
        if not trace and self._traces_per_million:
            trace = traces.begun(cause, self._traces_per_million)
        return trace

    def tell(self, *_: Any) -> list[Output]:
        """There is no topic of views."""
        return []

    def dead_letter(self, tp: Any, record: Any, fault: EngineFault) -> Output:
        """The record as it came, with why."""
        letter = of_engine_fault(tp, record, fault)
        return letter._replace(topic=self._bindings[tp.topic].dlq)

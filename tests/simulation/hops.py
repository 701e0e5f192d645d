"""Three stages as small as they can be, with all that repeats and merges can go wrong in.

admit: a channel record lists facts; each goes to the partition of its identifier. resolve: a row
per identifier says whose it is. step: a customer counts her facts and tells of each; one that was
merged into another forwards what comes for her, and tells resolve, whose later facts overtake.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.message import Arrival, Message
from adaptive_stream.stages.going_by import GoingBy, Library
from adaptive_stream.stages.outcome import NEVER, InForce, Outcome, Row, Rows, View
from adaptive_stream.stages.records import CUSTOMER_FACTS, IDENTITY_FACTS, Output, message_output
from adaptive_stream.stages.records import read as read_record

CHANNEL = "channel"
CHANGED = "changed"
TOLD = "told"
VIEWS = "views"
IDENTITY_LOG = "identity.log"
CUSTOMER_LOG = "customer.log"
NO_RULES = Rules("")

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode


class Fact(msgspec.Struct):
    """What was said: about whom, and what: `seen`, `forget` the identifier, or `merge:<winner>`."""

    identifier: str
    says: str = "seen"


decode_facts = msgspec.json.Decoder(list[Fact]).decode
decode_fact = msgspec.json.Decoder(Fact).decode


class Identity(msgspec.Struct):
    """Whose an identifier is."""

    customer: str
    times: int = 0


class Customer(msgspec.Struct):
    """`applied` holds the causes of what was counted, as `<channel partition>/<offset>/<idx>`."""

    id: str
    seq: int = 0
    into: str = ""
    applied: list[str] = []
    identifiers: list[str] = []


decode_identity = msgspec.json.Decoder(Identity).decode
decode_customer = msgspec.json.Decoder(Customer).decode


def _told(tp: Any, in_force: InForce) -> Output:
    """What a partition says once, when other rules are in force."""
    name = b"%s.%d" % (tp.topic.encode(), in_force.rev)
    return Output(TOLD, tp.partition, name, in_force.id.encode(), (("ce_id", name),))


class Hop:
    """What all have in common. `src` of an output names the record it is made from, `goes_over`
    takes it over to other rules; a test may put a wrong rule in the place of either."""

    name = ""
    topics: tuple[str, ...] = ()
    changelog: str | None = None
    views: str | None = None

    def src(self, here: str, incoming: str, kind: str) -> str:  # noqa: ARG002
        """`here`: topic, partition, offset and idx of this output; `incoming`: src of its input."""
        return here

    def goes_over(self, arrival: Arrival, outcome: Outcome, library: Library) -> bool:
        """Whether these rules are at hand; then they are in force, if they are newer."""
        return GoingBy(NO_RULES, library).take(arrival, outcome)

    def work(self, tp: Any, records: list[Any], view: View) -> Outcome:
        """Works on records until one names rules that are not at hand."""
        outcome = Outcome(view.clock, records[-1].offset + 1, view.in_force)
        outcome.records = len(records)
        found = view.rows(sorted({record.key for record in records}))
        for record in records:
            arrival, origin = read_record(record)
            if arrival.kind == "rules":
                before = outcome.in_force
                if not self.goes_over(arrival, outcome, view.library):
                    outcome.next_offset = record.offset
                    break
                if outcome.in_force != before and self.changelog is not None:
                    outcome.outputs.append(_told(tp, outcome.in_force))
                continue
            if origin is not None and outcome.is_repeat(origin, view):
                continue
            row, messages = self.take(found.get(record.key), arrival, tp, outcome)
            if row is not None:
                found[record.key] = outcome.rows[record.key] = row
            incoming = f"{origin.source}/{origin.place[0]}/{origin.place[1]}" if origin else ""
            for idx, message in enumerate(messages):
                here = f"{tp.topic}@1/{tp.partition}/{record.offset}/{idx}"
                src = self.src(here, incoming, message.kind)
                cause = self.cause(arrival, tp, record, idx)
                carried = msgspec.structs.replace(arrival, cause=cause)
                outcome.outputs.append(message_output(message, "", src, carried))
        return outcome

    def cause(self, arrival: Arrival, tp: Any, record: Any, idx: int) -> str:  # noqa: ARG002
        """What the output was made from in the end."""
        return arrival.cause

    def take(
        self, row: Row | None, arrival: Arrival, tp: Any, outcome: Outcome
    ) -> tuple[Row | None, list[Message]]:
        """One record -> the row as it is now (None: as it was), and messages."""
        raise NotImplementedError


class Admit(Hop):
    """No state: its position is its commit."""

    name = "admit"
    topics = (CHANNEL,)

    def take(self, _row: Row | None, arrival: Arrival, *_: Any) -> tuple[Row | None, list[Message]]:
        facts = decode_facts(arrival.body)
        return None, [Message("identity", f.identifier, "fact", encode(f)) for f in facts]

    def cause(self, arrival: Arrival, tp: Any, record: Any, idx: int) -> str:  # noqa: ARG002
        return f"{tp.partition}/{record.offset}/{idx}"


class Resolve(Hop):
    """Whose is it?"""

    name = "resolve"
    topics = (IDENTITY_FACTS,)
    changelog = IDENTITY_LOG

    def take(self, row: Row | None, arrival: Arrival, *_: Any) -> tuple[Row | None, list[Message]]:
        known = row is not None and row.value is not None
        identity = decode_identity(row.value) if known else Identity(owner_at_first(arrival.key))
        identity.times += 1
        if arrival.kind == "remap":
            identity.customer = min(identity.customer, arrival.body.decode())
            return Row(NEVER, encode(identity)), []
        forgotten = decode_fact(arrival.body).says == "forget"
        message = Message("customer", identity.customer, "fact", arrival.body)
        return Row(NEVER, None if forgotten else encode(identity)), [message]


class Step(Hop):
    """What does it change?"""

    name = "step"
    topics = (CUSTOMER_FACTS,)
    changelog = CUSTOMER_LOG
    views = VIEWS

    def take(
        self, row: Row | None, arrival: Arrival, tp: Any, outcome: Outcome
    ) -> tuple[Row | None, list[Message]]:
        customer = decode_customer(row.value) if row else Customer(arrival.key)
        if customer.into:
            return None, [Message("customer", customer.into, "fact", arrival.body)]
        fact = decode_fact(arrival.body)
        customer.seq += 1
        customer.applied = [*customer.applied, arrival.cause]
        customer.identifiers = sorted({*customer.identifiers, fact.identifier})
        messages = []
        _, _, winner = fact.says.partition(":")
        if winner and winner < customer.id:
            customer.into = winner
            messages = [
                Message("identity", i, "remap", winner.encode()) for i in customer.identifiers
            ]
        rules = outcome.in_force.id
        changed = encode([customer.id, customer.seq, arrival.cause, customer.into, rules])
        headers = (("ce_id", b"%s.%d" % (customer.id.encode(), customer.seq)),)
        key = customer.id.encode()
        outcome.outputs.append(Output(CHANGED, tp.partition, key, changed, headers))
        outcome.outputs.append(self._view(tp.partition, customer))
        return Row(NEVER, encode(customer)), messages

    def _view(self, partition: int, customer: Customer) -> Output:
        value = encode([customer.id, customer.seq, len(customer.applied), customer.into])
        headers = (("ce_id", b"%s.%d" % (customer.id.encode(), customer.seq)),)
        return Output(VIEWS, partition, customer.id.encode(), value, headers)

    def tell(
        self,
        partition: int,
        keys: Iterable[bytes],
        rows: Rows,
        clock: Clock,  # noqa: ARG002
        in_force: InForce,  # noqa: ARG002
    ) -> list[Output]:
        """The views of these customers, to be said again."""
        found = rows([*keys])
        none = [Output(VIEWS, partition, key, None, ()) for key in keys if key not in found]
        return none + [
            self._view(partition, decode_customer(found[k].value)) for k in keys if k in found
        ]


def owner_at_first(identifier: str) -> str:
    """The customer of an identifier of whom nothing is known: `i5` is `c2`'s."""
    return f"c{int(identifier[1:]) // 2}"

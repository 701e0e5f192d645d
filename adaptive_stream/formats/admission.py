"""The door: one Kafka record of a channel becomes facts, or the reason why it does not.

Rule 1: admit never raises, whatever the bytes, and gives the same answer to the same arguments.
Rule 2: a batch is judged fact by fact. One bad call in it sends the record to the dead-letter
topic, and the good ones go on; put again later, they are recognised by their ids.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from adaptive_stream.engine.admit import Draft, make_fact
from adaptive_stream.engine.blocked import NOTHING, Blocked
from adaptive_stream.engine.fact import Fact
from adaptive_stream.engine.fact_data import card_number
from adaptive_stream.engine.refusal import Dropped, Flaw, Reason, Refusal
from adaptive_stream.formats import cloudevents
from adaptive_stream.formats.draft import Reading, hash_id
from adaptive_stream.formats.drop import Drop, dropped, take_out, value_at
from adaptive_stream.formats.json_value import by_name, decode_value
from adaptive_stream.formats.mapping import RecordMapping
from adaptive_stream.formats.sniff import READERS, recognise


@dataclass(frozen=True, slots=True)
class ReadRule:
    """How one topic of a channel is read, as its file says.

    `format`: auto, or one of sniff.FORMATS; `mapping` instead of either. `source_path`: where in
    the native shape the source is named. `zone`: of times that name none. `key_is`: the type of
    identifier that the records' keys are, "" when a key means nothing. `blocked`: identifiers that
    are nobody's; it is the identity policy's, and the same for all channels.
    """

    channel: str
    format: str = "auto"
    mapping: RecordMapping | None = None
    source_path: tuple[str, ...] = ()
    drop: tuple[Drop, ...] = ()
    zone: str = "UTC"
    key_is: str = ""
    blocked: Blocked = NOTHING


class Admission(msgspec.Struct, frozen=True):
    """What came of a record. `flaws` and `dropped` are for counting; a flaw can come twice.

    `refused` can stand beside facts when the record was a batch: it goes to the dead letters, they
    go on.
    """

    facts: tuple[Fact, ...] = ()
    flaws: tuple[Flaw, ...] = ()
    refused: Refusal | None = None
    dropped: tuple[Dropped, ...] = ()


def admit(
    value: bytes | None,
    key: bytes | None,
    headers: Iterable[tuple[str, bytes | None]],
    timestamp_ms: int,
    read: ReadRule,
) -> Admission:
    """The facts in one record. `timestamp_ms`: Kafka's, -1 when the record has none."""
    reading = _read(value, headers, read)
    facts: list[Fact] = []
    flaws: list[Flaw] = []
    refused: list[Refusal] = []
    gone: list[Dropped] = []
    for n, draft in enumerate(reading):
        made: Fact | Refusal | Dropped
        if isinstance(draft, Draft):
            if not draft.id:
                draft.id = f"{hash_id(value or b'')}.{n}"
            made = _make(draft, key, timestamp_ms, read, flaws)
        else:
            made = draft
        if isinstance(made, Fact):
            facts.append(made)
        elif isinstance(made, Refusal):
            refused.append(made if len(reading) == 1 else _within(made, n))
        else:
            gone.append(made)
    first = min(refused, key=_precedence) if refused else None
    return Admission(tuple(facts), tuple(flaws), first, tuple(gone))


def _make(
    draft: Draft, key: bytes | None, timestamp_ms: int, read: ReadRule, flaws: list[Flaw]
) -> Fact | Refusal | Dropped:
    """One fact by the channel's rule."""
    if read.drop and _drop(draft, read, flaws):
        return Dropped.BY_RULE
    if read.source_path and type(named := value_at(draft, read.source_path)) is str:
        draft.source = named
    if read.key_is and key and read.key_is not in draft.identifiers:
        name = key.decode("utf-8", "replace")
        draft.identifiers = {**draft.identifiers, read.key_is: name}
    made = make_fact(draft, read.channel, timestamp_ms, read.zone, read.blocked)
    if isinstance(made, Refusal):
        return made
    fact, found = made
    flaws += found
    return fact


def _read(
    value: bytes | None, headers: Iterable[tuple[str, bytes | None]], read: ReadRule
) -> Reading:
    named = by_name(headers)
    # An event without data is whole in binary mode: its headers say who, what and when.
    bare = not value and read.format in ("auto", "cloudevents") and cloudevents.binary(named)
    record = {} if bare else decode_value(value, named)
    if type(record) is Refusal:
        return [record]
    if type(record) is not dict:
        return [Refusal(Reason.NOT_AN_OBJECT, type(record).__name__)]
    if read.mapping is not None:
        return read.mapping.read(record)
    name = recognise(record, named) if read.format == "auto" else read.format
    reader = READERS.get(name)
    return reader(record, named) if reader else [Refusal(Reason.UNKNOWN_FORMAT)]


def _drop(draft: Draft, read: ReadRule, flaws: list[Flaw]) -> bool:
    """Takes out the fields that are dropped; whether the whole record is."""
    for drop in read.drop:
        if drop.whole:
            if dropped(draft, drop):
                return True
        elif any(card_number(taken) for taken in take_out(draft, drop)):
            flaws.append(Flaw.CARD_NUMBER_DROPPED)
    return False


def _within(refusal: Refusal, n: int) -> Refusal:
    detail = f"{n}: {refusal.detail}" if refusal.detail else f"{n}"
    return Refusal(refusal.reason, f"fact {detail}")


def _precedence(refusal: Refusal) -> int:
    return _ORDER[refusal.reason]


_ORDER = {reason: place for place, reason in enumerate(Reason)}

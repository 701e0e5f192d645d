"""customer.state-changed.v1: what changed in a customer's state, in order, without a gap."""

from typing import Annotated, Any

import msgspec

from adaptive_stream.engine.decision import Cause, StateChanged, Transition
from adaptive_stream.outputs.record import Record, Time, cloud_event, encode, time_text

TOPIC = "customer.state-changed.v1"

TransitionObject = Annotated[
    dict[str, Any],
    msgspec.Meta(
        description="name, then what this transition adds (key, from, to, into, ...), then "
        "event_time where it is not that of the record",
        extra_json_schema={
            "properties": {
                "name": {"type": "string"},
                "event_time": {"type": "string", "format": "date-time"},
            },
            "required": ["name"],
        },
    ),
]


class CauseObject(msgspec.Struct, frozen=True, gc=False):
    """A fact behind the change. The position is null when the fact came in by a merge."""

    id: str
    type: str
    channel: str
    source: str
    topic: str | None
    partition: int | None
    offset: int | None


class Payload(msgspec.Struct, frozen=True, gc=False):
    """One change. `id` is `<customer>.<state_seq>`; `led_to` are ids of suppressions and offers."""

    id: str
    customer: str
    state_seq: int
    transitions: list[TransitionObject]
    event_time: Time
    known_time: Time
    cause: list[CauseObject]
    led_to: tuple[str, ...]
    rules: str
    identity_epoch: int
    consent_epoch: int
    was: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


def record(changed: StateChanged) -> Record:
    """The record of one change of state."""
    known_time = time_text(changed.known_ms)
    payload = Payload(
        id=f"{changed.customer}.{changed.state_seq}",
        customer=changed.customer,
        state_seq=changed.state_seq,
        transitions=[_transition(one, changed.event_ms) for one in changed.transitions],
        event_time=time_text(changed.event_ms),
        known_time=known_time,
        cause=[_cause(cause) for cause in changed.causes],
        led_to=changed.led_to,
        rules=changed.rules,
        identity_epoch=changed.identity_epoch,
        consent_epoch=changed.consent_epoch,
        was=changed.was or msgspec.UNSET,
    )
    kind = "customer." + changed.transitions[0].name.removeprefix("customer.")
    headers = cloud_event(TOPIC, payload.id, kind, changed.customer, known_time)
    return Record(TOPIC, changed.customer.encode(), encode(payload), headers)


def _transition(transition: Transition, event_ms: int) -> dict[str, object]:
    told: dict[str, object] = {"name": transition.name, **transition.fields}
    if transition.at_ms != event_ms:
        told["event_time"] = time_text(transition.at_ms)
    return told


def _cause(cause: Cause) -> CauseObject:
    if not cause.position:
        return CauseObject(
            cause.id,
            cause.type,
            cause.channel,
            cause.source,
            topic=None,
            partition=None,
            offset=None,
        )
    topic, partition, offset = cause.position.rsplit("/", 2)
    return CauseObject(
        cause.id, cause.type, cause.channel, cause.source, topic, int(partition), int(offset)
    )

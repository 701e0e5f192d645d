"""suppressions.<channel>.v1: what must not be sent on a channel, must wait, or may go after all."""

from typing import Annotated, Literal

import msgspec

from adaptive_stream.engine.decision import Suppression
from adaptive_stream.outputs.recipient import Recipient, recipients
from adaptive_stream.outputs.record import (
    Record,
    Time,
    cloud_event,
    encode,
    time_or_null,
    time_text,
)

# A message to one person can go out on these. Of the others the back office only reports, and a
# broadcast speaks to everybody at once.
CHANNELS = (
    "ads",
    "app",
    "callcentre",
    "directmail",
    "email",
    "push",
    "sms",
    "social",
    "store",
    "web",
)
TOPIC_OF = {channel: f"suppressions.{channel}.v1" for channel in CHANNELS}
TOPICS = tuple(TOPIC_OF.values())


class MessageObject(msgspec.Struct, frozen=True, gc=False):
    """One planned message that a sender has told us of. `handle`: what the sender calls it."""

    message: str
    sender: str
    handle: str
    due: Time | None
    revocable_until: Time | None


class CauseObject(msgspec.Struct, frozen=True, gc=False):
    """The fact behind it: its id, and the channel that it was seen on."""

    id: str
    channel: str


class Payload(msgspec.Struct, frozen=True, gc=False):
    """One instruction. Of all with the same (member, journey, instance, scope, purpose) the highest
    `rev` holds. The `instance` of scope endpoint is the address, "type:value". `cause` is null when
    the time brought it about. One of scope journey is about all its runs: it names no customer, and
    stands once in every partition."""

    id: str
    action: Literal["suppress", "hold", "release"]
    scope: Literal["message", "instance", "journey", "purpose", "endpoint", "all"]
    channel: str
    customer: str | None
    member: str | None
    state_seq: int
    rev: int
    recipients: list[Recipient]
    journey: str
    instance: str | None
    steps: tuple[str, ...]
    messages: list[MessageObject]
    because: Annotated[str, msgspec.Meta(description="a reason or the name of a condition")]
    cause: CauseObject | None
    event_time: Time
    known_time: Time
    until: Annotated[Time | None, msgspec.Meta(description="the end of a hold")]
    releasable_until: Annotated[Time | None, msgspec.Meta(description="forget it after this")]
    rules: str
    purpose: Annotated[
        str | msgspec.UnsetType, msgspec.Meta(description="of scopes purpose and endpoint")
    ] = msgspec.UNSET


def record(suppression: Suppression) -> Record:
    """The record of one suppress, hold or release. The headers let a consumer filter unparsed."""
    topic = TOPIC_OF[suppression.channel]
    known_time = time_text(suppression.known_ms)
    messages = [_message(planned) for planned in suppression.messages]
    cause = suppression.cause
    payload = Payload(
        id=suppression.id,
        action=suppression.action,  # type: ignore[arg-type]
        scope=suppression.scope,  # type: ignore[arg-type]
        channel=suppression.channel,
        customer=suppression.customer or None,
        member=suppression.member or None,
        state_seq=suppression.state_seq,
        rev=suppression.rev,
        recipients=recipients(suppression.recipients, (suppression.channel,)),
        purpose=suppression.purpose or msgspec.UNSET,
        journey=suppression.journey,
        instance=suppression.instance or None,
        steps=suppression.steps,
        messages=messages,
        because=suppression.because,
        cause=CauseObject(cause.id, cause.channel) if cause else None,
        event_time=time_text(suppression.event_ms),
        known_time=known_time,
        until=time_or_null(suppression.until_ms),
        releasable_until=time_or_null(suppression.releasable_until_ms),
        rules=suppression.rules,
    )
    subject = suppression.customer or suppression.journey
    headers = (
        *cloud_event(topic, payload.id, "suppression." + payload.action, subject, known_time),
        ("action", payload.action.encode()),
        ("journey", payload.journey.encode()),
        ("sender", _only_sender(messages).encode()),
    )
    return Record(topic, subject.encode(), encode(payload), headers)


def _message(planned: dict[str, object]) -> MessageObject:
    """From the engine's {message, sender, handle, due_ms, revocable_until_ms}."""
    return MessageObject(
        message=str(planned["message"]),
        sender=str(planned.get("sender") or ""),
        handle=str(planned.get("handle") or ""),
        due=time_or_null(planned.get("due_ms")),  # type: ignore[arg-type]
        revocable_until=time_or_null(planned.get("revocable_until_ms")),  # type: ignore[arg-type]
    )


def _only_sender(messages: list[MessageObject]) -> str:
    """The sender that all messages have in common: a wrong name would hide the record from one."""
    senders = {message.sender for message in messages}
    return senders.pop() if len(senders) == 1 else ""

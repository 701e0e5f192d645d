"""opportunities.v1: what is due for a customer now, or should be offered instead."""

from typing import Annotated, Literal

import msgspec

from adaptive_stream.engine.decision import Opportunity
from adaptive_stream.outputs.recipient import Recipient, recipients
from adaptive_stream.outputs.record import Record, Time, cloud_event, encode, time_text

TOPIC = "opportunities.v1"


class Replaced(msgspec.Struct, frozen=True, gc=False):
    """The instance whose place the offer takes."""

    journey: str
    instance: str


class Payload(msgspec.Struct, frozen=True, gc=False):
    """An offer, or its withdrawal under the same `id`. `worth`: in the shop's currency."""

    id: str
    action: Literal["offer", "withdraw"]
    kind: Literal["step", "instead", "next"]
    customer: str
    state_seq: int
    recipients: list[Recipient]
    offer: str | None
    about: tuple[str, ...]
    journey: str | None
    instance: str | None
    step: str | None
    replaces: Replaced | None
    channels: tuple[str, ...]
    prefers: str | None
    purpose: str
    worth: float
    not_before: Time
    good_until: Time
    because: str
    known_time: Time
    risk: Annotated[
        str | msgspec.UnsetType,
        msgspec.Meta(description="source_silent: a source that was waited for has not reported"),
    ] = msgspec.UNSET


def record(opportunity: Opportunity) -> Record:
    """The record of one offer or withdrawal."""
    known_time = time_text(opportunity.known_ms)
    payload = Payload(
        id=opportunity.id,
        action=opportunity.action,  # type: ignore[arg-type]
        kind=opportunity.kind,  # type: ignore[arg-type]
        customer=opportunity.customer,
        state_seq=opportunity.state_seq,
        recipients=recipients(opportunity.recipients, opportunity.channels),
        offer=opportunity.offer,
        about=opportunity.about,
        journey=opportunity.journey,
        instance=opportunity.instance,
        step=opportunity.step,
        replaces=Replaced(*opportunity.replaces) if opportunity.replaces else None,
        channels=opportunity.channels,
        prefers=None,  # Her preferred channel, once preferences are a part of the state.
        purpose=opportunity.purpose,
        worth=opportunity.worth,
        not_before=time_text(opportunity.not_before_ms),
        good_until=time_text(opportunity.good_until_ms),
        because=opportunity.because,
        known_time=known_time,
        risk=opportunity.risk or msgspec.UNSET,
    )
    # A withdrawal repeats the id of its offer, but to CloudEvents it is an event of its own.
    event = payload.id if payload.action == "offer" else f"{payload.id}.{payload.action}"
    kind = "opportunity." + payload.action
    headers = cloud_event(TOPIC, event, kind, payload.customer, known_time)
    return Record(TOPIC, payload.customer.encode(), encode(payload), headers)

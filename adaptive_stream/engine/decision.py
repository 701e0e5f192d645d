"""What the engine concludes. outputs/ makes a Kafka record of each; nothing here knows a topic."""

from collections.abc import Mapping

import msgspec


class Cause(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The fact behind a decision. `key`: the order, contract or case that it concerns, if any."""

    at_ms: int
    id: str
    type: str = ""
    channel: str = ""
    source: str = ""
    key: str = ""
    position: str = ""  # topic/partition/offset of the channel record, when it is at hand
    known_ms: int = 0  # when the log knew it


class Transition(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A change of state worth telling. `fields`: what the transition adds (key, from, to, …);
    `by`: the fact that brought it about, where that is not the one that just came."""

    name: str
    at_ms: int
    fields: Mapping[str, object] = {}
    by: Cause | None = None


class StateChanged(msgspec.Struct, frozen=True):
    """One record of customer.state-changed.v1."""

    customer: str
    state_seq: int
    transitions: tuple[Transition, ...]
    event_ms: int
    known_ms: int
    causes: tuple[Cause, ...]
    led_to: tuple[str, ...]
    rules: str
    identity_epoch: int
    consent_epoch: int
    was: tuple[str, ...] = ()


class CustomerState(msgspec.Struct, frozen=True):
    """One record of customer.state.v1. `view` is JSON-ready; `{"merged_into": …}` for a loser."""

    customer: str
    state_seq: int
    known_ms: int
    view: dict[str, object] | None


class Suppression(msgspec.Struct, frozen=True):
    """One record of suppressions.<channel>.v1. `recipients`: ((type, value), …)."""

    id: str
    action: str  # suppress, hold, release
    channel: str
    customer: str
    member: str
    state_seq: int
    rev: int
    recipients: tuple[tuple[str, str], ...]
    journey: str
    instance: str
    steps: tuple[str, ...]
    because: str
    cause: Cause | None
    event_ms: int
    known_ms: int
    until_ms: int | None
    releasable_until_ms: int | None
    rules: str
    scope: str = "instance"
    purpose: str = ""  # of scope purpose
    messages: tuple[dict[str, object], ...] = ()


class Opportunity(msgspec.Struct, frozen=True):
    """One record of opportunities.v1. `kind`: step, instead, next. action: offer, withdraw."""

    id: str
    action: str
    kind: str
    customer: str
    member: str
    state_seq: int
    recipients: tuple[tuple[str, str], ...]
    offer: str | None
    about: tuple[str, ...]
    journey: str | None
    instance: str | None
    step: str | None
    replaces: tuple[str, str] | None  # (journey, instance)
    channels: tuple[str, ...]
    purpose: str
    worth: float
    not_before_ms: int
    good_until_ms: int
    because: str
    known_ms: int
    rules: str
    risk: str | None = None


Decision = StateChanged | CustomerState | Suppression | Opportunity

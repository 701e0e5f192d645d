"""customer.state.v1: the newest state of each customer, compacted.

The value is the state, `{"merged_into": ...}` for a customer that is now part of another, or a
tombstone when nothing is to be known of her any more.
"""

from hashlib import blake2b
from typing import Any

import msgspec

from adaptive_stream.engine.decision import CustomerState
from adaptive_stream.outputs.record import Record, Time, cloud_event, encode, time_text

TOPIC = "customer.state.v1"


class IdentifierObject(msgspec.Struct, frozen=True):
    """A name of hers, normalised."""

    type: str
    value: str


class ApartObject(msgspec.Struct, frozen=True):
    """An identifier of hers, and the customer whom somebody has parted her from for good."""

    identifier: str
    customer: str


class JoiningObject(msgspec.Struct, frozen=True):
    """How an identifier, and whoever came with it, became hers: `by` was seen with `named`."""

    customer: str
    named: str | None
    by: str | None
    at: Time


class MergedPayload(msgspec.Struct, frozen=True):
    """The customer lives on under another id."""

    merged_into: str


class Payload(msgspec.Struct, frozen=True):
    """The public state. The engine makes it; a part is absent as long as it is empty."""

    customer: str
    state_seq: int
    identifiers: list[IdentifierObject]
    members: list[str]
    addresses: list[IdentifierObject] = []
    was: list[str] = []
    contested: dict[str, str] = {}
    apart: list[ApartObject] = []
    joinings: list[JoiningObject] = []
    flagged: str | None = None
    identity_epoch: int = 0
    consent_epoch: int = 0
    carts: dict[str, dict[str, Any]] = {}
    orders: dict[str, Any] = {}
    contracts: dict[str, dict[str, Any]] = {}
    cases: dict[str, dict[str, Any]] = {}
    topics: dict[str, dict[str, Any]] = {}
    consent: list[dict[str, Any]] = []
    preferences: dict[str, Any] = {}
    interest: dict[str, dict[str, Any]] = {}
    profile: dict[str, Any] = {}
    messages: dict[str, dict[str, Any]] = {}
    contacts: dict[str, dict[str, int]] = {}
    outbox: list[str] = []
    journeys: list[dict[str, Any]] = []
    held: dict[str, dict[str, Any]] = {}
    offers: list[dict[str, Any]] = []


def record(state: CustomerState) -> Record:
    """The record of one state. The view is encoded as the engine made it, whatever it holds."""
    value = None if state.view is None else encode(state.view)
    # A state can be new without a new number: the id says which of those under one number it is.
    content = blake2b(value or b"", digest_size=6).hexdigest()
    headers = cloud_event(
        TOPIC,
        f"{state.customer}.{state.state_seq}.{content}",
        "customer.state",
        state.customer,
        time_text(state.known_ms),
    )
    return Record(TOPIC, state.customer.encode(), value, headers)

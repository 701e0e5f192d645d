"""The decisions behind the records of the design, and those records as the design shows them."""

import json

from adaptive_stream.engine.decision import (
    Cause,
    CustomerState,
    Opportunity,
    StateChanged,
    Suppression,
    Transition,
)

BOUGHT_MS = 1_772_534_467_000  # 2026-03-03T10:41:07Z
KNOWN_MS = BOUGHT_MS + 412
RECEIPT = Cause(
    at_ms=BOUGHT_MS,
    id="pos-8812",
    type="order.completed",
    channel="store",
    source="leeds-2",
    key="R-77",
    position="channel.store.v1/3/8812",
)

BOUGHT = StateChanged(
    customer="c-71f0",
    state_seq=14,
    transitions=(
        Transition(
            "cart.bought", BOUGHT_MS, {"key": "cart-9", "from": "abandoned", "to": "bought"}
        ),
    ),
    event_ms=BOUGHT_MS,
    known_ms=KNOWN_MS,
    causes=(RECEIPT,),
    led_to=("c-71f0.14.email.abandoned-cart.cart-9", "c-71f0.14.care-kit"),
    rules="r-42",
    identity_epoch=2,
    consent_epoch=1,
)
BOUGHT_JSON = """
{"id": "c-71f0.14", "customer": "c-71f0", "state_seq": 14,
 "transitions": [{"name": "cart.bought", "key": "cart-9", "from": "abandoned", "to": "bought"}],
 "event_time": "2026-03-03T10:41:07Z", "known_time": "2026-03-03T10:41:07.412Z",
 "cause": [{"id": "pos-8812", "type": "order.completed", "channel": "store", "source": "leeds-2",
            "topic": "channel.store.v1", "partition": 3, "offset": 8812}],
 "led_to": ["c-71f0.14.email.abandoned-cart.cart-9", "c-71f0.14.care-kit"],
 "rules": "r-42", "identity_epoch": 2, "consent_epoch": 1}
"""

STOP_THE_MAIL = Suppression(
    id="c-71f0.14.email.abandoned-cart.cart-9",
    action="suppress",
    channel="email",
    customer="c-71f0",
    member="m-3f",
    state_seq=14,
    rev=1,
    recipients=(("email", "ana@example.com"), ("braze", "bz-1")),
    journey="abandoned-cart",
    instance="cart-9",
    steps=("remind", "discount"),
    because="bought_these_items",
    cause=RECEIPT,
    event_ms=BOUGHT_MS,
    known_ms=KNOWN_MS,
    until_ms=None,
    releasable_until_ms=1_773_743_400_000,  # 2026-03-17T10:30:00Z
    rules="r-42",
    messages=(
        {
            "message": "m-501",
            "sender": "braze",
            "handle": "dispatch-123",
            "due_ms": 1_772_535_600_000,  # 2026-03-03T11:00:00Z
            "revocable_until_ms": 1_772_535_600_000,
        },
    ),
)
STOP_THE_MAIL_JSON = """
{"id": "c-71f0.14.email.abandoned-cart.cart-9", "action": "suppress", "scope": "instance",
 "channel": "email", "customer": "c-71f0", "member": "m-3f", "state_seq": 14, "rev": 1,
 "recipients": [{"type": "email", "value": "ana@example.com"}, {"type": "braze", "value": "bz-1"}],
 "journey": "abandoned-cart", "instance": "cart-9", "steps": ["remind", "discount"],
 "messages": [{"message": "m-501", "sender": "braze", "handle": "dispatch-123",
               "due": "2026-03-03T11:00:00Z", "revocable_until": "2026-03-03T11:00:00Z"}],
 "because": "bought_these_items", "cause": {"id": "pos-8812", "channel": "store"},
 "event_time": "2026-03-03T10:41:07Z", "known_time": "2026-03-03T10:41:07.412Z",
 "until": null, "releasable_until": "2026-03-17T10:30:00Z", "rules": "r-42"}
"""

OFFER_CARE = Opportunity(
    id="c-71f0.14.care-kit",
    action="offer",
    kind="instead",
    customer="c-71f0",
    member="m-3f",
    state_seq=14,
    recipients=(("email", "ana@example.com"),),
    offer="care-kit",
    about=("boots-41",),
    journey=None,
    instance=None,
    step=None,
    replaces=("abandoned-cart", "cart-9"),
    channels=("email", "callcentre"),
    purpose="marketing",
    worth=2.5,
    not_before_ms=BOUGHT_MS,
    good_until_ms=1_773_744_067_000,  # 2026-03-17T10:41:07Z
    because="bought_these_items",
    known_ms=KNOWN_MS,
    rules="r-42",
)
OFFER_CARE_JSON = """
{"id": "c-71f0.14.care-kit", "action": "offer", "kind": "instead", "customer": "c-71f0",
 "state_seq": 14, "recipients": [{"type": "email", "value": "ana@example.com"}],
 "offer": "care-kit", "about": ["boots-41"], "journey": null, "instance": null, "step": null,
 "replaces": {"journey": "abandoned-cart", "instance": "cart-9"},
 "channels": ["email", "callcentre"], "prefers": null, "purpose": "marketing", "worth": 2.5,
 "not_before": "2026-03-03T10:41:07Z", "good_until": "2026-03-17T10:41:07Z",
 "because": "bought_these_items", "known_time": "2026-03-03T10:41:07.412Z"}
"""

STATE = CustomerState(
    customer="c-71f0",
    state_seq=14,
    known_ms=KNOWN_MS,
    view={
        "customer": "c-71f0",
        "state_seq": 14,
        "identifiers": [{"type": "email", "value": "ana@example.com"}],
        "members": ["m-3f"],
        "carts": {"cart-9": {"status": "bought", "value": 8900}},
    },
)
MERGED = CustomerState("c-71f0", 15, KNOWN_MS, {"merged_into": "c-0a11"})
FORGOTTEN = CustomerState("c-71f0", 16, KNOWN_MS, None)

PRINTED = (
    (BOUGHT, BOUGHT_JSON),
    (STOP_THE_MAIL, STOP_THE_MAIL_JSON),
    (OFFER_CARE, OFFER_CARE_JSON),
)
DECISIONS = {
    "changed": BOUGHT,
    "suppression": STOP_THE_MAIL,
    "offer": OFFER_CARE,
    "state": STATE,
    "merged": MERGED,
    "forgotten": FORGOTTEN,
}


def compact(text: str) -> bytes:
    """The bytes of a JSON text without its white space, fields in their order."""
    return json.dumps(json.loads(text), separators=(",", ":")).encode()

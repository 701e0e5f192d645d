"""Segment-spec JSON as its users write it, in every spelling."""

import pytest

from adaptive_stream.engine.fact import Line
from adaptive_stream.engine.refusal import Dropped, Flaw, Reason
from adaptive_stream.formats import ReadRule, admit, detect
from tests.formats.hostile import NOW_MS, text

WEB = ReadRule("web")

# The 28 events of the e-commerce spec, version 2, and what each is to us.
SPEC = {
    "Products Searched": "product.searched",
    "Product List Viewed": None,
    "Product List Filtered": None,
    "Promotion Viewed": None,
    "Promotion Clicked": None,
    "Product Clicked": "product.viewed",
    "Product Viewed": "product.viewed",
    "Product Added": "cart.item_added",
    "Product Removed": "cart.item_removed",
    "Cart Viewed": None,
    "Checkout Started": "checkout.started",
    "Checkout Step Viewed": "checkout.started",
    "Checkout Step Completed": "checkout.started",
    "Payment Info Entered": "checkout.started",
    "Order Updated": None,
    "Order Completed": "order.completed",
    "Order Refunded": "order.refunded",
    "Order Cancelled": "order.cancelled",
    "Coupon Entered": None,
    "Coupon Applied": None,
    "Coupon Denied": None,
    "Coupon Removed": None,
    "Product Added to Wishlist": None,
    "Product Removed from Wishlist": None,
    "Wishlist Product Added to Cart": "cart.item_added",
    "Product Shared": None,
    "Cart Shared": None,
    "Product Reviewed": None,
}


def call(**changes):
    record = {
        "type": "track",
        "event": "Order Completed",
        "messageId": "m-1",
        "anonymousId": "ck-a",
        "timestamp": "2026-03-03T10:41:07.000Z",
        "properties": {
            "order_id": "R-77",
            "total": 89.0,
            "currency": "GBP",
            "products": [{"product_id": "5f1c", "sku": "boots-41", "price": 89, "quantity": 1}],
        },
    }
    record |= changes
    return {name: value for name, value in record.items() if value is not None}


def one(record):
    admission = admit(text(record), None, [], NOW_MS, WEB)
    assert admission.refused is None, admission
    assert len(admission.facts) == 1, admission
    return admission.facts[0]


def test_an_order():
    """An order of the spec is our order: number, lines, pence."""
    fact = one(call())

    assert (fact.id, fact.type, fact.at_ms) == ("m-1", "order.completed", NOW_MS)
    assert fact.identifiers == ("cookie:ck-a",)
    assert fact.lines == (Line("boots-41", 1, 8900),)
    assert fact.data == {"currency": "GBP", "order": "R-77", "value": 8900}


@pytest.mark.parametrize(("event", "fact_type"), SPEC.items())
def test_each_event_of_the_spec(event, fact_type):
    """All 28 names have a meaning here, if only that they bear on no decision."""
    assert len(SPEC) == 28
    for spelling in (event, event.lower(), event.upper(), event.replace(" ", "_").lower()):
        admission = admit(text(call(event=spelling)), None, [], NOW_MS, WEB)

        assert [fact.type for fact in admission.facts] == ([fact_type] if fact_type else [])
        assert admission.dropped == (() if fact_type else (Dropped.NOT_A_FACT,))
        assert admission.refused is None


@pytest.mark.parametrize(
    ("event", "fact_type"),
    [
        ("Order complete", "order.completed"),
        ("Completed Order", "order.completed"),
        ("purchase", "order.completed"),
        ("order_placed", "order.completed"),
        ("transaction", "order.completed"),
        ("order.placed", "order.placed"),
        ("PRODUCT ADDED", "cart.item_added"),
        ("add_to_cart", "cart.item_added"),
        ("AddToCart", "cart.item_added"),
        ("remove-from-cart", "cart.item_removed"),
        ("Order Canceled", "order.cancelled"),
        ("Application Opened", "app.opened"),
        ("Email Link Clicked", "message.clicked"),
        ("Unsubscribed", "consent.withdrawn"),
    ],
)
def test_names_as_they_are_really_written(event, fact_type):
    """Aliases and spellings seen in the field mean what their writers meant."""
    assert one(call(event=event)).type == fact_type


def test_unsubscribed_is_about_the_mail():
    """A click on unsubscribe withdraws the consent for marketing by e-mail."""
    fact = one(call(event="Unsubscribed", properties={"email": "ana@example.com"}))

    assert fact.data == {"channel": "email", "purpose": "marketing"}
    assert fact.identifiers[0] == "email:ana@example.com"


@pytest.mark.parametrize(
    "properties",
    [
        {"sku": "boots-41", "price": "89.00", "quantity": "2", "cart_id": "cart-9"},
        {"SKU": "boots-41", "Price": 89, "qty": 2, "cartId": "cart-9", "product_id": "5f1c"},
        {"products": [{"productId": "boots-41", "price": 89.0, "quantity": 2}], "cart": "cart-9"},
        {"items": [{"id": "boots-41", "unitPrice": "£89.00", "Qty": 2.0}], "checkout_id": "cart-9"},
    ],
)
def test_products_in_every_shape(properties):
    """One product beside the properties or a list of them, in any naming: the same lines."""
    fact = one(call(event="Product Added", properties=properties))

    assert fact.lines == (Line("boots-41", 2, 8900),)
    assert fact.data["cart"] == "cart-9"


@pytest.mark.parametrize(
    ("times", "at_ms", "source"),
    [
        ({"timestamp": "2026-03-03T10:41:07Z"}, NOW_MS, "event"),
        ({"originalTimestamp": "2026-03-03T10:41:07Z"}, NOW_MS, "event"),
        ({"receivedAt": "2026-03-03T10:41:00Z"}, NOW_MS - 7_000, "received"),
        ({}, NOW_MS, "received"),
        ({"timestamp": "lately"}, NOW_MS, "received"),
        # A server's `timestamp` is corrected already; `sentAt` must not correct it again.
        (
            {
                "timestamp": "2026-03-03T10:41:07Z",
                "originalTimestamp": "2026-03-03T13:41:07Z",
                "sentAt": "2026-03-03T13:41:07Z",
                "receivedAt": "2026-03-03T10:41:07Z",
            },
            NOW_MS,
            "event",
        ),
        # timestamp = receivedAt - (sentAt - originalTimestamp), the spec's own rule.
        (
            {
                "originalTimestamp": "2026-03-03T13:41:00Z",
                "sentAt": "2026-03-03T13:41:05Z",
                "receivedAt": "2026-03-03T10:41:07Z",
            },
            NOW_MS - 5_000,
            "corrected",
        ),
        (
            {"timestamp": "2026-03-03T09:41:00Z", "sentAt": "2026-03-03T09:41:00Z"},
            NOW_MS,
            "corrected",
        ),
        (
            {"timestamp": "2026-03-03T10:41:05Z", "sentAt": "2026-03-03T10:41:06Z"},
            NOW_MS - 2_000,
            "event",
        ),
    ],
)
def test_the_best_of_the_times(times, at_ms, source):
    """Of the four times of the spec the best is taken, and a wrong clock is put right."""
    fact = one(call(**{"timestamp": None, **times}))

    assert (fact.at_ms, fact.time_source) == (at_ms, source)


def test_everything_that_names_her():
    """Ids, traits, devices and external ids of one call are one person, the strongest first."""
    fact = one(
        call(
            userId="u-1",
            traits={"email": "Ana@Example.com"},
            context={
                "traits": {"phone": "+44 7700 900123"},
                "device": {"id": "ph-a", "token": "fcm-8"},
                "externalIds": [{"type": "braze_id", "id": "bz-1"}, {"id": "x"}, 5],
            },
            properties={"order_id": "R-77", "loyalty_card": "L-204"},
        )
    )

    assert fact.identifiers == (
        "account:u-1",
        "loyalty:L-204",
        "email:ana@example.com",
        "phone:+447700900123",
        "device:ph-a",
        "push_token:fcm-8",
        "cookie:ck-a",
        "braze_id:bz-1",
    )


def test_an_address_as_user_id_is_an_address():
    """A shop that uses the e-mail address as userId still meets the address of the mail tool."""
    assert one(call(userId="ana@example.com")).identifiers[0] == "email:ana@example.com"


def test_identify_alias_page_screen_group():
    """Each of the other calls is what it says of her, and a group is nothing."""
    fact = one(call(type="identify", userId="u-1", traits={"timezone": "Europe/London"}))
    assert (fact.type, fact.data) == ("profile.changed", {"zone": "Europe/London"})

    fact = one(call(type="identify", userId="u-1", traits={"email": "ana@example.com"}))
    assert fact.type == "identity.linked"
    assert len(fact.identifiers) == 3

    fact = one(call(type="alias", previousId="ck-b", userId="u-1", anonymousId=None))
    assert (fact.type, fact.identifiers) == ("identity.linked", ("account:u-1", "cookie:ck-b"))

    for kind in ("page", "screen", "Page"):
        assert one(call(type=kind, event=None)).type == "page.viewed"

    group = admit(text(call(type="group", groupId="g-1")), None, [], NOW_MS, WEB)
    assert (group.facts, group.dropped) == ((), (Dropped.NOT_A_FACT,))


def test_a_batch():
    """A batch is its calls: the good ones go on, and a bad one is told with its place."""
    batch = [
        call(),
        call(messageId="m-2", event="Banner Seen"),
        call(messageId="m-3", anonymousId="null"),
        call(messageId="m-4", timestamp=None, originalTimestamp="2026-03-03T13:41:00Z"),
        "junk",
    ]

    admission = admit(
        text({"batch": batch, "sentAt": "2026-03-03T13:41:07Z"}), None, [], NOW_MS, WEB
    )

    assert [fact.id for fact in admission.facts] == ["m-1", "m-4"]
    assert admission.facts[1].at_ms == NOW_MS - 7_000
    assert admission.dropped == (Dropped.NOT_A_FACT,)
    assert admission.refused is not None
    assert admission.refused.reason == Reason.NOT_AN_OBJECT
    assert admission.refused.detail == "fact 4: batch[4]"
    assert Flaw.IDENTIFIER_UNUSABLE not in admission.flaws


def test_calls_without_an_id_are_told_apart():
    """Two different calls without a messageId are two facts, and one call twice is one."""
    batch = {"batch": [call(messageId=None), call(messageId=None, event="Product Viewed")]}

    facts = admit(text(batch), None, [], NOW_MS, WEB).facts
    again = admit(text(call(messageId=None)), None, [], NOW_MS, WEB).facts

    assert facts[0].id != facts[1].id
    assert facts[0].id == again[0].id


def test_recognised_by_its_shape():
    """A call without a type, and a batch, are told from the native form."""
    assert detect(text({"event": "Order Completed", "userId": "u-1"}), []) == "segment"
    assert detect(text({"batch": []}), []) == "segment"
    assert detect(text({"type": "order.completed"}), []) == "native"

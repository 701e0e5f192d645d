"""The words of the Segment spec and of those who nearly follow it, in ours.

All names are folded: lower case, letters and digits only. An event that is not in EVENTS is
nothing that a decision could rest on.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple


class Property(NamedTuple):
    """Our key of a property; of two properties for one key the lower rank counts."""

    key: str
    rank: int


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """`Order Completed`, `order_completed` and `ORDER-COMPLETED` are one name."""
    return "".join(filter(str.isalnum, name)).lower()


_NAMES: Mapping[str, str] = {
    "product.viewed": "Product Viewed, Product Clicked, View Item, Viewed Product, Item Viewed",
    "product.searched": "Products Searched, Product Searched, Search",
    "cart.item_added": (
        "Product Added, Product Added to Cart, Added to Cart, Add to Cart, Added Product, "
        "Item Added, Cart Item Added, Wishlist Product Added to Cart"
    ),
    "cart.item_removed": (
        "Product Removed, Product Removed from Cart, Removed from Cart, Remove from Cart, "
        "Removed Product, Item Removed, Cart Item Removed"
    ),
    "cart.emptied": "Cart Emptied, Cart Cleared, Empty Cart, Clear Cart",
    # A step of the checkout says that she is in it, which is what the fact is for.
    "checkout.started": (
        "Checkout Started, Started Checkout, Begin Checkout, Initiate Checkout, "
        "Checkout Step Viewed, Checkout Step Completed, Payment Info Entered"
    ),
    # Whoever writes Order Placed by this spec has no other word for a purchase. Who tells paid
    # from unpaid writes our own order.placed, which is taken as it stands.
    "order.completed": (
        "Order Completed, Order Complete, Completed Order, Order Placed, Placed Order, Purchase, "
        "Purchased, Purchase Completed, Transaction, Transaction Completed, Checkout Completed"
    ),
    "order.payment_failed": "Payment Failed, Order Payment Failed",
    "order.cancelled": "Order Cancelled, Order Canceled, Cancelled Order, Canceled Order",
    "order.refunded": "Order Refunded, Refunded Order, Refund, Product Returned, Order Returned",
    "order.delivered": "Order Delivered, Delivered Order",
    "app.opened": "Application Opened, App Opened, Application Installed, App Installed",
    "customer.registered": "Signed Up, Sign Up, Registered, User Registered, Account Created",
    "identity.linked": "Signed In, Sign In, Logged In, Login, User Logged In",
    "message.sent": "Email Sent, Push Notification Sent, SMS Sent",
    "message.delivered": "Email Delivered, Push Notification Received, SMS Delivered",
    "message.opened": "Email Opened, Push Notification Opened",
    "message.clicked": "Email Link Clicked, Email Clicked, Push Notification Tapped, SMS Clicked",
    "message.bounced": "Email Bounced, Push Notification Bounced",
    "message.complained": "Email Marked as Spam",
    "chat.ended": "Live Chat Conversation Ended",
    "message.received": "Message Received",
    "store.visited": "Store Visited, Store Entered",
}
EVENTS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    **{
        folded(name): (fact_type, {})
        for fact_type, names in _NAMES.items()
        for name in names.split(", ")
    },
    folded("Unsubscribed"): ("consent.withdrawn", {"channel": "email", "purpose": "marketing"}),
    folded("Email Unsubscribed"): (
        "consent.withdrawn",
        {"channel": "email", "purpose": "marketing"},
    ),
}

# Our keys, and what they are called, the preferred name first.
_PROPERTIES: Mapping[str, str] = {
    "order": "order_id, order, order_number, transaction_id",
    "cart": "cart_id, cart, checkout_id, cart_token, basket_id",
    "store": "store_id, store, shop_id",
    "value": "value, total, revenue, order_total, cart_value",
    "currency": "currency, currency_code",
    "coupon": "coupon, coupon_code, coupon_id",
    "gift": "gift, is_gift",
    "reason": "reason, cancel_reason, refund_reason",
    "by": "cancelled_by, canceled_by, by",
    "items": "products, items, line_items, contents",
    "sku": "sku, variant_sku",
    "gtin": "gtin, ean, upc, barcode",
    "product_id": "product_id, item_id",
    "price": "price, unit_price",
    "quantity": "quantity, qty",
    "category": "category",
    "message": "message_id, email_id, notification_id",
    "campaign": "campaign_id, campaign_name",
    "journey": "journey",
    "instance": "instance",
    "step": "journey_step",
    "topic": "topic",
    "case": "case_id, ticket_id",
    "contract": "contract_id, subscription_id",
    "solved": "solved",
}
PROPERTIES: Mapping[str, Property] = {
    folded(name): Property(key, rank)
    for key, names in _PROPERTIES.items()
    for rank, name in enumerate(names.split(", "))
}
ROW: Mapping[str, str] = {
    **{name: name for name in ("sku", "gtin", "ean", "upc", "id", "price", "quantity", "item")},
    "variantsku": "sku",
    "barcode": "gtin",
    "productid": "product_id",
    "itemid": "product_id",
    "unitprice": "unit_price",
    "qty": "quantity",
}
IDENTIFIERS: Mapping[str, str] = {
    "email": "email",
    "emailaddress": "email",
    "phone": "phone",
    "phonenumber": "phone",
    "loyalty": "loyalty",
    "loyaltyid": "loyalty",
    "loyaltycard": "loyalty",
    "loyaltynumber": "loyalty",
}
PROFILE: Mapping[str, str] = {
    "timezone": "zone",
    "zone": "zone",
    "language": "language",
    "country": "country",
    "region": "region",
    "state": "region",
    "firstname": "first_name",
    "homestore": "home_store",
    "tier": "tier",
    "loyaltytier": "tier",
}

"""A preview replays what is no customer's beside what is."""

from adaptive_stream.engine.fact import encode_fact
from adaptive_stream.stories.in_memory import Recorded
from adaptive_stream.stories.replay import BEGIN, replay
from tests.engine.world import HOUR, MINUTE, TEN, fact, heeded, shipped_rules

ANA = "email:ana@example.com"
GTIN = "gtin:4006381333931"


def test_an_item_has_one_code_in_a_preview_too() -> None:
    """What the till calls by its bar code stops the mail about it, as it did."""
    described = fact("product.described", TEN - HOUR, channel="backoffice", item="boots-41",
                     codes=["boots-41", GTIN])  # fmt: skip
    cart = fact("cart.item_added", TEN, ANA, items=["boots-41"], cart="cart-9")
    bought = fact(
        "order.completed", TEN + 41 * MINUTE, ANA, channel="store", order="R-1", items=[GTIN]
    )
    looked = fact("app.opened", TEN + 2 * HOUR, ANA, channel="app")
    facts = [Recorded(one.at_ms, encode_fact(one)) for one in (described, cart, bought, looked)]

    found = replay(facts, shipped_rules(), heeded(shipped_rules()))

    told = {(one.action, one.because) for one in found.messages() if one.action != BEGIN}
    assert told == {("suppress", "bought_these_items")}

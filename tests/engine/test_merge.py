"""Two customers found to be one, whatever came first."""

from itertools import pairwise, permutations

import msgspec

from adaptive_stream.engine.decision import StateChanged, Suppression
from adaptive_stream.engine.fact import Fact, encode_fact
from adaptive_stream.engine.journey import Step
from adaptive_stream.engine.message import Arrival
from adaptive_stream.engine.span import Span
from tests.engine.test_journeys import only
from tests.engine.world import DAY, HOUR, MINUTE, TEN, World, fact

EMAIL, CARD, COOKIE, DEVICE = "email:ana@example.com", "loyalty:L-204", "cookie:ck-a", "device:ph-a"


def split() -> World:
    """Ana fills a cart on the web and buys the boots under a card that nobody knows is hers."""
    world = World()
    world.tell("identity.linked", TEN - DAY, EMAIL, COOKIE, DEVICE)
    world.tell("cart.item_added", TEN, COOKIE, cart="cart-9", items=["boots-41"])
    world.wait(TEN + 40 * MINUTE)
    world.tell(
        "order.completed", TEN + 41 * MINUTE, CARD, channel="store", order="R-77",
        items=["boots-41"],
    )  # fmt: skip
    return world


def test_a_purchase_on_her_card_silences_the_mail_once_the_card_is_hers() -> None:
    """Nothing before the link, everything at the link, with the moment of the purchase."""
    world = split()
    assert world.told() == []

    world.tell("identity.linked", TEN + 50 * MINUTE, EMAIL, CARD, channel="app")
    world.wait(TEN + 6 * DAY)

    assert world.told() == [("suppress", "bought_these_items", ("remind", "discount"))]
    stop = next(one for one in world.of(Suppression) if one.channel == "email")
    assert (stop.event_ms, stop.known_ms) == (TEN + 41 * MINUTE, TEN + 50 * MINUTE)
    assert [one for one in world.offered() if one[1] in ("remind", "discount")] == []


def test_both_identifiers_lead_to_the_older_customer() -> None:
    """The smaller id wins; the other keeps a redirect and says its last word."""
    world = split()
    young = world.customer(CARD).id
    world.tell("identity.linked", TEN + 50 * MINUTE, EMAIL, CARD)

    assert world.row(EMAIL).customer == world.row(CARD).customer == world.customer(EMAIL).id
    assert world.customer(EMAIL).id < young
    last = [one for one in world.of(StateChanged) if one.customer == young][-1]
    assert [t.name for t in last.transitions] == ["customer.merged"]
    assert last.transitions[0].fields == {"into": world.customer(EMAIL).id}
    assert world.state(EMAIL)["was"] == [young]


def test_one_cart_seen_under_two_names_is_one_cart() -> None:
    """The cookie put the boots in, the e-mail address the belt; she bought both."""
    world = World()
    world.tell("cart.item_added", TEN, COOKIE, cart="cart-9", items=["boots-41"])
    world.tell("cart.item_added", TEN, EMAIL, cart="cart-9", items=["belt-7"])
    world.wait(TEN + 35 * MINUTE)
    assert world.news().count("journey.entered") == 2

    world.tell("identity.linked", TEN + 36 * MINUTE, EMAIL, COOKIE)
    assert sorted(world.state(EMAIL)["carts"]["cart-9"]["remaining"]) == ["belt-7", "boots-41"]
    assert ("suppress", "superseded", ("remind", "discount")) in world.told()

    world.wait(TEN + 2 * HOUR)
    assert [one[1] for one in world.offered()] == ["remind"]


def test_two_reminders_that_both_went_out_are_not_both_continued() -> None:
    """One run for one cart: the other's remaining steps are stopped."""
    world = World()
    world.tell("cart.item_added", TEN, COOKIE, cart="cart-9", items=["boots-41"])
    world.tell("cart.item_added", TEN, EMAIL, cart="cart-9", items=["belt-7"])
    world.wait(TEN + 2 * HOUR)
    world.tell("identity.linked", TEN + 2 * HOUR, EMAIL, COOKIE)
    world.wait(TEN + 10 * DAY)

    assert [one[1] for one in world.offered() if one[0] == "offer"].count("discount") == 1


def test_somebody_who_was_two_is_missed_once() -> None:
    """A run about the customer herself is one run after a merge."""
    world = World()
    for who in (EMAIL, CARD):
        world.tell("order.completed", TEN, who, order=f"R-{who}", items=["boots-41"])
    world.wait(TEN + 89 * DAY)
    world.tell("identity.linked", TEN + 89 * DAY, EMAIL, CARD)
    world.wait(TEN + 95 * DAY)

    assert [one[:2] for one in world.offered()].count(("offer", "miss-you")) == 1


def test_two_who_are_both_missed_and_then_one_get_one_mail_more_at_most() -> None:
    """What was offered to each before they were one stays; nothing begins again."""
    world = World()
    for who in (EMAIL, CARD):
        world.tell("order.completed", TEN, who, order=f"R-{who}", items=["boots-41"])
    world.wait(TEN + 91 * DAY)
    world.tell("identity.linked", TEN + 91 * DAY, EMAIL, CARD)
    world.wait(TEN + 130 * DAY)

    assert [one[:2] for one in world.offered()].count(("offer", "miss-you")) == 2


def test_of_two_offers_of_one_thing_one_is_withdrawn() -> None:
    """Each of the two that she was got a care kit; she needs one."""
    world = World()
    for who, cart in ((EMAIL, "cart-1"), (CARD, "cart-2")):
        world.tell("cart.item_added", TEN, who, cart=cart, items=["boots-41"])
        world.wait(TEN + 40 * MINUTE)
        world.tell("order.completed", TEN + HOUR, who, order=f"R-{who}", items=["boots-41"])
    world.tell("identity.linked", TEN + 2 * HOUR, EMAIL, CARD)

    care = [one[::2] for one in world.offered() if one[1] == "care-kit"]
    assert care == [
        ("offer", "bought_these_items"),
        ("offer", "bought_these_items"),
        ("withdraw", "superseded"),
    ]


def test_identifiers_may_come_in_any_order() -> None:
    """However the links come, one person is one customer and every row points to her."""
    links = [(EMAIL, COOKIE), (COOKIE, DEVICE), (DEVICE, CARD), (CARD, EMAIL)]
    for order in permutations(links):
        world = World()
        for who in (CARD, DEVICE, EMAIL, COOKIE):
            world.tell("app.opened", TEN, who)
        for number, (one, other) in enumerate(order):
            world.tell("identity.linked", TEN + number * MINUTE, one, other)

        (root,) = world.roots()
        assert root.identifiers() == sorted((EMAIL, CARD, COOKIE, DEVICE))
        assert {world.row(who).customer for who in (EMAIL, CARD, COOKIE, DEVICE)} == {root.id}


def test_all_links_may_be_on_their_way_at_once() -> None:
    """A chain of ten strangers turns out to be one person in the same instant."""
    names = [f"cookie:ck-{number}" for number in range(10)]
    world = World()
    for name in names:
        world.tell("product.viewed", TEN, name)
    for one, other in pairwise(names):
        world.send(fact("identity.linked", TEN, one, other), TEN)
    world.settle()

    (root,) = world.roots()
    assert {world.row(name).customer for name in names} == {root.id}


def test_a_fact_on_its_way_to_the_younger_customer_reaches_the_older() -> None:
    """A redirect passes on what still comes for it."""
    world = split()
    young = world.customer(CARD).id
    world.tell("identity.linked", TEN + 50 * MINUTE, EMAIL, CARD)
    late = fact("order.completed", TEN + HOUR, CARD, order="R-78", items=["belt-7"])
    arrival = next(a for a, _ in world.log if a.key == young and a.kind == "fact")
    for message in world.step(_with(arrival, late)):
        assert (message.kind, message.key) == ("fact", world.customer(EMAIL).id)
        world.step(_with(arrival, late, key=message.key, member=message.member))

    assert world.state(EMAIL)["orders"]["count"] == 2


def _with(arrival: Arrival, late: Fact, **changed: str) -> Arrival:
    return msgspec.structs.replace(arrival, body=encode_fact(late), **changed)


def test_an_absorb_that_comes_twice_changes_nothing_more() -> None:
    """A join by member: the second time there is nothing left to join."""
    world = split()
    world.tell("identity.linked", TEN + 50 * MINUTE, EMAIL, CARD)
    before = world.state(EMAIL)
    absorb = next(arrival for arrival, _ in world.log if arrival.kind == "absorb")
    said = len(list(world.of(Suppression)))
    world.step(absorb)

    after = world.state(EMAIL)
    counters = ("state_seq", "identity_epoch")
    assert {k: v for k, v in after.items() if k not in counters} == {
        k: v for k, v in before.items() if k not in counters
    }
    assert len(list(world.of(Suppression))) == said


def test_a_stranger_who_logs_in_is_one_person_with_what_she_did_before() -> None:
    """Three facts of a session: the cart was filled before anybody knew whose it is."""
    world = World()
    world.tell("cart.item_added", TEN, COOKIE, cart="cart-9", items=["boots-41"])
    world.tell("app.opened", TEN + MINUTE, EMAIL, COOKIE)
    world.tell("cart.item_added", TEN + 2 * MINUTE, COOKIE, cart="cart-9", items=["belt-7"])

    assert world.state(EMAIL)["carts"]["cart-9"]["remaining"] == ["boots-41", "belt-7"]
    assert world.customer(EMAIL).id == world.customer(COOKIE).id


def test_what_two_who_are_apart_both_use_goes_to_whoever_was_linked_first() -> None:
    """It cannot make them one; the other link is refused, and somebody is told."""
    for one, other in ((EMAIL, CARD), (CARD, EMAIL)):
        world = World()
        world.tell("identity.linked", TEN - DAY, EMAIL, CARD)
        world.tell("customer.unmerge", TEN - HOUR, EMAIL, CARD)
        world.tell("app.opened", TEN, COOKIE)
        world.tell("identity.linked", TEN + MINUTE, one, COOKIE)
        world.tell("identity.linked", TEN + 2 * MINUTE, other, COOKIE)

        assert world.customer(COOKIE).id == world.customer(one).id
        assert world.customer(other).identifiers() == [other]
        assert world.faults == ["link_refused:apart"]
        assert world.news().count("identity.contested") == 1


def test_a_run_that_nobody_was_told_to_stop_is_told_of_when_it_lives_again() -> None:
    """While a purchase on a card was hers, the cart counted as filled again, and its first run as
    over; the card was somebody else's, and of two runs for one cart one has to be stopped."""
    step = Step("tell", Span(ms=20 * HOUR), "tell", ("email",), Span(ms=12 * HOUR))
    world = World(only("abandoned-cart", hold_when=(), steps=(step,)))
    world.tell("app.opened", TEN - HOUR, COOKIE)
    world.tell("order.completed", TEN + 10 * MINUTE, CARD, order="R-77", items=["belt-7"])
    for minutes, who in ((0, EMAIL), (35, COOKIE)):
        at_ms = TEN + minutes * MINUTE
        world.tell("cart.item_added", at_ms, who, cart="cart-9", items=["belt-7"])
    world.wait(TEN + 70 * MINUTE)
    for other in (CARD, COOKIE, EMAIL):
        world.tell("identity.linked", TEN + 71 * MINUTE, DEVICE, other)
    assert world.told() == []
    assert [run.status for _, run in world.customer(EMAIL).instances()].count("ended") == 1

    world.tell("customer.unmerge", TEN + 72 * MINUTE, CARD, DEVICE)

    assert world.told() == [("suppress", "superseded", ("tell",))]
    runs = world.customer(EMAIL).instances()
    assert sorted(run.status for _, run in runs) == ["live", "stopped"]


def test_a_stop_that_a_channel_keeps_is_kept_when_its_cart_leaves() -> None:
    """Her part of the cart has nothing in it: the run never was, and still counts as stopped."""
    world = World()
    world.tell("app.opened", TEN - 2 * HOUR, DEVICE)
    world.tell("cart.item_removed", TEN - HOUR, COOKIE, cart="cart-9", items=["socks-2"])
    for other in (COOKIE, DEVICE):
        world.tell("identity.linked", TEN - MINUTE, EMAIL, other)
    world.tell("cart.item_added", TEN, EMAIL, cart="cart-9", items=["boots-41"])
    world.wait(TEN + 40 * MINUTE)
    world.tell("cart.emptied", TEN + 45 * MINUTE, EMAIL, cart="cart-9")
    world.tell("cart.item_added", TEN + HOUR, DEVICE, cart="cart-9", items=["socks-2"])
    world.wait(TEN + 100 * MINUTE)
    world.tell("customer.unmerge", TEN + 2 * HOUR, EMAIL, COOKIE)

    assert world.told()[-1][0] == "suppress"
    ((_, run),) = world.customer(COOKIE).instances()
    assert (run.status, sorted(run.told)) == ("stopped", ["email", "push"])

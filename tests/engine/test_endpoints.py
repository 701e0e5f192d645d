"""Consent, bounces and refusals belong to the address: shared by two, or one of several."""

import json
from typing import Any

import pytest

from adaptive_stream.engine.endpoint import HOLDERS_MAX, SAID_MAX
from adaptive_stream.engine.resolve import decode_row
from adaptive_stream.formats import ReadRule
from adaptive_stream.stories.in_memory import EngineWorld
from adaptive_stream.stories.records import Written
from tests.rules.rule_files import CHANNELS, shipped

NOW_MS = 1_772_534_400_000
FAMILY = "family@example.com"


class World:
    """The real engine, with people who tell it things a minute apart."""

    def __init__(self) -> None:
        self.world = EngineWorld(shipped().rules, {name: ReadRule(name) for name in CHANNELS})
        self.at_ms = NOW_MS

    def fact(self, channel: str, type_: str, identifiers: dict[str, Any], /, **data: Any) -> None:
        self.at_ms += 60_000
        at = self.at_ms
        record = {"type": type_, "time": at, "identifiers": identifiers, "data": data}
        self.world.write(Written(channel, at, json.dumps(record).encode()))
        self.world.tick(self.at_ms)

    def states(self) -> list[dict[str, Any]]:
        """The newest state of everybody who is somebody."""
        newest = {one.key: one.value for one in self.world.outputs if one.topic == "customer-state"}
        return [value for value in newest.values() if value and "merged_into" not in value]

    def state(self, kind: str, value: str) -> dict[str, Any]:
        (found,) = (
            state
            for state in self.states()
            if {"type": kind, "value": value} in state["identifiers"]
        )
        return found

    def consent(self, kind: str, value: str) -> dict[str, str]:
        return {row["endpoint"]: row["status"] for row in self.state(kind, value)["consent"]}


@pytest.fixture
def world() -> World:
    return World()


def withdraw(world: World, **identifiers: str) -> None:
    world.fact("email", "consent.withdrawn", identifiers, channel="email", purpose="marketing")


def test_two_people_share_an_address(world: World) -> None:
    """When one click refuses mail to the family's address, nobody is mailed there any more."""
    world.fact("store", "profile.changed", {"loyalty": "L-1"}, contact={"email": FAMILY})
    world.fact("store", "customer.registered", {"loyalty": "L-2"}, contact={"email": FAMILY})

    withdraw(world, email=FAMILY)

    assert len(world.states()) == 2  # The address itself is nobody.
    for card in ("L-1", "L-2"):
        assert world.consent("loyalty", card) == {f"email:{FAMILY}": "withdrawn"}


def test_whoever_gives_the_address_later_is_bound_too(world: World) -> None:
    """A refusal outlives the day on which a second person names the address as hers."""
    world.fact("store", "profile.changed", {"loyalty": "L-1"}, contact={"email": FAMILY})
    withdraw(world, email=FAMILY)
    world.fact("store", "profile.changed", {"loyalty": "L-2"}, contact={"email": FAMILY})

    assert world.consent("loyalty", "L-2") == {f"email:{FAMILY}": "withdrawn"}


def test_an_address_that_names_one_is_another_ones_contact(world: World) -> None:
    """The account holder and her husband hear of a bounce, and stay two people."""
    world.fact("web", "cart.item_added", {"email": FAMILY}, cart="c-1", item="boots-41")
    world.fact("store", "profile.changed", {"loyalty": "L-2"}, contact={"email": FAMILY})

    world.fact("email", "message.bounced", {"email": FAMILY, "braze": "bz-7"}, message="m-1")

    assert len(world.states()) == 2
    for state in (world.state("email", FAMILY), world.state("loyalty", "L-2")):
        assert state["messages"]["m-1"]["status"] == "bounced"


def test_what_a_fact_says_of_its_second_name_reaches_all_who_hold_it(world: World) -> None:
    """A refusal that came with a card number is a refusal of the address all the same."""
    world.fact("store", "profile.changed", {"loyalty": "L-2"}, contact={"email": FAMILY})

    withdraw(world, loyalty="L-1", email=FAMILY)

    assert world.consent("loyalty", "L-2") == {f"email:{FAMILY}": "withdrawn"}
    assert world.consent("loyalty", "L-1") == {f"email:{FAMILY}": "withdrawn"}
    assert len(world.states()) == 2


def test_a_stop_names_every_address_of_hers(world: World) -> None:
    """A sender that writes to her second address is stopped as well; another's address is not
    among them."""
    contact = {"email": ["work@example.com", FAMILY], "phone": "+44 20 7123 4567"}
    world.fact("web", "profile.changed", {"email": "ana@example.com"}, contact=contact)
    world.fact("web", "profile.changed", {"email": "ben@example.com"}, contact={"email": FAMILY})
    world.fact(
        "web", "cart.item_added", {"email": "ana@example.com"}, cart="c-1", item="boots-41",
        items=[{"sku": "boots-41", "quantity": 1, "price": 89.0}], currency="GBP",
    )  # fmt: skip
    world.at_ms += 31 * 60_000
    world.world.tick(world.at_ms)
    world.fact(
        "store", "order.completed", {"email": "ana@example.com"}, order="R-1",
        items=[{"sku": "boots-41", "quantity": 1, "price": 89.0}], currency="GBP",
    )  # fmt: skip

    (stop,) = (
        one.value
        for one in world.world.outputs
        if one.topic == "suppressions.email" and one.value and one.value["action"] == "suppress"
    )
    assert [one["value"] for one in stop["recipients"]] == [
        "ana@example.com",
        FAMILY,
        "work@example.com",
    ]
    assert {"type": "phone", "value": "+442071234567"} in world.state("email", "ana@example.com")[
        "addresses"
    ]


def test_the_last_word_on_her_address_counts(world: World) -> None:
    """An address that she replaced, or took back, is hers no more."""
    ana = {"loyalty": "L-1"}
    world.fact("store", "profile.changed", ana, contact={"email": FAMILY, "phone": "+447700900123"})
    world.fact("store", "profile.changed", ana, contact={"email": "ana@example.com"})
    world.fact("store", "profile.changed", ana, contact={"phone": ""})

    assert world.state("loyalty", "L-1")["addresses"] == [
        {"type": "email", "value": "ana@example.com"}
    ]


def test_an_address_follows_its_holder_through_a_merge_and_back(world: World) -> None:
    """A refusal reaches her under whichever customer she is when it comes."""
    world.fact("web", "app.opened", {"email": "ana@example.com"})
    world.fact("store", "profile.changed", {"loyalty": "L-1"}, contact={"email": FAMILY})
    pair = {"email": "ana@example.com", "loyalty": "L-1"}
    world.fact("callcentre", "identity.linked", pair)
    assert {"type": "email", "value": FAMILY} in world.state("email", "ana@example.com")[
        "addresses"
    ]
    withdraw(world, email=FAMILY)
    assert world.consent("email", "ana@example.com") == {f"email:{FAMILY}": "withdrawn"}

    world.fact("backoffice", "customer.unmerge", pair)

    assert world.consent("email", "ana@example.com") == {}
    assert world.consent("loyalty", "L-1") == {f"email:{FAMILY}": "withdrawn"}
    assert world.state("email", "ana@example.com")["addresses"] == []


def test_a_contact_becomes_a_name_when_it_acts(world: World) -> None:
    """Once somebody logs in with the address, it names a person, and still binds its holders."""
    world.fact("store", "profile.changed", {"loyalty": "L-1"}, contact={"email": FAMILY})
    withdraw(world, email=FAMILY)
    world.fact("web", "app.opened", {"email": FAMILY})
    assert len(world.states()) == 2

    world.fact("web", "consent.given", {"email": FAMILY}, channel="email", purpose="marketing")

    assert world.consent("email", FAMILY) == {f"email:{FAMILY}": "given"}
    assert world.consent("loyalty", "L-1") == {f"email:{FAMILY}": "given"}


def test_a_front_desk_stays_small(world: World) -> None:
    """An address of a hundred people, with a thousand refusals, is a row of bounded size."""
    for n in range(HOLDERS_MAX + 10):
        contact = {"email": FAMILY}
        world.fact("store", "profile.changed", {"loyalty": f"L-{n}"}, contact=contact)
    for _ in range(SAID_MAX + 5):
        withdraw(world, email=FAMILY)

    (row,) = (
        row
        for row in map(decode_row, world.world._rows.values())
        if row.identifier == f"email:{FAMILY}"
    )
    assert (len(row.holders), len(row.said)) == (HOLDERS_MAX, SAID_MAX)


def test_an_address_stays_hers_when_she_logs_out(world: World) -> None:
    """Who uses the tablet next is not known; her address is nobody else's, and stops her mail."""
    pair = {"account": "a-1", "email": "ana@example.com"}
    world.fact("web", "identity.linked", pair)
    world.fact("web", "identity.unlinked", pair)
    world.fact("store", "order.completed", {"email": "ana@example.com"}, order="R-1")

    assert world.state("account", "a-1")["orders"]["count"] == 1


def test_a_refusal_counts_when_its_address_proves_nobody(world: World) -> None:
    """An address that met too many names in a day speaks for nobody, and is still not written to
    once it refused."""
    email = {"email": FAMILY}
    names = [(kind, f"{n}") for kind in ("loyalty", "braze", "phone") for n in range(5)]
    for kind, name in names[:11]:
        world.fact("callcentre", "identity.linked", {kind: f"+4477009000{name}", **email})
    assert world.state("email", FAMILY)["contested"]

    withdraw(world, email=FAMILY)

    assert world.consent("email", FAMILY) == {f"email:{FAMILY}": "withdrawn"}


BOOTS = {"items": [{"sku": "boots-41", "quantity": 1, "price": 89.0}], "currency": "GBP"}


def told(world: World, instance: str) -> list[tuple[str, int, list[str]]]:
    """What the mail's senders were told of a run: (action, rev, addresses)."""
    said = [one.value for one in world.world.outputs if one.topic == "suppressions.email"]
    return [
        (one["action"], one["rev"], [each["value"] for each in one["recipients"]])
        for one in said
        if one and one["instance"] == instance
    ]


def leave_cart(world: World, name: str, /, **identifiers: str) -> None:
    world.fact("web", "cart.item_added", identifiers, cart=name, item="boots-41", **BOOTS)
    world.at_ms += 31 * 60_000
    world.world.tick(world.at_ms)


def test_a_stop_is_told_again_when_she_can_be_reached_elsewhere(world: World) -> None:
    """A sender that knows her only by an address that joins later hears of the stop then, and one
    whose address is hers no more hears no more of it."""
    leave_cart(world, "c-1", account="a-1")
    world.fact("store", "order.completed", {"account": "a-1"}, order="R-1", **BOOTS)
    world.fact("web", "identity.linked", {"account": "a-1", "email": "ana@example.com"})
    world.fact("web", "profile.changed", {"account": "a-1"}, contact={"email": FAMILY})
    world.fact("web", "app.opened", {"account": "a-1"})
    world.fact("web", "customer.unmerge", {"account": "a-1", "email": "ana@example.com"})

    assert told(world, "c-1") == [
        ("suppress", 1, []),
        ("suppress", 2, ["ana@example.com"]),
        ("suppress", 3, ["ana@example.com", FAMILY]),
        ("suppress", 4, [FAMILY]),
    ]


def test_a_hold_is_told_again_after_a_merge_until_it_ends(world: World) -> None:
    """Whoever waits is reached under all that she is now, and released there."""
    belt = {"items": [{"sku": "belt-7", "quantity": 1, "price": 39.0}], "currency": "GBP"}
    leave_cart(world, "c-1", account="a-1")
    world.fact("store", "order.completed", {"account": "a-1"}, order="R-1", **belt)
    world.fact("web", "app.opened", {"email": "ana@example.com"})
    world.fact("web", "identity.linked", {"account": "a-1", "email": "ana@example.com"})
    world.at_ms += 86_400_000
    world.world.tick(world.at_ms)
    world.fact("web", "profile.changed", {"account": "a-1"}, contact={"email": FAMILY})

    assert told(world, "c-1") == [
        ("hold", 1, []),
        ("hold", 2, ["ana@example.com"]),
        ("release", 3, ["ana@example.com"]),
    ]


def test_a_stop_that_nobody_needs_any_more_is_not_told_again(world: World) -> None:
    """Once its senders may forget it, another address is no news."""
    leave_cart(world, "c-1", email="ana@example.com")
    world.fact("store", "order.completed", {"email": "ana@example.com"}, order="R-1", **BOOTS)
    world.at_ms += 40 * 86_400_000
    world.world.tick(world.at_ms)
    world.fact("web", "profile.changed", {"email": "ana@example.com"}, contact={"email": FAMILY})

    assert told(world, "c-1") == [("suppress", 1, ["ana@example.com"])]

"""Thousands of people with four identifiers each, and two workers that are killed all the while."""

import json
import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adaptive_stream.broker import Broker
from adaptive_stream.cli.running_worker import RunningWorker
from tests.broker.facts import BEGAN_MS, Fact, send, send_tick, wait_until_settled
from tests.broker.killing import STAGES, kill_stage, kill_supervisor
from tests.broker.stack import Stack

PEOPLE = int(os.environ.get("CHAOS_PEOPLE", "1500"))  # `make chaos` has 10,000.
PER_S = 1_000
AMID_S = 0.7
APART_MS = 5
MINUTE_MS = 60_000
SETTLED_WITHIN_S = 60 + PEOPLE / 50
CHANNELS = ("web", "store")
LINKED = "identity.linked"

Identifier = tuple[str, str]  # type, value
Told = tuple[str, list[Identifier], dict[str, Any]]  # type of fact, whom it names, data
Kill = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Person:
    """`links` make the four one; the order is told under another name than the cart."""

    number: int
    names: tuple[Identifier, ...]
    links: tuple[tuple[Identifier, Identifier], ...]
    items: tuple[str, ...]
    buys: bool

    @property
    def cart(self) -> str:
        """The key of her only cart."""
        return f"cart-{self.number}"

    @property
    def email(self) -> str:
        """Her only address."""
        return dict(self.names)["email"]


@pytest.mark.broker
@pytest.mark.slow(40)
def test_each_customer_is_one_and_whoever_bought_gets_no_mail_about_her_cart(
    broker: Broker, tmp_path: Path, topic_prefix: str
) -> None:
    """None lost, none doubled, each bought cart's mail stopped, whatever died at whatever time."""
    chance = random.Random(4)
    people = [_person(chance, number) for number in range(PEOPLE)]
    before, after = _facts(chance, people)
    options = ("--clock", "log")
    stack = Stack(broker.bootstrap, tmp_path, topic_prefix, profile="story", options=options)
    with stack, stack.another_worker("second-worker") as second:
        now_ms = BEGAN_MS
        now_ms = _send_amid_kills(stack, before, now_ms, _kills(chance, stack.worker, second))
        wait_until_settled(stack, SETTLED_WITHIN_S)
        now_ms += 31 * MINUTE_MS  # Every cart is abandoned, and no mail is due yet.
        send_tick(stack, now_ms)
        wait_until_settled(stack, SETTLED_WITHIN_S)
        now_ms = _send_amid_kills(stack, after, now_ms, _kills(chance, second, stack.worker))
        wait_until_settled(stack, SETTLED_WITHIN_S)
        for minutes in (5, 2 * 60):
            send_tick(stack, now_ms + minutes * MINUTE_MS)
            wait_until_settled(stack, SETTLED_WITHIN_S)

        customers = _customers(stack)
        suppressed = _suppressions(stack)
    expected = Counter(frozenset(person.names) for person in people)
    assert customers == expected, _difference(customers, expected)
    stopped = Counter((each.cart, "suppress") for each in people if each.buys)
    found = Counter((cart, action) for cart, action, _ in suppressed)
    assert found == stopped, _difference(found, stopped)
    _assert_addresses(suppressed, people)


def _person(chance: random.Random, number: int) -> Person:
    names = [
        ("account", f"a-{number}"),
        ("email", f"p{number}@example.com"),
        ("phone", f"+4477{number:08d}"),
        ("cookie", f"ck-{number}"),
    ]
    chance.shuffle(names)
    links = tuple((chance.choice(names[:n]), names[n]) for n in range(1, len(names)))
    items = tuple(f"s-{number}-{n}" for n in range(chance.choice((1, 2))))
    return Person(number, tuple(names), links, items, buys=number % 2 == 0)


def _facts(chance: random.Random, people: list[Person]) -> tuple[list[Told], list[Told]]:
    """What is told before the carts are abandoned, and afterwards: orders, and the links that come
    so late that another customer has the order, or the cart, until then."""
    before: list[Told] = []
    after: list[Told] = []
    for person in people:
        for link in person.links:
            late = chance.random() < 0.3
            (after if late else before).append((LINKED, list(link), {}))
        in_cart, at_till = chance.sample(person.names, 2)
        for item in person.items:
            data = {"cart": person.cart, **_lines([item])}
            before.append(("cart.item_added", [in_cart], data))
        if person.buys:
            data = {"order": f"o-{person.number}", **_lines(person.items)}
            after.append(("order.completed", [at_till], data))
    chance.shuffle(before)
    chance.shuffle(after)
    return before, after


def _lines(items: Any) -> dict[str, Any]:
    lines = [{"sku": item, "quantity": 1, "price": 30.0} for item in items]
    return {"items": lines, "currency": "GBP", "value": 30.0 * len(lines)}


def _kills(chance: random.Random, one: RunningWorker, other: RunningWorker) -> list[Kill]:
    """The stages of one and the supervisor of the other, more often when there are more people."""
    kills: list[Kill] = [partial(kill_stage, one, stage) for stage in STAGES]
    kills.append(partial(kill_supervisor, other))
    kills *= max(1, PEOPLE // 3_000)
    chance.shuffle(kills)
    return kills


def _send_amid_kills(stack: Stack, told: list[Told], began_ms: int, kills: list[Kill]) -> int:
    """A share of the facts for each kill, which comes amid it; the time of the last fact."""
    facts = [_fact(number, each, began_ms) for number, each in enumerate(told)]
    size = -(-len(facts) // len(kills))
    for number, kill in enumerate(kills):
        share = facts[number * size : (number + 1) * size]
        sending = threading.Thread(target=send, args=(stack, iter(share), PER_S))
        sending.start()
        sending.join(min(AMID_S, size / PER_S / 2))
        assert sending.is_alive(), "all facts of its share were sent before the kill"
        kill()
        sending.join()
    return facts[-1][1]


def _fact(number: int, told: Told, began_ms: int) -> Fact:
    type_, names, data = told
    at_ms = began_ms + number * APART_MS
    said = {"id": f"f-{at_ms}", "type": type_, "time": at_ms, "identifiers": dict(names)}
    return CHANNELS[number % len(CHANNELS)], at_ms, json.dumps({**said, "data": data}).encode()


def _customers(stack: Stack) -> Counter[frozenset[Identifier]]:
    """Who is left of all that were ever made, by the identifiers."""
    records = sorted(stack.records("customer.state.v1"), key=lambda r: (r.partition, r.offset))
    last = {record.key: record.value for record in records}
    states = [json.loads(value) for value in last.values() if value is not None]
    return Counter(
        frozenset((each["type"], each["value"]) for each in state["identifiers"])
        for state in states
        if "merged_into" not in state
    )


def _suppressions(stack: Stack) -> list[tuple[str, str, tuple[str, ...]]]:
    """What a sender that folds by the highest rev holds: (cart, action, addresses)."""
    highest: dict[tuple[str, str, str], dict[str, Any]] = {}
    for said in stack.values("suppressions.email.v1"):
        what = said["member"], said["journey"], said["instance"]
        if what not in highest or said["rev"] > highest[what]["rev"]:
            highest[what] = said
    return [
        (instance, said["action"], tuple(each["value"] for each in said["recipients"]))
        for (_, _, instance), said in highest.items()
    ]


def _assert_addresses(
    suppressed: list[tuple[str, str, tuple[str, ...]]], people: list[Person]
) -> None:
    """It names her address and nobody else's, even if she was linked to it afterwards."""
    by_cart = {person.cart: person for person in people}
    for cart, _, addresses in suppressed:
        assert addresses == (by_cart[cart].email,), cart


def _difference(found: Counter[Any], expected: Counter[Any]) -> str:
    """The first few that are too many, and that are missing."""
    many, missing = found - expected, expected - found
    return (
        f"{many.total()} too many, such as {list(many.items())[:5]};"
        f" {missing.total()} missing, such as {list(missing.items())[:5]}"
    )

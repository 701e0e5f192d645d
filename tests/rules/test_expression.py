"""What an engineer may write in a condition, and what is refused before it can run."""

import re
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptive_stream.catalog.expression import read_expression
from adaptive_stream.catalog.faults import Fault
from adaptive_stream.catalog.vocabulary import ATTRIBUTES
from adaptive_stream.catalog.yaml_lines import Node
from adaptive_stream.engine.entity import (
    Cart,
    Case,
    Contract,
    Message,
    Order,
    Registration,
    Topic,
    ViewedItem,
)
from adaptive_stream.engine.fact import Line
from adaptive_stream.engine.now import Now
from adaptive_stream.engine.said import Said
from adaptive_stream.engine.subject import Subject
from adaptive_stream.engine.view import View
from adaptive_stream.engine.word import Expression
from tests.rules.rule_files import SHIPPED

INSTANCE_ONLY = {"items"}  # of Subject: set when it is made

CART = SimpleNamespace(
    status="abandoned", items=["boots-41", "socks-2"], settled=["boots-41"], remaining=["socks-2"],
    value=89.5, added_at=1000, touched_at=2000,
)  # fmt: skip
ORDER = SimpleNamespace(
    status="completed", items=["boots-41"], lines=[SimpleNamespace(item="boots-41", quantity=2)],
    gift=False, time=1500, store="leeds-2",
)  # fmt: skip
CUSTOMER = SimpleNamespace(orders=[ORDER], carts=[CART], region="yorkshire")
SCOPE = {"cart": CART, "order": ORDER, "customer": CUSTOMER, "item": "boots-41"}


def read(text: object, takes: str | None = None) -> tuple[Expression | None, list[Fault]]:
    faults: list[Fault] = []
    node = Node(text, 7, "conditions.yaml")  # type: ignore[arg-type]
    return read_expression(node, faults, takes), faults


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("cart.value >= 20", True),
        ("cart.value - 80 > 9 and cart.value * 2 == 179", True),
        ("20 < cart.value < 50", False),
        ("cart.settled and not cart.remaining", False),
        ("cart.settled and cart.remaining", True),
        ("'boots-41' in cart.items", True),
        ("order.status in ('completed', 'delivered')", True),
        ("order.status not in ['cancelled']", True),
        ("not order.gift", True),
        ("order.gift == False", True),
        ("order.time > cart.added_at", True),
        ("len(cart.items) == 2", True),
        ("any(line.item not in cart.settled for line in order.lines)", False),
        ("all(line.quantity > 1 for line in order.lines if line.item == 'boots-41')", True),
        ("any(any(line.item == item for line in past.lines) for past in customer.orders)", True),
        ("cart.value / 0 > 1", False),
        ("cart.value > -1.5", True),
    ],
)
def test_an_expression_means_what_it_says(text: str, holds: bool) -> None:
    """A condition that an engineer writes is judged as Python would judge it."""
    expression, faults = read(text, takes="item")
    assert faults == []
    assert expression is not None
    assert expression.run(SCOPE) is holds


def test_what_is_not_known_does_not_hold() -> None:
    """A customer of whom a thing is not known never fails a worker: the condition is false."""
    expression, _ = read("cart.value >= 20")
    assert expression is not None
    assert expression.names == {"cart"}
    assert expression.run({}) is False
    assert expression.run({"cart": SimpleNamespace()}) is False
    assert expression.run({"cart": SimpleNamespace(value=None)}) is False
    assert expression.run({"cart": SimpleNamespace(value="plenty")}) is False


HOSTILE = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "cart.__class__",
    "cart.__init__.__globals__",
    "cart._secret",
    "getattr(cart, 'value')",
    "(lambda: 1)()",
    "[x for x in cart.items]",
    "{x for x in cart.items}",
    "cart.items[0]",
    "cart.items[::-1]",
    "f'{cart.id}'",
    "cart.id.format(cart)",
    "'%s' % cart.id == 'x'",
    "'a' * 999999999 == cart.id",
    "cart.items * 999999999",
    "9 ** 9 ** 9 > cart.value",
    "1 << 999999999 > cart.value",
    "10e999 > cart.value",
    "9" * 400 + " > cart.value",
    "any(x for x in range(10 ** 12))",
    "any(1 for a in cart.items for b in cart.items)",
    "any(any(any(a == b for a in cart.items) for b in order.items) for c in cart.items)",
    "any(cart for cart in customer.carts)",
    "any(any for any in cart.items)",
    "any(__x for __x in cart.items)",
    "all([x for x in cart.items])",
    "len(*cart.items) > 1",
    "any(x async for x in cart.items)",
    "(x := 1) == 1",
    "await cart",
    "(yield)",
    "cart if order else customer",
    "*cart.items",
    "cart.items is cart.items",
    "None == cart.id",
    "b'x' == cart.id",
    "1j == cart.value",
    "... == cart.value",
    "cart.value >= 20; import os",
    "cart.value >= 20\nimport os",
    "(" * 450,
    "(" * 200 + "1" + ")" * 200,
    "[" * 240 + "]" * 240,
    "not " * 120 + "order.gift",
    "-" * 400 + "1 > cart.value",
    "1" + "+1" * 200 + " > cart.value",
    "cart.value > 1 or " * 200 + "order.gift",
    "x" * 501,
    "\x00",
    "\\",
    "'",
    "",
    "cart",
    "cart.items == order.items",
    "cart.id < 'z'",
    "cart.added_at > 5",
    "cart.status == 'abandonned'",
    "true",
    20,
    [Node("cart.value >= 20", 7, "conditions.yaml")],
    {},
    None,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text)[:40])
def test_what_an_expression_may_not_say_is_refused_at_once(text: object) -> None:
    """Whoever can write a rule file cannot reach the machine, nor keep it busy."""
    began = time.monotonic()
    expression, faults = read(text)
    assert time.monotonic() - began < 0.5
    assert expression is None
    assert faults
    for fault in faults:
        assert fault.line == 7
        assert fault.says
        assert fault.remedy


@given(st.text(alphabet="cartode.value_iyms()[]'\"+-*/<>=! 0123459nlfx:,\n\\{}@", max_size=80))
def test_any_text_is_an_expression_or_a_fault(text: str) -> None:
    """No text that somebody types ends in a traceback; what is compiled can be run."""
    expression, faults = read(text)
    assert (expression is None) == bool(faults)
    if expression is not None:
        assert expression.run(SCOPE) in (True, False)


def test_a_mistyped_word_is_answered_with_the_one_that_was_meant() -> None:
    """An engineer who mistypes reads the right word, also that of a status."""
    said = {}
    for text in ("crat.value > 1", "cart.vlaue > 1", "order.status == 'complete'"):
        _, (fault,) = read(text)
        said[text] = fault.remedy
    assert list(said.values()) == [
        "did you mean 'cart'?",
        "did you mean 'value'?",
        "did you mean 'completed'?",
    ]


def test_an_expression_counts_adds_up_and_asks_the_time() -> None:
    """Marketers ask how often and how much in a window, and what time it is for her."""
    day = 86_400_000
    orders = [SimpleNamespace(time=day * n, value=10.0 * n, gift=n == 1) for n in (1, 5, 9)]
    scope = {
        "customer": SimpleNamespace(orders=orders),
        "order": orders[0],
        "now": Now(day * 10, "UTC"),
    }
    for text, holds in {
        "count(days_since(past.time) <= 5 for past in customer.orders) >= 2": True,
        "count(past.gift for past in customer.orders) == 1": True,
        "sum(past.value for past in customer.orders if not past.gift) > 139": True,
        "days_since(order.time) == 9 and hours_since(order.time) == 216": True,
        "now.hour >= 21 or now.weekday in ('saturday', 'sunday')": True,
        "now.hour >= 8 and now.hour < 21": False,
    }.items():
        expression, faults = read(text)
        assert faults == []
        assert expression is not None
        assert expression.run(scope) is holds, text
        assert ("now" in expression.names) == ("now" in text or "since" in text)


def test_every_word_of_the_language_stands_where_an_engineer_writes() -> None:
    """The head of the shipped conditions.yaml lists what a `where` may speak of, and no more."""
    text = (SHIPPED / "conditions.yaml").read_text("utf-8")
    head = "".join(line[1:] for line in text.split("\n\n")[0].split("\n") if line[:1] == "#")
    words = set(re.findall(r"[a-z_]+", head[head.index("may speak of") :]))
    known = {*ATTRIBUTES, *(name for named in ATTRIBUTES.values() for name in named)}
    assert known - words == set()


def test_every_word_of_the_language_is_one_of_the_engine() -> None:
    """What may be written in a condition is there when it is judged."""
    views = {
        "cart": Cart, "order": Order, "contract": Contract, "case": Case, "topic": Topic,
        "viewed_item": ViewedItem, "registration": Registration, "message": Message,
        "customer": View, "about": Subject, "run": Said, "now": Now, "line": Line,
    }  # fmt: skip
    assert set(views) == set(ATTRIBUTES)
    for name, view in views.items():
        known = {*dir(view), *getattr(view, "__annotations__", {})}
        assert set(ATTRIBUTES[name]) - known - INSTANCE_ONLY == set(), name

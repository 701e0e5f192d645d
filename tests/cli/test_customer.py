"""A support agent asks for one person and sees her state and her story, in sentences."""

import json
import uuid
from collections.abc import Callable

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from adaptive_stream import outputs
from adaptive_stream.cli.main import main
from adaptive_stream.engine.decision import (
    Cause,
    CustomerState,
    Decision,
    Opportunity,
    StateChanged,
    Suppression,
    Transition,
)
from adaptive_stream.engine.fact import Fact, Line, encode_fact

pytestmark = pytest.mark.broker

TEN_MS = 1_772_532_000_000  # 2026-03-03T10:00:00Z
MINUTE_MS = 60_000
DAY_MS = 86_400_000
TOPICS = ("customer.facts.v1", "customer.state.v1", "customer.state-changed.v1")
TOPICS += ("suppressions.email.v1", "opportunities.v1")

BOOTS = (Line("boots-41", 1, 8900),)
CART = Fact(
    "web-1", "cart.item_added", TEN_MS, "web", "shop", ("cookie:ck-a",), lines=BOOTS,
    data={"cart": "cart-9", "currency": "GBP"},
)  # fmt: skip
RECEIPT = Fact(
    "file-55", "order.completed", TEN_MS + 41 * MINUTE_MS, "store", "leeds-2", ("loyalty:L-204",),
    lines=BOOTS, data={"order": "R-77", "store": "leeds-2", "value": 8900, "currency": "GBP"},
)  # fmt: skip
RECEIPT_KNOWN_MS = TEN_MS + 16 * 60 * MINUTE_MS  # by the nightly file
ANA, CARD = "c-0a11", "c-71f0"  # The card was a customer of its own until they were linked.

VIEW = {
    "customer": ANA,
    "state_seq": 3,
    "identifiers": [
        {"type": "email", "value": "ana@example.com"},
        {"type": "loyalty", "value": "L-204"},
    ],
    "members": ["m-0a11", "m-71f0"],
    "was": [CARD],
    "carts": {
        "cart-9": {
            "status": "bought",
            "lines": [{"item": "boots-41", "quantity": 1, "price": 89.0}],
            "remaining": [],
            "value": 0.0,
            "currency": "GBP",
        }
    },
    "orders": {
        "count": 1,
        "value": 89.0,
        "items": {
            "R-77": {
                "status": "completed",
                "time": "2026-03-03T10:41:00Z",
                "store": "leeds-2",
                "lines": [{"item": "boots-41", "quantity": 1, "price": 89.0}],
                "value": 89.0,
                "currency": "GBP",
            }
        },
    },
    "contracts": {"K-5": {"status": "renewing", "ends_at": "2026-04-01T00:00:00Z"}},
    "cases": {"C-1": {"kind": "complaint", "status": "open"}},
    "consent": [{"channel": "email", "purpose": "marketing", "status": "given"}],
    "profile": {"zone": "Europe/Paris"},
    "messages": {"m-1": {"status": "scheduled", "channel": "email"}},
    "journeys": [
        {
            "journey": "abandoned-cart",
            "instance": "cart-9",
            "status": "stopped",
            "because": "bought_these_items",
            "until": None,
            "steps": [
                {"name": "remind", "due": "2026-03-03T11:00:00Z", "outcome": "offered"},
                {"name": "discount", "due": "2026-03-06T11:00:00Z", "outcome": None},
            ],
        }
    ],
    "offers": [
        {
            "kind": "instead",
            "offer": "care-kit",
            "journey": "abandoned-cart",
            "instance": "cart-9",
            "good_until": "2026-03-17T10:41:00Z",
        }
    ],
}
SHOWN = """\
c-0a11, state 3
  known as    email:ana@example.com, loyalty:L-204
  was also    c-71f0
  profile     zone Europe/Paris
  cart        cart-9: bought, boots-41
  orders      1, worth 89.0 in all
  order       R-77: completed 2026-03-03T10:41:00Z in leeds-2, boots-41, 89.00 GBP
  contract    K-5: renewing, ends 2026-04-01T00:00:00Z
  case        C-1: complaint, open
  consent     channel email, purpose marketing, status given
  message     m-1: scheduled on email
  journey     abandoned-cart/cart-9: stopped because bought_these_items
                remind: offered
                discount: due 2026-03-06T11:00:00Z
  offer       care-kit instead of abandoned-cart/cart-9, good until 2026-03-17T10:41:00Z
"""
TIMELINE = """\
c-0a11  email:ana@example.com, loyalty:L-204
times in Europe/Paris

2026-03-03
  11:00:00  web         put boots-41 at 89.00 into her cart cart-9
  11:30:00  →             cart cart-9 is abandoned
  11:41:00  store       bought boots-41 at 89.00 in leeds-2 for 89.00 GBP (order R-77)\
  [known 2026-03-04 03:00:00]
  11:41:00  →             what was in cart cart-9 is bought  [known 2026-03-04 03:00:00]
2026-03-04
  03:00:00  →             is known to be one with c-71f0
  03:00:00  → email       stopped discount of abandoned-cart/cart-9:\
 she bought what was in this cart
  03:00:00  →             care-kit offered instead, by email or callcentre, until 2026-03-17 11:41:\
 she bought what was in this cart
"""


def decisions() -> list[Decision]:
    """What the engine concluded of Ana: her cart, her late receipt, and what it silenced."""
    cause = Cause(RECEIPT.at_ms, RECEIPT.id, RECEIPT.type, "store", "leeds-2")
    abandoned = Transition("cart.abandoned", TEN_MS + 30 * MINUTE_MS, {"key": "cart-9"})
    bought = (
        Transition("customer.merged", RECEIPT_KNOWN_MS, {"was": [CARD]}),
        Transition("cart.bought", RECEIPT.at_ms, {"key": "cart-9"}),
    )

    def changed(seq: int, transitions: tuple[Transition, ...], known_ms: int) -> StateChanged:
        return StateChanged(
            customer=ANA, state_seq=seq, transitions=transitions, event_ms=transitions[0].at_ms,
            known_ms=known_ms, causes=(cause,), led_to=(), rules="r-1", identity_epoch=1,
            consent_epoch=0,
        )  # fmt: skip

    stopped = Suppression(
        id="s-1", action="suppress", channel="email", customer=ANA, member="m-0a11", state_seq=3,
        rev=1, recipients=(), journey="abandoned-cart", instance="cart-9", steps=("discount",),
        because="bought_these_items", cause=cause, event_ms=RECEIPT.at_ms,
        known_ms=RECEIPT_KNOWN_MS, until_ms=None, releasable_until_ms=None, rules="r-1",
    )  # fmt: skip
    offer = Opportunity(
        id="o-1", action="offer", kind="instead", customer=ANA, member="m-0a11", state_seq=3,
        recipients=(), offer="care-kit", about=("boots-41",), journey=None, instance=None,
        step=None, replaces=("abandoned-cart", "cart-9"), channels=("email", "callcentre"),
        purpose="marketing", worth=2.5, not_before_ms=RECEIPT.at_ms,
        good_until_ms=RECEIPT.at_ms + 14 * DAY_MS, because="bought_these_items",
        known_ms=RECEIPT_KNOWN_MS, rules="r-1",
    )  # fmt: skip
    early = {**VIEW, "state_seq": 2, "was": []}
    return [
        CustomerState(CARD, 1, TEN_MS, {**VIEW, "customer": CARD, "identifiers": []}),
        CustomerState("c-2222", 1, TEN_MS, {**VIEW, "customer": "c-2222", "identifiers": []}),
        CustomerState(ANA, 2, TEN_MS, early),
        changed(2, (abandoned,), TEN_MS + 30 * MINUTE_MS),
        CustomerState(CARD, 2, RECEIPT_KNOWN_MS, {"merged_into": ANA}),
        changed(3, bought, RECEIPT_KNOWN_MS),
        CustomerState(ANA, 3, RECEIPT_KNOWN_MS, VIEW),
        stopped,
        offer,
    ]


@pytest.fixture(scope="module")
def prefix(broker) -> str:
    """The topics as a worker leaves them; the receipt was the card's, and moved with it."""
    prefix = f"t{uuid.uuid4().hex[:10]}."
    with KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
        admin.create_topics(
            [
                NewTopic(prefix + topic, 4, 1, topic_configs={"retention.ms": "-1"})
                for topic in TOPICS
            ],
            wait_for_metadata=True,
        )
    with KafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
        for customer, fact, known_ms in (
            (ANA, CART, TEN_MS),
            (CARD, RECEIPT, RECEIPT_KNOWN_MS),
            (ANA, RECEIPT, RECEIPT_KNOWN_MS + 5),
        ):
            headers = [("k", b"fact"), ("log_ms", b"%d" % known_ms)]
            producer.send(
                prefix + TOPICS[0], encode_fact(fact), key=customer.encode(), headers=headers
            )
        producer.send(prefix + TOPICS[0], b"{}", key=ANA.encode(), headers=[("k", b"absorb")])
        for decision in decisions():
            for record in outputs.records(decision):
                producer.send(
                    prefix + record.topic,
                    record.value,
                    key=record.key,
                    headers=list(record.headers),
                )
    return prefix


@pytest.fixture
def ask(broker, prefix, capsys) -> Callable[..., tuple[int, str, str]]:
    """Runs `customer` with these words: (exit code, stdout, stderr)."""

    def ask_(*words: str) -> tuple[int, str, str]:
        code = main(["customer", *words, "--bootstrap", broker.bootstrap, "--prefix", prefix])
        said = capsys.readouterr()
        return code, said.out, said.err

    return ask_


@pytest.mark.parametrize(
    "word",
    ["email:ana@example.com", "email: Ana@Example.com", "ana@example.com", "loyalty:L-204", "L-204"]
    + [ANA, CARD],
)
def test_she_is_found_by_any_name_of_hers(ask, word):
    """An address as she says it, a card, or an id, be it one that she had before a merge."""
    assert ask("show", word) == (0, SHOWN, "")


def test_her_state_is_there_for_programs_as_well(ask):
    """With --json it is the record of customer.state.v1, as the engine made it."""
    assert json.loads(ask("show", "L-204", "--json")[1]) == VIEW


def test_all_that_happened_is_told_in_her_own_time(ask):
    """Over all channels, oldest first; a late receipt stands where it happened, with when it was
    known; what moved with a merge is told once."""
    assert ask("timeline", "ana@example.com") == (0, TIMELINE, "")


def test_the_timeline_is_there_for_programs_as_well(ask):
    """One object a line, times in UTC, with the id of the fact or record behind it."""
    lines = [json.loads(line) for line in ask("timeline", "L-204", "--json")[1].splitlines()]

    assert len(lines) == 7
    assert lines[2] == {
        "time": "2026-03-03T10:41:00.000Z",
        "known_time": "2026-03-04T02:00:00.000Z",
        "kind": "fact",
        "channel": "store",
        "says": "bought boots-41 at 89.00 in leeds-2 for 89.00 GBP (order R-77)",
        "id": "file-55",
    }


@pytest.mark.parametrize(
    ("word", "code", "says"),
    [
        ("email:nobody@example.com", 3, "names no customer that is known"),
        ("c-9999", 3, "names no customer that is known"),
        ("email:null", 2, "is no identifier of anybody"),
    ],
)
def test_who_is_not_known_is_said_clearly(ask, word, code, says):
    """Nobody is shown in the place of somebody else, and the agent learns how to ask."""
    ended, out, said = ask("timeline", word)

    assert (ended, out) == (code, "")
    assert f"{word} {says}" in said
    assert "hint: " in said

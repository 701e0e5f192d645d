"""A support agent parts and joins people from the command line, with a worker on a real Kafka."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from adaptive_stream.broker import Broker
from adaptive_stream.cli.main import main
from tests.broker.stack import Stack

pytestmark = [pytest.mark.broker, pytest.mark.slow(25)]

ANA, CARD = "email:ana@example.com", "loyalty:L-310"
Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def stack(broker: Broker, tmp_path: Path, topic_prefix: str) -> Iterator[Stack]:
    with Stack(broker.bootstrap, tmp_path, topic_prefix) as started:
        yield started


@pytest.fixture
def ask(stack: Stack, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Runs `customer` with these words: (exit code, the object, or the objects)."""

    def ask_(*words: str) -> tuple[int, Any]:
        options = ("--bootstrap", stack.bootstrap, "--prefix", stack.prefix, "--json")
        code = main(["customer", *words, *options])
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return code, said[0] if len(said) == 1 else said

    return ask_


def tell(stack: Stack, channel: str, type_: str, *identifiers: str, **data: object) -> None:
    """A fact, and the wait until her state knows each of the identifiers."""
    named = dict(identifier.split(":", 1) for identifier in identifiers)
    record = {"type": type_, "identifiers": named, "data": data}
    with KafkaProducer(bootstrap_servers=stack.bootstrap) as producer:
        topic = stack.topic(f"channel.{channel}.v1")
        producer.send(topic, json.dumps(record).encode()).get(10)
    wanted = [{"type": kind, "value": value} for kind, value in named.items()]
    stack.wait_for(
        "customer.state.v1",
        lambda state: all(one in state.get("identifiers", ()) for one in wanted),
    )


def test_a_wrong_card_is_given_back_and_stays_apart(stack: Stack, ask: Ask) -> None:
    """The agent sees who is who, what was taken back, and that the same wrong source cannot undo
    her work; only a person who insists can."""
    tell(stack, "web", "cart.item_added", ANA, cart="cart-9", item="boots-41")
    tell(stack, "store", "store.visited", CARD, store="leeds-2")
    tell(stack, "callcentre", "identity.linked", ANA, CARD)
    code, links = ask("links", CARD)
    assert code == 0
    assert links["identifiers"] == [ANA, CARD]
    assert [one["named"] for one in links["joinings"]] == [CARD]
    loser = links["joinings"][0]["customer"]
    assert ask("links", loser)[1]["customer"] == links["customer"]  # The old id leads to her.

    code, parted = ask("unmerge", ANA, CARD, "--because", "agent typed a wrong card")

    assert (code, parted["done"]) == (0, True)
    assert parted["now"] == {ANA: links["customer"], CARD: loser}
    assert parted["contacts_that_rested_on_it"] == []
    assert {one["customer"] for one in parted["told"]} == {links["customer"], loser}
    assert ask("unmerge", ANA, CARD, "--because", "again")[0] == 0

    code, refused = ask("merge", ANA, CARD, "--because", "the same wrong source")
    assert (code, refused["done"], refused["refused"]) == (1, False, "apart")
    assert ask("links", CARD)[1]["customer"] == loser

    code, joined = ask("merge", ANA, CARD, "--override", "--because", "it is hers after all")
    assert (code, joined["done"]) == (0, True)
    assert set(joined["now"].values()) == {links["customer"]}
    says = [line["says"] for line in ask("timeline", ANA)[1]]
    assert any("were said to be two people" in one and "a wrong card" in one for one in says)


def test_whom_nobody_knows_is_not_joined(stack: Stack, ask: Ask) -> None:
    """A mistyped card is said at once, and nothing is written."""
    tell(stack, "web", "app.opened", ANA)

    assert ask("merge", ANA, "loyalty:L-999", "--because", "a guess")[0] == 3
    assert ask("merge", ANA, "L-999", "--because", "a guess")[0] == 2
    assert stack.records("channel.backoffice.v1") == []


def test_changed_guards_are_tried_on_what_the_cluster_keeps(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operator sees whom a blocked number would part, before anything is changed."""
    desk = "phone:+442071234567"
    tell(stack, "callcentre", "identity.linked", ANA, desk)
    tell(stack, "callcentre", "identity.linked", "email:ben@example.com", desk)
    changed = tmp_path / "identity.yaml"
    changed.write_text(f"blocked: {{values: ['{desk}']}}\n", "utf-8")
    options = ("--bootstrap", stack.bootstrap, "--prefix", stack.prefix)

    assert main(["identity", "preview", str(changed), *options]) == 1

    assert "split: 1 customer would be 2 customers" in capsys.readouterr().out

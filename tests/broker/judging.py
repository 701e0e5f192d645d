"""What must hold of the outputs whatever happens to workers, and final states to compare."""

import json
from collections import defaultdict
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from adaptive_stream.cli.reader import Reader
from tests.broker.facts import APART_MS, BEGAN_MS, send_tick, wait_until_settled
from tests.broker.stack import Stack

TOLD = ("customer.state-changed.v1", "suppressions.email.v1", "opportunities.v1")
# What a customer is called, when the log had her facts, and how often something was told: two runs
# differ in these.
ASIDE = ("customer", "state_seq", "members", "was", "identity_epoch", "consent_epoch", "offers")
# What a look alone changes is shown with her next change, and which that is differs too.
ASIDE += ("joinings", "interest")
ASIDE_OF_JOURNEY = ("member", "rev")


def final_states(stack: Stack, count: int, within_s: float) -> dict[Any, Any]:
    """By identifiers, once `count` facts were sent and a day has gone by without another; what was
    told until then is judged."""
    wait_until_settled(stack, within_s)
    for minutes in (1, 45, 24 * 60 + 60):
        send_tick(stack, BEGAN_MS + count * APART_MS + minutes * 60_000)
        wait_until_settled(stack, within_s)
    assert_outputs_hold(stack)
    return states(stack)


def assert_outputs_hold(stack: Stack) -> None:
    """Whatever was told twice was told in the same bytes, and no `state_seq` is left out."""
    for topic in TOLD:
        _assert_repeats_are_equal(stack, topic)
    _assert_gapless(stack)


def _in_order(stack: Stack, topic: str) -> Iterator[Any]:
    """Partition by partition: after minutes of load all of it at once would be gigabytes."""
    with Reader(stack.bootstrap) as reader:
        for one in reader.partitions(stack.topic(topic)):
            for batch in reader.read(reader.beginning([one]), reader.end([one])):
                yield from sorted(batch, key=lambda record: record.offset)


def _assert_repeats_are_equal(stack: Stack, topic: str) -> None:
    by_id: dict[bytes, bytes] = {}
    for record in _in_order(stack, topic):
        id = dict(record.headers)["ce_id"]
        told = repr((record.key, record.value, record.headers)).encode()
        digest = blake2b(told, digest_size=16).digest()
        assert by_id.setdefault(id, digest) == digest, f"{id}, then {told}"


def _assert_gapless(stack: Stack) -> None:
    seqs: dict[str, list[int]] = defaultdict(list)
    for record in _in_order(stack, "customer.state-changed.v1"):
        said = json.loads(record.value)
        told = seqs[said["customer"]]
        if not told or said["state_seq"] > told[-1]:
            told.append(said["state_seq"])
    assert seqs
    gaps = {who: told for who, told in seqs.items() if told != list(range(1, len(told) + 1))}
    assert not gaps


def states(stack: Stack) -> dict[Any, Any]:
    last = {record.key: record.value for record in _in_order(stack, "customer.state.v1")}
    found = {}
    for value in last.values():
        state = json.loads(value)
        if "merged_into" in state:
            continue
        who = tuple(sorted((each["type"], each["value"]) for each in state["identifiers"]))
        for name in ASIDE:
            del state[name]
        for journey in state["journeys"]:
            for name in ASIDE_OF_JOURNEY:
                del journey[name]
        assert who not in found, f"{who} is two customers"
        found[who] = state
    return found


def assert_same(calm: dict[Any, Any], shaken: dict[Any, Any]) -> None:
    """Two runs of the same facts left everybody in the same state."""
    who = [each for each in calm.keys() | shaken.keys() if calm.get(each) != shaken.get(each)]
    assert not who, _first_difference(calm, shaken, who)


def _first_difference(calm: dict[Any, Any], shaken: dict[Any, Any], who: list[Any]) -> str:
    one = min(who)
    return f"{len(who)} differ, such as {one}:\n{calm.get(one)}\n{shaken.get(one)}"

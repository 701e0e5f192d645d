"""kill -9 of each process amid a stream of facts, against a run that nobody disturbed."""

import json
import threading
from collections import defaultdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from adaptive_stream.broker import Broker
from tests.broker.facts import (
    APART_MS,
    BEGAN_MS,
    facts,
    send,
    send_tick,
    wait_until_settled,
)
from tests.broker.killing import STAGES, kill_stage, kill_supervisor
from tests.broker.stack import Stack

FACTS = 50_000
PER_S = 5_000
AMID_S = 0.7
PEOPLE = 4_000
SETTLED_WITHIN_S = 90
TOLD = ("customer.state-changed.v1", "suppressions.email.v1", "opportunities.v1")
# What a customer is called, when the log had her facts, and how often something was told: two runs
# differ in these.
ASIDE = ("customer", "state_seq", "members", "was", "identity_epoch", "consent_epoch", "offers")
ASIDE += ("joinings",)
ASIDE_OF_JOURNEY = ("member", "rev")


@pytest.mark.broker
@pytest.mark.slow
def test_kill_of_any_process_changes_nothing_in_the_end(
    broker: Broker, tmp_path: Path, topic_prefix: str
) -> None:
    """A customer's final state is the same, whichever processes died while it was made."""
    calm = _run(broker, tmp_path / "calm", topic_prefix + "calm.", kill=False)
    shaken = _run(broker, tmp_path / "shaken", topic_prefix + "shaken.", kill=True)

    assert len(calm) > PEOPLE * 0.8
    different = [who for who in calm.keys() | shaken.keys() if calm.get(who) != shaken.get(who)]
    assert not different, _first_difference(calm, shaken, different)


def _run(broker: Broker, directory: Path, prefix: str, *, kill: bool) -> dict[Any, Any]:
    """Final states by identifiers."""
    stack = Stack(broker.bootstrap, directory, prefix, profile="story", options=("--clock", "log"))
    with stack:
        if kill:
            _send_and_kill(stack)
        else:
            send(stack, facts(FACTS, PEOPLE))
        wait_until_settled(stack, SETTLED_WITHIN_S)
        for minutes in (1, 45, 24 * 60 + 60):
            send_tick(stack, BEGAN_MS + FACTS * APART_MS + minutes * 60_000)
            wait_until_settled(stack, SETTLED_WITHIN_S)
        for topic in TOLD:
            _assert_repeats_are_equal(stack, topic)
        _assert_gapless(stack)
        return _states(stack)


def _send_and_kill(stack: Stack) -> None:
    """A share of the facts for each process, which is killed while they come in."""
    every = facts(FACTS, PEOPLE)
    for kill in (*(partial(kill_stage, stage=stage) for stage in STAGES), kill_supervisor):
        share = islice(every, FACTS // (len(STAGES) + 1))
        sending = threading.Thread(target=send, args=(stack, share, PER_S))
        sending.start()
        sending.join(AMID_S)
        assert sending.is_alive(), "all facts of its share were sent before it was killed"
        kill(stack.worker)
        sending.join()


def _in_order(stack: Stack, topic: str) -> list[Any]:
    return sorted(stack.records(topic), key=lambda record: (record.partition, record.offset))


def _assert_repeats_are_equal(stack: Stack, topic: str) -> None:
    by_id: dict[bytes, Any] = {}
    for record in _in_order(stack, topic):
        told = record.key, record.value, record.headers
        assert by_id.setdefault(dict(record.headers)["ce_id"], told) == told


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


def _states(stack: Stack) -> dict[Any, Any]:
    last = {record.key: record.value for record in _in_order(stack, "customer.state.v1")}
    states = {}
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
        assert who not in states, f"{who} is two customers"
        states[who] = state
    return states


def _first_difference(calm: dict[Any, Any], shaken: dict[Any, Any], who: list[Any]) -> str:
    one = min(who)
    return f"{len(who)} differ, such as {one}:\n{calm.get(one)}\n{shaken.get(one)}"

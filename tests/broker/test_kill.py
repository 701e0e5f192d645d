"""kill -9 of each process amid a stream of facts, against a run that nobody disturbed."""

import threading
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from adaptive_stream.broker import Broker
from tests.broker.facts import facts, send
from tests.broker.judging import assert_same, final_states
from tests.broker.killing import STAGES, kill_stage, kill_supervisor
from tests.broker.stack import Stack

FACTS = 50_000
PER_S = 5_000
AMID_S = 0.7
PEOPLE = 4_000
SETTLED_WITHIN_S = 240  # Three other tests beside it have had it at 200 facts a second.


@pytest.mark.broker
@pytest.mark.slow(170)
def test_kill_of_any_process_changes_nothing_in_the_end(
    broker: Broker, tmp_path: Path, topic_prefix: str
) -> None:
    """A customer's final state is the same, whichever processes died while it was made."""
    calm = _run(broker, tmp_path / "calm", topic_prefix + "calm.", kill=False)
    shaken = _run(broker, tmp_path / "shaken", topic_prefix + "shaken.", kill=True)

    assert len(calm) > PEOPLE * 0.8
    assert_same(calm, shaken)


def _run(broker: Broker, directory: Path, prefix: str, *, kill: bool) -> dict[Any, Any]:
    """Final states by identifiers."""
    stack = Stack(broker.bootstrap, directory, prefix, profile="story", options=("--clock", "log"))
    with stack:
        if kill:
            _send_and_kill(stack)
        else:
            send(stack, facts(FACTS, PEOPLE))
        return final_states(stack, FACTS, SETTLED_WITHIN_S)


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

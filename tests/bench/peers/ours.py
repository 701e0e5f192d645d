"""The job in our shell: its transport, checkpoint and store, with this small stage in them.

python ours.py BOOTSTRAP FACTS_TOPIC PREFIX DATA_DIR
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from adaptive_stream.catalog import load_catalog
from adaptive_stream.process.settings import read_settings
from adaptive_stream.stages.outcome import NEVER, EngineFault, Outcome, Row, View
from adaptive_stream.stages.records import (
    CUSTOMER_CHANGELOG,
    CUSTOMER_FACTS,
    IDENTITY_CHANGELOG,
    IDENTITY_FACTS,
    Output,
)
from adaptive_stream.worker.app import run

ROOT = Path(__file__).parents[3]
OUT = "customer.state-changed.v1"
CHANGELOGS = (CUSTOMER_CHANGELOG, IDENTITY_CHANGELOG)  # The second tells whose tenant key it is.


class Fact(msgspec.Struct):
    """What of a fact the job needs."""

    type: str
    customer: str
    at_ms: int
    price: int


class State(msgspec.Struct, array_like=True):
    """One customer."""

    seq: int = 0
    status: str = "none"
    total: int = 0
    events: int = 0


class Change(msgspec.Struct):
    """What goes out."""

    customer: str
    seq: int
    before: str = msgspec.field(name="from")
    to: str
    total: int
    events: int
    at_ms: int


decode_fact = msgspec.json.Decoder(Fact).decode
decode_state = msgspec.msgpack.Decoder(State).decode
encode_state = msgspec.msgpack.Encoder().encode
encode_change = msgspec.json.Encoder().encode


class OneStage:
    """Takes the place of the step stage."""

    name = "step"
    views = None

    def __init__(self, topic: str, prefix: str) -> None:
        self.topics = (topic,)
        self.changelog = prefix + CUSTOMER_CHANGELOG
        self._out = prefix + OUT

    def work(self, tp: Any, records: list[Any], view: View) -> Outcome:  # noqa: ARG002
        """Works on all records."""
        outcome = Outcome(clock=view.clock, next_offset=records[-1].offset + 1)
        outcome.records = len(records)
        keys = {record.key for record in records}
        stored = view.rows(list(keys))
        states = {key: decode_state(row.value or b"") for key, row in stored.items()}
        for record in records:
            state = states.get(record.key)
            if state is None:
                state = states[record.key] = State()
            change = apply(state, decode_fact(record.value))
            if change is not None:
                value = encode_change(change)
                outcome.outputs.append(Output(self._out, view.owner, record.key, value, ()))
        outcome.rows = {key: Row(NEVER, encode_state(state)) for key, state in states.items()}
        return outcome

    def dead_letter(self, tp: Any, record: Any, fault: EngineFault) -> Output:  # noqa: ARG002
        """There is none: a fault ends the run."""
        raise fault.error


def apply(state: State, fact: Fact) -> Change | None:
    """A fact on a state, which is changed; what goes out."""
    before = state.status
    state.events += 1
    if fact.type == "cart.item_added":
        state.status = "open"
        state.total += fact.price
    elif fact.type == "cart.item_removed" and before == "open":
        state.total = max(0, state.total - fact.price)
        state.status = "open" if state.total else "emptied"
    elif fact.type == "order.completed" and before == "open":
        state.status = "bought"
        state.total = 0
    if state.status == before:
        return None
    state.seq += 1
    return Change(
        fact.customer, state.seq, before, state.status, state.total, state.events, fact.at_ms
    )


def main() -> None:
    """Runs until it is told to stop."""
    bootstrap, topic, prefix, data_dir = sys.argv[1:]
    rules_dir = ROOT / "adaptive_stream" / "rules"
    catalog = load_catalog(ROOT / "topics", rules_dir, prefix)
    wanted = {prefix + name for name in (IDENTITY_FACTS, CUSTOMER_FACTS, *CHANGELOGS, OUT)}
    topics = {name: one for name, one in catalog.topics.items() if name in wanted}
    catalog = replace(catalog, topics={**topics, topic: topics[prefix + CUSTOMER_FACTS]})
    settings = read_settings(
        {
            "bootstrap": bootstrap,
            "topics_dir": ROOT / "topics",
            "rules_dir": rules_dir,
            "data_dir": Path(data_dir),
            "prefix": prefix,
            "tenant_key": "bench-bench-bench-bench",
            "web_port": 0,
        }
    )
    run(OneStage(topic, prefix), settings, catalog)


if __name__ == "__main__":
    main()

"""What an edit of the rules would do to whoever is amid something: shown, and nothing is done."""

import argparse
import json
from collections.abc import Iterator

from adaptive_stream.catalog.asked import current
from adaptive_stream.catalog.published import compiled
from adaptive_stream.catalog.publishing import Edit
from adaptive_stream.checkpoint.progress import CHECKPOINT, decode_mark
from adaptive_stream.cli.progress import on_terminal
from adaptive_stream.cli.reader import Reader
from adaptive_stream.cli.sources import read_notices
from adaptive_stream.engine.clock import Clock
from adaptive_stream.engine.context import Context
from adaptive_stream.stages.records import CONTEXT, CUSTOMER_CHANGELOG
from adaptive_stream.stages.step import CUSTOMERS
from adaptive_stream.stories.dry_run import DUE, NOT_DUE, Change, dry_run
from adaptive_stream.stories.rules_log import RulesLog

SAID_EVERY = 10_000
WORDS = {"suppress": "stopped", "release": "let loose", "hold": "held"}
WORDS |= {DUE: "due at once", NOT_DUE: "not due, though they would be"}


def show(log: RulesLog, edit: Edit, did: str, args: argparse.Namespace) -> None:
    """Prints what the edit would do to the rules that are in force. Raises what the edit raises."""
    say = on_terminal()
    shelf = log.shelf()
    now = current(shelf)
    with Reader(args.bootstrap) as reader:
        topic = args.prefix + CUSTOMER_CHANGELOG
        states: dict[bytes, tuple[int, bytes]] = {}
        clocks: dict[int, Clock] = {}
        for number, record in enumerate(reader.read_all(topic)):
            if number % SAID_EVERY == 0:
                say(f"read {number:,} records of {topic} …")
            if record.key == CHECKPOINT:
                clocks[record.partition] = decode_mark(record.value).clock
            elif record.value is None:
                states.pop(record.key, None)
            elif record.key.startswith(CUSTOMERS.encode()):
                states[record.key] = (record.partition, record.value)
        notices = read_notices(reader, args.prefix + CONTEXT)
    at_ms = max((clock.now_ms for clock in clocks.values()), default=0)
    then = edit(shelf, at_ms)
    say(f"judging {len(states):,} customers …")
    found = dry_run(
        ((state, clocks.get(partition, Clock())) for partition, state in states.values()),
        Context(notices.get),
        compiled(now.bundle, now.contents),
        compiled(then.bundle, then.contents),
    )
    say("")
    if args.json:
        for line in _as_json(found):
            print(line)
        print(json.dumps({"kind": "dry-run", "did": did, "rules": then.bundle.id}))
        return
    for name, change in found.items():
        print("\n".join(as_text(name or "messages of other tools", change)))
    print(f"{did}: nothing was done; these rules would be {then.bundle.id}")


def as_text(name: str, change: Change) -> Iterator[str]:
    """What is otherwise for one journey, for people."""
    yield f"{name}: runs under way: {change.runs:,}"
    for telling, count in sorted(change.told.items()):
        because = f", because {telling.because}" if telling.because else ""
        yield f"  {WORDS[telling.action]}: {count:,}{because}"
    for channel, action, because in change.channels:
        yield f"  {channel} is told once for all: {action}, because {because}"
    if change.keep_steps:
        yield f"  {change.keep_steps:,} keep the steps that they entered with"
    if change.begins_otherwise:
        yield "  it begins otherwise, with what happens from then on"
    if not change.told and not change.channels:
        yield "  nobody is told anything else than now"


def _as_json(found: dict[str, Change]) -> Iterator[str]:
    for name, change in found.items():
        told = [
            {"action": telling.action, "because": telling.because or None, "runs": count}
            for telling, count in sorted(change.told.items())
        ]
        names = ("channel", "action", "because")
        yield json.dumps({
            "kind": "change", "journey": name or None, "runs": change.runs, "told": told,
            "channels": [dict(zip(names, one, strict=True)) for one in change.channels],
            "keep_steps": change.keep_steps, "begins_otherwise": change.begins_otherwise,
        })  # fmt: skip

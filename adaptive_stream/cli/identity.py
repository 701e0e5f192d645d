"""Other guards over recorded facts: who would be one, who would be two, and what would be sent.

Nothing is changed: the facts are run through the engine twice in memory, once with the rules in
force (--rules-dir) and once with RULES. Identifiers are shown as email#1 unless --show is given.

examples:
  adaptive-stream identity preview new-identity.yaml
  adaptive-stream tail store --from beginning --json > facts.ndjson
  adaptive-stream identity preview new-rules/ --facts facts.ndjson --show
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson

from adaptive_stream.catalog import load_catalog
from adaptive_stream.catalog.identity import FILE
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.progress import on_terminal
from adaptive_stream.cli.reader import Reader
from adaptive_stream.cli.recorded import Names, cut, of_file
from adaptive_stream.cli.topic_name import add_prefix
from adaptive_stream.engine.journey import Rules
from adaptive_stream.stories.in_memory import Recorded
from adaptive_stream.stories.preview import Changed, Preview, Regrouped, preview

FACTS_TOPIC = "identity.facts.v1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`identity preview RULES [--from-topics | --facts FILE] [--show]`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="preview")
    says = "which customers and messages would be others under changed guards"
    action = actions.add_parser("preview", help=says, description=says)
    action.add_argument(
        "rules",
        metavar="RULES",
        type=Path,
        help="a directory of rules, or an identity.yaml for those in force",
    )
    source = action.add_mutually_exclusive_group()
    source.add_argument(
        "--from-topics",
        action="store_true",
        help=f"the facts of the cluster's {FACTS_TOPIC}, without what was blocked (default)",
    )
    source.add_argument(
        "--facts",
        metavar="FILE",
        type=Path,
        help="records of channels as `tail CHANNEL --from beginning --json` prints them",
    )
    action.add_argument("--show", action="store_true", help="identifiers in the clear")
    add_prefix(action)


def run(args: argparse.Namespace) -> int:
    """0 when nothing would differ, 1 when something would."""
    catalog = load_catalog(args.topics_dir, args.rules_dir, args.prefix)
    changed = _changed_rules(args)
    say = on_terminal()
    say("reading facts …")
    facts = list(of_file(args.facts, catalog) if args.facts else _of_topics(args))
    say(f"replaying {len(facts):,} facts twice …")
    found = preview(facts, catalog.rules, changed, catalog.channels)
    say("")
    names = Names(shown=args.show)
    if args.json:
        print(orjson.dumps(_as_json(found, len(facts), names)).decode())
    else:
        sys.stdout.write("\n".join(_lines(found, len(facts), names)) + "\n")
    return Exit.FAULTS if found.customers or found.messages else Exit.OK


def _changed_rules(args: argparse.Namespace) -> Rules:
    """The rules in force with the changed part in its place. Raises CatalogError."""
    if args.rules.is_dir():
        return load_catalog(args.topics_dir, args.rules, args.prefix).rules
    if not args.rules.is_file():
        hint = "name a directory of rules, or a file as policy/identity.yaml"
        raise Refused(f"{args.rules} is not there", hint, Exit.NOT_FOUND)
    with tempfile.TemporaryDirectory(prefix="adaptive-stream-preview-") as directory:
        rules_dir = Path(directory) / "rules"
        shutil.copytree(args.rules_dir, rules_dir)
        (rules_dir / FILE).parent.mkdir(exist_ok=True)
        shutil.copyfile(args.rules, rules_dir / FILE)
        return load_catalog(args.topics_dir, rules_dir, args.prefix).rules


def _of_topics(args: argparse.Namespace) -> Iterator[Recorded]:
    """What admit wrote. A fact that resolve handed on is left out: it is there already."""
    topic = args.prefix + FACTS_TOPIC
    with Reader(args.bootstrap) as reader:
        for record in reader.read_all(topic):
            headers = dict(record.headers)
            admitted = headers.get("k") in (b"fact", b"context")
            if admitted and not headers["src"].startswith(topic.encode() + b"@"):
                at_ms = int(headers.get("log_ms", record.timestamp))
                yield Recorded(at_ms, record.value)


def _lines(found: Preview, facts: int, names: Names) -> Iterator[str]:
    yield f"{facts:,} facts replayed under both rules"
    for kind, says in KINDS.items():
        ones = [one for one in found.customers if one.kind == kind]
        if ones:
            yield f"\n{says.format(now=_customers(ones, 0), then=_customers(ones, 1))}"
            yield from cut([_customer(one, names) for one in ones])
    for sends, noun in ((True, "sends"), (False, "suppressions, holds and releases")):
        ones_of = [one for one in found.messages if (one.message.action == "send") == sends]
        if ones_of:
            more = sum(max(one.then - one.now, 0) for one in ones_of)
            fewer = sum(max(one.now - one.then, 0) for one in ones_of)
            yield f"\n{noun}: {more:,} more, {fewer:,} fewer"
            yield from cut([_message(one, names) for one in ones_of])
    if not found.customers and not found.messages:
        yield "no customer, no send and no suppression would differ"


KINDS = {
    "merged": "merged: {now} would be {then}",
    "split": "split: {now} would be {then}",
    "regrouped": "regrouped: {now} would have other identifiers",
    "gone": "gone: {now} would not be there",
    "come": "come: {then} would be there who are not now",
}


def _customers(ones: list[Regrouped], side: int) -> str:
    count = sum(len(one[side]) for one in ones)
    return f"{count:,} customer{'' if count == 1 else 's'}"


def _customer(one: Regrouped, names: Names) -> str:
    now, then = (" | ".join(names.text(group) for group in side) or "nobody" for side in one)
    return f"  now   {now}\n  then  {then}"


def _message(one: Changed, names: Names) -> str:
    message, sign = one.message, "+" if one.then > one.now else "-"
    times = abs(one.then - one.now)
    what = f"{message.step} of {message.journey}/{message.instance} by {message.channel}"
    if message.action == "send":
        what += f" to {names.text(message.to)}"
    else:
        what = f"{message.action} {what}: {message.because}"
    return f"  {sign} {what}{f' ({times} times)' if times > 1 else ''}  [{names.text(one.of)}]"


def _as_json(found: Preview, facts: int, names: Names) -> dict[str, object]:
    return {
        "facts": facts,
        "customers": [
            {
                "kind": one.kind,
                "now": [names.of(group) for group in one.now],
                "then": [names.of(group) for group in one.then],
            }
            for one in found.customers
        ],
        "messages": [
            {
                **one.message._asdict(),
                "to": names.of(one.message.to),
                "now": one.now,
                "then": one.then,
                "of": names.of(one.of),
            }
            for one in found.messages
        ],
    }

"""Recorded facts again: what was told, beside what this version and these rules make of the same.

After a bug: run the corrected version, beside the workers. It reads the channel topics from their
beginning, admits and judges them anew in memory, each fact at the moment when the log knew it, and
compares with what stands in suppressions and opportunities. Nothing is written.

What it cannot know: facts that the channel topics do not keep any more. So name a day with --since
by which whoever you care for had done all that counts within the retention.

examples:
  adaptive-stream replay --since 2026-03-03
  adaptive-stream replay --rules corrected/ --show --json > differences.ndjson

The exit code is 0 when nothing differs, 1 when something does.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from adaptive_stream.catalog import load_catalog
from adaptive_stream.catalog.asked import as_always, current
from adaptive_stream.catalog.published import compiled
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.journeys_live import rules_log
from adaptive_stream.cli.progress import on_terminal
from adaptive_stream.cli.reader import Reader
from adaptive_stream.cli.recorded import Names, cut
from adaptive_stream.cli.topic_name import add_prefix
from adaptive_stream.engine.journey import Rules
from adaptive_stream.outputs import opportunities, suppressions
from adaptive_stream.stages.records import CUSTOMER_FACTS, IDENTITY_FACTS
from adaptive_stream.stories.again import Again, Difference, admitted, compare, known_at, ticked_at

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`replay [--since DAY] [--rules DIR] [--show] [--prefix TEXT]`."""
    parser.add_argument(
        "--since", metavar="DAY", default="", help="compare from this day on: 2026-03-03"
    )
    parser.add_argument(
        "--rules",
        metavar="DIR",
        type=Path,
        help="judge by these (default: the rules in force now, as if they had always been)",
    )
    parser.add_argument("--show", action="store_true", help="identifiers in the clear")
    add_prefix(parser)


def run(args: argparse.Namespace) -> int:
    """0 when nothing differs, 1 when something does."""
    if args.since and not DAY.fullmatch(args.since):
        raise Refused(f"--since {args.since} is no day", "write it as 2026-03-03")
    catalog = load_catalog(args.topics_dir, args.rules_dir, args.prefix)
    rules, id_ = _rules(args)
    say = on_terminal()
    topics = {one.topic for channel in catalog.channels.values() for one in channel.read}
    outputs = [*suppressions.TOPICS, opportunities.TOPIC]
    with Reader(args.bootstrap) as reader:
        say("reading what was known when …")
        known = known_at(reader.read_all(catalog.name(IDENTITY_FACTS)))
        one = reader.partitions(catalog.name(CUSTOMER_FACTS))[:1]
        batches = reader.read(reader.beginning(one), reader.end(one))
        ticks_ms = ticked_at(record for batch in batches for record in batch)
        say("reading the channels …")
        there = sorted(topics & reader.topics)
        facts = admitted(reader.read_all(*there), catalog.channels.values(), known)
        if not facts:
            raise Refused("no fact was recorded", "is --prefix right?", Exit.NOT_FOUND)
        told = [each for each in reader.read_all(*map(catalog.name, outputs)) if each.value]
    found = compare(
        told, facts, ticks_ms, rules, tuple(catalog.channels), args.since,
        lambda count: say(f"played {count:,} of {len(facts):,} facts …"),
    )  # fmt: skip
    say("")
    lines = _as_json if args.json else _as_text
    for line in lines(found, len(facts), id_, Names(shown=args.show)):
        print(line)
    return Exit.FAULTS if found.differences else Exit.OK


def _rules(args: argparse.Namespace) -> tuple[Rules, str]:
    if args.rules is not None:
        rules = load_catalog(args.topics_dir, args.rules, args.prefix).rules
        return rules, str(args.rules)
    with rules_log(args.bootstrap, args.prefix) as log:
        live = as_always(current(log.shelf()))
    return compiled(live.bundle, live.contents), live.bundle.id


def _as_text(found: Again, facts: int, id_: str, names: Names) -> Iterator[str]:
    yield f"{facts:,} facts played again under {id_}"
    if not found.differences:
        yield f"nothing differs: {found.was:,} were told, and would be"
        return
    yield f"{found.was:,} were told, {found.now:,} would be"
    counts: Counter[tuple[str, str, str]] = Counter()
    for one in found.differences:
        message = one.message
        sign = "would be told, was not" if one.now > one.was else "was told, would not be"
        what = f"{message.action} of {message.journey or 'standing rules'}"
        counts[sign, what, message.because] += abs(one.now - one.was)
    for (sign, what, because), times in sorted(counts.items()):
        yield f"  {sign}: {what}{f' because {because}' if because else ''}: {times:,}"
    yield ""
    yield from cut([_difference(one, names) for one in found.differences])


def _difference(one: Difference, names: Names) -> str:
    message, sign = one.message, "+" if one.now > one.was else "-"
    what = f"{message.journey}/{message.instance}"
    if message.step:
        what = f"{message.step} of {what}"
    because = f": {message.because}" if message.because else ""
    times = abs(one.now - one.was)
    more = f" ({times} times)" if times > 1 else ""
    by = f"{message.action} {what} by {message.channel}{because}{more}"
    return f"  {sign} {by}  [{names.text(one.of)}]"


def _as_json(found: Again, facts: int, id_: str, names: Names) -> Iterator[str]:
    first = {"kind": "replay", "facts": facts, "rules": id_, "was": found.was, "now": found.now}
    yield json.dumps({**first, "differences": len(found.differences)})
    for one in found.differences:
        said = {**one.message._asdict(), "to": names.of(one.message.to)}
        rest = {"was": one.was, "now": one.now, "of": names.of(one.of)}
        yield json.dumps({"kind": "difference", **said, **rest})

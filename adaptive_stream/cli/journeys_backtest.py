"""What has happened, played again with other rules: what would have begun, been sent, been stopped.

Nothing is changed. Both rules are played from the first fact on as if they had always been in
force: what differs is what the files say, not when they were published, paused or resumed.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from adaptive_stream.catalog import Catalog, load_catalog
from adaptive_stream.catalog.asked import as_always, changed, current
from adaptive_stream.catalog.bundle import bundle_of
from adaptive_stream.catalog.edits import Channels, Edited
from adaptive_stream.catalog.faults import CatalogError, Fault
from adaptive_stream.catalog.published import compiled
from adaptive_stream.catalog.rules import read_dir
from adaptive_stream.cli.exits import Exit
from adaptive_stream.cli.journeys_live import files_of, rules_log
from adaptive_stream.cli.progress import on_terminal
from adaptive_stream.cli.reader import Reader
from adaptive_stream.cli.recorded import Names, cut, of_file
from adaptive_stream.cli.topic_name import add_prefix
from adaptive_stream.engine.span import Span, parse_span
from adaptive_stream.stages.records import CUSTOMER_FACTS
from adaptive_stream.stories.backtest import ACTIONS, Backtest, Count, Difference, backtest
from adaptive_stream.stories.in_memory import Recorded
from adaptive_stream.stories.replay import SEND, recorded

LIVE = "live"
LAST = "28d"  # So long customer.facts.v1 is kept.
NOTES = """\
Prints by journey and day what differs, then to whom. Customers are shown as email#1 unless --show
is given. With --json one object a line: `backtest` first, then `count` (of each journey, day,
action and reason: now and then), then `difference` (to one customer).

The exit code is 0 when nothing would differ, 1 when something would.

examples:
  adaptive-stream journeys backtest my-rules/journeys/abandoned-cart.yaml
  adaptive-stream journeys backtest --last 7d                 # all of --rules-dir, the last week
  adaptive-stream tail store --from beginning --json > facts.ndjson
  adaptive-stream journeys backtest new/ --against old/ --facts facts.ndjson --show   # no cluster
"""


def add_action(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The sub-command."""
    command = commands.add_parser(
        "backtest",
        help="files played on what has happened: what would have been otherwise",
        description=__doc__,
        epilog=NOTES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="in the place of those that are compared with; a directory stands for all files of"
        " it and no others (default: --rules-dir)",
    )
    command.add_argument(
        "--against",
        default=LIVE,
        metavar="live|DIR",
        help="what it is compared with: the rules in force, or a directory (default: live)",
    )
    command.add_argument(
        "--last",
        type=_span,
        default=parse_span(LAST),
        metavar="TIME",
        help=f"only facts that are no older than this before the newest one (default: {LAST}:"
        f" so long {CUSTOMER_FACTS} keeps them)",
    )
    command.add_argument(
        "--facts",
        metavar="FILE",
        type=Path,
        help="records of channels as `tail CHANNEL --from beginning --json` prints them, instead"
        " of the cluster's facts",
    )
    command.add_argument("--show", action="store_true", help="identifiers in the clear")
    add_prefix(command)


def run(args: argparse.Namespace) -> int:
    """0 when nothing would differ, 1 when something would."""
    catalog = load_catalog(args.topics_dir, args.rules_dir, args.prefix)
    now = as_always(_against(args, catalog.channels))
    then = as_always(_then(args, now, catalog.channels))
    say = on_terminal()
    say("reading facts …")
    facts = _last(_facts(args, catalog, say), args.last)
    before, after = (compiled(each.bundle, each.contents) for each in (now, then))
    names = tuple(catalog.channels)
    of = f"of {2 * len(facts):,} facts …"
    found = backtest(facts, before, after, names, lambda count: say(f"played {count:,} {of}"))
    say("")
    ids = (now.bundle.id, then.bundle.id)
    shown = Names(shown=args.show)
    lines = _as_json if args.json else _as_text
    for line in lines(found, facts, ids, shown):
        print(line)
    return Exit.FAULTS if found.differences else Exit.OK


def _span(text: str) -> Span:
    try:
        return parse_span(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _against(args: argparse.Namespace, channels: Channels) -> Edited:
    if args.against == LIVE:
        with rules_log(args.bootstrap, args.prefix) as log:
            return current(log.shelf())
    faults: list[Fault] = []
    contents = read_dir(Path(args.against), faults)
    if faults:
        raise CatalogError(faults)
    return Edited(*bundle_of(contents, channels))


def _then(args: argparse.Namespace, now: Edited, channels: Channels) -> Edited:
    paths = args.files or [args.rules_dir]
    whole = any(path.is_dir() for path in paths)
    files: Mapping[str, bytes] = dict(files_of(paths))
    return changed(now, files, channels, 0, whole=whole)


def _facts(
    args: argparse.Namespace, catalog: Catalog, say: Callable[[str], None]
) -> list[Recorded]:
    if args.facts:
        return sorted(of_file(args.facts, catalog), key=lambda one: one.at_ms)
    topic = args.prefix + CUSTOMER_FACTS
    with Reader(args.bootstrap) as reader:

        def counted() -> Iterator[object]:
            for number, record in enumerate(reader.read_all(topic)):
                if number % 10_000 == 0:
                    say(f"read {number:,} records of {topic} …")
                yield record

        return recorded(counted())


def _last(facts: list[Recorded], span: Span) -> list[Recorded]:
    """In order. What is known of items is told again however long ago it was said."""
    if not facts:
        return []
    since_ms = facts[-1].at_ms - (span.after(facts[-1].at_ms, "UTC") - facts[-1].at_ms)
    return [one for one in facts if one.subject or one.at_ms >= since_ms]


def _as_text(
    found: Backtest, facts: list[Recorded], ids: tuple[str, str], names: Names
) -> Iterator[str]:
    first, last = _days(facts)
    days = f" of {first} to {last}" if facts else ""
    yield f"{len(facts):,} facts{days} played under {ids[0]}, and under {ids[1]}"
    if not found.differences:
        yield "nothing would differ"
        return
    for journey, counts in groupby(found.counts, key=lambda count: count.line.journey):
        yield from _journey(journey, list(counts))
    more, less = found.stopped_more, found.stopped_less
    yield f"\nruns stopped that were not: {more:,}; not stopped that were: {less:,}"
    yield from cut([_difference(one, names) for one in found.differences])


def _journey(journey: str, counts: list[Count]) -> Iterator[str]:
    if all(count.now == count.then for count in counts):
        return
    yield f"\n{journey or 'standing rules'}: {_totals(counts)}"
    reasons = sorted({c.line[2:] for c in counts if c.line.because})
    for action, because in reasons:
        own = [c for c in counts if c.line[2:] == (action, because)]
        now, then = (sum(side) for side in zip(*((c.now, c.then) for c in own), strict=True))
        if now != then:
            yield f"  {action} because {because}: {now:,} -> {then:,}"
    for day, of_day in groupby(counts, key=lambda count: count.line.day):
        differing = [count for count in of_day if count.now != count.then]
        if differing:
            yield f"  {day}  {_totals(differing)}"


def _totals(counts: list[Count]) -> str:
    said = []
    for action in ACTIONS:
        own = [count for count in counts if count.line.action == action]
        if own:
            now, then = sum(count.now for count in own), sum(count.then for count in own)
            said.append(f"{action} {now:,} -> {then:,}")
    return ", ".join(said)


def _difference(one: Difference, names: Names) -> str:
    told, sign = one.told, "+" if one.then > one.now else "-"
    message = told.message
    what = f"{message.journey}/{message.instance}"
    if message.step:
        what = f"{message.step} of {what}"
    if message.channel:
        what += f" by {message.channel}"
    because = f": {message.because}" if message.because else ""
    times = abs(one.then - one.now)
    more = f" ({times} times)" if times > 1 else ""
    return f"  {sign} {told.day} {message.action} {what}{because}{more}  [{names.text(one.of)}]"


def _as_json(
    found: Backtest, facts: list[Recorded], ids: tuple[str, str], names: Names
) -> Iterator[str]:
    first, last = _days(facts)
    yield json.dumps({
        "kind": "backtest", "facts": len(facts), "first": first, "last": last,
        "rules": ids[0], "changed": ids[1],
        "stopped_more": found.stopped_more, "stopped_less": found.stopped_less,
    })  # fmt: skip
    for count in found.counts:
        yield json.dumps({"kind": "count", **count.line._asdict()} | {
            "because": count.line.because or None, "now": count.now, "then": count.then,
        })  # fmt: skip
    for one in found.differences:
        message = one.told.message
        to = names.of(message.to) if message.action == SEND else None
        said = {**message._asdict(), "because": message.because or None, "to": to}
        rest = {"day": one.told.day, "now": one.now, "then": one.then, "of": names.of(one.of)}
        yield json.dumps({"kind": "difference", **said, **rest})


def _days(facts: list[Recorded]) -> tuple[str | None, str | None]:
    return (_day(facts[0].at_ms), _day(facts[-1].at_ms)) if facts else (None, None)


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()

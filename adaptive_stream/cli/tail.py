"""Prints what is in a topic: its last ten records, or those since a moment, and what follows.

examples:
  adaptive-stream tail suppressions.email --follow
  adaptive-stream tail state --from -10m --filter "value.transitions[0].name == 'cart.bought'"
  adaptive-stream tail web --from 2026-03-03T10:00:00Z --json --count 5
"""

import argparse
import re
import sys
import time
from datetime import UTC, datetime
from typing import Any

import jmespath
import orjson
from jmespath.exceptions import JMESPathError

from adaptive_stream.cli.envelope import envelope, line
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.reader import Offsets, Reader
from adaptive_stream.cli.topic_name import add_prefix, topic_name
from adaptive_stream.engine.span import parse_span

LAST = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`tail TOPIC [--from T] [--filter EXPR] [--count N] [--follow] [--prefix TEXT]`."""
    parser.add_argument(
        "topic",
        metavar="TOPIC",
        help="a topic, or in short: store, state, customer-state, opportunities, "
        "suppressions.email, dlq.web",
    )
    parser.add_argument(
        "--from",
        dest="since",
        metavar="T",
        help="beginning, end, a time (2026-03-03T10:41:00Z) or so long ago (-10m); "
        f"else the last {LAST} records",
    )
    parser.add_argument(
        "--filter",
        metavar="EXPR",
        help="a JMESPath expression on {key, value, headers, partition, offset, timestamp}: "
        "\"value.journey == 'abandoned-cart'\"",
    )
    parser.add_argument("--count", type=int, metavar="N", help="stop after N records")
    parser.add_argument(
        "--follow", "-f", action="store_true", help="go on with what comes, until Ctrl-C"
    )
    add_prefix(parser)
    # Else argparse takes the -10m of `--from -10m` for an option that it does not know.
    parser._negative_number_matcher = re.compile(r"-\d+[smhd]?$")


def run(args: argparse.Namespace) -> int:
    """Prints the records; returns the exit code."""
    matches = _filter(args.filter)
    if args.count is not None and args.count < 1:
        raise Refused(f"--count {args.count} asks for nothing", "give a number from 1 on")
    since = _moment(args.since)
    topic = topic_name(args.topic, args.prefix)
    with Reader(args.bootstrap) as reader:
        partitions = reader.partitions(topic)
        end = reader.end(partitions)
        last = None
        if since is None:
            first = reader.beginning(partitions)
            start: Offsets = {one: max(first[one], end[one] - LAST) for one in partitions}
            last = LAST if args.filter is None else None
        elif since == "end":
            start = end
        elif since == "beginning":
            start = reader.beginning(partitions)
        else:
            start = reader.at(partitions, int(since))
        printed = _print_known(reader, start, end, matches, last, args)
        if args.follow and (args.count is None or printed < args.count):
            _print(reader, end, None, matches, args, printed)
    return Exit.OK


def _print_known(
    reader: Reader,
    start: Offsets,
    end: Offsets,
    matches: Any,
    last: int | None,
    args: argparse.Namespace,
) -> int:
    """What is there already; of the last records of all partitions, only the newest `last`."""
    if last is None:
        return _print(reader, start, end, matches, args, 0)
    records = [record for batch in reader.read(start, end) for record in batch]
    records.sort(key=lambda record: record.timestamp)
    for record in records[-last:][: args.count]:
        _show(record, args)
    return min(len(records), last)


def _print(
    reader: Reader,
    start: Offsets,
    end: Offsets | None,
    matches: Any,
    args: argparse.Namespace,
    printed: int,
) -> int:
    """Prints what matches until `end` or --count; returns how many were printed in all."""
    for batch in reader.read(start, end):
        for record in batch:
            if matches is None or _true(matches.search(envelope(record))):
                _show(record, args)
                printed += 1
                if printed == args.count:
                    return printed
    return printed


def _show(record: Any, args: argparse.Namespace) -> None:
    if args.json:
        sys.stdout.write(orjson.dumps(envelope(record)).decode() + "\n")
    else:
        sys.stdout.write(line(record) + "\n")
    sys.stdout.flush()  # Somebody may be waiting at the other end of a pipe.


def _filter(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return jmespath.compile(text)
    except JMESPathError as error:
        raise Refused(
            f"--filter {text!r} is no JMESPath expression: {error}",
            "compare with texts in single quotes: \"value.action == 'suppress'\"",
        ) from error


def _true(answer: object) -> bool:
    """As JMESPath has it: null, false and what is empty are false, 0 is not."""
    return not (answer is None or answer is False or answer == "" or answer in ([], {}))


def _moment(text: str | None) -> str | int | None:
    """None, `beginning`, `end`, or a time in ms."""
    if text in (None, "beginning", "end"):
        return text
    assert text is not None
    try:
        if text.startswith("-"):
            span = parse_span(text[1:])
            return int(time.time() * 1000) - span.ms - span.days * 86_400_000
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(
            f"--from {text!r} is no moment",
            "write beginning, end, a time (2026-03-03T10:41:00Z) or so long ago (-10m, -2d)",
        ) from error
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)

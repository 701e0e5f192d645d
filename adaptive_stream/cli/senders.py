"""Which tools that send have reported, when, and which are silent for longer than their file says.

A sender is described in senders/NAME.yaml (`silent_after`). One that is silent may have stopped
reading what it must not send; of one without a file nobody knows how it is stopped.

examples:
  adaptive-stream senders
  adaptive-stream senders --silent --json
"""

import argparse
import sys
import time

import orjson

from adaptive_stream.catalog import load_catalog
from adaptive_stream.cli.exits import Exit
from adaptive_stream.cli.find_customer import STATE_TOPIC, views_with
from adaptive_stream.cli.reader import Reader
from adaptive_stream.cli.topic_name import add_prefix, topic_name
from adaptive_stream.engine.board import Reporting, duration, sender_as_json, senders_board
from adaptive_stream.engine.rfc3339 import timestamp


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`senders [--silent]`."""
    parser.add_argument("--silent", action="store_true", help="only those that are silent")
    add_prefix(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the board."""
    senders = load_catalog(args.topics_dir, args.rules_dir, args.prefix).rules.senders
    with Reader(args.bootstrap) as reader:
        views = views_with(reader, topic_name(STATE_TOPIC, args.prefix), b'"sender":"')
        found = senders_board(senders, views, int(time.time() * 1000))
    shown = [one for one in found if one.silent or not args.silent]
    if args.json:
        for one in shown:
            print(orjson.dumps(sender_as_json(one)).decode())
    else:
        sys.stdout.write(board_text(shown))
    return Exit.OK


def board_text(found: list[Reporting]) -> str:
    """The board for people."""
    if not found:
        return "no sender is silent\n"
    wide = max(6, *(len(one.name) for one in found))
    lines = [f"{'sender':{wide}}  stops by  silent for  on their way  last report"]
    for one in found:
        stops_by = one.sender.stops_by if one.sender else "no file"
        said = one.reported_ms is not None
        length = duration(one.silent_ms)[2:].lower() if said else "-"
        last = timestamp(one.reported_ms) if one.reported_ms is not None else "never"
        mark = "  SILENT" if one.silent else ""
        cells = f"{stops_by:8}  {length:>10}  {one.on_their_way:>12}  {last}"
        lines.append(f"{one.name:{wide}}  {cells}{mark}")
    return "\n".join(lines) + "\n"

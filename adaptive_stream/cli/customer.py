"""What is known of one customer, and all that happened to her, over all channels.

examples:
  adaptive-stream customer show email:ana@example.com
  adaptive-stream customer timeline loyalty:L-204
  adaptive-stream customer show c-1k3m8g0000abcdef --json
"""

import argparse
import sys
from zoneinfo import ZoneInfo

import orjson

from adaptive_stream.catalog import load_catalog
from adaptive_stream.cli.customer_state import state_text
from adaptive_stream.cli.customer_timeline import Entry, entries, timeline_text, zone_of
from adaptive_stream.cli.exits import Exit
from adaptive_stream.cli.find_customer import STATE_TOPIC, Found, find_customer
from adaptive_stream.cli.reader import Reader
from adaptive_stream.cli.topic_name import add_prefix, topic_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`customer show|timeline IDENTIFIER [--prefix TEXT]`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="show|timeline")
    for name, says in (
        ("show", "her state now: carts, orders, contracts, consent, journeys, offers"),
        ("timeline", "all that happened, oldest first, and what came of it"),
    ):
        action = actions.add_parser(name, help=says, description=says)
        action.add_argument(
            "identifier",
            metavar="IDENTIFIER",
            help="type:value (email:ana@example.com, loyalty:L-204), or a customer's id",
        )
        add_prefix(action)


def run(args: argparse.Namespace) -> int:
    """Prints the one customer; nothing of her goes anywhere else."""
    rules = load_catalog(args.topics_dir, args.rules_dir, args.prefix).rules
    with Reader(args.bootstrap) as reader:
        found = find_customer(reader, topic_name(STATE_TOPIC, args.prefix), args.identifier)
        if args.action == "timeline":
            shown = entries(reader, args.prefix, found, rules)
    if args.action == "show":
        _print_state(found, args.json)
    else:
        _print_timeline(found, shown, zone_of(found, rules), args.json)
    return Exit.OK


def _print_state(found: Found, as_json: bool) -> None:
    if as_json:
        print(orjson.dumps(found.view).decode())
    else:
        sys.stdout.write(state_text(found.view))


def _print_timeline(found: Found, shown: list[Entry], zone: ZoneInfo, as_json: bool) -> None:
    if as_json:
        for entry in shown:
            print(orjson.dumps(entry.as_json()).decode())
    else:
        sys.stdout.write(timeline_text(found, shown, zone))

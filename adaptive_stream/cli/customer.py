"""What is known of one customer, and all that happened to her, over all channels.

examples:
  adaptive-stream customer show email:ana@example.com
  adaptive-stream customer timeline loyalty:L-204
  adaptive-stream customer links c-1k3m8g0000abcdef --json
  adaptive-stream customer unmerge email:ana@example.com loyalty:L-310 --because "a wrong card"
"""

import argparse
import sys
from zoneinfo import ZoneInfo

import orjson

from adaptive_stream.catalog import load_catalog
from adaptive_stream.cli.customer_links import links, links_text
from adaptive_stream.cli.customer_request import Request, exit_code, report, report_text
from adaptive_stream.cli.customer_state import outbox, outbox_text, state_text
from adaptive_stream.cli.customer_timeline import Entry, entries, timeline_text, zone_of
from adaptive_stream.cli.exits import Exit
from adaptive_stream.cli.find_customer import STATE_TOPIC, Found, find_customer
from adaptive_stream.cli.reader import Reader
from adaptive_stream.cli.topic_name import add_prefix, topic_name
from adaptive_stream.engine.journey import Rules

LOOKS = (
    ("show", "her state now: carts, orders, contracts, consent, journeys, offers"),
    ("timeline", "all that happened, oldest first, and what came of it"),
    ("outbox", "what is on its way to her, from any tool"),
    ("links", "her identifiers, how each came to be hers, and what is doubted"),
)
REQUESTS = (
    ("merge", "say that two identifiers are one person's"),
    ("unmerge", "part what was joined: each gets back what is theirs, and they stay apart"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`customer show|timeline|outbox|links ID`, `customer merge|unmerge A B --because TEXT`."""
    names = "|".join(name for name, _ in LOOKS + REQUESTS)
    actions = parser.add_subparsers(dest="action", required=True, metavar=names)
    for name, says in LOOKS:
        action = actions.add_parser(name, help=says, description=says)
        action.add_argument(
            "identifier",
            metavar="IDENTIFIER",
            help="type:value (email:ana@example.com, loyalty:L-204), or a customer's id",
        )
        add_prefix(action)
    for name, says in REQUESTS:
        action = actions.add_parser(name, help=says, description=says)
        action.add_argument("one", metavar="A", help="type:value")
        action.add_argument("other", metavar="B", help="type:value")
        action.add_argument(
            "--because", metavar="TEXT", required=True, help="why; it is kept with the request"
        )
        if name == "merge":
            action.add_argument(
                "--override",
                action="store_true",
                help="even if a guard refuses it, or somebody has parted them before",
            )
        add_prefix(action)


def run(args: argparse.Namespace) -> int:
    """Prints the one customer; nothing of her goes anywhere else."""
    rules = load_catalog(args.topics_dir, args.rules_dir, args.prefix).rules
    with Reader(args.bootstrap) as reader:
        if args.action in ("merge", "unmerge"):
            return _request(args, reader, rules)
        found = find_customer(reader, topic_name(STATE_TOPIC, args.prefix), args.identifier)
        if args.action == "timeline":
            shown = entries(reader, args.prefix, found, rules)
    if args.action == "show":
        _print(found.view, state_text(found.view), args.json)
    elif args.action == "outbox":
        _print(outbox(found.view), outbox_text(found.view), args.json)
    elif args.action == "links":
        _print(links(found.view), links_text(found.view), args.json)
    else:
        _print_timeline(found, shown, zone_of(found, rules), args.json)
    return Exit.OK


def _request(args: argparse.Namespace, reader: Reader, rules: Rules) -> int:
    request = Request(reader, args.prefix, (args.one, args.other), rules)
    customer = request.found[0].view["customer"]
    if args.action == "merge" and request.are_one:
        _print({"customer": customer, "done": True}, f"both are {customer} already\n", args.json)
        return Exit.OK
    if args.action == "unmerge" and not request.are_one:
        customers = [found.view["customer"] for found in request.found]
        text = f"they are two customers already: {' and '.join(customers)}\n"
        _print({"customers": customers, "done": True}, text, args.json)
        return Exit.OK
    type_ = "customer.unmerge"
    if args.action == "merge":  # Without --override it is a link like any other, for the guards.
        type_ = "customer.merge" if args.override else "identity.linked"
    outcome = request.make(args.bootstrap, type_, args.because)
    made = report(request, type_, outcome)
    _print(made, report_text(made), args.json)
    return exit_code(outcome)


def _print(value: object, text: str, as_json: bool) -> None:
    if as_json:
        print(orjson.dumps(value).decode())
    else:
        sys.stdout.write(text)


def _print_timeline(found: Found, shown: list[Entry], zone: ZoneInfo, as_json: bool) -> None:
    if as_json:
        for entry in shown:
            print(orjson.dumps(entry.as_json()).decode())
    else:
        sys.stdout.write(timeline_text(found, shown, zone))

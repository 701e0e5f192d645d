"""Which sources are silent, since when, and how many messages wait for them.

A source (a shop, a nightly file) is complete until it says so itself. A journey with `wait_for`
waits for the sources that a customer uses; `retire` ends that for one that is gone for good.

examples:
  adaptive-stream sources
  adaptive-stream sources --silent 1h --json
  adaptive-stream sources retire store/leeds-2 --because "closed in March"
"""

import argparse
import getpass
import secrets
import sys
import time

import orjson
from kafka.errors import KafkaError

from adaptive_stream.catalog import load_catalog
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.find_customer import STATE_TOPIC, views_with
from adaptive_stream.cli.reader import ANSWER_MS, Reader
from adaptive_stream.cli.send import opened_producer
from adaptive_stream.cli.topic_name import add_prefix, topic_name
from adaptive_stream.engine.board import PREFIX, Source, as_json, board, duration
from adaptive_stream.engine.notice import Notice, decode_notice
from adaptive_stream.engine.rfc3339 import timestamp
from adaptive_stream.engine.span import parse_span

CONTEXT_TOPIC = "context.v1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`sources [--silent SPAN]`, `sources retire CHANNEL/SOURCE --because TEXT`."""
    parser.add_argument(
        "action", nargs="?", default="board", choices=("board", "retire"),
        help="board: who is silent (unless told); retire: nobody waits for this source any more, "
        "unless it speaks again",
    )  # fmt: skip
    parser.add_argument("source", nargs="?", metavar="CHANNEL/SOURCE", help="which is retired")
    parser.add_argument("--because", metavar="TEXT", help="why it is retired; it is kept")
    parser.add_argument("--silent", metavar="SPAN", help="only those silent for as long (1h, 2d)")
    add_prefix(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the board, or retires one source."""
    least_ms = _least_ms(args.silent)
    if args.action == "retire" and not (args.source and args.because):
        says = "it does not say which source is retired, and why"
        remedy = 'write `sources retire store/leeds-2 --because "closed in March"`'
        raise Refused(says, remedy, Exit.USAGE)
    with Reader(args.bootstrap) as reader:
        notices = read_notices(reader, topic_name(CONTEXT_TOPIC, args.prefix))
        if args.action == "retire":
            return _retire(args, reader, notices)
        views = views_with(reader, topic_name(STATE_TOPIC, args.prefix), b'"waits_for":"')
        found = board(notices, views, int(time.time() * 1000))
    shown = [one for one in found if one.silent_ms >= least_ms and not (least_ms and one.retired)]
    if args.json:
        for one in shown:
            print(orjson.dumps(as_json(one)).decode())
    else:
        sys.stdout.write(board_text(shown))
    return Exit.OK


def read_notices(reader: Reader, topic: str) -> dict[str, Notice]:
    """Subject -> its newest notice, of every subject."""
    found: dict[str, Notice] = {}
    for record in reader.read_all(topic):
        if record.value is not None:
            found[record.key.decode()] = decode_notice(record.value)
    return found


def _least_ms(text: str | None) -> int:
    if text is None:
        return 0
    try:
        span = parse_span(text)
    except ValueError as error:
        raise Refused(str(error), "write --silent 1h", Exit.USAGE) from error
    return span.ms + span.days * 86_400_000


def board_text(found: list[Source]) -> str:
    """The board for people."""
    if not found:
        return "no source has said anything (channel.complete), or none is as silent as that\n"
    wide = max(len(one.name) for one in found)
    lines = [f"{'source':{wide}}  silent for  contacts waiting  complete until"]
    for one in found:
        silent = "retired" if one.retired else duration(one.silent_ms)[2:].lower()
        waiting, until = one.contacts_waiting, timestamp(one.complete_until_ms)
        lines.append(f"{one.name:{wide}}  {silent:>10}  {waiting:>16}  {until}")
    return "\n".join(lines) + "\n"


def _retire(args: argparse.Namespace, reader: Reader, notices: dict[str, Notice]) -> int:
    channel, _, source = args.source.partition("/")
    if PREFIX + args.source not in notices:
        says = f"no source {args.source} has ever said anything, so nobody waits for it"
        raise Refused(says, "`adaptive-stream sources` lists them", Exit.NOT_FOUND)
    catalog = load_catalog(args.topics_dir, args.rules_dir, args.prefix)
    topic = topic_name(channel, args.prefix)
    if all(each.topic != topic for each in catalog.channels[channel].read):
        says = f"nobody reads {topic}: the channel {channel} is bound to topics of its own"
        raise Refused(says, f"add {{topic: channel.{channel}.v1}} to its file", Exit.NOT_FOUND)
    fact = {
        "id": f"cli-{secrets.token_hex(8)}",
        "type": "channel.complete",
        "time": int(time.time() * 1000),
        "source": source,
        "data": {"retired": True, "by": getpass.getuser(), "reason": args.because},
    }
    reader.partitions(topic)  # Ends with advice when there is no such topic.
    with opened_producer(args.bootstrap) as producer:
        try:
            producer.send(topic, orjson.dumps(fact)).get(ANSWER_MS / 1000)
        except KafkaError as error:
            says = f"the request was not taken: {error}"
            raise Refused(says, "ask again: what arrives twice counts once") from error
    print(f"nobody waits for {args.source} any more, unless it speaks again")
    return Exit.OK

"""Writes records into a topic: one JSON object a line, from a file or from standard input.

examples:
  adaptive-stream send store receipts.ndjson
  echo '{"type": "page.viewed", "identifiers": {"cookie": "ck-a"}}' | adaptive-stream send web
  adaptive-stream send store receipts.ndjson --key identifiers.loyalty
  adaptive-stream send store two-years.ndjson --behind-at-most 1000 --per-second 160
"""

import argparse
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import jmespath
import orjson
from jmespath.exceptions import JMESPathError
from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.pace import MOST_PER_S, Behind, Pace
from adaptive_stream.cli.reader import ANSWER_MS, Reader, prepare_client, unreachable
from adaptive_stream.cli.topic_name import add_prefix, topic_name

SHOWN_CHARACTERS = 60
PROGRESS_EVERY = 1_000
CLOSE_S = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`send TOPIC [FILE] [--key PATH] [--prefix TEXT]`."""
    parser.add_argument("topic", metavar="TOPIC", help="a topic, or a channel: store, web, email")
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default="-",
        help="NDJSON, one record a line; standard input when it is absent or -",
    )
    parser.add_argument(
        "--key",
        metavar="PATH",
        help="JMESPath of the record's key in each object (identifiers.loyalty); else no key",
    )
    parser.add_argument(
        "--behind-at-most",
        metavar="N",
        type=int,
        help="no faster than the worker keeps up: while it has more than N records to go, fewer "
        "are sent (a history beside live facts: 1000)",
    )
    parser.add_argument(
        "--per-second",
        metavar="N",
        type=int,
        help="no faster than this, however idle the worker is",
    )
    add_prefix(parser)


def run(args: argparse.Namespace) -> int:
    """Sends the lines; returns when the cluster has acknowledged each."""
    path = _key_path(args.key)
    for word, number in (("behind-at-most", args.behind_at_most), ("per-second", args.per_second)):
        if number is not None and number < 1:
            says = f"--{word} {number} would send nothing"
            raise Refused(says, f"write --{word} 1000", Exit.USAGE)
    topic = topic_name(args.topic, args.prefix)
    with _opened(args.file) as lines:
        with Reader(args.bootstrap) as reader:
            reader.partitions(topic)  # Ends with advice when there is no such topic.
        with opened_producer(args.bootstrap) as producer, ExitStack() as left:
            pace = _pace(args, topic, left)
            sent = _send(producer, topic, lines, args.file, path, pace)
    if args.json:
        print(orjson.dumps({"topic": topic, "sent": sent}).decode())
    else:
        print(f"{sent:,} record{'' if sent == 1 else 's'} sent to {topic}")
    return Exit.OK


def _pace(args: argparse.Namespace, topic: str, left: ExitStack) -> Pace | None:
    """None: as fast as the cluster takes it."""
    most_per_s = MOST_PER_S if args.per_second is None else args.per_second
    if args.behind_at_most is not None:
        behind = left.enter_context(Behind(args.bootstrap, args.prefix, topic))
        return Pace(behind.records, args.behind_at_most, most_per_s)
    return Pace(lambda: 0, 0, most_per_s) if args.per_second is not None else None


class Acknowledged:
    """How many records the cluster has, and the first that it refused."""

    def __init__(self) -> None:
        self.count = 0
        self.refused: tuple[int, BaseException] | None = None
        self._lock = threading.Lock()  # The client answers from a thread of its own.

    def accepted(self, _metadata: object) -> None:
        """One more is safe."""
        with self._lock:
            self.count += 1

    def failed(self, number: int, error: BaseException) -> None:
        """Line `number` is not."""
        with self._lock:
            if self.refused is None or number < self.refused[0]:
                self.refused = (number, error)


def _send(
    producer: KafkaProducer,
    topic: str,
    lines: BinaryIO,
    file: str,
    path: Any,
    pace: Pace | None,
) -> int:
    """Sends all lines. A bad line ends it: what stands before it has been sent, and is said."""
    acknowledged = Acknowledged()
    given, last = 0, 0  # To the client; the number of its line.
    try:
        for number, value in _values(lines, file):
            if pace is not None:
                pace.wait()
            _send_one(producer, topic, number, value, path, acknowledged)
            given, last = given + 1, number
            if acknowledged.refused:
                break
            if number % PROGRESS_EVERY == 0:
                _progress(acknowledged.count)
        producer.flush()
    except Refused as refused:
        sent = _settled(producer, acknowledged)
        before = f"{sent:,} before it" if sent else "nothing"
        raise Refused(f"{refused.says}; sent: {before}", refused.hint, refused.code) from None
    except KeyboardInterrupt:
        sent = _settled(producer, acknowledged)
        _progress(None)
        hint = f"go on from there: tail -n +{last + 1} FILE | adaptive-stream send TOPIC"
        if sent < given:
            hint = "send all of it again: what arrives twice is applied once"
        print(f"stopped; sent: {sent:,}\nhint: {hint}", file=sys.stderr)
        raise
    finally:
        _progress(None)
    if acknowledged.refused:
        number, error = acknowledged.refused
        raise _refusal(f"{_shown_name(file)}:{number}", error, acknowledged.count, topic)
    return acknowledged.count


def _settled(producer: KafkaProducer, acknowledged: Acknowledged) -> int:
    """How many the cluster has, once it had time to answer for each."""
    with suppress(KafkaTimeoutError):  # Then it has fewer than were sent, and that is what is said.
        producer.flush(ANSWER_MS / 1000)
    return acknowledged.count


def _send_one(
    producer: KafkaProducer,
    topic: str,
    number: int,
    value: bytes,
    path: Any,
    acknowledged: Acknowledged,
) -> None:
    key = None if path is None else _key(path.search(orjson.loads(value)))
    try:
        future = producer.send(topic, value=value, key=key)
    except KafkaError as error:
        acknowledged.failed(number, error)
        return
    future.add_callback(acknowledged.accepted)
    future.add_errback(lambda error: acknowledged.failed(number, error))


def _values(lines: BinaryIO, file: str) -> Iterator[tuple[int, bytes]]:
    """(line number, the bytes as they will be sent). Empty lines are no records."""
    for number, line in enumerate(lines, start=1):
        value = line.strip()
        if not value:
            continue
        try:
            read = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise _bad_line(file, number, value, f"is no JSON ({error})") from error
        if not isinstance(read, dict):
            raise _bad_line(file, number, value, "is no JSON object")
        yield number, value


def _bad_line(file: str, number: int, value: bytes, says: str) -> Refused:
    text = value.decode("utf-8", "backslashreplace")
    shown = text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
    return Refused(
        f"{_shown_name(file)}:{number}: {shown} {says}",
        f"mend the line, then send from there: tail -n +{number} FILE | adaptive-stream send TOPIC",
    )


def _refusal(where: str, error: BaseException, count: int, topic: str) -> Refused:
    says = f"{where} was not taken: {error}; {count:,} were"
    if isinstance(error, MessageSizeTooLargeError):
        return Refused(says, f"split it, or raise max.message.bytes of {topic}")
    return Refused(says, "send again: what arrives twice is applied once", Exit.NOT_FOUND)


def _key_path(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return jmespath.compile(text)
    except JMESPathError as error:
        raise Refused(
            f"--key {text!r} is no path: {error}", "name a field: --key identifiers.loyalty"
        ) from error


def _key(found: object) -> bytes | None:
    """Text as it is, other values as their JSON; what is not there makes a record without key."""
    if found is None:
        return None
    return found.encode() if isinstance(found, str) else orjson.dumps(found)


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        lines = Path(file).open("rb")  # noqa: SIM115 - what fails inside the block is not its fault
    except OSError as error:
        raise Refused(
            f"{file} cannot be read: {error.strerror}", "name a file of one JSON object a line"
        ) from error
    with lines:
        yield lines


@contextmanager
def opened_producer(bootstrap: str) -> Iterator[KafkaProducer]:
    """A producer for as long as the block lasts. Raises Refused when nobody listens."""
    prepare_client(bootstrap)
    try:
        producer = KafkaProducer(
            bootstrap_servers=bootstrap,
            bootstrap_timeout_ms=ANSWER_MS,
            max_block_ms=ANSWER_MS,
            allow_auto_create_topics=False,
            compression_type="zstd",
            linger_ms=5,
            metrics_enabled=False,
        )
    except (KafkaError, OSError, ValueError) as error:
        raise unreachable(bootstrap, error) from error
    try:
        yield producer
    finally:
        try:
            producer.close(CLOSE_S)
        except KafkaTimeoutError:  # Who must know of each record has waited for it.
            producer._closed = True  # Else its destructor waits once more, and complains.


def _shown_name(file: str) -> str:
    return "standard input" if file == "-" else file


def _progress(count: int | None) -> None:
    """On a terminal only; None clears the line."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" if count is None else f"\r{count:,} sent")
        sys.stderr.flush()

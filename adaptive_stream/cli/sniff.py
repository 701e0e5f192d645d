"""What is in a topic, and the channel file for it.

Reads up to 1,000 of its newest records, commits nothing, and says in which formats they are
written, whom they name, what they report, and what share would be refused and why.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from adaptive_stream.catalog import Catalog
from adaptive_stream.catalog.binding import AUTO
from adaptive_stream.catalog.channels import CHANNELS
from adaptive_stream.cli.catalog_options import read_catalog
from adaptive_stream.cli.exits import Exit
from adaptive_stream.cli.reader import Reader
from adaptive_stream.cli.topic_name import add_prefix, topic_name
from adaptive_stream.engine.refusal import SENTENCES, Flaw, Reason
from adaptive_stream.formats import FORMATS, ReadRule, admit, detect

RECORDS_MAX = 1_000
SHOWN_MAX = 10  # Of each list: what is rarer is told as a number.
CLEAR_SHARE = 0.95  # Above it one format is named in the file; below, each record is asked.


@dataclass(slots=True)
class Sniffed:
    """What was found, all as counts. `keyed`: records with a key; `details`: (reason, detail)."""

    records: int = 0
    keyed: int = 0
    formats: Counter[str] = field(default_factory=Counter)
    identifiers: Counter[str] = field(default_factory=Counter)
    facts: Counter[str] = field(default_factory=Counter)
    refused: Counter[Reason] = field(default_factory=Counter)
    details: Counter[str] = field(default_factory=Counter)
    flaws: Counter[Flaw] = field(default_factory=Counter)
    dropped: int = 0

    @property
    def format(self) -> str:
        """The format that a channel file should name."""
        if not self.formats:
            return AUTO
        name, count = self.formats.most_common(1)[0]
        return name if name in FORMATS and count >= self.records * CLEAR_SHARE else AUTO


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The topic, and whose it is."""
    add_prefix(parser)
    parser.add_argument("topic", help="a topic, or a channel's short name")
    parser.add_argument("--channel", metavar="NAME", help="whose topic it is, if its name says not")


def run(args: argparse.Namespace) -> int:
    """Reads and prints."""
    catalog = read_catalog(args)
    with Reader(args.bootstrap) as reader:
        topic = args.topic
        if topic not in reader.topics:
            topic = topic_name(args.topic, args.prefix)
        channel, rule = _whose(catalog, topic, args.channel)
        found = sniff(islice(newest(reader, topic, RECORDS_MAX), RECORDS_MAX), rule)
    file = _channel_file(catalog, channel, topic, rule, found)
    if args.json:
        print(json.dumps({"topic": topic, "channel": channel, **_plain(found), "file": file}))
        return Exit.OK
    for line in _told(topic, found):
        print(line)
    print(f"\ntopics/channels/{channel}.yaml:\n{file}", end="")
    return Exit.OK


def sniff(records: Iterable[Any], rule: ReadRule) -> Sniffed:
    """Admits each record as the worker would, and counts. Records are kafka-python's."""
    found = Sniffed()
    for record in records:
        found.records += 1
        found.keyed += record.key is not None
        found.formats[detect(record.value, record.headers)] += 1
        admission = admit(record.value, record.key, record.headers, record.timestamp, rule)
        for fact in admission.facts:
            found.facts[fact.type] += 1
            found.identifiers.update({name.partition(":")[0] for name in fact.identifiers})
        found.flaws.update(admission.flaws)
        found.dropped += bool(admission.dropped)
        if admission.refused:
            found.refused[admission.refused.reason] += 1
            found.details[admission.refused.says()] += 1
    return found


def newest(reader: Reader, topic: str, count: int) -> Iterator[Any]:
    """About `count` of the newest records, as many from each partition that has any."""
    partitions = reader.partitions(topic)
    first, end = reader.beginning(partitions), reader.end(partitions)
    each = -(-count // max(1, sum(first[one] < end[one] for one in partitions)))
    start = {one: max(first[one], end[one] - each) for one in partitions}
    for batch in reader.read(start, end):
        yield from batch


def _whose(catalog: Catalog, topic: str, named: str | None) -> tuple[str, ReadRule]:
    """The channel that reads the topic; else the one named, else the one that its name names."""
    for channel in catalog.channels.values():
        for binding in channel.read:
            if binding.topic == topic:
                return channel.name, binding.rule
    words = topic.replace("_", ".").replace("-", ".").split(".")
    guessed = next((name for name in CHANNELS if name in words), CHANNELS[0])
    return named or guessed, ReadRule(named or guessed)


def _told(topic: str, found: Sniffed) -> Iterator[str]:
    if not found.records:
        yield f"{topic} has no records yet"
        return
    yield f"{topic}: {found.records} records, {found.keyed} of them with a key"
    yield from _rows("written as", found.formats)
    yield from _rows("names people by", found.identifiers)
    yield from _rows("reports", found.facts)
    refused = sum(found.refused.values())
    yield f"  refused: {refused} ({refused / found.records:.1%})"
    for sentence, count in found.details.most_common(SHOWN_MAX):
        yield f"    {count:>6}  {sentence}"
    if found.flaws:
        yield "  taken all the same, although"
        for flaw, count in found.flaws.most_common(SHOWN_MAX):
            yield f"    {count:>6}  {SENTENCES[flaw]}"
    if found.dropped:
        yield f"  {found.dropped} in order, and of no use here"
    if found.refused[Reason.UNKNOWN_FORMAT] or found.refused[Reason.NO_TYPE]:
        yield "  hint: a mapping file says what such records mean; see topics/mappings/"


def _rows(title: str, counts: Counter[str]) -> Iterator[str]:
    shown = [f"{name} {count}" for name, count in counts.most_common(SHOWN_MAX)]
    rest = len(counts) - len(shown)
    yield f"  {title}: {', '.join(shown) or 'nothing known'}{f', {rest} more' if rest else ''}"


def _channel_file(catalog: Catalog, name: str, topic: str, rule: ReadRule, found: Sniffed) -> str:
    """The channel's file as it should be for this topic."""
    channel = catalog.channels.get(name)
    form = found.format if rule.mapping is None else rule.format
    bound = {topic: form}
    for binding in channel.read if channel else ():
        bound.setdefault(binding.topic, binding.rule.format)
    entries = (
        f"  - {{topic: {_declared(catalog, each)}, format: {word}}}\n"
        for each, word in sorted(bound.items())
    )
    endpoints = ", ".join(channel.endpoints) if channel else ""
    return f"channel: {name}\nread:\n{''.join(entries)}endpoints: [{endpoints}]\n"


def _declared(catalog: Catalog, topic: str) -> str:
    """The name in the files: ours stand there without the prefix."""
    return catalog.topics[topic].declared if topic in catalog.topics else topic


def _plain(found: Sniffed) -> dict[str, object]:
    return {
        "records": found.records,
        "keyed": found.keyed,
        "formats": found.formats,
        "identifiers": found.identifiers,
        "facts": found.facts,
        "refused": {str(reason): count for reason, count in found.refused.items()},
        "refused_share": sum(found.refused.values()) / max(1, found.records),
        "flaws": {str(flaw): count for flaw, count in found.flaws.items()},
        "dropped": found.dropped,
    }

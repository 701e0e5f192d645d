"""What is wrong with this set-up, one by one, and what to do about each.

Looks at the files, the broker, the topics as they are, the item codes that channels use, and
whether a worker is up. It changes nothing. Exit 0 when nothing is wrong, 1 when something is, 3
when no broker answers.
"""

import argparse
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from adaptive_stream.broker import BrokerError, Supervised
from adaptive_stream.catalog import Catalog, CatalogError
from adaptive_stream.catalog.apply import names_of, profile_for
from adaptive_stream.catalog.bounds import BOUNDS
from adaptive_stream.catalog.channels import Channel
from adaptive_stream.catalog.cluster import ClusterError, connect
from adaptive_stream.catalog.plan import Found, as_found, make_plan, read_by_others
from adaptive_stream.catalog.profiles import Profile
from adaptive_stream.cli.catalog_options import add_profile, read_catalog
from adaptive_stream.cli.data_dir import default_data_dir
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.reader import Reader, prepare_client
from adaptive_stream.cli.running_worker import STAGES
from adaptive_stream.cli.sniff import newest
from adaptive_stream.cli.topic_name import add_prefix
from adaptive_stream.engine.fact import CART, ORDER, Fact
from adaptive_stream.formats import admit

TENANT_KEY = "ADAPTIVE_STREAM_TENANT_KEY"
TENANT_KEY_CHARACTERS_MIN = 16
KEY_FILE = "tenant.key"
WEB_PORT = 9464
WEB_PORT_VARIABLE = "ADAPTIVE_STREAM_WEB_PORT"
ANSWER_S = 1
ITEMS_MIN = 10  # Fewer codes may miss each other by chance.
ITEM_RECORDS_MAX = 2_000
ONLINE = ("web", "app")
RULE_FILES = ("journeys/", "conditions.yaml", "policy/")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the answer. `level`: ok, fault, or info for what may be so on purpose."""

    check: str
    level: str
    says: str
    remedy: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which deployment is looked at."""
    add_prefix(parser)
    add_profile(parser, "laptop for a single broker, production for more")


def run(args: argparse.Namespace) -> int:
    """Prints every finding as soon as it is known."""
    code = Exit.OK
    for finding in examine(args):
        if args.json:
            row = {key: getattr(finding, key) for key in ("check", "level", "says", "remedy")}
            print(json.dumps(row), flush=True)
        else:
            print(f"{finding.level:<6} {finding.check:<15} {finding.says}", flush=True)
            if finding.remedy:
                print(f"{'':<23}do: {finding.remedy}", flush=True)
        if finding.level == "fault":
            unreachable = finding.check == "broker"
            code = Exit.NOT_FOUND if unreachable or code == Exit.NOT_FOUND else Exit.FAULTS
    return code


def examine(args: argparse.Namespace) -> Iterator[Finding]:
    """All findings, files first: what is wrong there explains much of what follows."""
    catalog: Catalog | None = None
    found: Mapping[str, Found] = {}
    try:
        catalog = read_catalog(args)
    except CatalogError as error:
        for fault in error.faults:
            check = "rules" if fault.file.startswith(RULE_FILES) else "topic files"
            place = f"{fault.file}:{fault.line}" if fault.line else fault.file
            yield Finding(check, "fault", f"{place}: {fault.says}", fault.remedy)
    if catalog:
        counts = f"{len(catalog.topics)} topics, {len(catalog.channels)} channels"
        yield Finding("files", "ok", f"{counts}, {len(catalog.rules.journeys)} journeys")
    yield from _tenant_key()
    try:
        prepare_client(args.bootstrap)
        with connect(args.bootstrap) as cluster:
            yield Finding(
                "broker", "ok", f"{args.bootstrap} answers, {cluster.brokers()} broker(s)"
            )
            if catalog:
                found = cluster.read(names_of(catalog))
                yield from topics(catalog, profile_for(catalog, cluster, args.profile), found)
        if catalog:
            with Reader(args.bootstrap) as reader:
                yield from item_codes(_items(reader, catalog.channels, found))
    except (ClusterError, Refused) as error:
        hint = getattr(error, "hint", "") or "is it running, and is --bootstrap right?"
        yield Finding("broker", "fault", str(error), hint)
    yield from _worker()


def topics(catalog: Catalog, profile: Profile, found: Mapping[str, Found]) -> Iterator[Finding]:
    """What is missing on the cluster, cut wrongly, out of bounds, or other than its file."""
    apply = f"adaptive-stream topics apply --profile {profile.name}"
    wished = [profile.of(topic) for topic in catalog.topics.values()]
    here = [as_found(topic, found[topic.name]) for topic in wished if topic.name in found]
    told = set()
    for topic in wished:
        if topic.name not in found:
            told.add(topic.name)
            yield Finding("missing topic", "fault", f"{topic.name} is not on the cluster", apply)
    plan = make_plan(
        list(catalog.topics.values()),
        found,
        profile,
        foreign=catalog.foreign,
        prefix=catalog.prefix,
    )
    for change in plan.changes:
        if change.action == "partitions":
            told.add(change.topic)
            says = f"{change.topic}: {change.says}"
            yield Finding("partitions", "fault", says, change.refused or apply)
        elif change.action == "create" and change.refused:
            says = f"{change.topic} {change.says}"
            yield Finding("missing topic", "fault", says, change.refused)
    foreign = read_by_others(here, found, catalog.foreign)
    for name, bound in BOUNDS.items():
        if name in profile.gives_up or name == "partitions":
            continue
        for fault in bound([*here, *foreign]):
            told.add(fault.says.split()[0])
            yield Finding(name, "fault", f"{fault.says} ({fault.value})", apply)
    differ = {change.topic for change in plan.changes} - told - set(catalog.foreign)
    for name in sorted(differ):
        says = "; ".join(change.says for change in plan.changes if change.topic == name)
        yield Finding("drift", "fault", f"{name} is not as its file says: {says}", apply)
    if not told and not differ:
        yield Finding("topics", "ok", f"{len(here)} topics are as declared, profile {profile.name}")


def item_codes(items: Mapping[str, set[str]]) -> Iterator[Finding]:
    """Channels that call one thing by two codes: no purchase would ever settle a cart."""
    online = set().union(*(items.get(name, set()) for name in ONLINE))
    enough = len(online) >= ITEMS_MIN
    others = [
        name
        for name, codes in sorted(items.items())
        if name not in ONLINE and enough and len(codes) >= ITEMS_MIN
    ]
    for name in others:
        shared = len(items[name] & online)
        if not shared:
            says = (
                f"none of {len(items[name])} item codes of {name} is among {len(online)} of"
                f" {' and '.join(ONLINE)}: {min(items[name])!r} there, {min(online)!r} here"
            )
            remedy = f"send one code for one thing, or map it in the mapping file of {name}"
            yield Finding("item codes", "fault", says, remedy)
        else:
            says = f"{name} shares {shared} of {len(items[name])} with {' and '.join(ONLINE)}"
            yield Finding("item codes", "ok", says)
    if not others:
        says = f"too few items in carts and orders to compare (fewer than {ITEMS_MIN})"
        yield Finding("item codes", "info", says)


def _items(
    reader: Reader, channels: Mapping[str, Channel], found: Mapping[str, Found]
) -> dict[str, set[str]]:
    """The item codes of the newest carts and orders, by channel."""
    items: dict[str, set[str]] = {}
    for channel in channels.values():
        for binding in channel.read:
            if binding.topic not in found:
                continue
            records = newest(reader, binding.topic, ITEM_RECORDS_MAX)
            for record in islice(records, ITEM_RECORDS_MAX):
                admission = admit(
                    record.value, record.key, record.headers, record.timestamp, binding.rule
                )
                items.setdefault(channel.name, set()).update(_codes(admission.facts))
    return items


def _codes(facts: Iterable[Fact]) -> set[str]:
    return {line.item for fact in facts if fact.type in (*CART, *ORDER) for line in fact.lines}


def _tenant_key() -> Iterator[Finding]:
    key = os.environ.get(TENANT_KEY, "")
    if len(key) >= TENANT_KEY_CHARACTERS_MIN:
        yield Finding("tenant key", "ok", f"{TENANT_KEY} is set")
    elif not key and (kept := default_data_dir() / KEY_FILE).is_file():
        yield Finding("tenant key", "ok", f"`up` keeps one in {kept}")
    else:
        says = f"{TENANT_KEY} is {'too short' if key else 'not set'}, and the worker needs it"
        remedy = "set 16 or more characters of chance, once and for good; `up` keeps its own"
        yield Finding("tenant key", "fault", says, remedy)


def _worker() -> Iterator[Finding]:
    """Whether the stages are ready on this machine. Only where `up` runs them must they be."""
    by_up = Supervised(default_data_dir() / "worker", "worker")
    try:
        running = by_up.status()
        said = os.environ.get(WEB_PORT_VARIABLE)
        port = int(said) if said else (running.port if running else WEB_PORT)
    except BrokerError as error:
        yield Finding("worker", "fault", error.says, error.hint)
        return
    except ValueError:
        yield Finding("worker", "fault", f"{WEB_PORT_VARIABLE}={said} is no port", "write 9464")
        return
    level, remedy = ("fault", f"see {by_up.log_path}") if running else ("info", "")
    for n, stage in enumerate(STAGES):
        url = f"http://127.0.0.1:{port + n}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=ANSWER_S):
                yield Finding("worker", "ok", f"{stage} is ready at {url}")
        except (urllib.error.URLError, OSError, ValueError) as error:
            yield Finding("worker", level, f"{stage} is not ready at {url}: {error}", remedy)

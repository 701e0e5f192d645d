"""What is done to the rules in force: published, paused, resumed, rolled back; and how they stand.

Rule: a command returns when every partition has been told. Whatever is acknowledged on a channel
after that is judged by the new rules, without a restart, and a replay changes over at the same
places.
"""

import argparse
import getpass
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kafka.errors import KafkaError

from adaptive_stream.catalog.asked import (
    NothingYetError,
    current,
    pausing_of,
    publishing_of,
    resuming_of,
    rolling_back,
    shadowing_of,
)
from adaptive_stream.catalog.channels import Channel, load_channels
from adaptive_stream.catalog.edits import Edited, EditError
from adaptive_stream.catalog.faults import CatalogError, Fault
from adaptive_stream.catalog.identity import FILE as IDENTITY
from adaptive_stream.catalog.published import journey_of
from adaptive_stream.catalog.publishing import Edit, Published, publishing
from adaptive_stream.catalog.rules import CONDITIONS, FOLDERS, read_dir
from adaptive_stream.catalog.shelf import Active, MissingError
from adaptive_stream.catalog.yaml_lines import content_of
from adaptive_stream.cli import journeys_dry_run
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.reader import Reader
from adaptive_stream.cli.send import opened_producer
from adaptive_stream.cli.topic_name import add_prefix
from adaptive_stream.outputs.record import time_text
from adaptive_stream.stages.records import CUSTOMER_FACTS, IDENTITY_FACTS, RULES
from adaptive_stream.stories.rules_log import RulesLog, RulesLogError

ACTIONS = ("publish", "pause", "resume", "rollback", "status")


def add_actions(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The sub-commands."""
    command = commands.add_parser("publish", help="files, or a whole directory, into force")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE")
    command.add_argument("--shadow", action="store_true", help="run beside, and tell nobody")
    _because(command)
    for name, says in (("pause", "nothing of it is due"), ("resume", "what waited is due now")):
        command = commands.add_parser(name, help=f"a journey: {says}")
        command.add_argument("name", metavar="NAME")
        _because(command)
    command = commands.add_parser("rollback", help="a journey, or all files, as they were before")
    command.add_argument("name", nargs="?", metavar="NAME")
    command.add_argument("--to", metavar="RULES", help="which, as `status` shows them: r-…")
    _because(command)
    command = commands.add_parser("status", help="what is in force, and what was done to it")
    add_prefix(command)


def run(args: argparse.Namespace) -> int:
    """Runs one of ACTIONS; its exit code."""
    return answered(_status if args.action == "status" else _change, args)


def answered(action: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """The exit code of an action on the rules in force. Raises Refused for what it cannot do."""
    try:
        return action(args)
    except NothingYetError as error:
        raise Refused(error.says, error.remedy, Exit.NOT_FOUND) from error
    except EditError as error:
        raise Refused(error.says, error.remedy) from error
    except MissingError as error:
        raise Refused(str(error), "publish the whole directory again", Exit.NOT_FOUND) from error


def _change(args: argparse.Namespace) -> int:
    edit, did = _edit(args)
    try:
        with rules_log(args.bootstrap, args.prefix) as log:
            if args.dry_run:
                journeys_dry_run.show(log, edit, did, args)
                return Exit.OK
            guards = _guards(log)
            done = log.run(publishing(edit, did, args.because or "", getpass.getuser()))
            waits = _guards(log) != guards
    except (KafkaError, RulesLogError) as error:
        says = f"it is not known whether this is in force everywhere: {error}"
        raise Refused(says, "give the command again: it does what is missing") from error
    _tell(done, did, waits, args)
    return Exit.OK


def _guards(log: RulesLog) -> str | None:
    """The content of the file that says, beside the guards, which identifiers are nobody's."""
    return current(log.shelf()).bundle.files.get(IDENTITY)


def _because(command: argparse.ArgumentParser) -> None:
    command.add_argument("--because", metavar="TEXT", help="why, for whoever asks later")
    says = "show what it would do to runs under way, and do nothing"
    command.add_argument("--dry-run", action="store_true", help=says)
    add_prefix(command)


def _edit(args: argparse.Namespace) -> tuple[Edit, str]:
    """What is to be made of whatever is active, and how it is called."""
    if args.action == "publish":
        return _publication(args)
    if args.action in ("pause", "resume"):
        change = {"pause": pausing_of, "resume": resuming_of}[args.action]
        return change(args.name), f"{args.action} {args.name}"
    edit = rolling_back(args.name, args.to, _channels(args))
    return edit, f"rollback {args.name or args.to or ''}".strip()


def _publication(args: argparse.Namespace) -> tuple[Edit, str]:
    files = dict(files_of(args.files))
    did = f"publish {', '.join(path.name for path in args.files)}"
    if args.shadow:
        return shadowing_of(files), f"{did} --shadow"
    whole = any(path.is_dir() for path in args.files)
    return publishing_of(files, _channels(args), whole=whole), did


def files_of(paths: list[Path]) -> Iterator[tuple[str, bytes]]:
    """The path below a directory of rules that each file has, or will have, and its content."""
    faults: list[Fault] = []
    for path in paths:
        if path.is_dir():
            yield from read_dir(path, faults).items()
        elif path.name == CONDITIONS:
            yield CONDITIONS, content_of(path, str(path))
        else:
            folder = path.resolve().parent.name
            below = folder if folder in FOLDERS else "journeys"
            yield f"{below}/{path.name}", content_of(path, str(path))
    if faults:
        raise CatalogError(faults)


def _channels(args: argparse.Namespace) -> dict[str, Channel]:
    faults: list[Fault] = []
    channels = load_channels(args.topics_dir, faults)
    if faults:
        raise CatalogError(faults)
    return channels


@contextmanager
def rules_log(bootstrap: str, prefix: str) -> Iterator[RulesLog]:
    """rules.v1 of the cluster, for as long as the block lasts."""
    with Reader(bootstrap) as reader, opened_producer(bootstrap) as producer:
        told = [prefix + IDENTITY_FACTS, prefix + CUSTOMER_FACTS]
        reader.partitions(prefix + RULES, *told)  # Ends with advice when there is no such topic.
        yield RulesLog(reader.consumer, producer, prefix, told)


def _tell(done: Published, did: str, waits: bool, args: argparse.Namespace) -> None:
    """`waits`: admit, which keeps no state, takes what is blocked when it starts."""
    switch = done.switch
    if args.json:
        told = {"kind": "published", "did": did, "rules": switch.id, "rev": switch.rev}
        told |= {"changed": done.changed, "at": time_text(switch.at_ms)}
        print(json.dumps({**told, "blocked_at_next_start": waits}))
    elif done.changed:
        print(f"{did}: {switch.id} is in force")
        if waits:
            print(f"what {IDENTITY} blocks counts from the workers' next start, all else at once")
    else:
        print(f"{did}: nothing changes; {switch.id} stays in force, and every partition knows")


def _status(args: argparse.Namespace) -> int:
    with rules_log(args.bootstrap, args.prefix) as log:
        shelf = log.shelf()
    now, active = current(shelf), shelf.active
    assert active is not None, "what is current is active"
    done = [*active.past, active.as_past(shelf.rev)]
    if args.json:
        print(json.dumps({"kind": "rules", "rules": active.id, "rev": shelf.rev, **_as_json(now)}))
        for one in done:
            print(json.dumps({"kind": "activation", "rev": one.rev, "rules": one.id,
                              "at": time_text(one.at_ms), "did": one.did,
                              "because": one.because or None, "by": one.by or None}))  # fmt: skip
        return Exit.OK
    print("\n".join(_as_text(now, active)))
    for one in done[-10:]:
        why = f": {one.because}" if one.because else ""
        by = f" by {one.by}" if one.by else ""
        print(f"  {time_text(one.at_ms)}  {one.id}  {one.did}{by}{why}")
    return Exit.OK


def _as_text(now: Edited, active: Active) -> Iterator[str]:
    said = _as_json(now)
    yield f"{active.id} is in force: {', '.join(said['journeys'])}"
    for word in ("paused", "shadows"):
        if said[word]:
            yield f"{'in the shadow' if word == 'shadows' else word}: {', '.join(said[word])}"


def _as_json(now: Edited) -> dict[str, list[str]]:
    bundle = now.bundle
    return {
        "journeys": sorted(filter(None, map(journey_of, bundle.files))),
        "paused": sorted(n for n, p in bundle.pauses.items() if p and p[-1].to_ms is None),
        "shadows": sorted(bundle.shadows),
    }

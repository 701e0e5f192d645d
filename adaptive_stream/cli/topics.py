"""Topics as declared in files, against the cluster.

check   every fault of the files, without a cluster
plan    what differs between the files and the cluster (exit 1 if anything does)
apply   does what `plan` shows, all of it or nothing; deletes only with --allow-delete
bind    reads one more topic in a channel, under whatever name and in whatever format it has
export  the topics with profile and prefix applied, for kubectl or for other tools
report  who answers for which topic, what personal data is in it, and how long it stays
"""

import argparse
import json
import sys

from adaptive_stream.catalog import Catalog, CatalogError, load_catalog
from adaptive_stream.catalog.apply import apply_plan, plan_topics, profile_for
from adaptive_stream.catalog.bind import bind, channel_path, new_channel
from adaptive_stream.catalog.channels import NAME
from adaptive_stream.catalog.cluster import ClusterError, connect
from adaptive_stream.catalog.export import report, resource, strimzi
from adaptive_stream.catalog.plan import Plan
from adaptive_stream.catalog.topics import Topic
from adaptive_stream.cli.catalog_options import add_profile, read_catalog
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.reader import prepare_client, unreachable
from adaptive_stream.cli.topic_name import add_prefix

SIGNS = {"create": "+", "config": "~", "partitions": "~", "replicas": "~", "delete": "-"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, help_line in (
        ("check", "every fault of the files, without a cluster"),
        ("plan", "what differs between the files and the cluster"),
        ("apply", "do what `plan` shows, all of it or nothing"),
        ("export", "the topics for kubectl or other tools"),
        ("report", "who answers for which topic, and what personal data is in it"),
    ):
        command = commands.add_parser(action, help=help_line)
        add_prefix(command)
        if action == "check":
            continue
        live = action in ("plan", "apply")
        add_profile(
            command, "laptop for a single broker, production for more" if live else "production"
        )
        if live:
            command.add_argument(
                "--allow-delete",
                action="store_true",
                help="delete our topics that no file declares",
            )
        if action == "apply":
            command.add_argument("--yes", action="store_true", help="take the risks that are shown")
        if action == "export":
            command.add_argument("--format", choices=("strimzi", "json"), default="strimzi")
            command.add_argument("--cluster", default="adaptive-stream", help="the Strimzi cluster")
    command = commands.add_parser("bind", help="read one more topic in a channel")
    add_prefix(command)
    command.add_argument("channel", help="the channel that reads it: store, web, email")
    command.add_argument("topic", help="the topic's whole name on the cluster")
    command.add_argument("--format", metavar="F", help="native, segment, mapping/NAME.yaml, …")


def run(args: argparse.Namespace) -> int:
    """Runs the sub-command; its exit code."""
    if args.action == "check":
        return _check(args)
    if args.action == "bind":
        return _bind(args)
    catalog = read_catalog(args)
    if args.action in ("plan", "apply"):
        try:
            return _against_cluster(args, catalog)
        except ClusterError as error:
            raise unreachable(args.bootstrap, error) from error
    profile = catalog.profile(args.profile or "production")
    topics = [profile.of(topic) for topic in catalog.topics.values()]
    if args.action == "report":
        return _report(args, topics)
    if args.format == "json" or args.json:
        for topic in topics:
            print(json.dumps(resource(topic, args.cluster)))
    else:
        print(strimzi(topics, args.cluster), end="")
    return Exit.OK


def _check(args: argparse.Namespace) -> int:
    try:
        catalog = read_catalog(args)
    except CatalogError as error:
        for fault in error.faults:
            print(json.dumps(_fault(fault)) if args.json else fault)
        if not args.json:
            print(f"\n{len(error.faults)} fault(s)")
        return Exit.FAULTS
    counts = {
        "topics": len(catalog.topics),
        "channels": len(catalog.channels),
        "journeys": len(catalog.rules.journeys),
    }
    if args.json:
        print(json.dumps({"faults": 0, **counts}))
    else:
        words = ", ".join(f"{value} {word}" for word, value in counts.items())
        print(f"no faults: {words}")
    return Exit.OK


def _against_cluster(args: argparse.Namespace, catalog: Catalog) -> int:
    prepare_client(args.bootstrap)
    with connect(args.bootstrap) as cluster:
        profile = profile_for(catalog, cluster, args.profile)
        plan = plan_topics(cluster, catalog, profile, delete=args.allow_delete)
        _print_plan(plan, args, f"{args.bootstrap}, profile {profile.name}")
        if args.action == "plan":
            return Exit.OK if plan.empty else Exit.FAULTS
        if plan.refusals or plan.broken:
            raise Refused("nothing was applied", "mend what is marked ! first", Exit.FAULTS)
        if plan.risks and not args.yes:
            raise Refused("nothing was applied", "--yes takes the risks shown", Exit.FAULTS)
        apply_plan(cluster, plan, yes=args.yes)
    if not args.json and not plan.empty:
        print(f"applied {len(plan.changes)} change(s)")
    return Exit.OK


def _print_plan(plan: Plan, args: argparse.Namespace, place: str) -> None:
    if args.json:
        for change in plan.changes:
            row = {"action": change.action, "topic": change.topic, "says": change.says}
            print(json.dumps({**row, "risk": change.risk, "refused": change.refused}))
        for fault in plan.broken:
            print(json.dumps({"action": "broken", **_fault(fault)}))
        for note in plan.notes:
            print(json.dumps({"action": "note", "says": note}))
        return
    print(f"{place}: {'no difference' if plan.empty else f'{len(plan.changes)} difference(s)'}")
    width = max((len(change.topic) for change in plan.changes), default=0)
    for change in plan.changes:
        sign = "!" if change.refused else SIGNS[change.action]
        print(f"  {sign} {change.topic:<{width}}  {change.says}")
        if change.refused:
            print(f"      refused: {change.refused}")
        if change.risk:
            print(f"      risk: {change.risk}")
    for fault in plan.broken:
        print(f"  ! {fault}")
    for note in plan.notes:
        print(f"  . {note}")


def _fault(fault: object) -> dict[str, object]:
    return {key: getattr(fault, key) for key in ("file", "line", "value", "says", "remedy")}


def _bind(args: argparse.Namespace) -> int:
    """Writes the file, and takes it back if the catalogue would not have it."""
    if args.topics_dir.name == "_topics":
        says = "these are the files inside the installed package"
        hint = f"copy {args.topics_dir} to a directory of yours and name it with --topics-dir"
        raise Refused(says, hint)
    if not NAME.fullmatch(args.channel):
        raise Refused(f"{args.channel!r} is no name for a channel", "small letters, digits, dashes")
    path = channel_path(args.topics_dir, args.channel)
    before = path.read_text(encoding="utf-8") if path.exists() else None
    if before is None:
        after = new_channel(args.channel, args.topic, args.format)
    else:
        after = bind(before, f"topics/channels/{path.name}", args.topic, args.format)
    if after != before:
        path.write_text(after, encoding="utf-8")
        try:
            load_catalog(args.topics_dir, args.rules_dir, args.prefix)
        except CatalogError:
            print(f"{path} stays as it was:", file=sys.stderr)
            if before is None:
                path.unlink()
            else:
                path.write_text(before, encoding="utf-8")
            raise
    says = (
        "read already" if after == before else "read from now on; `topics plan` says what follows"
    )
    if args.json:
        print(
            json.dumps({"channel": args.channel, "topic": args.topic, "changed": after != before})
        )
    else:
        print(f"{args.topic} is {says}\n{path}:\n{after}", end="")
    return Exit.OK


def _report(args: argparse.Namespace, topics: list[Topic]) -> int:
    rows = list(report(topics))
    if args.json:
        for row in rows:
            print(json.dumps(row))
        return Exit.OK
    columns = ("topic", "owner", "key", "pii", "kept")
    table = [dict(zip(columns, columns, strict=True)), *rows]
    widths = {column: max(len(row[column]) for row in table) for column in columns}
    for row in table:
        print("  ".join(row[column].ljust(widths[column]) for column in columns).rstrip())
    return Exit.OK

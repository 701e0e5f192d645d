"""More partitions for topics keyed by identifier or customer, with their state and its order.

plan   what it will do to the cluster, how much state is moved, and what stands in the way
apply  does it; killed, it is given again and goes on. No worker starts until it is finished

The number is the one that the files of topics/ declare, and a multiple of the one there is. Workers
are stopped and all that was admitted is worked on first. Settings are those of the worker.
"""

import argparse
import asyncio
import json
from collections.abc import Callable
from typing import Any

from adaptive_stream.catalog import Catalog
from adaptive_stream.catalog.cluster import ClusterError
from adaptive_stream.cli.catalog_options import add_profile, read_catalog
from adaptive_stream.cli.data_dir import add_data_dir
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.reader import prepare_client, unreachable
from adaptive_stream.cli.topic_name import add_prefix
from adaptive_stream.process.settings import Settings, SettingsError, read_settings

SIGNS = {"create": "+", "partitions": "~", "delete": "-"}
PASSED_ON = ("bootstrap", "topics_dir", "rules_dir", "prefix", "profile", "data_dir")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, help_line in (
        ("plan", "what it will do, and what stands in the way (exit 1 if anything does)"),
        ("apply", "do what `plan` shows, or the rest of it"),
    ):
        command = commands.add_parser(action, help=help_line)
        add_prefix(command)
        add_profile(command, "laptop for a single broker, production for more")
        add_data_dir(command)
        if action == "apply":
            command.add_argument("--yes", action="store_true", help="take the risks that are shown")


def run(args: argparse.Namespace) -> int:
    """Runs the sub-command; its exit code."""
    catalog = read_catalog(args)
    try:
        settings = read_settings({name: getattr(args, name) for name in PASSED_ON})
    except SettingsError as error:
        raise Refused("these settings do not hold:\n" + "\n".join(error.faults)) from None
    prepare_client(args.bootstrap)
    return asyncio.run(_run(args, settings, catalog))


async def _run(args: argparse.Namespace, settings: Settings, catalog: Catalog) -> int:
    from adaptive_stream.catalog.apply import profile_for  # It takes a second to import all this.
    from adaptive_stream.checkpoint.refusal import Refusal, Superseded
    from adaptive_stream.migration.apply import StoppedError, apply
    from adaptive_stream.migration.look import connect, look
    from adaptive_stream.migration.plan import make_plan
    from adaptive_stream.outputs import customer_state

    try:
        with connect(settings) as cluster:
            found = await look(cluster, settings, catalog)
            profile = profile_for(catalog, cluster, settings.profile or None)
            plan = make_plan(catalog, profile, catalog.name(customer_state.TOPIC), found)
            _print(plan, args)
            if plan.is_empty:
                return Exit.OK
            if args.action == "plan":
                return Exit.FAULTS if plan.refused else Exit.OK
            if plan.refused:
                raise Refused("nothing was changed", "mend what is marked ! first", Exit.FAULTS)
            if plan.risks and not args.yes:
                raise Refused("nothing was changed", "--yes takes the risks shown", Exit.FAULTS)
            await apply(cluster, settings, catalog, plan, _teller(args))
    except ClusterError as error:
        raise unreachable(args.bootstrap, error) from error
    except (StoppedError, Superseded, Refusal) as error:
        raise Refused(str(error), "then give the command again: it goes on", Exit.FAULTS) from error
    print(json.dumps({"kind": "finished"}) if args.json else "finished: workers may start")
    return Exit.OK


def _teller(args: argparse.Namespace) -> Callable[[str, int, int], None]:
    def say(changelog: str, partition: int, left: int) -> None:
        row = {"kind": "moved", "topic": changelog, "partition": partition, "rows": left}
        text = f"moved {left} rows of {changelog}-{partition}"
        print(json.dumps(row) if args.json else text, flush=True)

    return say


def _print(plan: Any, args: argparse.Namespace) -> None:
    if args.json:
        for row in _rows(plan):
            print(json.dumps(row), flush=True)
        return
    if plan.is_empty:
        print("nothing to do: the topics have as many partitions as their files say")
        return
    if plan.begun:
        print("a migration was begun and not finished: no worker starts until it is")
    for change in (*plan.anew, *plan.grown):
        print(f"  {SIGNS[change.action]} {change.topic}  {change.says}")
    print(
        f"  state: {plan.records:,} records of changelogs, {plan.bytes / 1e6:,.1f} MB, "
        f"about {max(1, plan.seconds):,.0f} s"
    )
    for risk in plan.risks:
        print(f"      risk: {risk}")
    for says, remedy in plan.refused:
        print(f"  ! {says}\n      do: {remedy}")


def _rows(plan: Any) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {"kind": change.action, "topic": change.topic, "says": change.says}
        for change in (*plan.anew, *plan.grown)
    ]
    rows.append({"kind": "state", "records": plan.records, "bytes": round(plan.bytes),
                 "seconds": round(plan.seconds, 1), "begun": plan.begun})  # fmt: skip
    rows += [{"kind": "risk", "says": risk} for risk in plan.risks]
    rows += [{"kind": "refused", "says": says, "remedy": remedy} for says, remedy in plan.refused]
    return rows

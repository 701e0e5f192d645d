"""The journey files: what is wrong with them, and what they do.

check    every fault of every rule file at once, then the examples of each journey: its tests
explain  one journey in plain English, and what its examples show; `standing`: the standing rules;
         `conditions`: the words that journeys are made of
new      a journey from a template
schema   what an editor needs to help with these files
backtest what has happened, played again with other rules: what would have been otherwise
publish  files into force, on every partition; so do pause, resume and rollback; status shows it
"""

import argparse
import json
import sys
from dataclasses import asdict

from adaptive_stream.catalog.channels import load_channels
from adaptive_stream.catalog.explain import conditions_text, explain, standing_text
from adaptive_stream.catalog.faults import CatalogError, Fault, suggestion
from adaptive_stream.catalog.rules import RuleFiles, read_rules
from adaptive_stream.cli import journeys_backtest, journeys_live, journeys_new
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.stories.check import STANDING, Shown, checked, show

CONDITIONS = "conditions"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    commands.add_parser("check", help="every fault of every file, and all examples")
    command = commands.add_parser("explain", help="one journey in plain English")
    command.add_argument(
        "name", metavar="NAME", help="of the journey, or `standing`, or `conditions`"
    )
    journeys_new.add_actions(commands)
    journeys_backtest.add_action(commands)
    journeys_live.add_actions(commands)


def run(args: argparse.Namespace) -> int:
    """Runs the sub-command; its exit code."""
    if args.action in journeys_live.ACTIONS:
        return journeys_live.run(args)
    if args.action == "backtest":
        return journeys_live.answered(journeys_backtest.run, args)
    faults: list[Fault] = []
    files = read_rules(args.rules_dir, load_channels(args.topics_dir, faults))
    faults.extend(files.faults)
    if args.action == "check":
        return _check(files, faults, args)
    if args.action == "new":
        return journeys_new.new(args, files)
    if args.action == "schema":
        for path in journeys_new.write_schemas(args.rules_dir, files):
            print(f"wrote {path}")
        return Exit.OK
    return _explain(files, faults, args)


def _check(files: RuleFiles, faults: list[Fault], args: argparse.Namespace) -> int:
    shown = checked(files)
    failed = sum(len(one.failed) for one in shown)
    wrong = bool(faults or failed)
    if args.json:
        for fault in sorted(set(faults)):
            print(json.dumps({"kind": "fault", **asdict(fault)}))
        for one in shown:
            print(json.dumps({"kind": one.kind, **_as_json(one)}))
        counts = {"faults": len(set(faults)), "failed": failed}
        print(json.dumps({"kind": "rules", "rules": files.rules.id, **counts}))
        return Exit.FAULTS if wrong else Exit.OK
    if faults:
        print(CatalogError(faults), end="\n\n")
    for one in shown:
        print(f"{one.name}: {one}")
        for result in one.failed:
            print(f"  failed: {result.name}")
            print("\n".join(f"    {line}" for line in result.why.splitlines()))
    inline = [f"{name} ({one.name})" for one in shown for name in one.inline]
    if inline:
        says = "condition is" if len(inline) == 1 else "conditions are"
        print(f"\n{len(inline)} {says} written in line: {', '.join(inline)}")
        print("  hint: what a second journey needs is better defined in conditions.yaml")
    if wrong:
        print(f"\n{_counted(len(set(faults)), 'fault')}, {_counted(failed, 'failed example')}")
        return Exit.FAULTS
    journeys = _counted(len(files.journeys), "journey")
    standing = _counted(len(files.standing), "standing rule")
    print(f"\nno fault in {journeys} and {standing}; these rules are {files.rules.id}")
    return Exit.OK


def _explain(files: RuleFiles, faults: list[Fault], args: argparse.Namespace) -> int:
    name = args.name.removesuffix(".yaml").removeprefix("journeys/")
    if name == STANDING:
        text = standing_text(entry.rule for entry in files.standing)
        print(json.dumps({"standing": len(files.standing), "text": text}) if args.json else text)
        return Exit.OK
    if name == CONDITIONS:
        words = files.conditions.values()
        said = {"conditions": [{"name": one.name, "says": one.says} for one in words]}
        print(json.dumps(said) if args.json else conditions_text(words), end="")
        return Exit.OK
    found = [file for file in files.journeys if file.journey.name == name]
    if not found:
        of_file = [fault for fault in faults if fault.file == f"journeys/{name}.yaml"]
        if of_file or faults:
            print(CatalogError(of_file or faults), file=sys.stderr)
            return Exit.FAULTS
        known = [file.journey.name for file in files.journeys]
        raise Refused(f"there is no journey {name!r}", suggestion(name, known), Exit.NOT_FOUND)
    shown = show(found[0], files)
    text = explain(found[0].journey, str(shown))
    if args.json:
        print(json.dumps({**_as_json(shown), "text": text}))
    else:
        print(text, end="")
    return Exit.OK


def _as_json(shown: Shown) -> dict[str, object]:
    return {
        shown.kind: shown.name,
        "file": shown.file,
        "examples": len(shown.results),
        "passed": len(shown.results) - len(shown.failed),
        "unproved": list(shown.unproved),
        "inline": list(shown.inline),
        "failed": [{"it": result.name, "why": result.why} for result in shown.failed],
    }


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}" if number == 1 else f"{number or 'no'} {noun}s"

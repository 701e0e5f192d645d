"""A journey to begin with, and the schemas that an editor reads beside it.

new      journeys/NAME.yaml from a template, or from a journey that there is
schema   schemas/*.json beside the rules, with the conditions of these rules in them
"""

import argparse
from pathlib import Path

from adaptive_stream.catalog.begin import begun, templates
from adaptive_stream.catalog.faults import suggestion
from adaptive_stream.catalog.journey_words import NAME
from adaptive_stream.catalog.rules import RuleFiles
from adaptive_stream.catalog.schema import schemas
from adaptive_stream.cli.exits import Exit, Refused

SCHEMAS = "schemas"


def add_actions(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The sub-commands."""
    command = commands.add_parser("new", help="a journey from a template, to be changed")
    command.add_argument("name", metavar="NAME", help="as loyalty-gold")
    command.add_argument(
        "--from",
        dest="template",
        metavar="TEMPLATE",
        required=True,
        help=f"{', '.join(templates())}, or a journey of these rules",
    )
    commands.add_parser("schema", help="what an editor needs to help with these files")


def new(args: argparse.Namespace, files: RuleFiles) -> int:
    """Writes the journey; its exit code."""
    folder = args.rules_dir / "journeys"
    path = folder / f"{args.name}.yaml"
    if not NAME.fullmatch(args.name):
        remedy = "use small letters, digits and -, as in `loyalty-gold`"
        raise Refused(f"{args.name!r} is no name for a journey", remedy)
    if path.exists():
        raise Refused(f"there is a journey {args.name!r}", "take another name, or delete the file")
    journeys = {one.stem: one.read_bytes() for one in folder.glob("*.yaml")}
    known = {*journeys, *templates()}
    if args.template not in known:
        says = f"there is no template {args.template!r}"
        raise Refused(says, suggestion(args.template, known), Exit.NOT_FOUND)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(begun(args.name, args.template, journeys))
    write_schemas(args.rules_dir, files)
    print(f"wrote {path}\nchange it, then: adaptive-stream journeys check")
    return Exit.OK


def write_schemas(rules_dir: Path, files: RuleFiles) -> list[Path]:
    """The schema files, written where they differ."""
    folder = rules_dir / SCHEMAS
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in schemas(files.conditions).items():
        path = folder / name
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
            written.append(path)
    return written

"""The frame of the command line.

Rule 1: only the module of the chosen command is imported, so that `--version` answers at once.
Rule 2: a module has `add_arguments(parser)` and `run(args) -> int`; the options that every command
takes are added here, to it and to each of its sub-commands.
"""

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from adaptive_stream import __version__, shipped_rules_dir, shipped_topics_dir
from adaptive_stream.cli.exits import Exit, Refused

PROGRAM = "adaptive-stream"

# Command -> its module and the line that the help shows, in the order of the help.
COMMANDS = {
    "demo": ("adaptive_stream.cli.demo", "a till receipt silences the mail about the cart"),
    "up": ("adaptive_stream.cli.up", "start broker, topics and worker, and keep them running"),
    "down": ("adaptive_stream.cli.down", "stop all that `up` started; the data stays"),
    "broker": ("adaptive_stream.cli.broker", "a real Apache Kafka, here: start|stop|status"),
    "topics": ("adaptive_stream.cli.topics", "topics as declared against the cluster"),
    "sniff": ("adaptive_stream.cli.sniff", "what is in a topic, and the channel file for it"),
    "doctor": ("adaptive_stream.cli.doctor", "what is wrong with this set-up, and what to do"),
    "worker": ("adaptive_stream.cli.worker", "the processor: three stages, or one with --stage"),
    "play": ("adaptive_stream.cli.play", "a story against the engine or a cluster"),
    "send": ("adaptive_stream.cli.send", "records into a topic, from NDJSON"),
    "tail": ("adaptive_stream.cli.tail", "records of a topic as they come"),
    "customer": (
        "adaptive_stream.cli.customer",
        "one customer: show|timeline|outbox|links|merge|unmerge",
    ),
    "sources": ("adaptive_stream.cli.sources", "who is silent, and who waits for them: retire"),
    "senders": ("adaptive_stream.cli.senders", "which tools report, and which are silent"),
    "replay": ("adaptive_stream.cli.replay", "recorded facts again, beside what was told of them"),
    "migrate": ("adaptive_stream.cli.migrate", "more partitions, with their state: plan|apply"),
    "identity": ("adaptive_stream.cli.identity", "who is who under changed guards: preview"),
    "journeys": ("adaptive_stream.cli.journeys", "the journey files: check, try out, publish"),
}

EXIT_CODES = """exit codes:
  0  it is done, or all is well
  1  the check found faults, or what is there differs from what was asked
  2  the command line, a file or a setting is wrong
  3  what was asked for was not found, or does not answer
"""

DEFAULT_BOOTSTRAP = "127.0.0.1:9092"
STARTS_KAFKA = ("demo", "up")  # A cluster that is named to them would be passed over in silence.


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    if argv is None:
        # SIGTERM is no less orderly than Ctrl-C: what was started or made for a while goes away.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] in (["--version"], ["-V"]):
        print(f"{PROGRAM} {__version__}")
        return Exit.OK
    if not words or words[0] in ("--help", "-h", "help"):
        print(_overview())
        return Exit.OK if words else Exit.USAGE
    if words[0] not in COMMANDS:
        return _unknown(words[0])
    return _run(words[0], words[1:])


def _run(command: str, words: list[str]) -> int:
    try:
        module = importlib.import_module(COMMANDS[command][0])
        args = _parser(command, module).parse_args(words)
        return _answer(command, module, args)
    except KeyboardInterrupt:
        return 130  # What a shell expects of a command that was stopped by Ctrl-C.


def _answer(command: str, module: ModuleType, args: argparse.Namespace) -> int:
    from adaptive_stream.catalog.faults import CatalogError  # Not for `--version` to wait for.

    try:
        if command in STARTS_KAFKA and args.bootstrap is not None:
            raise Refused(
                "it starts a Kafka of its own and takes no --bootstrap",
                "on a cluster of yours: `adaptive-stream topics apply`, `adaptive-stream worker`",
            )
        return int(module.run(args))
    except CatalogError as error:
        print(error, file=sys.stderr)
        return Exit.USAGE
    except Refused as refused:
        print(f"{PROGRAM} {command}: {refused.says}", file=sys.stderr)
        if refused.hint:
            print(f"hint: {refused.hint}", file=sys.stderr)
        return refused.code
    except BrokenPipeError:
        # `adaptive-stream tail ... | head` is no fault; Python would complain again when it
        # flushes stdout at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK


def _parser(command: str, module: ModuleType) -> argparse.ArgumentParser:
    """The command's own parser with the options of every command."""
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} {command}",
        description=module.__doc__,
    )
    defaults = {
        "bootstrap": os.environ.get("ADAPTIVE_STREAM_BOOTSTRAP", DEFAULT_BOOTSTRAP),
        "json": False,
        "topics_dir": Path(os.environ.get("ADAPTIVE_STREAM_TOPICS") or shipped_topics_dir()),
        "rules_dir": Path(os.environ.get("ADAPTIVE_STREAM_RULES") or shipped_rules_dir()),
    }
    if command in STARTS_KAFKA:
        defaults["bootstrap"] = None
    module.add_arguments(parser)
    parser.set_defaults(**defaults)
    _add_global_options(parser)
    return parser


def _add_global_options(parser: argparse.ArgumentParser) -> None:
    """Adds them to the parser and to every parser below it, so that they may stand anywhere."""
    group = parser.add_argument_group("options of every command")
    # SUPPRESS: a sub-command must not put its default over a value given before its name.
    group.add_argument(
        "--bootstrap",
        metavar="HOST:PORT",
        default=argparse.SUPPRESS,
        help=f"the Kafka cluster (env ADAPTIVE_STREAM_BOOTSTRAP; else {DEFAULT_BOOTSTRAP})",
    )
    group.add_argument(
        "--topics-dir",
        metavar="DIR",
        type=Path,
        default=argparse.SUPPRESS,
        help="topics and channels as files (env ADAPTIVE_STREAM_TOPICS; else those shipped)",
    )
    group.add_argument(
        "--rules-dir",
        metavar="DIR",
        type=Path,
        default=argparse.SUPPRESS,
        help="journeys, conditions, policy (env ADAPTIVE_STREAM_RULES; else those shipped)",
    )
    group.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="answer in JSON, one object a line",
    )
    parser.epilog = EXIT_CODES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in dict.fromkeys(action.choices.values()):
                _add_global_options(below)


def _overview() -> str:
    width = max(map(len, COMMANDS))
    rows = "\n".join(f"  {name:<{width}}  {says}" for name, (_, says) in COMMANDS.items())
    return (
        f"usage: {PROGRAM} COMMAND ...   (alias: astream)\n\n"
        "Knows each customer's latest state across every channel, and stops what it made stale.\n\n"
        f"commands:\n{rows}\n\n"
        f"`{PROGRAM} COMMAND --help` says more; `{PROGRAM} --version` says which this is.\n\n"
        f"{EXIT_CODES}"
    )


def _unknown(word: str) -> int:
    import difflib  # Only a typing mistake pays for it.

    near = difflib.get_close_matches(word, COMMANDS, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"`{PROGRAM} --help` lists the commands"
    print(f"{PROGRAM}: there is no command {word!r}\nhint: {hint}", file=sys.stderr)
    return Exit.USAGE

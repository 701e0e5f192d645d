"""Stop all that `up` started. The data stays, and the next `up` goes on from there."""

import argparse
import json

from adaptive_stream.broker import BrokerError
from adaptive_stream.cli.data_dir import add_data_dir
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.progress import on_terminal
from adaptive_stream.cli.stack import Stack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which stack."""
    add_data_dir(parser)


def run(args: argparse.Namespace) -> int:
    """0 once nothing runs, also if nothing did."""
    say = on_terminal()
    stack = Stack(args.data_dir, say)
    try:
        stopped = stack.stop()
    except BrokerError as error:
        raise Refused(error.says, error.hint) from error
    finally:
        say("")
    if args.json:
        print(json.dumps({"stopped": stopped, "data_dir": str(stack.data_dir)}))
    elif stopped:
        print(f"{' and '.join(stopped)} stopped; the data stays in {stack.data_dir}")
    else:
        print(f"nothing was running on {stack.data_dir}")
    return Exit.OK

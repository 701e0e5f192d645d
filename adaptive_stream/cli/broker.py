"""A real Apache Kafka on this machine, without Docker or a system Java.

The first start downloads it (44 MB, once) and checks every file against the sums it came with.
"""

import argparse
import json
import signal
from pathlib import Path

from adaptive_stream.broker import Broker, BrokerError, Running
from adaptive_stream.broker.properties import HOST
from adaptive_stream.cli.data_dir import add_data_dir
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.progress import on_terminal

DEFAULT_PORT = 9092


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """start, stop, status."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="start|stop|status")
    start = actions.add_parser("start", help="start it and return once it answers")
    start.add_argument("--port", type=int, default=DEFAULT_PORT, help="0: one that is free")
    start.add_argument(
        "--foreground", action="store_true", help="keep it until Ctrl-C instead of returning"
    )
    stop = actions.add_parser("stop", help="stop it; its data stays")
    status = actions.add_parser("status", help="say where it runs; exit code 3 if it does not")
    for action in (start, stop, status):
        add_data_dir(action)


def run(args: argparse.Namespace) -> int:
    """Does what `args.action` names."""
    try:
        if args.action == "start":
            return _start(args)
        if args.action == "stop":
            return _stop(args)
        return _status(args)
    except BrokerError as error:
        raise Refused(error.says, error.hint) from error


def kafka_dir(data_dir: Path) -> Path:
    """Where in a data directory the broker keeps its own."""
    return data_dir / "broker"


def _start(args: argparse.Namespace) -> int:
    say = on_terminal()
    broker = Broker(kafka_dir(args.data_dir), args.port, say)
    if not args.foreground:
        running = broker.start_detached()
        say("")
        _tell(args, running, f"Apache Kafka answers at {broker.bootstrap}")
        return Exit.OK
    try:
        with broker:
            say("")
            _tell(
                args, broker.status(), f"Apache Kafka answers at {broker.bootstrap}; Ctrl-C ends it"
            )
            signal.pause()
    except KeyboardInterrupt:
        return Exit.OK
    raise AssertionError("a pause ends with a signal")


def _stop(args: argparse.Namespace) -> int:
    stopped = Broker(kafka_dir(args.data_dir)).stop()
    text = "Apache Kafka has stopped; its data stays" if stopped else "no broker was running"
    _tell(args, None, f"{text} ({args.data_dir})")
    return Exit.OK


def _status(args: argparse.Namespace) -> int:
    broker = Broker(kafka_dir(args.data_dir))
    running = broker.status()
    if running is None:
        _tell(args, None, f"no broker runs on {args.data_dir}")
        return Exit.NOT_FOUND
    _tell(args, running, f"Apache Kafka runs at {broker.bootstrap} (process {running.pid})")
    return Exit.OK


def _tell(args: argparse.Namespace, running: Running | None, text: str) -> None:
    if not args.json:
        print(text)
        return
    answer: dict[str, object] = {"running": running is not None, "data_dir": str(args.data_dir)}
    if running is not None:
        pids = {"pid": running.pid, "java_pid": running.child_pid}
        answer |= {"bootstrap": f"{HOST}:{running.port}", **pids}
    print(json.dumps(answer), flush=True)

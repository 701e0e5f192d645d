"""The processor: reads the channels, keeps each customer's state, tells what it made stale.

Without --stage it supervises one process of each of the three stages. Every setting is also an
environment variable ADAPTIVE_STREAM_*; adaptive_stream/process/settings.py lists them.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from adaptive_stream.cli.data_dir import default_data_dir
from adaptive_stream.cli.exits import Refused
from adaptive_stream.cli.topic_name import add_prefix
from adaptive_stream.process.settings import Settings, SettingsError, read_settings
from adaptive_stream.process.supervisor import STAGES, end_with_supervisor

# Options of ours that are settings of the worker, as they are named there.
PASSED_ON: tuple[str, ...] = (
    "bootstrap",
    "topics_dir",
    "rules_dir",
    "prefix",
    "profile",
    "clock",
    "data_dir",
)
PASSED_ON += ("web_port", "instance", "log_level")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The worker's own options."""
    parser.add_argument("--stage", choices=STAGES, help="this stage alone, in this process")
    parser.add_argument(
        "--clock",
        choices=("wall", "log"),
        help="log: records' timestamps are the time, and ticks come from `play` (default: wall)",
    )
    parser.add_argument("--data-dir", metavar="DIR", type=Path, help="where the stores are kept")
    add_prefix(parser)
    parser.add_argument(
        "--web-port",
        metavar="N",
        type=int,
        help="/metrics, /livez, /readyz of admit; the other stages have the next two (9464)",
    )
    parser.add_argument("--instance", metavar="NAME", help="its name, the same after a restart")
    parser.add_argument("--log-level", metavar="LEVEL", help="debug, info, warning or error")


def run(args: argparse.Namespace) -> int:
    """Runs until it is told to stop."""
    given: dict[str, Any] = {name: getattr(args, name, None) for name in PASSED_ON}
    try:
        settings = read_settings({"data_dir": default_data_dir(), **_stated(given)})
    except SettingsError as error:
        raise Refused("these settings do not hold:\n" + "\n".join(error.faults)) from None
    if args.stage:
        end_with_supervisor()  # First of all: what follows takes seconds.
        from adaptive_stream.worker.app import run_stage  # Faust is slow to import.

        run_stage(args.stage, settings)
    return _supervise(settings, given)


def _supervise(settings: Settings, given: dict[str, Any]) -> int:
    from adaptive_stream.catalog import load_catalog
    from adaptive_stream.process.logs import start_logging
    from adaptive_stream.process.supervisor import supervise

    load_catalog(settings.topics_dir, settings.rules_dir, settings.prefix)  # Its faults, once.
    command = [sys.executable, "-m", "adaptive_stream", "worker"]
    for name, value in _stated(given).items():
        command += ["--" + name.replace("_", "-"), str(value)]
    start_logging(settings.log_level, "supervisor", settings.log_format)
    return supervise(command)


def _stated(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}

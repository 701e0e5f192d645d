"""Start a real Kafka, the topics and the worker, and keep them running.

What runs already is left as it is, so a second `up` changes nothing. The rules in force live in the
log: --rules-dir counts for the first `up` on a data directory, `journeys publish` after that.
`down` stops all of it; the data stays, and the next `up` goes on from there.
"""

import argparse
import json
from pathlib import Path

from adaptive_stream.broker import BrokerError
from adaptive_stream.catalog import Catalog, load_catalog
from adaptive_stream.catalog.apply import PlanRefused
from adaptive_stream.catalog.asked import current
from adaptive_stream.catalog.bundle import bundle_of
from adaptive_stream.catalog.cluster import ClusterError
from adaptive_stream.catalog.rules import read_dir
from adaptive_stream.cli.data_dir import add_data_dir
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.journeys_live import rules_log
from adaptive_stream.cli.progress import on_terminal
from adaptive_stream.cli.running_worker import STAGES, RunningWorker, WorkerError
from adaptive_stream.cli.stack import Stack

DEFAULT_PORT = 9092
DEFAULT_WEB_PORT = 9464


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where it listens and where it keeps its data."""
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="of Kafka (%(default)s)")
    parser.add_argument(
        "--web-port",
        type=int,
        default=DEFAULT_WEB_PORT,
        metavar="N",
        help="of the stages: N and the two after it (%(default)s)",
    )
    add_data_dir(parser)


def run(args: argparse.Namespace) -> int:
    """0 once every stage is ready."""
    say = on_terminal()
    catalog = load_catalog(args.topics_dir, args.rules_dir)
    stack = Stack(args.data_dir, say)
    try:
        worker = stack.start(
            catalog,
            port=args.port,
            web_port=args.web_port,
            options=("--topics-dir", str(args.topics_dir), "--rules-dir", str(args.rules_dir)),
        )
    except BrokerError as error:
        raise Refused(error.says, error.hint) from error
    except PlanRefused as error:
        hint = "`adaptive-stream topics plan` shows it all"
        raise Refused(f"the topics were not applied:\n{error}", hint, Exit.FAULTS) from error
    except (ClusterError, WorkerError) as error:
        hint = f"see the logs in {stack.data_dir}; all that was started has stopped again"
        raise Refused(str(error), hint, Exit.NOT_FOUND) from error
    finally:
        say("")
    _tell(args, stack, worker, _rules(stack.broker.bootstrap, args.rules_dir, catalog))
    return Exit.OK


def _rules(bootstrap: str, rules_dir: Path, catalog: Catalog) -> tuple[str, bool]:
    """The id of the rules in force, and whether they are the files of the directory: what was
    published before stays in force, whatever files a worker is started with."""
    with rules_log(bootstrap, catalog.prefix) as log:
        now = current(log.shelf()).bundle
    ours, _ = bundle_of(read_dir(rules_dir, []), catalog.channels)
    return now.id, now.files == ours.files


def _tell(
    args: argparse.Namespace, stack: Stack, worker: RunningWorker, rules: tuple[str, bool]
) -> None:
    in_force, as_in_dir = rules
    ports = dict(zip(STAGES, worker.ports, strict=True))
    if args.json:
        answer = {"bootstrap": stack.broker.bootstrap, "data_dir": str(stack.data_dir)}
        said = {"rules": in_force, "rules_of_dir": as_in_dir}
        print(json.dumps(answer | {"web_ports": ports} | said))
        return
    stages = ", ".join(f"{stage} :{port}" for stage, port in ports.items())
    print(
        f"Apache Kafka   {stack.broker.bootstrap}\n"
        f"worker         {stages} (/metrics, /readyz)\n"
        f"data and logs  {stack.data_dir}\n"
        f"tenant key     {stack.key_path}\n"
        f"rules          {in_force}, {'the files' if as_in_dir else 'NOT the files'}"
        f" of {args.rules_dir}\n"
        "\n`adaptive-stream down` stops all this; the data stays."
    )
    if not as_in_dir:
        publish = f"adaptive-stream journeys publish {args.rules_dir} --bootstrap"
        print(
            "\nThe rules in force are those that were published last, and live in the log. To put"
            f" your files in force:\n  {publish} {stack.broker.bootstrap}\n"
            "With --dry-run it only shows what that does to whoever is amid a journey."
        )

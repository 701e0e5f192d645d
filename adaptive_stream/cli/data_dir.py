"""Where `up` and `broker` keep what must survive them: Kafka's data, the stores, the key."""

import argparse
import os
from pathlib import Path


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    """Adds --data-dir; its default is the same in every working directory."""
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        type=Path,
        default=default_data_dir(),
        help="where the data is kept (env ADAPTIVE_STREAM_DATA; else %(default)s)",
    )


def default_data_dir() -> Path:
    """ADAPTIVE_STREAM_DATA, else a directory of this user's state."""
    named = os.environ.get("ADAPTIVE_STREAM_DATA")
    if named:
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "adaptive-stream"

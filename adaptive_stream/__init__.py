"""Knows each customer's latest state across every channel, and says what that state made stale.

Read in this order:

1. `engine/fact.py`: what comes. `engine/step.py`: what is made of it. `engine/judge.py`: journeys.
2. `formats/`: how bytes of a channel become facts. `outputs/`: how decisions become records.
3. `catalog/`: topics, channels and rules as files, checked together before anything starts.
4. `stages/`: what a batch becomes. `checkpoint/generators.py`: how it lasts, and nothing is lost.
5. `worker/`: all this on Faust, Kafka and RocksDB. `process/`: what an operator sees of it.
6. `stories/`, `broker/`, `cli/`: how it is tried, tested and run.

README.md beside this file has the words and the map of the files.
"""

from pathlib import Path

__version__ = "0.1.0"


def shipped_topics_dir() -> Path:
    """The `topics/` that came with this package: inside the wheel, or beside a checkout."""
    package_dir = Path(__file__).parent
    in_wheel = package_dir / "_topics"
    return in_wheel if in_wheel.is_dir() else package_dir.parent / "topics"


def shipped_rules_dir() -> Path:
    """The rules that came with this package."""
    return Path(__file__).parent / "rules"

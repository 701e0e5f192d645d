"""What a data directory holds before its first start: what `kafka-storage format` writes.

That tool is a JVM of its own and takes as long as a start. So it runs once on a machine; what it
wrote (the feature levels of a new cluster, no ids) is kept with the jars and copied from then on.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from adaptive_stream.broker.error import BrokerError
from adaptive_stream.broker.jars import cache_dir, kafka_command
from adaptive_stream.broker.properties import kafka_uuid, meta_properties, server_properties

BOOTSTRAP = "bootstrap.checkpoint"
FORMAT_WITHIN_S = 120


def fill(kafka_dir: Path) -> None:
    """Makes `kafka_dir` ready for a first start, as a cluster with an id of its own."""
    bootstrap = cache_dir() / BOOTSTRAP
    if not bootstrap.exists():
        _format(bootstrap)
    kafka_dir.mkdir(exist_ok=True)
    shutil.copyfile(bootstrap, kafka_dir / BOOTSTRAP)
    # Last: where this file is, the directory is complete.
    (kafka_dir / "meta.properties").write_text(meta_properties())


def _format(bootstrap: Path) -> None:
    with tempfile.TemporaryDirectory(dir=bootstrap.parent) as scratch:
        properties = Path(scratch) / "server.properties"
        properties.write_text(server_properties(Path(scratch) / "kafka", 1, 2))
        done = subprocess.run(
            kafka_command(
                *("kafka.tools.StorageTool", "format"),
                *("--config", str(properties), "--cluster-id", kafka_uuid()),
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FORMAT_WITHIN_S,
            check=False,
        )
        if done.returncode:
            raise BrokerError(
                f"Kafka could not format a directory: {(done.stderr or done.stdout).strip()}",
                f"is the disk of {bootstrap.parent} full?",
            )
        (Path(scratch) / "kafka" / BOOTSTRAP).replace(bootstrap)

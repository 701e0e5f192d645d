"""A real Prometheus on the committed configuration, with its time run faster.

Only three things of the files are changed as they are loaded: the targets, how often it looks, and
every length of time in a rule (`for`, `[5m]`, `offset 1h`), which is divided by one factor.
"""

import json
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from adaptive_stream.broker.ports import free_port
from tests.tools import tool

DEPLOY = Path(__file__).parents[2] / "deploy"
LOOKS_EVERY_S = 1
MS_OF = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
LENGTH = re.compile(r"(?<=\[)(\d+)([smhd])(?=\])|(?<=offset )(\d+)([smhd])")
READY_WITHIN_S = 30
ANSWER_WITHIN_S = 10


def faster(length: str, factor: int) -> str:
    """`5m` as so many milliseconds."""
    return f"{int(length[:-1]) * MS_OF[length[-1]] // factor}ms"


def rules(factor: int) -> dict[str, Any]:
    """The committed rules by file name, with every length of time divided."""
    files = {}
    for name in ("recording.yaml", "alerts.yaml"):
        files[name] = yaml.safe_load((DEPLOY / "prometheus" / name).read_text())
        for rule in (rule for group in files[name]["groups"] for rule in group["rules"]):
            rule["expr"] = LENGTH.sub(lambda found: faster(found[0], factor), rule["expr"])
            if "for" in rule:
                rule["for"] = faster(rule["for"], factor)
    return files


class Prometheus:
    """`with Prometheus(directory, targets, factor) as prometheus:` it answers inside."""

    def __init__(self, directory: Path, targets: Iterable[str], factor: int) -> None:
        self._directory = directory
        self._url = f"http://127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None
        self.log_path = directory / "prometheus.log"
        self.began_s = time.time()
        directory.mkdir(parents=True)
        for name, text in rules(factor).items():
            (directory / name).write_text(yaml.safe_dump(text))
        config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yaml").read_text())
        config["global"] |= {
            "scrape_interval": f"{LOOKS_EVERY_S}s",
            "evaluation_interval": f"{LOOKS_EVERY_S}s",
        }
        (job,) = config["scrape_configs"]
        job["static_configs"] = [{"targets": list(targets)}]
        (directory / "prometheus.yaml").write_text(yaml.safe_dump(config))

    def __enter__(self) -> Self:
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    tool("prometheus"),
                    f"--config.file={self._directory / 'prometheus.yaml'}",
                    f"--storage.tsdb.path={self._directory / 'data'}",
                    f"--web.listen-address={self._url.removeprefix('http://')}",
                ],
                stdout=log, stderr=log,
            )  # fmt: skip
        self.began_s = time.time()
        self.wait_for(self._is_ready, READY_WITHIN_S, "Prometheus does not get ready")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(READY_WITHIN_S)

    def wait_for(self, holds: Callable[[], Any], within_s: float, otherwise: str) -> Any:
        """What `holds` answers, once it is true."""
        until = time.monotonic() + within_s
        while not (answer := holds()):
            assert time.monotonic() < until, f"{otherwise} (within {within_s} s)"
            time.sleep(LOOKS_EVERY_S / 4)
        return answer

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}/-/ready", timeout=ANSWER_WITHIN_S) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _get(self, path: str, **asked: Any) -> Any:
        url = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(asked)}"
        try:
            with urllib.request.urlopen(url, timeout=ANSWER_WITHIN_S) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{asked}: {error.read().decode()}") from None

    def now(self, expr: str) -> list[tuple[dict[str, str], float]]:
        """The labels and values of a query."""
        found = self._get("query", query=expr)["result"]
        return [(each["metric"], float(each["value"][1])) for each in found]

    def since_start(self, expr: str) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """The labels and (time, value)s of a query, from the start on."""
        now_s = time.time()
        step = max(1.0, (now_s - self.began_s) / 300)
        found = self._get("query_range", query=expr, start=self.began_s, end=now_s, step=step)
        return [
            (each["metric"], [(at, float(value)) for at, value in each["values"]])
            for each in found["result"]
        ]

    def firing(self) -> set[str]:
        """The alerts that ring now."""
        alerts = self._get("alerts")["alerts"]
        return {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}

    def sick_rules(self) -> dict[str, str]:
        """Rules that could not be evaluated, and why."""
        groups = self._get("rules")["groups"]
        every = [rule for group in groups for rule in group["rules"]]
        assert every
        return {rule["name"]: rule["lastError"] for rule in every if rule.get("lastError")}

"""A real Prometheus with our rules, and the answers to its queries."""

import json
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.support.waiting import wait_until

Series = dict[str, Any]
RULES = ROOT / "rules" / "kubepki.rules.yml"


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """A running server."""

    url: str
    process: int = 0

    def query(self, expr: str, *, seconds: int = 0) -> list[Series]:
        """Return the series of *expr* now, or over the last *seconds* in 240 steps."""
        kind, window = "query", {}
        if seconds:
            now = time.time()
            kind = "query_range"
            window = {"start": f"{now - seconds}", "end": f"{now}", "step": f"{seconds / 240}"}
        body = urllib.parse.urlencode({"query": expr, **window}).encode()
        with urllib.request.urlopen(f"{self.url}/api/v1/{kind}", body, timeout=60) as answer:  # noqa: S310 loopback
            result: list[Series] = json.load(answer)["data"]["result"]
            return result

    def description(self, alert: str, path: str) -> str:
        """Return the description of the *alert* about *path*; empty where there is none."""
        with urllib.request.urlopen(f"{self.url}/api/v1/alerts", timeout=60) as answer:  # noqa: S310 loopback
            alerts = json.load(answer)["data"]["alerts"]
        about = [each for each in alerts if each["labels"].get("path") == path]
        return next((each["annotations"]["description"] for each in about if each["labels"]["alertname"] == alert), "")

    def number(self, expr: str) -> float | None:
        """Return the value of the only series of *expr*, None where there is none."""
        found = self.query(expr)
        if not found:
            return None
        (series,) = found
        return float(series["value"][1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An exporter's address, and the labels that its series get."""

    address: str
    labels: Mapping[str, str] = field(default_factory=dict)


def fast_rules(directory: Path) -> Path:
    """Return a copy of our rules whose alerts wait for seconds, so that a test need not wait for minutes."""
    text = re.sub(r"^( +for: )\d+[smh]$", r"\g<1>2s", RULES.read_text(encoding="utf-8"), flags=re.MULTILINE)
    file = directory / "rules.yml"
    file.write_text(text, encoding="utf-8")
    return file


@contextmanager
def running(  # noqa: PLR0913 - the parts of its configuration, each explicit
    program: Path,
    directory: Path,
    targets: Sequence[str | Target],
    *,
    honor_labels: bool = False,
    interval: str = "1s",
    rules: bool = True,
    relabel: Sequence[Mapping[str, object]] = (),
    alertmanagers: Sequence[str] = (),
    arguments: Sequence[str] = (),
) -> Iterator[Prometheus]:
    """Run *program* on *targets* of the job kubepki-exporter until the block ends."""
    directory.mkdir(parents=True, exist_ok=True)
    config = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "rule_files": [str(fast_rules(directory))] if rules else [],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": list(alertmanagers)}]}]},
        "scrape_configs": [
            {
                "job_name": "kubepki-exporter",
                "honor_labels": honor_labels,
                "metric_relabel_configs": list(relabel),
                "static_configs": [
                    {"targets": [target.address], "labels": dict(target.labels)}
                    for target in (each if isinstance(each, Target) else Target(address=each) for each in targets)
                ],
            }
        ],
    }
    (directory / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    port = free_port()
    command: list[str | Path] = [
        program,
        *arguments,
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            server = Prometheus(url=f"http://127.0.0.1:{port}", process=process.pid)
            wait_until(lambda: _ready(server), timeout=60, describe="Prometheus to be ready")
            yield server
        finally:
            process.terminate()
            process.wait(timeout=30)


def _ready(server: Prometheus) -> bool:
    try:
        with urllib.request.urlopen(f"{server.url}/-/ready", timeout=5):  # noqa: S310 loopback
            return True
    except OSError:
        return False

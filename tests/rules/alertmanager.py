"""A real Alertmanager with our routing, whose receivers are a server of the test."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT
from tests.grafana.prometheus import free_port
from tests.support.loopback import answering
from tests.support.mail import receiving_mail
from tests.support.waiting import wait_until

RULES = ROOT / "rules"
GROUP_SECONDS = 1
# Debian's program reads its built-in templates from here, also where the package is only unpacked.
SHARE = "/usr/share/prometheus/alertmanager"


@dataclass(frozen=True, kw_only=True)
class Pager:
    """What Alertmanager sent, by receiver: webhook documents of the pages, Slack's attachments, events and mail."""

    pages: list[dict[str, Any]] = field(default_factory=list)
    slack: list[dict[str, Any]] = field(default_factory=list)
    pagerduty: list[dict[str, Any]] = field(default_factory=list)
    mail: list[EmailMessage] = field(default_factory=list)

    def take(self, path: str, body: bytes) -> bytes:
        """Keep one call."""
        document = json.loads(body)
        if path == "/page":
            self.pages.append(document)
        elif path == "/slack":
            self.slack.extend(document["attachments"])
        elif path == "/pagerduty":
            self.pagerduty.append(document)
        return b"ok"

    def told(self, *words: str) -> str | None:
        """Return the first text that has all *words*."""
        return next((each["text"] for each in self.slack if all(word in each["text"] for word in words)), None)


@dataclass(frozen=True, kw_only=True)
class Alertmanager:
    """A running Alertmanager and its receiver."""

    address: str
    pager: Pager

    def post(self, *alerts: Mapping[str, str]) -> None:
        """Raise alerts with these labels, as Prometheus does."""
        body = json.dumps([{"labels": labels, "annotations": {"description": "a test"}} for labels in alerts]).encode()
        self._call(body)

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that it holds, with their status."""
        found: list[dict[str, Any]] = json.loads(self._call())
        return found

    def suppressed(self) -> set[tuple[str, ...]]:
        """Return alertname, severity, cluster, instance and path of each inhibited alert."""
        names = ("alertname", "severity", "cluster", "instance", "path")
        return {
            tuple(alert["labels"].get(name, "") for name in names)
            for alert in self.alerts()
            if alert["status"]["inhibitedBy"]
        }

    def _call(self, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(
            f"http://{self.address}/api/v2/alerts", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 loopback
            data: bytes = answer.read()
            return data


def configuration(receiver: str, rules: Path = RULES) -> dict[str, Any]:
    """Return the configuration in *rules* with *receiver* as the address of all receivers; nothing else differs."""
    text = (rules / "alertmanager.yml").read_text(encoding="utf-8").replace("localhost:9099", receiver)
    config: dict[str, Any] = yaml.safe_load(text)
    config["global"]["smtp_smarthost"] = f"127.0.0.1:{free_port()}"
    config["templates"] = [str(rules / pattern) for pattern in config["templates"]]
    return config


def fast_configuration(receiver: str, rules: Path = RULES) -> dict[str, Any]:
    """Return the configuration in *rules* with *receiver* as the address of all receivers and groups that wait for 1 s.

    Nothing else differs: routes, groups, inhibition and texts are those that are shipped.
    """
    config = configuration(receiver, rules)
    for route in (config["route"], *config["route"]["routes"]):
        for wait in ("group_wait", "group_interval"):
            if wait in route:
                route[wait] = f"{GROUP_SECONDS}s"
    return config


def runnable(program: Path, directory: Path) -> tuple[Path, Path]:
    """Return a program that finds its built-in templates, and the directory in which it must be started.

    Where its package is not installed but unpacked, that is a copy which looks for them in its working directory.
    """
    unpacked = program.parents[2] / SHARE.removeprefix("/")
    if Path(SHARE, "default.tmpl").exists() or not unpacked.is_dir():
        return program, directory
    copy = directory / program.name
    here = b"/proc/self/cwd".ljust(len(SHARE), b"/")
    copy.write_bytes(program.read_bytes().replace(SHARE.encode(), here))
    copy.chmod(0o700)
    return copy, unpacked


@contextmanager
def running(
    program: Path, directory: Path, rules: Path = RULES, *, fast: bool = True, mailed: bool = False
) -> Iterator[Alertmanager]:
    """Run *program* with the routing and the templates of *rules* until the block ends.

    *fast* shortens its waits. *mailed* sends the mail of the tickets for each page as well.
    """
    directory.mkdir(parents=True)
    pager = Pager()
    port = free_port()
    with (
        answering(pager.take) as receiver,
        receiving_mail(pager.mail.append) as post,
        (directory / "log").open("wb") as log,
    ):
        config = (fast_configuration if fast else configuration)(receiver, rules)
        config["global"]["smtp_smarthost"] = post
        if mailed:
            page, ticket = config["receivers"][1:3]
            page["email_configs"] = ticket["email_configs"]
        (directory / "alertmanager.yml").write_text(json.dumps(config), encoding="utf-8")
        arguments = [
            f"--config.file={directory / 'alertmanager.yml'}",
            f"--storage.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ]
        executable, started_in = runnable(program, directory)
        process = subprocess.Popen([executable, *arguments], stdout=log, stderr=log, cwd=started_in)
        try:
            server = Alertmanager(address=f"127.0.0.1:{port}", pager=pager)
            wait_until(lambda: _answers(server), timeout=60, describe="Alertmanager to answer")
            yield server
        finally:
            process.terminate()
            process.wait(timeout=30)


def _answers(server: Alertmanager) -> bool:
    try:
        server.alerts()
    except OSError:
        return False
    return True


def labels(alertname: str, severity: str = "critical", **further: str) -> dict[str, str]:
    """Return the labels of an alert of one host."""
    return {"alertname": alertname, "severity": severity, "job": "kubepki-exporter", "instance": "n", **further}

"""A running exporter: the real process on a real directory, asked over real HTTP."""

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
SYSTEMD_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "STATE_DIRECTORY")
START_SECONDS = 40.0


@dataclass(frozen=True, kw_only=True)
class Scrape:
    """The samples of one scrape: (name, labels, value)."""

    text: str
    samples: tuple[tuple[str, Mapping[str, str], float], ...]

    def find(self, name: str, **labels: str) -> list[tuple[Mapping[str, str], float]]:
        """Return the labels and values of the series *name* that have all *labels*."""
        return [
            (found, value)
            for sample, found, value in self.samples
            if sample == name and all(found.get(key) == wanted for key, wanted in labels.items())
        ]

    def value(self, name: str, **labels: str) -> float | None:
        """Return the value of the one series *name* with *labels*; None where there is none."""
        found = self.find(name, **labels)
        assert len(found) <= 1, f"{name}{labels} has {len(found)} series"
        return found[0][1] if found else None

    def reasons(self, path: Path | None = None) -> set[str]:
        """Return the reasons of all faults, or of those of *path*."""
        labels = {} if path is None else {"path": str(path)}
        return {found["reason"] for found, _ in self.find("kubepki_fault", **labels)}


def parse_scrape(text: str) -> Scrape:
    """Return the samples in a text exposition."""
    return Scrape(
        text=text,
        samples=tuple(
            (sample.name, sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ),
    )


class Exporter:
    """One process; `connection` may be used by one thread at a time."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path, port: int) -> None:
        self.process = process
        self.port = port
        self._log = log
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def get(self, path: str = "/metrics") -> tuple[int, str]:
        """Return status and body of *path*."""
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        return response.status, response.read().decode()

    def scrape(self) -> Scrape:
        """Return a scrape; it must succeed."""
        status, body = self.get()
        assert status == http.client.OK, f"a scrape answered {status}"
        return parse_scrape(body)

    def log(self) -> str:
        """Return the log so far."""
        return self._log.read_text()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def end(self, *, timeout: float = 5.0) -> int:
        """Ask the process to end and return its exit status."""
        self.signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def environment(**further: str) -> dict[str, str]:
    """Return this process' environment without what systemd would say, with the sources importable."""
    kept = {key: value for key, value in os.environ.items() if key not in SYSTEMD_VARIABLES}
    return {**kept, "PYTHONPATH": f"{ROOT / 'exporter'}{os.pathsep}{ROOT}", **further}


def command(arguments: Sequence[str], *, python: str = sys.executable, module: str = "kubepki") -> list[str]:
    """Return the command line of an exporter on a free port of the loopback; stamps are read as UTC."""
    own = ("--web.listen-address=127.0.0.1:0", "--pki.timezone=UTC") if module == "kubepki" else ()
    return [python, "-m", module, *own, *arguments]


@contextmanager
def running(
    *arguments: str,
    log: Path,
    python: str = sys.executable,
    module: str = "kubepki",
    variables: Mapping[str, str] | None = None,
    program: Sequence[str] = (),
) -> Iterator[Exporter]:
    """Yield a started exporter that listens; end it afterwards. *program* is started in place of *module*."""
    line = [*program, *command(arguments)[3:]] if program else command(arguments, python=python, module=module)
    with log.open("wb") as output:
        process = subprocess.Popen(
            line,
            env=environment(**(variables or {})),
            stderr=output,
            stdout=output,
            cwd=log.parent,
        )
    exporter = None
    try:
        exporter = Exporter(process, log, _port(process, log))
        yield exporter
    finally:
        if exporter is not None:
            exporter.close()
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    pattern = re.compile(r"msg=listening address=\"?127\.0\.0\.1:(\d+)")
    deadline = time.monotonic() + START_SECONDS

    def look() -> int:
        found = pattern.search(log.read_text())
        assert process.poll() is None, log.read_text()
        return int(found[1]) if found else 0

    return wait_until(look, timeout=deadline - time.monotonic(), describe="the exporter to listen")

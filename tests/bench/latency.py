"""Measures how long a future-dated certificate takes to the pager's webhook: `python -m tests.bench.latency`.

Real exporters, a real Prometheus with the shipped rules and a real Alertmanager with the shipped routing and its waits.
Each host's link is renamed at another moment of the scrape interval, and each host is in a cluster of its own, so that
each makes a notification of its own.
"""

import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.bench.rules import DAY, LEAD, say
from tests.conftest import find_program
from tests.grafana.prometheus import Target
from tests.grafana.prometheus import running as prometheus_running
from tests.rules import alertmanager
from tests.support import pki
from tests.support.running import running as exporter_running
from tests.support.scenarios import stamp
from tests.support.waiting import wait_until

HOSTS = 8
# What is promised from the rename to the webhook, by the interval of scrapes and evaluations.
AIMS = {15: 45, 30: 75}
PATIENCE_SECONDS = 300.0


def install(directory: Path, authority: pki.Pair, not_before: float) -> float:
    """Rotate the client link of *directory* to a new certificate; return the moment at which it is renamed."""
    pair = pki.client(authority, not_before=int(not_before))
    for step in pki.rotate(directory, "kubelet-client", pair.pem, stamp(int(not_before))):
        if step is pki.Step.RENAMED:
            renamed = time.monotonic()
    return renamed


def latencies(root: Path, interval: int, programs: tuple[Path, Path]) -> list[float]:
    """Return the seconds from the rename to the webhook, of each host."""
    prometheus, pager = programs
    authority = pki.authority()
    directories = [root / f"host{number}" for number in range(HOSTS)]
    with ExitStack() as stack:
        targets = []
        for number, directory in enumerate(directories):
            directory.mkdir()
            install(directory, authority, time.time() - DAY)
            exporter = stack.enter_context(
                exporter_running(f"--pki.directory={directory}", log=root / f"{directory.name}.log")
            )
            targets.append(Target(address=f"127.0.0.1:{exporter.port}", labels={"cluster": f"room-{number}"}))
        told = stack.enter_context(alertmanager.running(pager, root / "alertmanager", fast=False))
        server = stack.enter_context(
            prometheus_running(
                prometheus, root / "prometheus", targets, interval=f"{interval}s", alertmanagers=[told.address]
            )
        )
        watched = "count(instance:kubepki_host_time_skew_seconds:last) or vector(0)"
        wait_until(lambda: server.number(watched) == HOSTS, timeout=PATIENCE_SECONDS, describe="all hosts to be judged")
        renamed: dict[str, float] = {}
        paged: dict[str, float] = {}
        deadline = time.monotonic() + PATIENCE_SECONDS
        due = time.monotonic()
        while len(paged) < HOSTS:
            if time.monotonic() > deadline:
                message = f"only {sorted(paged)} were paged"
                raise TimeoutError(message)
            number = len(renamed)
            if number < HOSTS and time.monotonic() >= due + number * interval / HOSTS:
                renamed[f"room-{number}"] = install(directories[number], authority, time.time() + LEAD)
            for page in tuple(told.pager.pages):
                if (
                    "FutureDated" in page["groupLabels"]["alertname"]
                    or "NotYetValid" in page["groupLabels"]["alertname"]
                ):
                    paged.setdefault(page["groupLabels"]["cluster"], time.monotonic())
            time.sleep(0.05)
        return [paged[cluster] - moment for cluster, moment in renamed.items()]


def main() -> None:
    """Print the median and the longest time at each interval."""
    programs = tuple(find_program(name) for name in ("prometheus", "prometheus-alertmanager"))
    if None in programs:
        sys.exit("prometheus or alertmanager is not installed (tests/support/apt-packages.txt names their packages)")
    say(f"from the rename of the link to the webhook of the page, {HOSTS} rotations at each interval:")
    for interval, aim in AIMS.items():
        with tempfile.TemporaryDirectory(prefix="kubepki-bench-") as root:
            found = latencies(Path(root), interval, (Path(str(programs[0])), Path(str(programs[1]))))
        say(
            f"    scraped and judged each {interval} s: median {statistics.median(found):.0f} s, "
            f"longest {max(found):.0f} s  < {aim} s  (load {os.getloadavg()[0]:.1f})"
        )


if __name__ == "__main__":
    main()

"""The fleet board with 5,000 hosts behind it: what a panel returns stays small."""

import time
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from kubepki.metrics.collector import Collector, View
from kubepki.model import Certificate, Health, Link, PathState, Reading, Snapshot, Standing, Usage
from tests.grafana.boards import filled, targets
from tests.grafana.prometheus import running
from tests.support.loopback import answering
from tests.support.waiting import wait_until

HOSTS, FUTURE_DATED = 5_000, 500
LEAD, DAY = 7_860.0, 86_400.0
MOST_SERIES = 300


def certificate(not_before: float, subject: str) -> Certificate:
    return Certificate(
        entry="0",
        usage=Usage.CLIENT,
        subject=subject,
        issuer="CN=kubernetes",
        serial="0A",
        fingerprint_sha256="ab" * 32,
        not_before=not_before,
        not_after=not_before + 365 * DAY,
    )


def exposition(now: float, lead: float) -> list[str]:
    """Return the samples of one host with a kubelet's two links, its client certificate *lead* ahead of *now*."""
    pki = "/var/lib/kubelet/pki"
    paths = tuple(
        PathState(
            path=f"{pki}/kubelet-{kind}-current.pem",
            standing=Standing.CURRENT,
            certificates=(certificate(now + offset, "CN=system:node:NODE,O=system:nodes"),),
            key_match=True,
            link=Link(target=f"{pki}/kubelet-{kind}-x.pem", target_mtime=now - DAY, target_name_time=now - DAY),
        )
        for kind, offset in (("client", lead), ("server", -DAY))
    )
    view = View(
        snapshot=Snapshot(paths=paths),
        reading=Reading(host_time=now, synchronized=True),
        health=Health(version="1", python_version="3.11", last_scan_time=now),
    )
    registry = CollectorRegistry()
    registry.register(Collector(lambda: view))
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def fleet(now: float) -> bytes:
    """Return the samples of all hosts in one text, each with its instance, and with `up`, as labels of their own."""
    kinds = (exposition(now, LEAD), exposition(now, -DAY))
    lines = []
    for number in range(HOSTS):
        own = f'job="kubepki-exporter",instance="node{number}:10509"'
        lines.append(f"up{{{own}}} 1")
        for sample in kinds[number >= FUTURE_DATED]:
            name, _, value = sample.rpartition(" ")
            family, brace, labels = name.partition("{")
            rest = f",{labels}" if brace else "}"
            lines.append(f"{family}{{{own}{rest} {value}")
    return ("\n".join(lines) + "\n").encode()


def test_no_fleet_panel_returns_more_than_a_few_hundred_series(program: Callable[[str], Path], tmp_path: Path) -> None:
    """500 of 5,000 hosts are future-dated: each panel stays under 300 series."""
    text = fleet(time.time())
    with (
        answering(lambda _path, _body: text) as address,
        running(program("prometheus"), tmp_path, [address], honor_labels=True, interval="5s") as prometheus,
    ):

        def counted() -> dict[str, int]:
            found: dict[str, int] = {}
            for uid, title, target in targets():
                if uid == "kubepki-fleet":
                    series = prometheus.query(filled(target["expr"]), seconds=0 if target["instant"] else 30)
                    found[title] = found.get(title, 0) + len(series)
            return found

        # The boards ask a group of their own, which is judged beside that of the alerts.
        worst_paths = "Paths in trouble, the 50 worst"
        wait_until(lambda: counted()[worst_paths] == 200, timeout=120, describe="four columns of 50 paths in trouble")
        assert {title: count for title, count in counted().items() if count > MOST_SERIES} == {}
        (worst,) = prometheus.query("count(instance_path:kubepki_path_trouble:max)")
        assert float(worst["value"][1]) == FUTURE_DATED

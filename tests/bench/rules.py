"""Measures one evaluation of all rules over a synthetic fleet in a real Prometheus: `python -m tests.bench.rules`.

5,000 hosts have six current certificates each. The text is what the real collector writes for one host, repeated with
other instances. Three states are measured: healthy; all certificates of the client link from the future, which is one
critical alert for each host; and the same with the link's target ahead too, which adds a warning for each host.
"""

import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest

from kubepki.metrics.collector import Collector, View
from kubepki.model import (
    Candidate,
    Certificate,
    Health,
    Link,
    PathState,
    Reading,
    ReferenceReading,
    Rotation,
    Snapshot,
    Standing,
    Usage,
)
from tests.conftest import find_program
from tests.grafana.prometheus import Prometheus, running
from tests.support.loopback import answering

HOSTS = 5_000
INTERVAL_SECONDS = 15
EVALUATIONS = 3
LEAD, DAY = 7_860.0, 86_400.0
PKI = "/var/lib/kubelet/pki"
PATIENCE_SECONDS = 600.0
HOST_TIME, SCAN_TIME = "kubepki_host_time_seconds", "kubepki_last_scan_timestamp_seconds"


def certificate(not_before: float, *, entry: str = "0", usage: Usage = Usage.CLIENT) -> Certificate:
    """Return a certificate of a year."""
    return Certificate(
        entry=entry,
        usage=usage,
        subject="CN=system:node:NODE,O=system:nodes",
        issuer="CN=kubernetes",
        serial="0A",
        fingerprint_sha256="ab" * 32,
        not_before=not_before,
        not_after=not_before + 365 * DAY,
    )


def snapshot(now: float, lead: float, target_lead: float) -> Snapshot:
    """Return a kubelet's two links, its kubeconfig's CA and three files of the control plane."""
    old = PathState(
        path=f"{PKI}/kubelet-client-2020-11-06-02-48-49.pem",
        standing=Standing.SUPERSEDED,
        certificates=(certificate(now - 60 * DAY),),
    )
    links = tuple(
        PathState(
            path=f"{PKI}/kubelet-{kind}-current.pem",
            standing=Standing.CURRENT,
            certificates=(certificate(now + ahead, usage=usage),),
            key_match=True,
            link=Link(target=f"{PKI}/kubelet-{kind}-x.pem", target_mtime=now + written, target_name_time=now + written),
            candidates=(Candidate(path=old.path, leaf=old.certificates[0]),) if kind == "client" else (),
        )
        for kind, usage, ahead, written in (
            ("client", Usage.CLIENT, lead, target_lead),
            ("server", Usage.SERVER, -DAY, -DAY),
        )
    )
    others = tuple(
        PathState(
            path=path, standing=Standing.CURRENT, certificates=(certificate(now - DAY, entry=entry, usage=usage),)
        )
        for path, entry, usage in (
            ("/etc/kubernetes/kubelet.conf", "cluster/kubernetes", Usage.CA),
            ("/etc/kubernetes/pki/ca.crt", "0", Usage.CA),
            ("/etc/kubernetes/pki/apiserver.crt", "0", Usage.SERVER),
            ("/etc/kubernetes/pki/front-proxy-client.crt", "0", Usage.CLIENT),
        )
    )
    return Snapshot(paths=(old, *links, *others))


def exposition(now: float, lead: float, target_lead: float) -> list[str]:
    """Return the samples of one host."""
    disk = snapshot(now, lead, target_lead)
    view = View(
        snapshot=disk,
        reading=Reading(
            host_time=now,
            synchronized=True,
            max_error=0.01,
            estimated_error=0.001,
            last_synchronized=now,
            references=(ReferenceReading(clock="apiserver", up=True, offset=0.0),),
            rotations=tuple(
                Rotation(path=state.path, target=state.link.target, clock_synchronized=True)
                for state in disk.paths
                if state.link
            ),
        ),
        health=Health(version="1", python_version="3.11", last_scan_time=now, watch_up=((PKI, True),)),
    )
    registry = CollectorRegistry()
    registry.register(Collector(lambda: view))
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


@dataclass
class Fleet:
    """What the scrape answers; `standing` is written anew for each state, the host's time at each scrape."""

    standing: bytes = b""
    own: list[str] = field(default_factory=lambda: [f'instance="node{number}:10509"' for number in range(HOSTS)])

    def become(self, lead: float, target_lead: float) -> int:
        """Set the state of all hosts; return the number of samples."""
        lines = []
        samples = exposition(time.time(), lead, target_lead)
        kept = [each for each in samples if not each.startswith((HOST_TIME, SCAN_TIME))]
        for own in self.own:
            for sample in kept:
                name, _, value = sample.rpartition(" ")
                family, brace, labels = name.partition("{")
                lines.append(f"{family}{{{own}{f',{labels}' if brace else '}'} {value}")
        self.standing = "\n".join(lines).encode()
        return HOSTS * (len(samples) + 1)

    def answer(self, _path: str, _body: bytes) -> bytes:
        """Return the scrape of this moment."""
        now = time.time()
        lines = [f"\n{name}{{{own}}} {now}" for name in (HOST_TIME, SCAN_TIME) for own in self.own]
        up = [f'\nup{{job="kubepki-exporter",{own}}} 1' for own in self.own]
        return self.standing + "".join([*lines, *up, "\n"]).encode()


def groups_of(prometheus: Prometheus) -> list[dict[str, Any]]:
    """Return Prometheus' groups of rules with their times."""
    with urllib.request.urlopen(f"{prometheus.url}/api/v1/rules", timeout=120) as answer:  # noqa: S310 loopback
        groups: list[dict[str, Any]] = json.load(answer)["data"]["groups"]
    return groups


def settled(prometheus: Prometheus, wanted: Mapping[str, int]) -> bool:
    """Return whether the *wanted* alerts fire that often, and no alert where none is wanted."""
    # The synthetic target itself is up and has no host's time of its own.
    found = prometheus.query('count by (alertname) (ALERTS{alertstate="firing", alertname!="KubePKIMetricsMissing"})')
    firing = {series["metric"]["alertname"]: int(series["value"][1]) for series in found}
    return wanted.items() <= firing.items() if wanted else not firing


def await_state(prometheus: Prometheus, wanted: Mapping[str, int]) -> None:
    """Wait until all hosts are known and *wanted* fires; raise TimeoutError."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while prometheus.number("sum(job:kubepki_hosts:count)") != HOSTS or not settled(prometheus, wanted):
        if time.monotonic() > deadline:
            message = f"{wanted} never fired; the machine may be too busy"
            raise TimeoutError(message)
        time.sleep(2)


def evaluations(prometheus: Prometheus) -> Iterator[list[dict[str, Any]]]:
    """Yield the groups after each further evaluation of all of them."""
    seen = {group["name"]: group["lastEvaluation"] for group in groups_of(prometheus)}
    deadline = time.monotonic() + PATIENCE_SECONDS
    for _ in range(EVALUATIONS):
        while any(group["lastEvaluation"] == seen[group["name"]] for group in groups_of(prometheus)):
            if time.monotonic() > deadline:
                message = "a group was not evaluated again"
                raise TimeoutError(message)
            time.sleep(1)
        groups = groups_of(prometheus)
        seen = {group["name"]: group["lastEvaluation"] for group in groups}
        yield groups


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def measure(prometheus: Prometheus, name: str, aim: str) -> None:
    """Print the median of the sum of all groups' times, and each rule that takes a hundredth of it or more."""
    rounds = list(evaluations(prometheus))
    total = statistics.median(sum(group["evaluationTime"] for group in groups) for groups in rounds)
    say(f"{name:<58}{total:>7.2f} s  {aim}   (load {os.getloadavg()[0]:.1f})")
    times: dict[str, list[float]] = {}
    for groups in rounds:
        for group in groups:
            for number, rule in enumerate(group["rules"]):
                extra = "".join(f" {key}={value}" for key, value in rule.get("labels", {}).items())
                key = f"{group['name'].removeprefix('kubepki-')}[{number}] {rule['name']}{extra}"
                times.setdefault(key, []).append(rule["evaluationTime"])
    shown = {key: statistics.median(each) for key, each in times.items()}
    for key, seconds in sorted(shown.items(), key=lambda pair: -pair[1]):
        if seconds >= 0.01 * total:
            say(f"    {key:<100} {seconds:.3f} s")


def main() -> None:
    """Measure the three states and print them."""
    program = find_program("prometheus")
    if program is None:
        sys.exit("prometheus is not installed (tests/support/apt-packages.txt names its package)")
    fleet = Fleet()
    samples = fleet.become(-DAY, -DAY)
    say(f"{HOSTS} hosts, 6 current certificates each, {samples} samples; one evaluation of all groups:")
    interval = f"{INTERVAL_SECONDS}s"
    with (
        tempfile.TemporaryDirectory(prefix="kubepki-bench-") as root,
        answering(fleet.answer) as address,
        running(program, Path(root), [address], honor_labels=True, interval=interval) as prometheus,
    ):
        await_state(prometheus, {})
        measure(prometheus, "healthy", "< 1.5 s")
        fleet.become(LEAD, -DAY)
        await_state(prometheus, {"KubePKICertificateNotYetValid": HOSTS})
        measure(prometheus, "all firing: one critical alert for each host", "< 6 s")
        fleet.become(LEAD, LEAD + 300.5)
        await_state(prometheus, {"KubePKICertificateNotYetValid": HOSTS, "KubePKISymlinkTargetFutureDated": HOSTS})
        measure(prometheus, "all firing, and a warning about each link", "")


if __name__ == "__main__":
    main()

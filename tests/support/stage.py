"""The stage of the incident on loopback: two clusters of real exporters under one real Prometheus, driven by hand.

Clocks are injected and certificates minted; everything else is real. Both clusters have a node30. Boards, tests and
`make stage` use it.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.grafana.prometheus import Prometheus, Target
from tests.grafana.prometheus import running as running_prometheus
from tests.support import pki
from tests.support.https_servers import Behaviour, answer, serving_pair, tls_server
from tests.support.running import Exporter, running
from tests.support.scenarios import install
from tests.support.waiting import wait_until

LEAD = 2 * pki.HOUR + 11 * 60
DARK, BRIGHT = "prod-fra", "prod-ber"
LINK = "kubelet-client-current.pem"
# The boards show the paths that hosts have, not those of the stage.
_REAL_PATHS = [
    {
        "source_labels": [label],
        "regex": f".*/node[0-9]+/{own}(|/.*)",
        "target_label": label,
        "replacement": f"{real}$1",
    }
    for label in ("path", "target", "fallback")
    for own, real in (("pki", "/var/lib/kubelet/pki"), ("kubelet.conf", "/etc/kubernetes/kubelet.conf"))
]
# Of the dark cluster, whose room loses its power.
INCIDENT, HOPELESS, STEADY, EXPIRED, EXPIRING, DANGLING = "node30", "node33", "node31", "node29", "node32", "node34"


class Clock:
    """A clock that is off the true one by what a file says."""

    def __init__(self, file: Path) -> None:
        """Begin with the true time."""
        self.file = file
        self.set(0.0)

    def set(self, offset: float) -> None:
        """Step it to true time plus *offset* seconds."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{offset}", encoding="utf-8")
        fresh.replace(self.file)

    def offset(self) -> float:
        """Return by how many seconds it is ahead."""
        return float(self.file.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster: its CA, and the clock of its API server."""

    name: str
    ca: pki.Pair
    clock: Clock
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host with its PKI directory and its clock."""

    name: str
    cluster: Cluster
    directory: Path
    clock: Clock
    exporter: Exporter

    @property
    def instance(self) -> str:
        """The target label, the same for two clusters' hosts of one name."""
        return f"{self.name}:10509"

    @property
    def kubeconfig(self) -> Path:
        """The kubelet's kubeconfig, which names the link and the API server."""
        return self.directory.parent / "kubelet.conf"

    def rotate(self, lifetime: float = pki.YEAR) -> Path:
        """Let the kubelet rotate, the signer and the kubelet having this host's clock; return the dated file."""
        moment = time.time() + self.clock.offset()
        pair = pki.client(self.cluster.ca, self.name, not_before=moment - 300, lifetime=lifetime)
        return install(self.directory, pair, moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """All of it; `hosts` by (cluster, name)."""

    hosts: Mapping[tuple[str, str], Host]
    prometheus: Prometheus

    def host(self, name: str, cluster: str = DARK) -> Host:
        """Return a host of *cluster*."""
        return self.hosts[cluster, name]

    def _dark(self) -> list[Host]:
        return [host for (cluster, _), host in self.hosts.items() if cluster == DARK]

    def nothing_happens(self) -> None:
        """Leave every host healthy."""

    def power_returns(self) -> None:
        """Let the dark room come back with every clock ahead: hosts, API server and signer."""
        for host in self._dark():
            host.clock.set(LEAD)
            host.cluster.clock.set(LEAD)

    def certificates_rotate(self) -> None:
        """Let two kubelets of the dark room rotate; the second has lost the files that it could go back to."""
        for name in (INCIDENT, HOPELESS):
            host = self.host(name)
            if name == HOPELESS:
                for old in host.directory.glob("kubelet-client-2*.pem"):
                    old.unlink()
            host.rotate()

    def clocks_are_corrected(self) -> None:
        """Set the dark room right, as NTP does."""
        for host in self._dark():
            host.clock.set(0.0)
            host.cluster.clock.set(0.0)

    def other_troubles(self) -> None:
        """Give hosts of the dark room troubles of their own: expired, expiring, dangling."""
        now = time.time()
        for name, age in ((EXPIRED, pki.YEAR + pki.HOUR), (EXPIRING, pki.YEAR - 5 * pki.DAY)):
            host = self.host(name)
            pair = pki.client(host.cluster.ca, name, not_before=now - age, lifetime=pki.YEAR)
            install(host.directory, pair, now - age)
        (self.host(DANGLING).directory / LINK).resolve().unlink()

    def link_is_put_back(self) -> None:
        """Let the incident's link point at the file before, as an operator does."""
        host = self.host(INCIDENT)
        before = sorted(host.directory.glob("kubelet-client-2*.pem"))[-2]
        fresh = host.directory / "fresh"
        fresh.symlink_to(before)
        fresh.replace(host.directory / LINK)


@contextmanager
def staged(
    program: Path, directory: Path, *, rules: bool = True, alertmanagers: Sequence[str] = (), interval: str = "1s"
) -> Iterator[Stage]:
    """Set the stage, every host healthy, until the block ends.

    *rules*: whether Prometheus has loaded ours; *interval*: of its scrapes and evaluations.
    """
    directory.mkdir(parents=True, exist_ok=True)
    plan = {DARK: (EXPIRED, INCIDENT, STEADY, EXPIRING, HOPELESS, DANGLING), BRIGHT: (INCIDENT, "node41")}
    with ExitStack() as stack:
        hosts = {}
        for name, nodes in plan.items():
            cluster = _cluster(stack, directory / name, name)
            for node in nodes:
                hosts[name, node] = _host(stack, directory / name / node, node, cluster)
        targets = [
            Target(
                address=f"127.0.0.1:{host.exporter.port}",
                labels={"instance": host.instance, "cluster": host.cluster.name},
            )
            for host in hosts.values()
        ]
        running_server = running_prometheus(
            program,
            directory / "prometheus",
            targets,
            rules=rules,
            alertmanagers=alertmanagers,
            relabel=_REAL_PATHS,
            interval=interval,
        )
        stage = Stage(hosts=hosts, prometheus=stack.enter_context(running_server))
        seen = "count(kubepki_host_time_seconds)"
        wait_until(lambda: stage.prometheus.number(seen) == len(hosts), timeout=60, describe="every host to be seen")
        yield stage


def _cluster(stack: ExitStack, directory: Path, name: str) -> Cluster:
    directory.mkdir()
    now = time.time()
    ca = pki.authority(not_before=now - 9 * pki.YEAR)
    clock = Clock(directory / "apiserver.clock")
    pair = serving_pair(ca, not_before=now - pki.YEAR, not_after=now + pki.YEAR)
    port = stack.enter_context(tls_server(directory, pair, _telling(clock)))
    return Cluster(name=name, ca=ca, clock=clock, port=port)


def _telling(clock: Clock) -> Behaviour:
    def behave(tls: object, _over: object) -> None:
        tls.sendall(answer(now=time.time() + clock.offset()))  # type: ignore[attr-defined]

    return behave


def _host(stack: ExitStack, top: Path, name: str, cluster: Cluster) -> Host:
    directory, clock = top / "pki", Clock(_made(top) / "clock")
    now = time.time()
    for age in (500, 300, 30):
        moment = now - age * pki.DAY
        install(directory, pki.client(cluster.ca, name, not_before=moment - 300), moment)
    link = str(directory / LINK)
    kubeconfig = top / "kubelet.conf"
    kubeconfig.write_bytes(
        pki.kubeconfig(
            [pki.User(name=f"system:node:{name}", certificate=link, key=link)],
            [pki.Cluster(server=f"https://127.0.0.1:{cluster.port}", ca=cluster.ca.certificate_pem)],
        )
    )
    exporter = stack.enter_context(
        running(
            str(directory), str(clock.file), str(kubeconfig), log=top / "log", module="tests.support.staged_exporter"
        )
    )
    return Host(name=name, cluster=cluster, directory=directory, clock=clock, exporter=exporter)


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory

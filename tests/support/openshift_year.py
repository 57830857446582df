"""A master of OpenShift as its operators keep it: signers, their bundles, and revisions of static pods.

Ages are those of cluster-kube-apiserver-operator, pkg/operator/certrotationcontroller, and of
cluster-kube-controller-manager-operator for the signer of the kubelets: days of validity, and the day of renewal. As
library-go's certrotation does it, a new signer stands before the old ones in its bundle, and those that have ended are
taken out only then. As its static pod installer does it, what belongs to a revision is written once into a directory of
its own, and the five newest are kept.
"""

import json
import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kubepki.disk.disk import Disk
from kubepki.formats.go_certificate import GoCertificate, go_reading
from kubepki.pki.scan import Scanner
from kubepki.settings import PkiSettings, ScanSettings
from tests.support import pki
from tests.support.below import Below
from tests.support.scenarios import BACKDATED, NOW, install, write

PODS = "/etc/kubernetes/static-pod-resources"
KEPT_REVISIONS = 5
_DECADE = 3650


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A CA that is renewed: its name, and for how many days it is valid and from which on there is another one."""

    name: str
    days: int
    renewed: int


@dataclass(frozen=True, kw_only=True)
class Target:
    """A certificate of 30 days that is renewed after 15: below `kube-apiserver-certs` or another such directory."""

    path: str
    signer: str
    server: bool = False


SIGNERS = (
    Signer(name="aggregator-client-signer", days=30, renewed=15),
    Signer(name="kube-control-plane-signer", days=60, renewed=30),
    Signer(name="kube-apiserver-to-kubelet-signer", days=365, renewed=292),
    Signer(name="localhost-serving-signer", days=_DECADE, renewed=8 * 365),
    Signer(name="service-network-serving-signer", days=_DECADE, renewed=8 * 365),
    Signer(name="loadbalancer-serving-signer", days=_DECADE, renewed=8 * 365),
    Signer(name="kube-csr-signer", days=30, renewed=15),
)
TARGETS = (
    Target(path="kube-apiserver-certs/secrets/aggregator-client", signer="aggregator-client-signer"),
    Target(path="kube-apiserver-certs/secrets/kubelet-client", signer="kube-apiserver-to-kubelet-signer"),
    Target(
        path="kube-apiserver-certs/secrets/control-plane-node-admin-client-cert-key", signer="kube-control-plane-signer"
    ),
    Target(
        path="kube-apiserver-certs/secrets/localhost-serving-cert-certkey",
        signer="localhost-serving-signer",
        server=True,
    ),
    Target(
        path="kube-apiserver-certs/secrets/service-network-serving-certkey",
        signer="service-network-serving-signer",
        server=True,
    ),
    *(
        Target(
            path=f"kube-apiserver-certs/secrets/{side}-loadbalancer-serving-certkey",
            signer="loadbalancer-serving-signer",
            server=True,
        )
        for side in ("internal", "external")
    ),
    Target(
        path="kube-controller-manager-certs/secrets/kube-controller-manager-client-cert-key",
        signer="kube-control-plane-signer",
    ),
    Target(path="kube-scheduler-certs/secrets/kube-scheduler-client-cert-key", signer="kube-control-plane-signer"),
)
# Which signers' bundles stand in which file, one after the other.
CLIENTS = ("kube-control-plane-signer", "kube-apiserver-to-kubelet-signer", "kube-csr-signer")
SERVERS = ("localhost-serving-signer", "service-network-serving-signer", "loadbalancer-serving-signer")
CLIENT_CA = f"{PODS}/kube-apiserver-certs/configmaps/client-ca/ca-bundle.crt"
BUNDLES = {
    f"{PODS}/kube-apiserver-certs/configmaps/aggregator-client-ca/ca-bundle.crt": ("aggregator-client-signer",),
    CLIENT_CA: CLIENTS,
    f"{PODS}/kube-controller-manager-certs/configmaps/client-ca/ca-bundle.crt": CLIENTS,
    f"{PODS}/kube-controller-manager-certs/configmaps/aggregator-client-ca/ca-bundle.crt": (
        "aggregator-client-signer",
    ),
    "/etc/kubernetes/kubelet-ca.crt": CLIENTS,
}
REVISIONED = {
    "configmaps/kubelet-serving-ca/ca-bundle.crt": ("kube-csr-signer",),
    "configmaps/kube-apiserver-server-ca/ca-bundle.crt": SERVERS,
}


class OpenShiftMaster:
    """The files below *root*, as they are at `NOW` after half a year of rotations; `disk` shows them as the host's."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.disk = Disk(Below(root))
        self._signers: defaultdict[str, list[pki.Pair]] = defaultdict(list)
        self._ends: dict[str, float] = {}
        self._kubelets: dict[str, tuple[float, float]] = {}
        self._revision = 0
        roots = [pki.authority(f"Public Root {n}", not_before=NOW - (9 + n / 9) * pki.YEAR) for n in range(9)]
        for pod in ("kube-apiserver", "kube-controller-manager"):
            bundle = f"{PODS}/{pod}-certs/configmaps/trusted-ca-bundle/ca-bundle.crt"
            self._write(bundle, b"".join(each.certificate_pem for each in roots))
        command = ["kube-apiserver", f"--client-ca-file={CLIENT_CA}"]
        pod_ = {"kind": "Pod", "spec": {"containers": [{"name": "kube-apiserver", "command": command}]}}
        self._write("/etc/kubernetes/manifests/kube-apiserver-pod.yaml", json.dumps(pod_).encode())
        for number in range(-180, 1):
            self.day(number)

    def scanner(self) -> Scanner:
        """Return a scanner of the preset."""
        settings = PkiSettings(directories=(), kubeconfigs=(), presets=("openshift",), timezone="UTC")
        return Scanner(settings, ScanSettings(), disk=self.disk)

    def day(self, number: int) -> bool:
        """Do what happens on that day; return whether a file changed."""
        now = NOW + number * pki.DAY
        renewed = {each.name for each in SIGNERS if self._sign(each, now)}
        if renewed:
            self._write_bundles(now)
        if renewed & {"kube-csr-signer"}:
            self._revise(now)
        targets = [self._renew(each, now) for each in TARGETS]
        kubelets = [self._rotate(prefix, now) for prefix in ("kubelet-client", "kubelet-server")]
        return bool(renewed) or any(targets) or any(kubelets)

    def _sign(self, signer: Signer, now: float) -> bool:
        known = self._signers[signer.name]
        if known and now - _begin(known[0]) < signer.renewed * pki.DAY:
            return False
        # The first of a kind that is seldom renewed is as old as the cluster.
        begins = now - min(0.3 * signer.days, 100) * pki.DAY if not known and signer.days > 100 else now
        made = pki.issue(
            pki.name(f"{signer.name}@{begins:.0f}"),
            not_before=begins,
            not_after=begins + signer.days * pki.DAY,
            ca=True,
            identified=True,
        )
        self._signers[signer.name] = [made, *(each for each in known if _end(each) > now)]
        return True

    def _bundle(self, names: Sequence[str]) -> bytes:
        return b"".join(each.certificate_pem for name in names for each in self._signers[name])

    def _write_bundles(self, now: float) -> None:
        for path, names in BUNDLES.items():
            self._write(path, self._bundle(names), now)
        signer = self._signers["kube-csr-signer"][0]
        self._write_pair(f"{PODS}/kube-controller-manager-certs/secrets/csr-signer", signer, now)
        text = pki.kubeconfig([pki.User(certificate=_LINK, key=_LINK)], [pki.Cluster(ca=self._bundle(SERVERS))])
        self._write("/var/lib/kubelet/kubeconfig", text, now)

    def _revise(self, now: float) -> None:
        self._revision += 1
        for pod in ("kube-apiserver-pod", "kube-controller-manager-pod"):
            directory = f"{PODS}/{pod}-{self._revision}"
            for path, names in REVISIONED.items():
                self._write(f"{directory}/{path}", self._bundle(names), now)
            etcd = self._issued("kube-control-plane-signer", now, 30 * pki.DAY, server=False)
            self._write_pair(f"{directory}/secrets/etcd-client", etcd, now)
            old = f"{self._root}{PODS}/{pod}-{self._revision - KEPT_REVISIONS}"
            shutil.rmtree(old, ignore_errors=True)

    def _renew(self, target: Target, now: float) -> bool:
        if now < self._ends.get(target.path, now) - 15 * pki.DAY:
            return False
        made = self._issued(target.signer, now, 30 * pki.DAY, server=target.server)
        self._write_pair(f"{PODS}/{target.path}", made, now)
        self._ends[target.path] = now + 30 * pki.DAY
        return True

    def _rotate(self, prefix: str, now: float) -> bool:
        begins, ends = self._kubelets.get(prefix, (now, now))
        if now < begins + 0.8 * (ends - begins):
            return False
        made = self._issued("kube-csr-signer", now, 30 * pki.DAY, server=prefix.endswith("server"))
        install(self._root / "var/lib/kubelet/pki", made, now, prefix)
        self._kubelets[prefix] = (now, _end(made))
        return True

    def _issued(self, signer: str, now: float, life: float, *, server: bool) -> pki.Pair:
        ca = self._signers[signer][0]
        return pki.issue(
            pki.name("system:node:master-0", "system:nodes"),
            not_before=now - BACKDATED,
            not_after=min(now + life, _end(ca)),
            issuer=ca,
            usages=pki.SERVER if server else pki.CLIENT,
            identified=True,
        )

    def _write_pair(self, directory: str, made: pki.Pair, now: float) -> None:
        self._write(f"{directory}/tls.crt", made.certificate_pem, now)
        self._write(f"{directory}/tls.key", made.key_pem, now)

    def _write(self, path: str, data: bytes, now: float = NOW) -> None:
        write(Path(f"{self._root}{path}"), data, now)


_LINK = "/var/lib/kubelet/pki/kubelet-client-current.pem"


def _begin(made: pki.Pair) -> float:
    return _read(made).not_before


def _end(made: pki.Pair) -> float:
    return _read(made).not_after


def _read(made: pki.Pair) -> GoCertificate:
    # The library's own names for the dates differ between its versions.
    found = go_reading(made.der)
    assert isinstance(found, GoCertificate)
    return found

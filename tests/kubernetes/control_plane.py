"""The control plane: kubeadm's own PKI and manifests, whose commands run as plain processes.

The flags are those of the manifests that kubeadm writes; what is replaced is named below.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.kubernetes.api import Api
from tests.kubernetes.ground import ADDRESS
from tests.kubernetes.processes import Program
from tests.kubernetes.shifted import ShiftedClock
from tests.support.waiting import wait_until

NODE = "node30"
KUBERNETES = Path("/etc/kubernetes")
MANIFESTS = KUBERNETES / "manifests"
SIGNER_MANIFEST = MANIFESTS / "kube-controller-manager.yaml"
CRI_SOCKET = "/run/cri.sock"
TOKEN = "abcdef.0123456789abcdef"  # noqa: S105 - of a cluster that lives for minutes
START_SECONDS = 90.0
# Debian's etcd is older than the one that kubeadm expects: of the manifest's flags only those that it knows.
_ETCD_FLAGS = (
    "advertise-client-urls",
    "cert-file",
    "client-cert-auth",
    "data-dir",
    "initial-advertise-peer-urls",
    "initial-cluster",
    "key-file",
    "listen-client-urls",
    "listen-metrics-urls",
    "listen-peer-urls",
    "name",
    "peer-cert-file",
    "peer-client-cert-auth",
    "peer-key-file",
    "peer-trusted-ca-file",
    "snapshot-count",
    "trusted-ca-file",
)
_CONFIGURATION = f"""\
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {{advertiseAddress: {ADDRESS}, bindPort: 6443}}
nodeRegistration: {{name: {NODE}, criSocket: "unix://{CRI_SOCKET}"}}
bootstrapTokens:
- token: {TOKEN}
  ttl: 24h0m0s
  usages: [signing, authentication]
  groups: [system:bootstrappers:kubeadm:default-node-token]
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: VERSION
controlPlaneEndpoint: {ADDRESS}:6443
encryptionAlgorithm: ECDSA-P256
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """Where the programs are: Kubernetes' own, and Debian's etcd."""

    kubernetes: Path
    etcd: Path

    @property
    def version(self) -> str:
        """The version that the folder is named for."""
        return self.kubernetes.name.removeprefix("kubernetes-")

    def program(self, name: str) -> Path:
        """Return the program *name* of Kubernetes."""
        return self.kubernetes / name


class ControlPlane:
    """etcd by true time, the API server and the signer by clocks of their own."""

    def __init__(self, binaries: Binaries, work: Path, variables: Mapping[str, str]) -> None:
        """Nothing runs yet."""
        self._binaries = binaries
        self._work = work
        self._variables = variables
        self.api: Api

    def create(self, clock: ShiftedClock) -> None:
        """Write PKI, kubeconfigs and manifests by *clock*, as kubeadm does."""
        configuration = self._work / "kubeadm.yaml"
        configuration.write_text(_CONFIGURATION.replace("VERSION", self._binaries.version), encoding="utf-8")
        for phase in ("certs all", "kubeconfig all", "control-plane all", "etcd local"):
            self._kubeadm(clock, "init", "phase", *phase.split(), f"--config={configuration}")
        # A node of its own bootstraps; kubeadm makes this one for the host of the control plane.
        (KUBERNETES / "kubelet.conf").unlink()
        self.api = Api(KUBERNETES / "super-admin.conf", self._work / "api")

    def admit_nodes(self, clock: ShiftedClock) -> None:
        """Allow a node to bootstrap, and its requests to be approved by themselves; the API server runs."""
        configuration = self._work / "kubeadm.yaml"
        admin = KUBERNETES / "super-admin.conf"
        self._kubeadm(
            clock, "init", "phase", "bootstrap-token", f"--config={configuration}", f"--kubeconfig={admin}",
            "--skip-token-print",
        )  # fmt: skip
        authority = (KUBERNETES / "pki" / "ca.crt").absolute()
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "room",
                    "cluster": {"server": f"https://{ADDRESS}:6443", "certificate-authority": str(authority)},
                }
            ],
            "users": [{"name": "bootstrap", "user": {"token": TOKEN}}],
            "contexts": [{"name": "room", "context": {"cluster": "room", "user": "bootstrap"}}],
            "current-context": "room",
        }
        (KUBERNETES / "bootstrap-kubelet.conf").write_text(yaml.safe_dump(document), encoding="utf-8")

    def etcd(self) -> Program:
        """Return etcd."""
        flags = [word for word in self._flags("etcd") if word[2:].partition("=")[0] in _ETCD_FLAGS]
        return self._program("etcd", [str(self._binaries.etcd), *flags])

    def server(self, clock: ShiftedClock) -> Program:
        """Return the API server by *clock*."""
        words: list[str | Path] = [self._binaries.program("kube-apiserver"), *self._flags("kube-apiserver")]
        return self._program("kube-apiserver", clock.command(words))

    def signer(self, clock: ShiftedClock, *, signs_for: float) -> Program:
        """Return kube-controller-manager by *clock*, whose certificates hold for *signs_for* seconds."""
        replaced = {
            "cluster-signing-duration": f"{signs_for:.0f}s",
            # There is one of it, and it must not wait for the lease of the one that was stopped.
            "leader-elect": "false",
            "node-monitor-grace-period": "20s",
        }
        flags = [word for word in self._flags("kube-controller-manager") if word[2:].partition("=")[0] not in replaced]
        flags += [f"--{name}={value}" for name, value in replaced.items()]
        words: list[str | Path] = [self._binaries.program("kube-controller-manager"), *flags]
        return self._program("kube-controller-manager", clock.command(words))

    def await_server(self) -> None:
        """Wait until the API server is ready."""
        wait_until(lambda: self.api.answers("/readyz"), timeout=START_SECONDS, describe="the API server to be ready")

    def _program(self, name: str, command: Sequence[str]) -> Program:
        return Program(name=name, command=command, log=self._work / f"{name}.log", variables=self._variables)

    def _flags(self, name: str) -> list[str]:
        manifest = self._work / f"{name}.yaml"
        if not manifest.exists():
            manifest.write_bytes((MANIFESTS / f"{name}.yaml").read_bytes())
        pod = yaml.safe_load(manifest.read_text(encoding="utf-8"))
        return [str(word) for word in pod["spec"]["containers"][0]["command"][1:]]

    def _kubeadm(self, clock: ShiftedClock, *words: str) -> None:
        done = subprocess.run(
            clock.command([self._binaries.program("kubeadm"), *words]),
            env={**os.environ, **self._variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"kubeadm {' '.join(words)}: {done.stdout}{done.stderr}"

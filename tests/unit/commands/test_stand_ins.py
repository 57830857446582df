"""The commands of other programs that the advice prints, typed at a shell with stand-ins that know their grammar.

Sources: `k3s certificate rotate` (k3s-io/k3s, wiki, K3s-Cert-Rotation) and `rke2 certificate rotate` (RKE2's end-to-end
tests), both with the service stopped; MicroK8s, refresh-certs, `--cert`; kubeadm certs renew (kubernetes.io,
reference); kubectl certificate approve; journalctl(1); systemctl(1).
"""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from kubepki.commands.hands import Hands
from kubepki.commands.host import UNITS, Host
from kubepki.commands.remedies import remedies, requests
from kubepki.judgement.evaluate import Code, Finding
from kubepki.model import Severity

# What each program takes, as extended regular expressions of its words joined by blanks.
GRAMMAR = {
    "k3s": "certificate rotate|kubectl (get csr|certificate approve [^ ]+)",
    "k0s": "kubectl (get csr|certificate approve [^ ]+)",
    "rke2": "certificate rotate",
    "microk8s": "refresh-certs --cert (server|front-proxy-client|ca)[.]crt|kubectl (get csr|certificate approve [^ ]+)",
    "kubeadm": "certs renew (apiserver|apiserver-etcd-client|apiserver-kubelet-client|front-proxy-client|etcd-server"
    "|etcd-peer|etcd-healthcheck-client|admin[.]conf|super-admin[.]conf|controller-manager[.]conf|scheduler[.]conf)",
    "kubectl": "(--kubeconfig=[^ ]+ )?(get csr|certificate approve [^ ]+)",
    "systemctl": "(stop|start|restart) [a-z0-9.-]+",
    "journalctl": "-u [a-z0-9.-]+ --since -1h",
}
_STAND_IN = '#!/bin/bash\n[[ "$*" =~ ^({grammar})$ ]] || {{ echo "{name}: not taken: $*" >&2; exit 64; }}\n'
ENDS = [
    *(f"/etc/kubernetes/pki/{name}.crt" for name in ("apiserver", "front-proxy-client", "etcd/server", "etcd/peer")),
    *(f"/etc/kubernetes/{name}.conf" for name in ("admin", "super-admin", "controller-manager", "scheduler")),
    "/var/lib/rancher/k3s/server/tls/client-admin.crt",
    "/etc/rancher/rke2/rke2.yaml",
    "/var/snap/microk8s/current/certs/server.crt",
    "/var/snap/microk8s/current/certs/front-proxy-client.crt",
    "/var/lib/kubelet/pki/kubelet-client-current.pem",
    "/var/lib/kubelet/pki/kubelet-server-current.pem",
]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return a PATH with the stand-ins first."""
    for name, grammar in GRAMMAR.items():
        program = tmp_path / name
        program.write_text(_STAND_IN.format(name=name, grammar=grammar))
        program.chmod(0o755)
    return f"{tmp_path}:{os.environ['PATH']}"


def typed(line: str, path: str) -> None:
    """Type *line* at a shell; RKE2's own kubectl, which has a path, is kubectl's stand-in."""
    line = line.replace("/var/lib/rancher/rke2/bin/kubectl", "kubectl")
    done = subprocess.run(["bash", "-euc", line], env={"PATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("end", ENDS)
def test_what_renews_is_taken_by_its_program(end: str, unit: str, path: str) -> None:
    """For each kind of certificate that ends, on each kind of host."""
    host = Host(unit=unit, signer_unit=unit if unit in {"k3s", "k0scontroller", "rke2-server"} else None)
    finding = Finding(code=Code.CERTIFICATE_EXPIRED, severity=Severity.CRITICAL, path=end, message="")
    lines = Hands().known(*remedies(finding, None, host))
    assert lines
    for line in lines:
        typed(line, path)


@pytest.mark.parametrize("unit", UNITS)
def test_restarts_requests_and_logs_are_taken(unit: str, path: str) -> None:
    """On each kind of host, also as an administrator of kubeadm's."""
    for host in (Host(unit=unit, signer_unit=unit), Host(unit=unit, administers=True)):
        for words in (host.restart, host.log, *requests(host)):
            assert words is not None
            typed(shlex.join(words), path)

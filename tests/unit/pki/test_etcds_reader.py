"""etcd reads each block of a CA file as a certificate: what client-go passes over there, it refuses."""

import json
from pathlib import Path

import pytest

from kubepki.model import PathState, Reason
from kubepki.pki.scan import Scanner
from kubepki.settings import ScanSettings
from tests.support import pki
from tests.support.scenarios import looking_at, write

CA = pki.authority("etcd-ca")
LIST = b"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n"
PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


def state_of(path: Path, command: list[str]) -> PathState:
    """Return the state of *path* on a host with one static pod, with the directories that the pod mounts."""
    container = {
        "name": command[0],
        "command": command,
        "volumeMounts": [{"name": "pki", "mountPath": "/seen"}],
    }
    volumes = [{"name": "pki", "hostPath": {"path": str(path.parent)}}]
    pod = {"kind": "Pod", "spec": {"containers": [container], "volumes": volumes}}
    write(path.parents[1] / "manifests" / "pod.yaml", json.dumps(pod).encode())
    config = write(path.parents[1] / "kubelet.conf", b"kind: Config\n")
    scanner = Scanner(looking_at(path.parent, kubeconfigs=(config,)), ScanSettings())
    first = scanner.scan().snapshot
    # What changed nowhere is judged alike, be it looked at again or not.
    assert scanner.scan(changed=frozenset()).snapshot == first
    return next(state for state in first.paths if state.path == str(path))


@pytest.mark.parametrize("content", [CA.key_pem, LIST, PARAMETERS], ids=["its key", "a revocation list", "parameters"])
@pytest.mark.parametrize(
    "command",
    [
        ["etcd", "--trusted-ca-file=/seen/ca.crt"],
        ["etcd", "--peer-trusted-ca-file", "/seen/ca.crt"],
        ["kube-apiserver", "--etcd-cafile=/seen/ca.crt"],
        ["kube-apiserver", "--client-ca-file=/seen/ca.crt", "--etcd-cafile=/seen/ca.crt"],
        ["kube-apiserver", "--etcd-cafile=/seen/ca.crt", "--client-ca-file=/seen/ca.crt"],
    ],
    ids=" ".join,
)
def test_anything_but_certificates_is_refused(tmp_path: Path, content: bytes, command: list[str]) -> None:
    """Whoever names the file for etcd, and whoever else names it."""
    path = write(tmp_path / "pki" / "ca.crt", CA.certificate_pem + content)
    (fault,) = state_of(path, command).faults
    assert fault.reason is Reason.REFUSED
    assert fault.detail.startswith("etcd, which reads it as its CA, refuses a file with anything but certificates: ")


def test_who_else_reads_it_passes_over_them(tmp_path: Path) -> None:
    """The API server's own reader takes the certificates of a file and nothing else."""
    path = write(tmp_path / "pki" / "ca.crt", CA.certificate_pem + LIST)
    assert not state_of(path, ["kube-apiserver", "--client-ca-file=/seen/ca.crt"]).faults


def test_certificates_are_taken(tmp_path: Path) -> None:
    """With text between them."""
    path = write(tmp_path / "pki" / "ca.crt", b"words\n" + CA.certificate_pem + pki.authority("old").certificate_pem)
    assert not state_of(path, ["etcd", "--trusted-ca-file=/seen/ca.crt"]).faults


def test_a_file_that_is_broken_for_everybody_has_one_fault(tmp_path: Path) -> None:
    """It is told once, and as what it is."""
    path = write(tmp_path / "pki" / "ca.crt", CA.certificate_pem[:-40])
    (fault,) = state_of(path, ["etcd", "--trusted-ca-file=/seen/ca.crt"]).faults
    assert fault.reason is Reason.UNPARSABLE

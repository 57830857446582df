"""A cluster's own CAs are told apart from copies of the system's trust bundle."""

import json
from pathlib import Path

import pytest

from kubepki.judgement.evaluate import Code, evaluate
from kubepki.model import Severity, Snapshot, Standing
from kubepki.pki.scan import Scanner
from kubepki.settings import FilePattern, PkiSettings, ScanSettings
from tests.support import pki
from tests.support.scenarios import NEW, NOW, looking_at, reading, write

ENDED = NOW - 11 * pki.YEAR


def root_ca(name: str, *, ended: bool = False) -> bytes:
    return pki.authority(name, not_before=ENDED if ended else NEW).certificate_pem


BUNDLE = root_ca("Public Root 1") + root_ca("Public Root 2", ended=True)


def scan(settings: PkiSettings) -> Snapshot:
    return Scanner(settings, ScanSettings()).scan().snapshot


def standings(snapshot: Snapshot) -> dict[str, Standing]:
    return {state.path.rpartition("/")[2]: state.standing for state in snapshot.paths if state.certificates}


def expired(snapshot: Snapshot) -> set[str]:
    return {
        (each.path or "").rpartition("/")[2]
        for each in evaluate(snapshot, reading())
        if each.code is Code.CERTIFICATE_EXPIRED and each.severity is Severity.CRITICAL
    }


@pytest.mark.parametrize(
    "name",
    [
        "ca-bundle.crt",
        "tls-ca-bundle.pem",
        "ca-certificates.crt",
        "roots.pem",
        "x/trusted-ca-bundle/ca.crt",
        "cacert.pem",
    ],
)
def test_a_bundle_that_nobody_names(tmp_path: Path, name: str) -> None:
    """Whatever it is called: it is exported and never judged."""
    path = write(tmp_path / name, BUNDLE)
    snapshot = scan(looking_at(path.parent))
    assert standings(snapshot) == {path.name: Standing.TRUST_STORE}
    assert sum(len(state.certificates) for state in snapshot.paths) == 2
    assert not [each for each in evaluate(snapshot, reading()) if each.path]


@pytest.mark.parametrize("name", ["ca.crt", "front-proxy-ca.crt", "etcd-ca.pem", "client-ca/ca-bundle.crt"])
def test_a_file_that_is_named_as_components_name_their_own(tmp_path: Path, name: str) -> None:
    """Old and new CA of a rotation stand in one such file: an end there is a cluster's."""
    path = write(tmp_path / name, BUNDLE)
    assert expired(scan(looking_at(path.parent))) == {path.name}


def test_one_ca_in_a_file_is_judged(tmp_path: Path) -> None:
    """It is no bundle: an operator's or a component's own."""
    write(tmp_path / "corporate.crt", root_ca("Corporate Root", ended=True))
    assert expired(scan(looking_at(tmp_path))) == {"corporate.crt"}


def test_a_kubeconfig_names_its_bundle(tmp_path: Path) -> None:
    """By its path, or by holding the same CAs."""
    bundle = write(tmp_path / "pki" / "roots.pem", BUNDLE)
    by_path = write(tmp_path / "a.conf", pki.kubeconfig(clusters=[pki.Cluster(ca=str(bundle))], users=[pki.User()]))
    embedded = write(tmp_path / "b.conf", pki.kubeconfig(clusters=[pki.Cluster(ca=BUNDLE)], users=[pki.User()]))
    for config in (by_path, embedded):
        assert "roots.pem" in expired(scan(looking_at(tmp_path / "pki", kubeconfigs=(config,))))


@pytest.mark.parametrize("kind", ["pod", "kubelet"])
def test_a_component_names_its_bundle(tmp_path: Path, kind: str) -> None:
    """A static pod of the host, or the kubelet's configuration above its directory."""
    bundle = write(tmp_path / "pki" / "roots.pem", BUNDLE)
    if kind == "pod":
        command = ["etcd", f"--trusted-ca-file={bundle}"]
        pod = {"kind": "Pod", "spec": {"containers": [{"name": "etcd", "command": command}]}}
        write(tmp_path / "manifests" / "etcd.yaml", json.dumps(pod).encode())
    else:
        kubelet = {"kind": "KubeletConfiguration", "authentication": {"x509": {"clientCAFile": str(bundle)}}}
        write(tmp_path / "config.yaml", json.dumps(kubelet).encode())
    config = write(tmp_path / "kubelet.conf", b"kind: Config\n")
    assert expired(scan(looking_at(tmp_path / "pki", kubeconfigs=(config,)))) == {"roots.pem"}


def test_who_issued_what_is_presented_here_is_our_own(tmp_path: Path) -> None:
    """In one bundle with public roots: it stays critical, and they are never judged."""
    own = pki.authority("our-own", not_before=ENDED)
    leaf = pki.server(own, not_before=NEW)
    write(tmp_path / "server.crt", leaf.certificate_pem)
    write(tmp_path / "server.key", leaf.key_pem)
    write(tmp_path / "roots.pem", BUNDLE + own.certificate_pem)
    snapshot = scan(looking_at(tmp_path))
    assert standings(snapshot)["roots.pem"] is Standing.CURRENT
    (state,) = [each for each in snapshot.paths if each.path.endswith("roots.pem")]
    assert [each.foreign for each in state.certificates] == [True, True, False]
    (found,) = [each for each in evaluate(snapshot, reading()) if each.code is Code.CERTIFICATE_EXPIRED]
    assert found.entry == "2"


def test_the_root_of_our_own_intermediate_is_our_own(tmp_path: Path) -> None:
    """A chain in one file: none of it is somebody else's."""
    root = pki.authority("Corporate Root", not_before=ENDED)
    own = pki.authority("Cluster CA", issuer=root)
    leaf = pki.client(own, not_before=NEW)
    write(tmp_path / "node.crt", leaf.certificate_pem)
    write(tmp_path / "node.key", leaf.key_pem)
    write(tmp_path / "chain.pem", own.certificate_pem + root.certificate_pem)
    assert expired(scan(looking_at(tmp_path))) == {"chain.pem"}


def test_a_leaf_with_its_chain_is_no_store(tmp_path: Path) -> None:
    """Nor is a bundle with a certificate that is no CA."""
    leaf = pki.client(pki.authority(), not_before=NOW - 2 * pki.YEAR)
    write(tmp_path / "ca-bundle.crt", BUNDLE + leaf.certificate_pem)
    assert standings(scan(looking_at(tmp_path))) == {"ca-bundle.crt": Standing.CURRENT}


def test_older_revisions_stay_superseded(tmp_path: Path) -> None:
    """A trust store is what is current and foreign."""
    write(tmp_path / "roots.pem", BUNDLE)
    pattern = FilePattern(pattern=f"{tmp_path}/*.pem", wildcard=True)
    snapshot = scan(PkiSettings(directories=(), kubeconfigs=(), files=(pattern,), presets=()))
    assert standings(snapshot) == {"roots.pem": Standing.TRUST_STORE}


@pytest.mark.parametrize(
    "name",
    [
        "etcd-certs/configmaps/etcd-all-bundles/ca-bundle.crt",
        "etcd-certs/configmaps/etcd-ca-bundle/ca-bundle.crt",
        "kube-apiserver-certs/configmaps/service-ca/ca-bundle.crt",
        "pki/server-ca-bundle.pem",
        "pki/etcd-bundle.pem",
        "pki/kubernetes-roots.pem",
    ],
)
def test_bundles_of_components(tmp_path: Path, name: str) -> None:
    """Old and new CA of etcd and of services: what lies where a component keeps its own is judged."""
    path = write(tmp_path / name, root_ca("signer@1", ended=True) + root_ca("signer@2"))
    assert expired(scan(looking_at(path.parent))) == {path.name}


@pytest.mark.parametrize(
    ("old", "new"), [("etcd-ca-2025", "etcd-ca-2026"), ("k3s-server-ca@1600000000", "k3s-server-ca@1700000000")]
)
def test_the_predecessor_of_our_own_is_our_own(tmp_path: Path, old: str, new: str) -> None:
    """What a rotation changes in a name is its number."""
    successor = pki.authority(new, not_before=NEW)
    leaf = pki.peer(successor, not_before=NEW)
    write(tmp_path / "member.pem", leaf.certificate_pem)
    write(tmp_path / "member-key.pem", leaf.key_pem)
    write(tmp_path / "roots.pem", root_ca(old, ended=True) + successor.certificate_pem + root_ca("Public Root 1"))
    snapshot = scan(looking_at(tmp_path))
    (state,) = [each for each in snapshot.paths if each.path.endswith("roots.pem")]
    assert [each.foreign for each in state.certificates] == [False, False, True]
    assert expired(snapshot) == {"roots.pem"}


def test_a_kubeconfig_that_names_the_systems_bundle(tmp_path: Path) -> None:
    """An API server behind a public certificate: none of the public roots becomes the cluster's own."""
    system = Path("/etc/ssl/certs/ca-certificates.crt")
    if not system.exists():
        pytest.skip("this system has no bundle of its own")
    config = write(tmp_path / "a.conf", pki.kubeconfig(clusters=[pki.Cluster(ca=str(system))], users=[pki.User()]))
    snapshot = scan(looking_at(tmp_path / "pki", kubeconfigs=(config,)))
    assert standings(snapshot)[system.name] is Standing.TRUST_STORE

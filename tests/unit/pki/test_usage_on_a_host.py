"""`self_signed` depends on the whole host: on the CAs that its files and kubeconfigs hold."""

from pathlib import Path

from kubepki.model import Usage
from kubepki.pki.scan import Scanner
from kubepki.settings import ScanSettings
from tests.support import pki
from tests.support.scenarios import looking_at, write


def usages(directory: Path, *kubeconfigs: Path) -> dict[str, list[Usage]]:
    snapshot = Scanner(looking_at(directory, kubeconfigs=kubeconfigs), ScanSettings()).scan().snapshot
    return {
        state.path.rpartition("/")[2]: [certificate.usage for certificate in state.certificates]
        for state in snapshot.paths
        if state.certificates
    }


def test_the_kubelets_own_pair(tmp_path: Path) -> None:
    """The leaf and its throw-away CA are both self-signed: neither is trusted by anything."""
    write(tmp_path / "kubelet.crt", pki.self_signed().certificate_pem)
    assert usages(tmp_path) == {"kubelet.crt": [Usage.SELF_SIGNED, Usage.SELF_SIGNED]}


def test_a_ca_file_of_the_host_makes_it_a_server(tmp_path: Path) -> None:
    """The same pair, where a CA file holds its CA, is what its extensions say."""
    serving = pki.self_signed()
    write(tmp_path / "kubelet.crt", serving.certificate_pem)
    write(tmp_path / "ca.crt", pki.Pair(certificate=serving.chain[0], key=serving.key).certificate_pem)
    assert usages(tmp_path)["kubelet.crt"] == [Usage.SERVER, Usage.CA]


def test_a_kubeconfig_of_the_host_makes_it_a_server(tmp_path: Path) -> None:
    """So does a kubeconfig that trusts its CA."""
    serving = pki.self_signed()
    directory = tmp_path / "pki"
    write(directory / "kubelet.crt", serving.certificate_pem)
    ca = pki.Pair(certificate=serving.chain[0], key=serving.key).certificate_pem
    config = write(tmp_path / "kubelet.conf", pki.kubeconfig(users=[pki.User()], clusters=[pki.Cluster(ca=ca)]))
    assert usages(directory, config)["kubelet.crt"] == [Usage.SERVER, Usage.CA]


def test_a_client_certificate_with_its_ca_is_a_client(tmp_path: Path) -> None:
    """Only serving certificates are ever self-signed in this sense."""
    ca = pki.authority()
    write(tmp_path / "node.crt", pki.client(ca).certificate_pem + ca.certificate_pem)
    assert usages(tmp_path) == {"node.crt": [Usage.CLIENT, Usage.CA]}

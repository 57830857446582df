"""A kubeconfig's `client-key` that lies in a watched directory."""

from pathlib import Path

from kubepki.model import Reason
from kubepki.pki.scan import Scanner
from kubepki.settings import ScanSettings
from tests.support import pki, scenarios


def _faults(directory: Path, certificate: Path, key: Path) -> set[tuple[str, Reason]]:
    config = scenarios.write(
        directory.parent / "kubelet.conf",
        pki.kubeconfig(users=[pki.User(certificate=str(certificate), key=str(key))]),
    )
    settings = scenarios.looking_at(directory, kubeconfigs=(config,))
    snapshot = Scanner(settings, ScanSettings()).scan().snapshot
    return {(Path(state.path).name, fault.reason) for state in snapshot.paths for fault in state.faults}


def test_a_key_beside_the_certificates_is_no_file_without_certificate(tmp_path: Path) -> None:
    """The directory lists it as a possible certificate; the kubeconfig says that it is a key."""
    pair = pki.client(pki.authority())
    certificate = scenarios.write(tmp_path / "pki" / "node.pem", pair.certificate_pem)
    key = scenarios.write(tmp_path / "pki" / "node-key.pem", pair.key_pem)
    assert _faults(tmp_path / "pki", certificate, key) == set()


def test_a_key_that_is_no_key_is_told(tmp_path: Path) -> None:
    """A certificate in its place is no private key."""
    pair = pki.client(pki.authority())
    certificate = scenarios.write(tmp_path / "pki" / "node.crt", pair.certificate_pem)
    key = scenarios.write(tmp_path / "pki" / "node-key.pem", pair.certificate_pem)
    assert ("node-key.pem", Reason.NO_PRIVATE_KEY) in _faults(tmp_path / "pki", certificate, key)


def test_the_current_link_named_as_the_key_alone_is_judged_as_what_it_is(tmp_path: Path) -> None:
    """A file with a certificate and a foreign key is a mismatch, also where only its key is named."""
    ca = pki.authority()
    broken = pki.client(ca).certificate_pem + pki.client(ca).key_pem
    pki.install(_made(tmp_path / "pki"), "kubelet-client", broken, scenarios.stamp(scenarios.OLD))
    link = tmp_path / "pki" / scenarios.CLIENT
    certificate = scenarios.write(tmp_path / "pki" / "node.crt", pki.server(ca).certificate_pem)
    assert (scenarios.CLIENT, Reason.KEY_MISMATCH) in _faults(tmp_path / "pki", certificate, link)


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory

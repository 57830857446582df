"""A kubeconfig's `client-key` that lies in a watched directory."""

from pathlib import Path

import pytest

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


@pytest.mark.parametrize("named", ["certificate", "key"])
@pytest.mark.parametrize("own", [True, False])
def test_one_half_is_embedded_and_the_other_is_named(tmp_path: Path, named: str, own: bool) -> None:  # noqa: FBT001
    """client-go pairs what is embedded with what is named, whatever else the named file holds."""
    ca = pki.authority()
    mine, other = pki.client(ca), pki.client(ca)
    half = mine if own else other
    file = scenarios.write(tmp_path / "client.pem", mine.pem)
    if named == "certificate":
        user = pki.User(certificate=str(file), key=half.key_pem)
    else:
        user = pki.User(certificate=half.certificate_pem, key=str(file))
    config = scenarios.write(tmp_path / "kubelet.conf", pki.kubeconfig(users=[user]))
    settings = scenarios.looking_at(_made(tmp_path / "pki"), kubeconfigs=(config,))
    found = {state.path: state.faults for state in Scanner(settings, ScanSettings()).scan().snapshot.paths}
    assert [fault.reason for fault in found[str(config)]] == ([] if own else [Reason.KEY_MISMATCH])


def test_a_key_that_go_passes_over_gives_way_to_the_one_beside(tmp_path: Path) -> None:
    """An indented END line ends no block, so the component reads the key file that it is given."""
    pair = pki.client(pki.authority())
    indented = pair.key_pem.replace(b"-----END", b"  -----END") + b"  " + pair.key_pem
    certificate = scenarios.write(_made(tmp_path / "pki") / "apiserver.crt", pair.certificate_pem + indented)
    for content, healthy in ((pair.key_pem, True), (indented, False)):
        scenarios.write(tmp_path / "pki" / "apiserver.key", content)
        snapshot = Scanner(scenarios.looking_at(tmp_path / "pki"), ScanSettings()).scan().snapshot
        (faults,) = [state.faults for state in snapshot.paths if state.path == str(certificate)]
        assert (not faults) == healthy


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory

"""What Go refuses is a fault with a reason; what Go takes is nothing critical. Files and certificates."""

import os
import ssl
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubepki.model import Fault, PathState, Severity
from kubepki.pki.scan import Scanner
from kubepki.settings import Directory, PkiSettings, ScanSettings
from tests.conformance import odd, trees
from tests.conformance.differences import CA, MINE
from tests.conformance.reading import disagreements
from tests.conformance.texts import files
from tests.support.oracle import Answer, Oracle

EXAMPLES = settings(
    max_examples=int(
        os.environ.get("KUBEPKI_CONFORMANCE_EXAMPLES", "2000" if os.environ.get("CI") == "true" else "500")
    ),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


# Of what is a mixture of what the other tests make.
FEWER = settings(EXAMPLES, max_examples=EXAMPLES.max_examples // 4)


def scanned(directory: Path, path: Path) -> PathState:
    """Return what a scan of *directory* says of *path*."""
    found = Scanner(PkiSettings(directories=(Directory(path=str(directory), explicit=True),)), ScanSettings()).scan()
    return next(state for state in found.snapshot.paths if state.path == str(path))


def is_critical(found: tuple[Fault, ...]) -> bool:
    """Return whether one of the faults is critical."""
    return any(fault.reason.severity is Severity.CRITICAL for fault in found)


def agree(said: Answer, state: PathState) -> None:
    """Assert that *state* is critical exactly where the consumer refuses, and tells of what it takes what it reads."""
    assert is_critical(state.faults) == (not said.taken), (said.error, state.faults)
    if said.taken:
        assert not disagreements(said, [state]), state


@EXAMPLES
@given(content=files())
def test_pair_file(oracle: Oracle, tmp_path: Path, content: bytes) -> None:
    """What the kubelet presents: certificate and key in one file."""
    path = tmp_path / "kubelet-client-current.pem"
    path.write_bytes(content)
    said = oracle.ask("pair", path)
    agree(said, scanned(tmp_path, path))


@EXAMPLES
@given(content=files(), key=files())
def test_two_files(oracle: Oracle, tmp_path: Path, content: bytes, key: bytes) -> None:
    """What a static pod presents: a certificate and a key beside it."""
    certificate_path, key_path = tmp_path / "apiserver.crt", tmp_path / "apiserver.key"
    certificate_path.write_bytes(MINE.certificate_pem + content)
    key_path.write_bytes(key + MINE.key_pem)
    if b"PRIVATE KEY-----" in content:
        # A key in the certificate's own file is taken for its key: docs/conformance.md.
        key_path.write_bytes(content)
    said = oracle.ask("pair", certificate_path, key_path)
    agree(said, scanned(tmp_path, certificate_path))


@EXAMPLES
@given(encoded=odd.certificates() | trees.certificates())
def test_certificate(oracle: Oracle, tmp_path: Path, encoded: bytes) -> None:
    """A certificate as a CA file, in every legal and illegal form."""
    path = tmp_path / "ca.crt"
    path.write_text(ssl.DER_cert_to_PEM_cert(encoded))
    said = oracle.ask("certs", path)
    agree(said, scanned(tmp_path, path))
    if said.taken:
        assert not scanned(tmp_path, path).faults


@EXAMPLES
@given(content=trees.pairs())
def test_key(oracle: Oracle, tmp_path: Path, content: bytes) -> None:
    """A private key that is changed anywhere."""
    path = tmp_path / "kubelet-client-current.pem"
    path.write_bytes(content)
    agree(oracle.ask("pair", path), scanned(tmp_path, path))


@FEWER
@given(others=st.lists(st.one_of(st.just(CA.der), odd.certificates(), trees.certificates()), max_size=3))
def test_bundle(oracle: Oracle, tmp_path: Path, others: list[bytes]) -> None:
    """A file of CAs, of which one that is malformed is enough for the API server to refuse it."""
    path = tmp_path / "ca.crt"
    path.write_bytes(CA.certificate_pem + b"".join(ssl.DER_cert_to_PEM_cert(each).encode() for each in others))
    agree(oracle.ask("certs", path), scanned(tmp_path, path))


@EXAMPLES
@given(content=files())
def test_ca_file(oracle: Oracle, tmp_path: Path, content: bytes) -> None:
    """What the API server, the kubelet and etcd verify others by: a CA, and whatever stands behind it.

    etcd reads each block as a certificate, be it what it may.
    """
    path = tmp_path / "pki" / "ca.crt"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(CA.certificate_pem + content)
    said, of_etcd = oracle.ask("client-ca", path), oracle.ask("etcd-ca", path)
    for configuration, refused in (
        (f"kube-apiserver --client-ca-file={path}", not said.taken),
        (f"etcd --trusted-ca-file={path}", not said.taken or not of_etcd.taken),
        (f"kube-apiserver --client-ca-file={path} --etcd-cafile={path}", not said.taken or not of_etcd.taken),
    ):
        (tmp_path / "config.yaml").write_text(configuration)
        state = scanned(path.parent, path)
        if b"PRIVATE KEY" in content:
            # A key that is not the CA's is one of our own faults: docs/conformance.md.
            assert is_critical(state.faults) or not refused, (said.error, of_etcd.error)
        else:
            assert is_critical(state.faults) == refused, (configuration, said.error, of_etcd.error, state.faults)
        assert refused or not disagreements(said, [state]), state

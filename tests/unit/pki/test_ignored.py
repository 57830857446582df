"""What `--pki.ignore` leaves out: a file by whichever name, a directory, and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from kubepki.config import values
from kubepki.model import Reason, Snapshot, Standing
from kubepki.pki.scan import Scanner
from kubepki.settings import PkiSettings, ScanSettings
from tests.support import pki
from tests.support.scenarios import CLIENT, NEW, looking_at, node, write

CA = pki.authority()


@pytest.fixture
def host(tmp_path: Path) -> PkiSettings:
    """Build a directory of PKI with a link to it, a link to one of its files, and a kubeconfig."""
    for name in ("apiserver", "peer", "ca"):
        write(tmp_path / "pki" / f"{name}.crt", pki.server(CA, name).certificate_pem)
    node(tmp_path / "pki", NEW)
    (tmp_path / "ssl").symlink_to(tmp_path / "pki", target_is_directory=True)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "tls.crt").symlink_to(tmp_path / "pki" / "peer.crt")
    config = write(tmp_path / "admin.conf", pki.kubeconfig([], [pki.Cluster(ca=CA.certificate_pem)]))
    settings = looking_at(tmp_path / "pki", kubeconfigs=(config,))
    more = tuple(looking_at(tmp_path / name).directories[0] for name in ("ssl", "more"))
    return replace(settings, directories=(*settings.directories, *more), presets=())


def scan(settings: PkiSettings, *ignored: str, root: Path) -> Snapshot:
    given = tuple(values.ignored(each.replace("@", str(root)), str(root)) for each in ignored)
    return Scanner(replace(settings, ignore=given), ScanSettings()).scan().snapshot


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("@/pki/apiserver.crt", {"peer.crt", "ca.crt", CLIENT, "admin.conf"}),
        ("pki/apiserver.crt", {"peer.crt", "ca.crt", CLIENT, "admin.conf"}),
        ("@/ssl/apiserver.crt", {"peer.crt", "ca.crt", CLIENT, "admin.conf"}),
        ("@/pki/api[s]erver.crt", {"peer.crt", "ca.crt", CLIENT, "admin.conf"}),
        ("@/pki/peer.crt", {"apiserver.crt", "ca.crt", CLIENT, "admin.conf"}),
        ("@/pki", {"admin.conf"}),
        ("@/pki/", {"admin.conf"}),
        ("@/ssl", {"admin.conf"}),
        ("**/pki/*.crt", {CLIENT, "admin.conf"}),
        ("**/pki", {"admin.conf"}),
        ("**/*.crt", {CLIENT, "admin.conf"}),
        ("@/*", {"apiserver.crt", "peer.crt", "ca.crt", CLIENT}),
        ("@/admin.conf", {"apiserver.crt", "peer.crt", "ca.crt", CLIENT}),
        ("@/pki/kubelet-client-20*.pem", {"apiserver.crt", "peer.crt", "ca.crt", CLIENT, "admin.conf"}),
        ("@/pk", {"apiserver.crt", "peer.crt", "ca.crt", CLIENT, "admin.conf"}),
        ("apiserver.crt", {"apiserver.crt", "peer.crt", "ca.crt", CLIENT, "admin.conf"}),
    ],
)
def test_what_is_left(host: PkiSettings, tmp_path: Path, pattern: str, left: set[str]) -> None:
    """An absolute path, a relative one, a directory, a glob, brackets, one beginning with `**`; a link is its file."""
    snapshot = scan(host, pattern, root=tmp_path)
    told = (state.path for state in snapshot.paths if state.certificates and state.standing is Standing.CURRENT)
    names = {"peer.crt" if each.endswith("/more/tls.crt") else each.rpartition("/")[2] for each in told}
    assert names == left
    assert (snapshot.ignored > 0) is (pattern not in {"@/pk", "apiserver.crt"})
    assert snapshot.ignored == len(snapshot.left_out)


def test_what_is_ignored_is_not_missed(host: PkiSettings, tmp_path: Path) -> None:
    """Nobody is told that it is gone."""
    scanner = Scanner(replace(host, ignore=(f"{tmp_path}/admin.conf",)), ScanSettings())
    (tmp_path / "admin.conf").unlink()
    snapshot = scanner.scan(frozenset({f"{tmp_path}/admin.conf"})).snapshot
    assert Reason.MISSING not in {fault.reason for state in snapshot.paths for fault in state.faults}

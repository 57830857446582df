"""A kubelet that waits for its first certificate is told from one whose certificate is lost."""

import os
from pathlib import Path

import pytest

from kubepki.judgement.evaluate import evaluate
from kubepki.model import Reason, Severity
from kubepki.pki.scan import Scanner
from kubepki.settings import PkiSettings, ScanSettings
from tests.support import pki
from tests.support.scenarios import CLIENT, NOW, looking_at, node, reading, write

KEY = "kubelet-client.key.tmp"


def kubelet(root: Path, *, names: bool = True, bootstrap: str = "", key: bool = False) -> PkiSettings:
    """Return settings for a kubelet without certificate: its kubeconfig, bootstrap kubeconfig and key, where asked."""
    directory = root / "pki"
    directory.mkdir()
    link = str(directory / CLIENT)
    if names:
        write(root / "kubelet.conf", pki.kubeconfig(users=[pki.User(certificate=link, key=link)]), NOW - 3600)
    if bootstrap:
        write(root / bootstrap, b"apiVersion: v1\nkind: Config\n")
    if key:
        write(directory / KEY, b"a key", NOW - 3600)
    os.utime(directory, (NOW - 3600, NOW - 3600))
    return looking_at(directory, kubeconfigs=(root / "kubelet.conf",))


def reasons(settings: PkiSettings, *remembered: str) -> set[Reason]:
    """Return the reasons on the client link."""
    snapshot = Scanner(settings, ScanSettings()).scan(frozenset(remembered)).snapshot
    return {fault.reason for state in snapshot.paths if state.path.endswith(CLIENT) for fault in state.faults}


@pytest.mark.parametrize("name", ["bootstrap-kubelet.conf", "kubelet-bootstrap.conf", "bootstrap-kubeconfig"])
def test_a_bootstrap_kubeconfig_beside_a_kubeconfig_without_certificate(name: str, tmp_path: Path) -> None:
    assert reasons(kubelet(tmp_path, bootstrap=name)) == {Reason.BOOTSTRAPPING}


@pytest.mark.parametrize("names", [True, False])
def test_the_key_of_a_request_alone_tells_it(names: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    assert reasons(kubelet(tmp_path, names=names, key=True)) == {Reason.BOOTSTRAPPING}


def test_without_either_it_is_missing(tmp_path: Path) -> None:
    assert reasons(kubelet(tmp_path)) == {Reason.MISSING}


def test_no_kubelet_asks_where_nothing_says_so(tmp_path: Path) -> None:
    assert reasons(kubelet(tmp_path, names=False, bootstrap="bootstrap-kubelet.conf")) == set()


def test_a_link_that_was_there_is_lost_and_not_awaited(tmp_path: Path) -> None:
    """Where a link was seen before, only the key of a request shows that the kubelet asks anew."""
    settings = kubelet(tmp_path, bootstrap="bootstrap-kubelet.conf")
    link = str(tmp_path / "pki" / CLIENT)
    assert reasons(settings, link) == {Reason.MISSING}
    write(tmp_path / "pki" / KEY, b"a key")
    assert reasons(settings, link) == {Reason.BOOTSTRAPPING}


def test_a_dated_file_shows_that_it_had_one(tmp_path: Path) -> None:
    settings = kubelet(tmp_path, bootstrap="bootstrap-kubelet.conf", key=True)
    node(tmp_path / "pki", NOW - 86_400)
    (tmp_path / "pki" / CLIENT).unlink()
    assert reasons(settings) == {Reason.MISSING}


def test_it_becomes_good_with_the_first_certificate(tmp_path: Path) -> None:
    settings = kubelet(tmp_path, bootstrap="bootstrap-kubelet.conf", key=True)
    node(tmp_path / "pki", NOW - 86_400)
    assert reasons(settings) == set()


@pytest.mark.parametrize(
    ("waited", "severity"),
    [(0, Severity.INFO), (599, Severity.INFO), (600, Severity.WARNING), (7200, Severity.WARNING)],
)
def test_it_is_a_warning_after_ten_minutes(waited: float, severity: Severity, tmp_path: Path) -> None:
    settings = kubelet(tmp_path, bootstrap="bootstrap-kubelet.conf")
    snapshot = Scanner(settings, ScanSettings()).scan().snapshot
    (found,) = (each for each in evaluate(snapshot, reading(now=NOW - 3600 + waited)) if each.path)
    assert (found.reason, found.severity) == (Reason.BOOTSTRAPPING, severity)

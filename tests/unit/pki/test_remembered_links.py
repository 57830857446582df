"""Which `-current.pem` links a scan remembers, so that they are expected from then on."""

from pathlib import Path

import pytest

from kubepki.config.paths import covers
from kubepki.model import Reason
from kubepki.pki.scan import Scanner
from kubepki.settings import FilePattern, PkiSettings, ScanSettings
from tests.support import pki, scenarios


@pytest.mark.parametrize("target", ["nowhere.pem", scenarios.CLIENT])
def test_a_broken_link_that_goes_away_is_missing(tmp_path: Path, target: str) -> None:
    """Removing a dangling link or a loop is no repair: the alert must not resolve."""
    link = tmp_path / scenarios.CLIENT
    link.symlink_to(target)
    scanner = Scanner(scenarios.looking_at(tmp_path), ScanSettings())
    remembered = scanner.scan().current_links
    assert remembered == {str(link)}
    link.unlink()
    snapshot = scanner.scan(remembered).snapshot
    state = next(state for state in snapshot.paths if state.path == str(link))
    assert [fault.reason for fault in state.faults] == [Reason.MISSING]


def test_a_file_in_the_place_of_a_link_is_not_remembered(tmp_path: Path) -> None:
    """Only a link that was seen is expected."""
    scenarios.write(tmp_path / scenarios.CLIENT, b"")
    assert Scanner(scenarios.looking_at(tmp_path), ScanSettings()).scan().current_links == frozenset()


def test_what_was_judged_of_pruned_files_is_forgotten(tmp_path: Path) -> None:
    """Thousands of rotations leave no trace in memory."""
    ca = pki.authority()
    config = scenarios.write(
        tmp_path / "kubelet.conf", pki.kubeconfig(clusters=[pki.Cluster(ca=ca.certificate_pem)], users=[pki.User()])
    )
    directory = tmp_path / "pki"
    directory.mkdir()
    scanner = Scanner(scenarios.looking_at(directory, kubeconfigs=(config,)), ScanSettings())
    judged = []
    for number in range(4):
        pki.install(directory, "kubelet-client", pki.client(ca).pem, scenarios.stamp(scenarios.OLD + number))
        for old in sorted(directory.glob("kubelet-client-2*.pem"))[:-1]:
            old.unlink()
        issued = scanner.scan().issued
        assert issued is not None
        assert {path: bool(proof.by) for path, proof in issued.items()} == {str(directory / scenarios.CLIENT): True}
        judged.append(len(scanner._authorities._issued))  # noqa: SLF001 - memory shows nowhere else
    assert judged == [1, 1, 1, 1]


def test_a_link_that_a_pattern_found_is_expected_from_then_on(tmp_path: Path) -> None:
    """But not one that the patterns of today do not name, as the state file may hold it."""
    scenarios.node(tmp_path / "a" / "pki", scenarios.OLD)
    link = tmp_path / "a" / "pki" / scenarios.CLIENT
    pattern = FilePattern(pattern=f"{tmp_path}/**/*-current.pem", wildcard=True)
    scanner = Scanner(PkiSettings(directories=(), kubeconfigs=(), files=(pattern,)), ScanSettings())
    remembered = scanner.scan().current_links
    assert remembered == {str(link)}
    link.unlink()
    stranger = "/elsewhere/kubelet-client-current.pem"
    (state,) = scanner.scan(remembered | {stranger}).snapshot.paths
    assert (state.path, [fault.reason for fault in state.faults]) == (str(link), [Reason.MISSING])


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("/a/*.pem", "/a/b.pem", True),
        ("/a/*.pem", "/a/b/c.pem", False),
        ("/a/**/*.pem", "/a/c.pem", True),
        ("/a/**/*.pem", "/a/b/b/c.pem", True),
        ("/a/**", "/a/b/c.pem", True),
        ("/a/**", "/b/c.pem", False),
        ("/a/[bc]/d", "/a/c/d", True),
        ("/a/b.pem", "/a/b.pem", True),
    ],
)
def test_what_a_pattern_covers(pattern: str, path: str, covered: bool) -> None:  # noqa: FBT001 - a table
    """The same that it would find."""
    assert covers(pattern, path) is covered

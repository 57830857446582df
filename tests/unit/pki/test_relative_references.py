"""Relative paths in a kubeconfig."""

from pathlib import Path

from kubepki.pki.scan import Scanner
from kubepki.settings import ScanSettings
from tests.support import pki, scenarios


def test_a_reference_over_the_parent_directory_is_no_second_path(tmp_path: Path) -> None:
    """`../pki/X` and the directory's own X are one path with one series."""
    scenarios.node(tmp_path / "pki", scenarios.OLD)
    reference = f"../pki/{scenarios.CLIENT}"
    config = scenarios.write(
        tmp_path / "etc" / "kubelet.conf", pki.kubeconfig(users=[pki.User(certificate=reference, key=reference)])
    )
    settings = scenarios.looking_at(tmp_path / "pki", kubeconfigs=(config,))
    snapshot = Scanner(settings, ScanSettings()).scan().snapshot
    named = [state.path for state in snapshot.paths if state.path.endswith(scenarios.CLIENT)]
    assert named == [str(tmp_path / "pki" / scenarios.CLIENT)]
    assert not [fault for state in snapshot.paths for fault in state.faults]

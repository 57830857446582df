"""One path that several sources name."""

from pathlib import Path

from kubepki.pki.scan import Scanner
from kubepki.settings import FilePattern, Kubeconfig, PkiSettings, ScanSettings
from tests.support import pki, scenarios


def test_a_kubeconfig_that_a_pattern_finds_too_is_a_kubeconfig(tmp_path: Path) -> None:
    """It is no damaged certificate file."""
    ca = pki.authority()
    path = scenarios.write(
        tmp_path / "kubelet.conf",
        pki.kubeconfig(users=[pki.User()], clusters=[pki.Cluster(ca=ca.certificate_pem)]),
    )
    settings = PkiSettings(
        directories=(),
        files=(FilePattern(pattern=f"{tmp_path}/*.conf", wildcard=True),),
        kubeconfigs=(Kubeconfig(path=str(path), optional=True),),
    )
    (state,) = Scanner(settings, ScanSettings()).scan().snapshot.paths
    assert state.faults == ()
    assert [each.entry for each in state.certificates] == ["cluster/default-cluster"]

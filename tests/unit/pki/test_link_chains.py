"""Links that lead to links: what they lead to, and where a change of the way shows."""

from pathlib import Path

from kubepki.disk.tree import MAX_LINKS
from kubepki.model import Reason
from kubepki.pki.scan import Scanner
from kubepki.pki.scan_result import ScanResult
from kubepki.settings import ScanSettings
from tests.support import pki, scenarios


def _scan(directory: Path, *kubeconfigs: Path) -> ScanResult:
    return Scanner(scenarios.looking_at(directory, kubeconfigs=kubeconfigs), ScanSettings()).scan()


def _certificate(path: Path) -> Path:
    return scenarios.write(path, pki.client(pki.authority()).pem)


def test_the_places_of_links_behind_a_link_are_watched(tmp_path: Path) -> None:
    """A volume of Kubernetes swaps `..data`, a link that stands between ours and the file."""
    _certificate(tmp_path / "volume" / "..first" / "tls.pem")
    (tmp_path / "volume" / "..data").symlink_to("..first")
    (tmp_path / "hop").mkdir()
    (tmp_path / "hop" / "tls.pem").symlink_to("../volume/..data/tls.pem")
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki" / "tls.pem").symlink_to(tmp_path / "hop" / "tls.pem")
    found = _scan(tmp_path / "pki").directories
    assert str(tmp_path / "hop") in found
    assert f"{tmp_path}/hop/../volume/..data" in found


def test_where_the_target_of_a_dangling_link_will_appear_is_watched(tmp_path: Path) -> None:
    """Its coming back must not wait for the next rescan."""
    (tmp_path / "pki").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "pki" / scenarios.CLIENT).symlink_to(tmp_path / "elsewhere" / "new.pem")
    assert str(tmp_path / "elsewhere") in _scan(tmp_path / "pki").directories


def test_where_a_linked_kubeconfig_really_lies_is_watched(tmp_path: Path) -> None:
    """A change of the file is announced there and nowhere else."""
    real = scenarios.write(tmp_path / "real" / "kubelet.conf", pki.kubeconfig(users=[pki.User()]))
    (tmp_path / "pki").mkdir()
    link = tmp_path / "etc" / "kubelet.conf"
    link.parent.mkdir()
    link.symlink_to(real)
    assert str(tmp_path / "real") in _scan(tmp_path / "pki", link).directories


def test_a_loop_ends_the_look(tmp_path: Path) -> None:
    """Nothing is followed for ever."""
    (tmp_path / "a.pem").symlink_to("b.pem")
    (tmp_path / "b.pem").symlink_to("a.pem")
    result = _scan(tmp_path)
    assert {fault.reason for state in result.snapshot.paths for fault in state.faults} == {Reason.SYMLINK_LOOP}


def test_more_links_than_the_kernel_follows_are_a_fault(tmp_path: Path) -> None:
    """The kubelet cannot open such a path, so it is not healthy."""
    before = _certificate(tmp_path / "chain" / "end")
    for number in range(MAX_LINKS + 1):
        link = tmp_path / "chain" / str(number)
        link.symlink_to(before)
        before = link
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki" / scenarios.CLIENT).symlink_to(before)
    state = next(state for state in _scan(tmp_path / "pki").snapshot.paths if state.path.endswith(scenarios.CLIENT))
    assert [fault.reason for fault in state.faults] == [Reason.SYMLINK_LOOP]

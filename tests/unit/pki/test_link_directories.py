"""A kubelet with its certificates elsewhere (`--cert-dir`): the directory of the link that its kubeconfig names."""

from pathlib import Path

import pytest

from kubepki.model import PathState
from kubepki.pki.scan import Scanner
from kubepki.pki.scan_result import ScanResult
from kubepki.settings import Kubeconfig, PkiSettings, ScanSettings
from tests.support import pki
from tests.support.scenarios import CLIENT, NEW, OLD, install, write

CA = pki.authority()


class Host:
    """A kubelet's files in a directory that nothing but its kubeconfig names."""

    def __init__(self, root: Path, *, named: str | None = None, other: str | None = None) -> None:
        self.directory = root / "elsewhere"
        install(self.directory, pki.client(CA, not_before=OLD), OLD)
        install(self.directory, pki.client(CA, not_before=NEW), NEW)
        link = f"elsewhere/{CLIENT}" if named is None else named
        users = [pki.User(name="kubelet", certificate=link, key=link)]
        if other is not None:
            users.append(pki.User(name="other", certificate=other, key=other))
        self.config = write(root / "kubelet.conf", pki.kubeconfig(users, [pki.Cluster(ca=CA.certificate_pem)]))
        self.settings = PkiSettings(
            directories=(), kubeconfigs=(Kubeconfig(path=str(self.config), optional=False),), presets=(), timezone="UTC"
        )
        self.scanner = Scanner(self.settings, ScanSettings())

    def link(self, result: ScanResult) -> PathState:
        """Return the state of the link."""
        return next(state for state in result.snapshot.paths if state.path.endswith(CLIENT))


@pytest.mark.parametrize("absolute", [True, False])
def test_the_files_beside_the_link_are_fallbacks(tmp_path: Path, *, absolute: bool) -> None:
    """As in a directory that is configured; it is watched, too."""
    host = Host(tmp_path, named=f"{tmp_path}/elsewhere/{CLIENT}" if absolute else None)
    result = host.scanner.scan()
    assert [each.proof for each in host.link(result).candidates] == ["a CA that the kubeconfig trusts"]
    assert str(host.directory) in result.directories
    assert str(host.directory) in result.configured


def test_only_what_is_presented_and_rotates(tmp_path: Path) -> None:
    """Not the directory of another context's link, nor that of a file that no kubelet rotates."""
    install(tmp_path / "far", pki.client(CA, not_before=NEW), NEW)
    plain = write(tmp_path / "plain" / "node.pem", pki.client(CA, not_before=NEW).pem)
    host = Host(tmp_path, named=str(plain), other=f"far/{CLIENT}")
    assert host.scanner.scan().configured == ()


def test_a_rotation_there_is_followed(tmp_path: Path) -> None:
    """A look at what changed gives what a look at everything gives, also where the kubeconfig comes to name another."""
    host = Host(tmp_path)
    host.scanner.scan()
    for moment in (NEW + pki.DAY, NEW + 2 * pki.DAY):
        dated = install(host.directory, pki.client(CA, not_before=moment), moment)
        changed = frozenset({str(dated), f"{host.directory}/{CLIENT}"})
        result = host.scanner.scan(changed=changed)
        assert result.snapshot == Scanner(host.settings, ScanSettings()).scan().snapshot
    assert len(host.link(result).candidates) == 3
    moved = tmp_path / "moved"
    host.directory.rename(moved)
    text = host.config.read_text().replace("elsewhere", "moved")
    host.config.write_text(text)
    result = host.scanner.scan(changed=frozenset({str(host.config)}))
    assert result.snapshot == Scanner(host.settings, ScanSettings()).scan().snapshot
    assert host.link(result).path == f"{moved}/{CLIENT}"

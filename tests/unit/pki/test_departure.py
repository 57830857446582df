"""What was there once is expected, until it is forgotten or the host has left its cluster."""

import shutil
from pathlib import Path

import pytest

from kubepki.cli import main
from kubepki.clocks.state import State
from kubepki.model import Reason
from kubepki.pki.scan import Scanner
from kubepki.pki.scan_result import ScanResult
from kubepki.settings import Directory, Kubeconfig, PkiSettings, ScanSettings
from tests.support.scenarios import CLIENT, NEW, OLD, node

KUBECONFIG = "apiVersion: v1\nkind: Config\nusers: []\n"


class Host:
    """A kubelet's directory and its optional kubeconfig below one root."""

    def __init__(self, root: Path) -> None:
        self.pki = root / "pki"
        self.conf = root / "kubelet.conf"
        self.bootstrap = root / "bootstrap-kubelet.conf"
        node(self.pki, OLD, NEW)
        self.conf.write_text(KUBECONFIG)
        self.scanner = Scanner(
            PkiSettings(
                directories=(Directory(path=str(self.pki), explicit=False),),
                kubeconfigs=(Kubeconfig(path=str(self.conf), optional=True),),
                presets=(),
            ),
            ScanSettings(),
        )
        first = self.scanner.scan()
        self.remembered = first.current_links | first.optional

    def scan(self) -> ScanResult:
        """Look again, with what was seen at first."""
        return self.scanner.scan(self.remembered)


def faults(result: ScanResult) -> set[tuple[str, Reason]]:
    return {(state.path.rpartition("/")[2], fault.reason) for state in result.snapshot.paths for fault in state.faults}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Build a healthy host that was looked at once."""
    return Host(tmp_path)


def test_an_optional_kubeconfig_that_was_there_is_missing(host: Host) -> None:
    """`mv kubelet.conf kubelet.conf.bak`: the kubelet will not start again."""
    host.conf.rename(host.conf.with_suffix(".conf.bak"))
    result = host.scan()
    assert faults(result) == {("kubelet.conf", Reason.MISSING)}
    assert not result.departed


def test_one_that_was_never_there_is_not(tmp_path: Path) -> None:
    """A host without a kubeconfig of the defaults is healthy."""
    settings = PkiSettings(
        directories=(), kubeconfigs=(Kubeconfig(path=str(tmp_path / "kubelet.conf"), optional=True),), presets=()
    )
    assert Scanner(settings, ScanSettings()).scan().snapshot.paths == ()


@pytest.mark.parametrize("with_directory", [True, False])
def test_a_host_that_left_its_cluster_expects_nothing(host: Host, *, with_directory: bool) -> None:
    """`kubeadm reset`: kubeconfig and certificates are gone together."""
    host.conf.unlink()
    shutil.rmtree(host.pki)
    if with_directory:
        host.pki.mkdir()
    result = host.scan()
    assert result.departed
    assert faults(result) == set()


def test_a_host_that_will_bootstrap_again_has_not_left(host: Host) -> None:
    """With its bootstrap kubeconfig the kubelet is about to ask for a certificate."""
    host.conf.unlink()
    shutil.rmtree(host.pki)
    host.bootstrap.write_text(KUBECONFIG)
    assert faults(host.scan()) == {("kubelet.conf", Reason.MISSING), (CLIENT, Reason.MISSING)}


def test_lost_certificates_are_no_departure(host: Host) -> None:
    """The kubeconfig is there: somebody deleted the directory's files."""
    shutil.rmtree(host.pki)
    result = host.scan()
    assert not result.departed
    assert (CLIENT, Reason.MISSING) in faults(result)


def test_dated_files_that_are_left_are_no_departure(host: Host) -> None:
    """Kubeconfig and link are gone, the files are there: a rollback can still help."""
    host.conf.unlink()
    (host.pki / CLIENT).unlink()
    assert faults(host.scan()) == {("kubelet.conf", Reason.MISSING), (CLIENT, Reason.MISSING)}


def test_what_was_seen_outlives_a_restart_until_it_is_forgotten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The state holds it; `forget` asks, and the state that takes the request drops it and the request."""
    path = str(tmp_path / "kubelet.conf")
    directory = tmp_path / "state"
    state = State(str(directory))
    state.note_sources([path])
    state.record_change(f"{tmp_path}/{CLIENT}", "/x", synchronized=True)
    state.flush()
    assert State(str(directory)).sources() == {path}
    assert main(["forget", path, f"--state.directory={directory}"]) == 0
    assert "no longer expected" in capsys.readouterr().out
    # A command that only looks takes the request into account and leaves it.
    assert State(str(directory), writable=False).sources() == frozenset()
    assert state.take_forgotten() == {path}
    assert state.take_forgotten() == frozenset()
    assert State(str(directory)).sources() == frozenset()
    assert State(str(directory)).links() == (f"{tmp_path}/{CLIENT}",)


@pytest.mark.parametrize("there", [True, False])
def test_forget_refuses_what_would_not_last(tmp_path: Path, capsys: pytest.CaptureFixture[str], *, there: bool) -> None:
    """A path that is there is expected again at the next scan; one that nobody remembers is a mistake."""
    path = tmp_path / "kubelet.conf"
    state = State(str(tmp_path / "state"))
    if there:
        path.write_text(KUBECONFIG)
        state.note_sources([str(path)])
    state.flush(everything=True)
    assert main(["forget", str(path), f"--state.directory={tmp_path / 'state'}"]) == 2
    assert ("it is there" if there else "it is not remembered") in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"{}", b"[1, 2]", b"\xff", b"[" * 100_000])
def test_a_damaged_request_forgets_nothing(tmp_path: Path, content: bytes) -> None:
    """It is no list of paths."""
    state = State(str(tmp_path))
    state.note_sources(["/a"])
    (tmp_path / "forget.json").write_bytes(content)
    state.take_forgotten()
    assert state.sources() == {"/a"}

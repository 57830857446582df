"""What was there once is expected, until it is forgotten or the host has left its cluster."""

import shutil
from pathlib import Path

import pytest

from kubepki.cli import main
from kubepki.clocks.state import State
from kubepki.disk.disk import Disk
from kubepki.model import Reason
from kubepki.pki.scan import Scanner
from kubepki.pki.scan_result import ScanResult
from kubepki.settings import Directory, Kubeconfig, PkiSettings, ScanSettings
from tests.support import pki
from tests.support.below import Below
from tests.support.scenarios import CLIENT, NEW, OLD, looking_at, node, write

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


@pytest.mark.parametrize("name", ["admin.conf", "ca.crt"])
def test_what_other_components_have_may_stay(host: Host, name: str) -> None:
    """An administrator keeps his kubeconfig, and nobody removes a CA: the kubelet has left all the same."""
    other = host.conf.with_name(name)
    other.write_text(KUBECONFIG)
    host.remembered |= {str(other)}
    host.conf.unlink()
    shutil.rmtree(host.pki)
    result = host.scan()
    assert result.departed
    assert faults(result) == set()


def test_a_kubeconfig_that_goes_alone_is_missing(tmp_path: Path) -> None:
    """A node of a cloud has no link: while a certificate is left, nobody took it out of its cluster."""
    conf = tmp_path / "kubelet.conf"
    conf.write_text(KUBECONFIG)
    write(tmp_path / "pki" / "ca.crt", pki.authority().certificate_pem)
    scanner = Scanner(looking_at(tmp_path / "pki", kubeconfigs=(conf,)), ScanSettings())
    remembered = scanner.scan().optional
    conf.unlink()
    result = scanner.scan(remembered)
    assert not result.departed
    assert faults(result) == {("kubelet.conf", Reason.MISSING)}
    shutil.rmtree(tmp_path / "pki")
    assert scanner.scan(remembered).departed


@pytest.mark.parametrize(
    ("preset", "path"),
    [
        ("kubeadm", "/etc/kubernetes/pki/apiserver.crt"),
        ("kubeadm", "/etc/kubernetes/pki/etcd/server.crt"),
        ("kubeadm", "/etc/kubernetes/admin.conf"),
        ("k3s", "/var/lib/rancher/k3s/agent/kubelet.kubeconfig"),
        ("rke2", "/var/lib/rancher/rke2/server/cred/scheduler.kubeconfig"),
        ("k0s", "/var/lib/k0s/pki/scheduler.conf"),
        ("microk8s", "/var/snap/microk8s/current/certs/server.crt"),
        ("eks", "/etc/kubernetes/pki/ca.crt"),
    ],
)
def test_what_a_preset_names_is_expected_once_it_was_there(tmp_path: Path, preset: str, path: str) -> None:
    """The component does not start again without it; when it is back, all is as before."""
    file = Path(f"{tmp_path}{path}")
    made = pki.server(pki.authority(), not_before=NEW).certificate_pem
    write(file, made if file.suffix == ".crt" else KUBECONFIG.encode())
    scanner = Scanner(presets(preset), ScanSettings(), disk=Disk(Below(tmp_path)))
    first = scanner.scan()
    assert first.optional == {path}
    file.rename(file.with_name(f"{file.name}.bak"))
    gone = scanner.scan(first.optional)
    # A host that has nothing but a kubeconfig has left with it.
    assert faults(gone) == (set() if gone.departed else {(file.name, Reason.MISSING)})
    assert gone.departed is (file.suffix != ".crt")
    file.with_name(f"{file.name}.bak").rename(file)
    assert scanner.scan(first.optional).snapshot == first.snapshot


def test_what_is_left_of_a_preset_whose_marks_went(tmp_path: Path) -> None:
    """A disk that was not mounted: the kubeconfig that is there is looked at, and the others are missing."""
    root = Path(f"{tmp_path}/var/lib/rancher/k3s")
    names = ("agent/kubelet.kubeconfig", "server/cred/admin.kubeconfig")
    for each in (*(root / name for name in names), Path(f"{tmp_path}/etc/rancher/k3s/k3s.yaml")):
        write(each, KUBECONFIG.encode())
    scanner = Scanner(presets("auto"), ScanSettings(), disk=Disk(Below(tmp_path)))
    first = scanner.scan()
    assert len(first.optional) == 3
    shutil.rmtree(root)
    write(Path(f"{tmp_path}/etc/rancher/k3s/k3s.yaml"), b"[")
    assert faults(scanner.scan(first.optional)) == {
        ("kubelet.kubeconfig", Reason.MISSING),
        ("admin.kubeconfig", Reason.MISSING),
        ("k3s.yaml", Reason.UNPARSABLE),
    }


def presets(name: str) -> PkiSettings:
    return PkiSettings(directories=(), kubeconfigs=(), presets=(name,))


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

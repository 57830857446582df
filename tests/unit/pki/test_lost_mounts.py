"""A disk that is not mounted looks like a host that has left its cluster; what the kernel lists tells them apart."""

import shutil
from pathlib import Path

import pytest

from kubepki.disk.disk import Disk
from kubepki.disk.mounts import mount_points
from kubepki.model import Reason
from kubepki.pki.lost_mounts import unit_name
from kubepki.pki.scan import Scanner
from kubepki.pki.scan_result import ScanResult
from kubepki.settings import Directory, Kubeconfig, PkiSettings, ScanSettings
from tests.support import pki
from tests.support.below import Below
from tests.support.scenarios import NEW, write

CA = pki.authority()
PLACES = {
    # The distribution, where its kubelet's kubeconfig lies, and what may be a mount above it.
    "k3s": (
        "/var/lib/rancher/k3s/agent/kubelet.kubeconfig",
        ("/var/lib/rancher", "/var/lib/rancher/k3s/agent", "/var"),
    ),
    "eks": ("/var/lib/kubelet/kubeconfig", ("/var/lib/kubelet", "/var/lib")),
}
ON_DISKS = [(name, each) for name, (_, mounts) in PLACES.items() for each in mounts]


class Host:
    """A node whose kubelet's files lie below one root; `mounts` are what the kernel lists."""

    def __init__(self, root: Path, distribution: str = "k3s", *, mounts: tuple[str, ...] = ("/",)) -> None:
        self.root, self.mounts = root, mounts
        self.path = PLACES[distribution][0]
        self.config = Path(f"{root}{self.path}")
        write(self.config, pki.kubeconfig([pki.User()], [pki.Cluster(ca=CA.certificate_pem)]))
        if distribution == "eks":
            write(Path(f"{root}/etc/kubernetes/kubelet/config.json"), b"{}")
        settings = PkiSettings(directories=(), kubeconfigs=(), presets=(distribution,))
        self.scanner = Scanner(settings, ScanSettings(), disk=Disk(Below(root)), mounts=lambda: self.mounts)
        self.remembered = frozenset({self.path})

    def scan(self) -> ScanResult:
        """Look, with what was seen before."""
        return self.scanner.scan(self.remembered)

    def vanish(self) -> ScanResult:
        """Let all of the kubelet's files be gone, and look."""
        shutil.rmtree(self.config.parent)
        return self.scan()


def missing(result: ScanResult) -> dict[str, str]:
    return {
        state.path: fault.detail
        for state in result.snapshot.paths
        for fault in state.faults
        if fault.reason is Reason.MISSING
    }


@pytest.mark.parametrize(
    ("distribution", "mount"), [(name, each) for name, (_, all_) in PLACES.items() for each in all_]
)
def test_a_mount_that_held_the_files_is_gone(tmp_path: Path, distribution: str, mount: str) -> None:
    """It was there at a scan before: nobody removed anything, and the page says what is not mounted."""
    host = Host(tmp_path, distribution, mounts=("/", mount))
    host.scan()
    host.mounts = ("/",)
    result = host.vanish()
    assert not result.departed
    assert missing(result) == {host.path: f"nothing is mounted at {mount}, which held it"}


@pytest.mark.parametrize(
    ("distribution", "mount"), [(name, each) for name, (_, all_) in PLACES.items() for each in all_]
)
def test_the_mount_is_there_and_the_files_are_gone(tmp_path: Path, distribution: str, mount: str) -> None:
    """An uninstall on a host with a disk of its own."""
    host = Host(tmp_path, distribution, mounts=("/", mount))
    write(Path(f"{tmp_path}/etc/fstab"), f"/dev/vdb {mount} xfs defaults 0 0\n".encode())
    host.scan()
    assert host.vanish().departed


FSTAB = "# /etc/fstab\nUUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n{}\n"


@pytest.mark.parametrize(
    ("line", "lost"),
    [
        ("UUID=3 /var/lib/rancher xfs defaults,nofail 0 2", True),
        ("UUID=3\t/var/lib/rancher/\txfs", True),
        ("UUID=3 /var/lib/rancher/k3s xfs noauto,x-systemd.automount 0 0", True),
        ("UUID=3 /var/lib/rancher xfs noauto,ro 0 0", False),
        ("#UUID=3 /var/lib/rancher xfs defaults 0 2", False),
        ("UUID=3 /var/lib/rancher2 xfs defaults 0 2", False),
        ("UUID=3 /var/lib/rancher/k3s/agent/kubelet.kubeconfig2 xfs", False),
        ("UUID=3", False),
        ("", False),
    ],
)
def test_what_fstab_mounts(tmp_path: Path, line: str, *, lost: bool) -> None:
    """After a restart of the service, or of the host, only the configuration tells what should be there."""
    host = Host(tmp_path)
    write(Path(f"{tmp_path}/etc/fstab"), FSTAB.format(line).encode())
    result = host.vanish()
    assert result.departed is not lost
    assert (host.path in missing(result)) is lost


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 300, b"\xff\xfe /var/lib/\xff\n", b"a \\0 b\\777 c\n", b"x" * (1 << 19)]
)
def test_an_fstab_that_is_none(tmp_path: Path, content: bytes) -> None:
    """It tells nothing, and nothing raises."""
    host = Host(tmp_path)
    write(Path(f"{tmp_path}/etc/fstab"), content)
    assert host.vanish().departed


@pytest.mark.parametrize("wanting", ["local-fs.target.wants", "k3s-agent.service.requires"])
@pytest.mark.parametrize("root", ["/etc/systemd/system", "/usr/lib/systemd/system"])
def test_what_a_unit_mounts(tmp_path: Path, root: str, wanting: str) -> None:
    """As Ignition and Bottlerocket have it: a unit that something wants; one that nothing wants does not count."""
    host = Host(tmp_path)
    unit = write(Path(f"{tmp_path}{root}/var-lib-rancher.mount"), b"[Mount]\nWhere=/var/lib/rancher\n")
    assert host.vanish().departed
    link = Path(f"{tmp_path}{root}/{wanting}/{unit.name}")
    link.parent.mkdir()
    link.symlink_to(f"../{unit.name}")
    host = Host(tmp_path)
    assert missing(host.vanish()) == {host.path: "nothing is mounted at /var/lib/rancher, which held it"}


def test_another_disk_says_nothing_of_the_kubelets(tmp_path: Path) -> None:
    """A mount that never held its files, and one that came later and went."""
    host = Host(tmp_path, mounts=("/", "/data", "/var/lib/etcd"))
    write(Path(f"{tmp_path}/etc/fstab"), b"/dev/vdb /data xfs\n/dev/vdc /var/lib/kubelet xfs\n")
    host.scan()
    host.mounts = ("/",)
    assert host.vanish().departed


def test_what_moved_to_the_root_file_system_is_not_lost(tmp_path: Path) -> None:
    """The disk is retired, its files are copied; later the host leaves its cluster."""
    host = Host(tmp_path, mounts=("/", "/var/lib/rancher"))
    host.scan()
    host.mounts = ("/",)
    assert not host.scan().departed
    assert host.vanish().departed


def test_a_disk_that_comes_back(tmp_path: Path) -> None:
    """All is as before."""
    host = Host(tmp_path, mounts=("/", "/var/lib/rancher"))
    before = host.scan()
    host.mounts = ("/",)
    aside = tmp_path / "aside"
    shutil.copytree(host.config.parent, aside)
    assert missing(host.vanish())
    host.mounts = ("/", "/var/lib/rancher")
    shutil.copytree(aside, host.config.parent)
    assert host.scan().snapshot == before.snapshot


def test_links_on_a_disk_of_their_own(tmp_path: Path) -> None:
    """The kubelet's directory is a link to a disk, as in /data/kubelet."""
    pods = tmp_path / "data" / "kubelet" / "pki"
    pods.mkdir(parents=True)
    made = pki.client(CA, not_before=NEW)
    for _ in pki.rotate(pods, "kubelet-client", made.pem, "2026-01-01-00-00-00"):
        pass
    (tmp_path / "kubelet").symlink_to("data/kubelet")
    link = f"{tmp_path}/kubelet/pki/kubelet-client-current.pem"
    config = tmp_path / "data" / "kubelet" / "kubelet.conf"
    config.write_bytes(pki.kubeconfig([pki.User(certificate=link, key=link)], [pki.Cluster(ca=CA.certificate_pem)]))
    settings = PkiSettings(
        directories=(Directory(path=f"{tmp_path}/kubelet/pki", explicit=False),),
        kubeconfigs=(Kubeconfig(path=f"{tmp_path}/kubelet/kubelet.conf", optional=True),),
        presets=(),
    )
    mounts: list[str] = ["/", f"{tmp_path}/data"]
    scanner = Scanner(settings, ScanSettings(), mounts=lambda: tuple(mounts))
    first = scanner.scan()
    remembered = first.current_links | first.optional
    assert remembered == {link, f"{tmp_path}/kubelet/kubelet.conf"}
    del mounts[1]
    shutil.rmtree(tmp_path / "data" / "kubelet")
    result = scanner.scan(remembered)
    assert not result.departed
    assert set(missing(result)) == remembered


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("/var/lib/rancher", "var-lib-rancher.mount"),
        ("/srv/my-disk", "srv-my\\x2ddisk.mount"),
        ("/srv/.hidden", "srv-.hidden.mount"),
        ("/.hidden", "\\x2ehidden.mount"),
        ("/a b", "a\\x20b.mount"),
        ("/é", "\\xc3\\xa9.mount"),
    ],
)
def test_names_of_units(place: str, name: str) -> None:
    """As systemd-escape(1) writes them with --path --suffix=mount."""
    assert unit_name(place) == name


def test_an_automount_point_is_no_mount() -> None:
    """It waits for its disk."""
    table = (
        b"21 1 8:1 / / rw - ext4 /dev/vda1 rw\n30 21 0:40 / /var/lib/rancher rw - autofs systemd-1 rw\n"
        b"31 21 0:41 / /srv rw - autofs systemd-1 rw\n32 31 8:2 / /srv rw - xfs /dev/vdb rw\n"
    )
    assert mount_points(table, but=b"autofs") == ("/", "/srv")
    assert mount_points(table) == ("/", "/var/lib/rancher", "/srv", "/srv")

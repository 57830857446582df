"""A host that leaves its cluster: one information, and no page; not after a restart either. And it may join again."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.running import Exporter, environment, running
from tests.support.scenarios import NOW, node
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root: /etc and /var/lib of its own"
)
KUBECONFIG = "apiVersion: v1\nkind: Config\nusers: []\n"
BOUND = 'mount --bind "$ROOT/etc" /etc && mount --bind "$ROOT/lib" /var/lib && exec "$@"'
INSIDE = ("unshare", "--mount", "--propagation=private", "sh", "-c", BOUND, "sh", sys.executable, "-m", "kubepki")
FLAGS = ("--no-clock.apiserver", "--scan.interval=1s")


@contextmanager
def service(root: Path) -> Iterator[Exporter]:
    """Yield the service with its default sources on the host below *root*."""
    flags = (*FLAGS, f"--state.directory={root}/state")
    with running(*flags, log=root / "log", program=INSIDE, variables={"ROOT": str(root)}) as exporter:
        wait_until(lambda: exporter.get("/-/ready")[0] == 200, timeout=60, describe="the first scan")
        yield exporter


ON_A_DISK = """
import subprocess, sys
from pathlib import Path
from kubepki.pki.scan import Scanner
from kubepki.settings import Kubeconfig, PkiSettings, ScanSettings
disk = Path(sys.argv[1])
conf = disk / "kubelet" / "kubelet.conf"
subprocess.run(["mount", "-t", "tmpfs", "none", disk], check=True)
conf.parent.mkdir()
conf.write_text(sys.argv[2])
settings = PkiSettings(directories=(), kubeconfigs=(Kubeconfig(path=str(conf), optional=True),), presets=())
scanner = Scanner(settings, ScanSettings())
remembered = scanner.scan().optional
assert remembered == {str(conf)}
if sys.argv[3] == "umount":
    subprocess.run(["umount", disk], check=True)
else:
    conf.unlink()
result = scanner.scan(remembered)
print(result.departed, [fault.detail for state in result.snapshot.paths for fault in state.faults])
"""


@pytest.mark.parametrize("what", ["umount", "remove"])
def test_a_disk_that_is_unmounted_is_no_departure(tmp_path: Path, what: str) -> None:
    """By the kernel's own table: the same files are gone, and only one of the two left the cluster."""
    line = ("unshare", "--mount", "--propagation=private", sys.executable, "-c", ON_A_DISK)
    done = subprocess.run(
        (*line, str(tmp_path), KUBECONFIG, what), env=environment(), capture_output=True, text=True, check=False
    )
    told = f"False ['nothing is mounted at {tmp_path}, which held it']" if what == "umount" else "True []"
    assert (done.stdout.strip(), done.returncode) == (told, 0), done.stderr


def watched(exporter: Exporter) -> float | None:
    """Return how many current certificates are watched; None where their number is no finding."""
    return exporter.scrape().value("kubepki_certificates_watched", standing="current")


def checked(root: Path) -> str:
    """Return what `check` says first on the host below *root*."""
    line = (*INSIDE, "check", "--no-clock.apiserver", f"--state.directory={root}/state")
    done = subprocess.run(
        line, env=environment(ROOT=str(root)), capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout


def join(root: Path) -> None:
    """Do what a join leaves."""
    (root / "etc" / "kubernetes").mkdir()
    (root / "etc" / "kubernetes" / "kubelet.conf").write_text(KUBECONFIG)
    node(root / "lib" / "kubelet" / "pki", NOW, lifetime=30 * 365 * 86_400.0)


def leave(root: Path) -> None:
    """Do what `kubeadm reset` does."""
    shutil.rmtree(root / "etc" / "kubernetes")
    shutil.rmtree(root / "lib" / "kubelet")


def test_leave_restart_and_join_again(tmp_path: Path) -> None:
    """The number is absent and not 0, nothing is missing, and `check` informs; a new join is watched like any other."""
    for each in ("etc", "lib"):
        (tmp_path / each).mkdir()
    with service(tmp_path) as exporter:
        assert watched(exporter) == 0
        assert "no certificate was found" in checked(tmp_path)
        join(tmp_path)
        wait_until(lambda: watched(exporter) == 1, timeout=60, describe="the join")
        leave(tmp_path)
        wait_until(lambda: watched(exporter) is None, timeout=60, describe="the departure")
        wait_until(lambda: not exporter.scrape().reasons(), timeout=60, describe="nothing that is missing")
        assert exporter.log().count("this host has left its cluster: all that") == 1
    with service(tmp_path) as exporter:
        assert watched(exporter) is None
        assert exporter.scrape().reasons() == set()
        said = checked(tmp_path)
        assert "this host has left its cluster" in said
        assert "kubeadm reset" in said
        join(tmp_path)
        wait_until(lambda: watched(exporter) == 1, timeout=60, describe="the second join")
    with service(tmp_path) as exporter:
        assert watched(exporter) == 1

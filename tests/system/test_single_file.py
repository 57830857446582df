"""The single file on hosts that have no Python: Debian 11, whose glibc is 2.31, and Debian 13."""

import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.support import pki
from tests.support.running import running
from tests.support.waiting import wait_until
from tests.system.conftest import build
from tests.system.roots import bare_root

pytestmark = pytest.mark.system

RELEASES = ("bullseye", "trixie")
DIRECTORY = "/var/lib/kubelet/pki"
CURRENT = f"{DIRECTORY}/kubelet-client-current.pem"
LARGEST = 40 << 20
# The passwords of the web configuration need bcrypt.
CONFIG = """\
web:
  config_file: /mnt/web.yml
clock:
  references:
    - {name: other, url: "https://192.0.2.1/"}
    - {name: other, host: 192.0.2.1}
"""
WEB = "basic_auth_users:\n  prometheus: $2b$04$abcdefghijklmnopqrstuuJ0cnZk1Yw8GEWpzGIBrn2bVmGBKoJBi\n"


@pytest.fixture(scope="session")
def single_file(superuser: None, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001 - root makes the root
    """Return the single file of this tree."""
    return build("build-single-file.sh", timeout=1800, PYTHON=sys.executable, DIST=str(tmp_path_factory.mktemp("dist")))


@pytest.fixture(params=RELEASES)
def host(
    request: pytest.FixtureRequest, single_file: Path, program: Callable[[str], Path], tmp_path: Path
) -> Sequence[str]:
    """Return the command that runs the single file on a host of a release whose node has a future-dated certificate."""
    root = bare_root(request.param)
    assert not list((root / "usr/bin").glob("python3*"))
    ca = pki.authority()
    directory = tmp_path / "kubelet" / "pki"
    directory.mkdir(parents=True)
    for not_before, stamp in (
        (time.time() - 9 * pki.DAY, "2026-01-01-00-00-00"),
        (time.time() + 7200, "2026-01-02-00-00-00"),
    ):
        pki.install(directory, "kubelet-client", pki.client(ca, not_before=not_before).pem, stamp)
    # The link leads to where the file is on its host.
    link = directory / "kubelet-client-current.pem"
    target = f"{DIRECTORY}/{link.readlink().name}"
    link.unlink()
    link.symlink_to(target)
    (tmp_path / "tmp").mkdir()
    (tmp_path / "web.yml").write_text(WEB)
    (tmp_path / "config.yml").write_text(CONFIG)
    return (
        *(
            str(program("bwrap")),
            "--die-with-parent",
            "--unshare-pid",
            "--clearenv",
            "--setenv",
            "PATH",
            "/usr/sbin:/usr/bin",
        ),
        *("--ro-bind", str(root), "/", "--proc", "/proc", "--dev", "/dev", "--bind", str(tmp_path / "tmp"), "/tmp"),  # noqa: S108 - of the root
        *(
            "--tmpfs",
            "/var/lib",
            "--bind",
            str(tmp_path / "kubelet"),
            "/var/lib/kubelet",
            "--ro-bind",
            str(tmp_path),
            "/mnt",
        ),
        *("--ro-bind", str(single_file.parent), "/opt", f"/opt/{single_file.name}"),
    )


def run(host: Sequence[str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the single file and return how it ended."""
    return subprocess.run((*host, *arguments), capture_output=True, text=True, check=False, timeout=120)


def test_check_finds_the_incident(host: Sequence[str], tmp_path: Path) -> None:
    """It looks, parses in a process of its own, names the file that repairs and the command with its own path."""
    done = run(host, "check", "--no-clock.apiserver", DIRECTORY)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout.startswith("CRITICAL: kubelet-client-current.pem is future-dated")
    own = shlex.quote(host[-1])
    assert f"{own} check " in done.stdout or f"{own} rollback " in done.stdout
    assert list((tmp_path / "tmp").iterdir()) == [], "it left what it unpacked"


def test_rollback_repairs(host: Sequence[str], tmp_path: Path) -> None:
    """The plan is shown, and with a time from outside the link is pointed back."""
    assert run(host, "rollback", "--help").returncode == 0
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    done = run(host, "rollback", "--apply", f"--at={at}", CURRENT)
    assert done.returncode == 0, done.stdout + done.stderr
    link = tmp_path / "kubelet" / "pki" / "kubelet-client-current.pem"
    assert link.readlink().name == "kubelet-client-2026-01-01-00-00-00.pem"


def test_it_serves(host: Sequence[str], tmp_path: Path) -> None:
    """It watches and is scraped, and ends at once when asked."""
    flags = ("--no-clock.apiserver", f"--pki.directory={DIRECTORY}")
    with running(*flags, log=tmp_path / "log", program=host) as exporter:
        wait_until(lambda: exporter.get("/-/ready")[0] == HTTPStatus.OK, timeout=30, describe="the first scan")
        scrape = exporter.scrape()
        assert scrape.value("kubepki_path_ok", path=CURRENT) == 1
        offset = scrape.value("kubepki_certificate_not_before_offset_seconds", path=CURRENT, standing="current")
        assert offset is not None
        assert offset > 0


def test_everything_optional_is_within(host: Sequence[str]) -> None:
    """Passwords (bcrypt) and clocks over HTTPS and NTP are there: the configuration that asks for them is good."""
    done = run(host, "--config.check", "--config.file=/mnt/config.yml")
    assert done.returncode == 0, done.stderr


def test_it_is_small(single_file: Path) -> None:
    """A download of some megabytes."""
    assert single_file.stat().st_size < LARGEST

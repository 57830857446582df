"""The packages for hosts that the .deb does not serve: the .rpm with its own libraries, and a virtual environment."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import pki
from tests.system.conftest import build
from tests.system.machine import Machine, booted
from tests.system.roots import ROOT, copy_root
from tests.system.test_machine import UNIT, scrape

pytestmark = pytest.mark.system

CONSTRAINTS = str(ROOT / "constraints.txt")


def run(*command: str, **environment: str) -> str:
    """Run *command* on the host, which must succeed, and return what it printed."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=600, cwd=ROOT, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def bare(superuser: None, tmp_path: Path) -> Iterator[Path]:  # noqa: ARG001 - only root makes trees
    """Return a tree of Debian 12 with its python3.11 and none of the exporter's libraries."""
    root = copy_root("bookworm", tmp_path)
    run("env", "-u", "TMPDIR", "chroot", str(root), "apt-get", "install", "-y", "--no-install-recommends", "python3")
    yield root
    shutil.rmtree(root)


def test_rpm_is_clean_and_runs_with_its_own_libraries(bare: Path, program: Callable[[str], Path]) -> None:
    """Rpmlint has no error, and the package, put into a tree by rpm, becomes active and is scraped there."""
    package = build("build-rpm.sh", PYTHON=sys.executable)
    run(str(program("rpmlint")), "-c", str(ROOT / "systemd/packaging/rpm/rpmlint.toml"), str(package))
    # The tree has no database of packages: its Python is not known to rpm.
    run(str(program("rpm")), "--root", str(bare), "-i", "--nodeps", "--noscripts", str(package))
    directory = bare / "var/lib/kubelet/pki"
    directory.mkdir(parents=True)
    (directory / "a.pem").write_bytes(pki.client(pki.authority(), not_before=time.time() - pki.DAY).pem)
    with booted("bookworm", bare) as machine:
        machine.run("systemctl", "enable", "--now", UNIT)
        scrape(machine, '^kubepki_certificates_watched{standing="current"} [1-9]')
        pid = machine.show(UNIT, "MainPID")
        # The X.509 library is loaded by the process that parses, one of the helpers; it stays for a minute.
        helpers = machine.run("sh", "-c", f"cat /proc/{pid}/task/*/children").split()
        maps = "".join(machine.attempt("cat", f"/proc/{each}/maps").stdout for each in helpers)
        assert "/usr/lib64/kubepki-exporter/" in maps


def test_deb_is_clean(packages: tuple[Path, Path], program: Callable[[str], Path]) -> None:
    """Lintian has neither an error nor a warning."""
    lintian = str(program("lintian"))
    assert run(lintian, "--allow-root", "--fail-on=error,warning", str(packages[0])) == ""


def test_environment_on_the_newest_python(superuser: None, tmp_path: Path) -> None:  # noqa: ARG001 - only root makes trees
    """The wheel installs into an environment of Debian 13's Python 3.13 with the pinned libraries, and serves."""
    root = copy_root("trixie", tmp_path)
    wheels = root / "srv" / "wheels"
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-c", CONSTRAINTS, "-w", str(wheels), str(ROOT))
    wheel = next(wheels.glob("kubepki_exporter-*.whl"))
    target = (
        "--only-binary=:all:",
        "--python-version=3.13",
        "--platform=manylinux_2_28_x86_64",
        "--platform=manylinux2014_x86_64",
    )
    run(sys.executable, "-m", "pip", "download", "--quiet", *target, "-c", CONSTRAINTS, "-d", str(wheels), str(wheel))
    with booted("trixie", root) as machine:
        install_environment(machine)
        version = machine.run("/usr/local/bin/kubepki-exporter", "--version")
        assert "kubepki-exporter" in version
        unit = (
            (ROOT / "systemd" / UNIT)
            .read_text()
            .replace("/usr/bin/kubepki-exporter", "/usr/local/bin/kubepki-exporter")
        )
        machine.path(f"/etc/systemd/system/{UNIT}").write_text(unit)
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", UNIT)
        scrape(machine, r'^kubepki_exporter_build_info{python_version="3\.13')
    shutil.rmtree(root)


def install_environment(machine: Machine) -> None:
    """Make the virtual environment of `make install`, from the wheels that lie in the machine."""
    machine.run("apt-get", "install", "-y", "--no-install-recommends", "python3-venv", timeout=300)
    home = "/usr/local/lib/kubepki-exporter"
    machine.run("python3", "-m", "venv", home)
    machine.run(f"{home}/bin/pip", "install", "--quiet", "--no-index", "--find-links=/srv/wheels", "kubepki-exporter")
    machine.run("ln", "-s", f"{home}/bin/kubepki-exporter", "/usr/local/bin/kubepki-exporter")


PLAY = """
- hosts: localhost
  connection: local
  roles:
    - role: /srv/role
      vars:
        kubepki_exporter_package: /srv/kubepki-exporter.deb
        kubepki_exporter_args: "{ARGS}"
        kubepki_exporter_config: {{scan: {{interval: 5s}}}}
        kubepki_exporter_kubelet_waits: true
"""


def test_ansible_role_is_idempotent(packages: tuple[Path, Path], tmp_path: Path) -> None:
    """A copy of the role installs and configures the service; again it changes nothing; a mistake is red each time."""
    root = copy_root("bookworm", tmp_path)
    shutil.copy(packages[0], root / "srv" / "kubepki-exporter.deb")
    shutil.copytree(ROOT / "systemd" / "ansible", root / "srv" / "role")
    (root / "srv" / "play.yml").write_text(PLAY.format(ARGS="--log.level=debug"))
    (root / "srv" / "wrong.yml").write_text(PLAY.format(ARGS="--scan.intervall=5s"))
    # Without a network apt has the dependencies alone.
    (root / "etc/apt/apt.conf.d/90test").write_text('APT::Install-Recommends "false";\n')
    run(
        "env",
        "-u",
        "TMPDIR",
        "chroot",
        str(root),
        "apt-get",
        "install",
        "-y",
        "--no-install-recommends",
        "ansible-core",
        "python3-apt",
    )
    with booted("bookworm", root) as machine:
        play = ("env", "LANG=C.UTF-8", "HOME=/root", "ansible-playbook", "/srv/play.yml")
        assert "failed=0" in machine.run(*play, "--check", timeout=300)
        assert "failed=0" in machine.run(*play, timeout=300)
        scrape(machine, "^kubepki_host_time_seconds")
        assert "changed=0" in machine.run(*play, timeout=300)
        pid = machine.show("kubepki-exporter.service", "MainPID")
        for _ in range(2):
            wrong = machine.attempt(*play[:-1], "/srv/wrong.yml", timeout=300)
            assert wrong.returncode != 0
            assert "--scan.interval?" in wrong.stdout
        assert machine.show("kubepki-exporter.service", "MainPID") == pid
        assert machine.path("/etc/systemd/system/kubelet.service.d/10-wait-for-time-sync.conf").is_file()
    shutil.rmtree(root)

"""The packages for hosts that the .deb does not serve: the .rpm with its own libraries, and a virtual environment."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
        pid = machine.main_pid(UNIT)
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


PLAY: dict[str, Any] = {
    "kubepki_exporter_package": "/srv/kubepki-exporter.deb",
    "kubepki_exporter_args": "--log.level=debug",
    "kubepki_exporter_config": {"scan": {"interval": "5s"}},
    "kubepki_exporter_kubelet_waits": True,
}
PLAYS: dict[str, dict[str, Any]] = {
    "present": {},
    "wrong-flags": {"kubepki_exporter_args": "--scan.intervall=5s"},
    "wrong-file": {"kubepki_exporter_config": {"pki": {"directories": [5]}}},
    "upgrade": {"kubepki_exporter_package": "/srv/later.deb"},
    "absent": {"kubepki_exporter_package": "/srv/later.deb", "kubepki_exporter_state": "absent"},
}


def test_ansible_role_installs_upgrades_and_removes(packages: tuple[Path, Path], tmp_path: Path) -> None:
    """A dry run first, again it changes nothing, mistakes are red before a restart, and no trace stays."""
    root = copy_root("bookworm", tmp_path)
    shutil.copy(packages[0], root / "srv" / "kubepki-exporter.deb")
    shutil.copy(packages[1], root / "srv" / "later.deb")
    shutil.copytree(ROOT / "systemd" / "ansible", root / "srv" / "role")
    for name, differing in PLAYS.items():
        role = {"role": "/srv/role", "vars": {**PLAY, **differing}}
        written = json.dumps([{"hosts": "localhost", "connection": "local", "roles": [role]}])
        (root / "srv" / f"{name}.yml").write_text(written)
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

        def play(name: str, *flags: str) -> "subprocess.CompletedProcess[str]":
            command = ("env", "LANG=C.UTF-8", "HOME=/root", "ansible-playbook", f"/srv/{name}.yml", *flags)
            return machine.attempt(*command, timeout=300)

        def good(name: str, *flags: str) -> str:
            done = play(name, *flags)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        good("present", "--check")
        good("present")
        scrape(machine, "^kubepki_host_time_seconds")
        assert machine.path("/etc/systemd/system/kubelet.service.d/10-wait-for-time-sync.conf").is_file()
        assert "changed=0" in good("present")
        pid = machine.main_pid(UNIT)
        for name, said in (
            ("wrong-flags", "--scan.interval?"),
            ("wrong-file", "expected a name"),
            ("wrong-flags", "?"),
        ):
            wrong = play(name)
            assert wrong.returncode != 0
            assert said in wrong.stdout
        assert machine.show(UNIT, "MainPID") == pid
        good("upgrade", "--check")
        good("upgrade")
        assert machine.run("dpkg-query", "-W", "-f", "${Version}", "kubepki-exporter") == "999.0"
        assert machine.show(UNIT, "MainPID") not in ("0", pid)
        assert "changed=0" in good("upgrade")
        assert "--log.level=debug" in machine.path("/etc/default/kubepki-exporter").read_text()
        good("absent")
        assert "changed=0" in good("absent")
        assert machine.show(UNIT, "LoadState") == "not-found"
        assert (
            machine.run(
                "find", "/", "-xdev", "-name", "*kubepki*", "-not", "-path", "/proc/*", "-not", "-path", "/srv/*"
            )
            == ""
        )
    shutil.rmtree(root)

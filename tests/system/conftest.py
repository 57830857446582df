"""One booted machine for each release, with the package that this tree builds."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.exclusive import exclusive
from tests.system.machine import Machine, booted
from tests.system.roots import ROOT, copy_root

RELEASES = ("bookworm", "trixie")
PROGRAMS = ("debootstrap", "systemd-nspawn", "nsenter", "dpkg-buildpackage")


@pytest.fixture(scope="session")
def superuser(program: Callable[[str], Path]) -> None:
    """Skip, or fail with CI=true, where no machine can be made."""
    for name in PROGRAMS:
        program(name)
    if os.geteuid() != 0:
        reason = "only root can boot a machine"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def build(script: str, *, timeout: float = 600, **environment: str) -> Path:
    """Run one of the build scripts and return the file that it names; most share folders of this tree."""
    with exclusive("single-file" if "single-file" in script else "packages"):
        done = subprocess.run(
            (str(ROOT / "systemd" / "packaging" / script),),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            env={**os.environ, **environment},
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / done.stdout.splitlines()[-1]


@pytest.fixture(scope="session")
def packages(superuser: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:  # noqa: ARG001 - only root builds
    """Return the package of this tree, and the same with a later version."""
    own = tmp_path_factory.getbasetemp()
    directory = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "packages"
    first, later = directory / "kubepki-exporter.deb", directory / "later.deb"
    with exclusive("made", directory=directory):
        if not later.exists():
            shutil.copy(build("build-deb.sh"), first)
            build("build-deb.sh", VERSION="999.0", DIST=str(directory)).rename(later)
    return first, later


@pytest.fixture(scope="session", params=RELEASES)
def machine(
    request: pytest.FixtureRequest, packages: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """Yield a booted machine of each release with both packages in /srv, nothing of ours installed."""
    directory = tmp_path_factory.mktemp("machine")
    root = copy_root(request.param, directory)
    shutil.copy(packages[0], root / "srv" / "kubepki-exporter.deb")
    shutil.copy(packages[1], root / "srv" / "later.deb")
    with booted(request.param, root) as running:
        yield running
    shutil.rmtree(directory, ignore_errors=True)

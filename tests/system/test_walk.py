"""The walk through the pages in a bare Debian: systemd, python3 and make, and a network that apt and pip may use.

The machine shares this host's network, so that the exporter of the page listens on its port here for some seconds.
"""

import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import pki
from tests.system.conftest import RELEASES
from tests.system.machine import Machine, booted
from tests.system.node import DIRECTORY
from tests.system.roots import ROOT, copy_root
from tests.walk.visits import VISITS, Visit

pytestmark = pytest.mark.system

TREE = "/root/kubepki-exporter"
# From here on the fallback is good, also at the times that the pages name.
BEGINNING, LIFETIME = 1_767_225_600.0, 20 * 365 * pki.DAY
STEP_SECONDS = 1200.0
BARE = """
echo 'APT::Get::Assume-Yes "true";' > /etc/apt/apt.conf.d/90walk
apt-get update -qq
apt-get install -qq --no-install-recommends python3 make
"""


@pytest.fixture(params=RELEASES)
def host(
    request: pytest.FixtureRequest,
    program: Callable[[str], Path],
    superuser: None,  # noqa: ARG001 - only root boots
    tmp_path: Path,
) -> Iterator[Machine]:
    """Yield a machine with the tree, python3 and make, whose kubelet has a certificate of the future."""
    root = copy_root(request.param, tmp_path)
    copy_tree(root / TREE.lstrip("/"))
    shutil.copy(program("promtool"), root / "usr/local/bin/promtool")
    authorities = authorities_of_pip()
    if authorities:
        shutil.copy(authorities, root / "etc/pip-authorities.pem")
        (root / "etc/pip.conf").write_text("[global]\ncert = /etc/pip-authorities.pem\n")
    ca, directory = pki.authority(not_before=BEGINNING, lifetime=2 * LIFETIME), root / DIRECTORY.lstrip("/")
    directory.mkdir(parents=True)
    for not_before, stamp in ((BEGINNING, "2026-01-01-00-00-00"), (time.time() + 7200, "2026-01-02-00-00-00")):
        made = pki.client(ca, not_before=not_before, lifetime=LIFETIME)
        pki.install(directory, "kubelet-client", made.pem, stamp)
    link = directory / "kubelet-client-current.pem"
    target = f"{DIRECTORY}/{link.readlink().name}"
    link.unlink()
    link.symlink_to(target)
    with booted(request.param, root, network=True) as machine:
        machine.shell(BARE, timeout=STEP_SECONDS)
        yield machine
    shutil.rmtree(root, ignore_errors=True)


def authorities_of_pip() -> str | None:
    """Return the file of certificates that this host's pip is told to trust, in a network of its own."""
    listed = subprocess.run((sys.executable, "-m", "pip", "config", "list"), capture_output=True, text=True, check=True)
    found = re.search(r"^\S*\.cert='(.+)'$", listed.stdout, re.MULTILINE)
    return found[1] if found else None


def copy_tree(target: Path) -> None:
    """Unpack what a source archive of this tree would hold, changes that are not committed included."""
    names = subprocess.run(
        ("git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.split(b"\0")
    target.mkdir(parents=True)
    archive = target.with_suffix(".tar")
    with tarfile.open(archive, "w") as packed:
        for name in filter(None, names):
            if (ROOT / name.decode()).exists():
                packed.add(ROOT / name.decode(), arcname=name.decode())
    shutil.unpack_archive(archive, target, filter="fully_trusted")
    archive.unlink()


def test_every_command_of_every_page_does_what_the_page_says(host: Machine) -> None:
    """Each is typed as root, one after the other; what fails is told with what it said."""
    failed = []
    for visit in VISITS:
        if host.release in visit.releases:
            began = time.monotonic()
            trouble = walk(host, visit)
            print(f"{host.release} {time.monotonic() - began:6.1f} s  {visit.text}", flush=True)  # noqa: T201 - where the time goes
            if trouble:
                failed.append(f"{visit.text}\n{trouble}")
    assert not failed, "\n\n".join(failed)


def walk(host: Machine, visit: Visit) -> str:
    """Type one command with what comes before and after it; return what went wrong, nothing where it was well."""
    line = visit.text
    for word, meant in visit.put.items():
        line = line.replace(word, meant)
    if visit.into:
        host.shell(visit.before)
        host.path(visit.into).write_text(f"{line}\n")
        return ""
    here = '"$(cat /root/here)"' if visit.stays else TREE
    # A pipe's status is its last program's: as the person sees it.
    script = f"cd {here}\n{visit.before}\ntrap 'pwd > /root/here' EXIT\n{line}\n"
    if visit.until:
        return goes_on(host, visit, script)
    try:
        done = host.attempt("sh", "-c", script, timeout=STEP_SECONDS)
    except subprocess.TimeoutExpired as error:
        return str(error)
    if done.returncode not in visit.status:
        return f"status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-3000:]}"
    after = host.attempt("sh", "-euc", f"cd {TREE}\n{visit.after}", timeout=STEP_SECONDS)
    return "" if after.returncode == 0 else f"then: {visit.after}\n{after.stdout[-1000:]}{after.stderr[-2000:]}"


def goes_on(host: Machine, visit: Visit, script: str) -> str:
    """Type a command that goes on until Ctrl-C, and end it so when what it is for is there."""
    unit = f"walk-{VISITS.index(visit)}"
    host.run("systemd-run", "--quiet", f"--unit={unit}", "--property=KillSignal=SIGINT", "sh", "-c", script)
    # It fails where the command ended by itself.
    waiting = f"until {visit.until}; do systemctl is-active -q {unit} || exit 1; sleep 0.5; done 2>/dev/null"
    reached = host.attempt("sh", "-c", waiting, timeout=STEP_SECONDS).returncode == 0
    said = host.attempt("journalctl", "-u", unit, "-n", "40", "-o", "cat").stdout
    host.attempt("systemctl", "stop", unit)
    result = host.show(unit, "Result")
    return "" if reached and result == "success" else f"{result}\n{said}"

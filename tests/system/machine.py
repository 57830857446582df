"""A booted Debian: systemd-nspawn around a tree, mostly without a network but loopback, reached with nsenter."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import wait_until

# The scrape runs this test's own interpreter in the network of the machine.
_GET = """
import sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=5) as answer:
    sys.stdout.write(answer.read().decode())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine that runs; `leader` is the host's pid of its init."""

    release: str
    root: Path
    leader: int

    def attempt(self, *command: str, timeout: float = 180.0) -> subprocess.CompletedProcess[str]:
        """Run *command* as root inside and return how it ended."""
        entered = (
            "nsenter",
            "-t",
            str(self.leader),
            "-a",
            "env",
            "-i",
            f"PATH={_PATH}",
            "DEBIAN_FRONTEND=noninteractive",
        )
        return subprocess.run(
            (*entered, *command), capture_output=True, text=True, check=False, timeout=timeout, stdin=subprocess.DEVNULL
        )

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start *command* as root inside, with pipes to its input and from its output."""
        entered = ("nsenter", "-t", str(self.leader), "-a", *command)
        return subprocess.Popen(entered, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, *command: str, timeout: float = 180.0) -> str:
        """Run *command* as root inside, which must succeed, and return what it printed."""
        done = self.attempt(*command, timeout=timeout)
        if done.returncode and command[0] == "systemctl":
            done.stderr += self.attempt("journalctl", "--no-pager", "-n", "30").stdout
        assert done.returncode == 0, f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def shell(self, script: str, *, timeout: float = 180.0) -> str:
        """Run a shell script as root inside, which must succeed, and return what it printed."""
        return self.run("sh", "-euc", script, timeout=timeout)

    def path(self, absolute: str) -> Path:
        """Return the host's path of a path inside; links on the way are not followed inside the machine."""
        return self.root / absolute.lstrip("/")

    def show(self, unit: str, name: str) -> str:
        """Return the property *name* of *unit*."""
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()

    def main_pid(self, unit: str) -> str:
        """Return the main process of *unit*, which must have one: to kill process 0 would kill this test."""
        pid = self.show(unit, "MainPID")
        assert pid != "0", f"{unit} does not run"
        return pid

    def wait_for(self, unit: str, name: str, value: str, *, timeout: float = 60.0) -> None:
        """Wait until the property *name* of *unit* is *value*."""
        describe = f"{name}={value} of {unit}"
        try:
            wait_until(lambda: self.show(unit, name) == value, timeout=timeout, describe=describe)
        except AssertionError as error:
            error.add_note(self.attempt("systemctl", "status", "-n50", "--no-pager", unit).stdout)
            raise

    def get(self, url: str) -> str | None:
        """Return the body at *url* as the machine's loopback sees it, None where it is refused or not 200."""
        command = ("nsenter", "-t", str(self.leader), "-n", sys.executable, "-I", "-c", _GET, url)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        return done.stdout if done.returncode == 0 else None


_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@contextlib.contextmanager
def booted(release: str, root: Path, *, network: bool = False) -> Iterator[Machine]:
    """Boot the tree *root* and yield the machine; it is off when the context ends; *network*: this host's."""
    log = root.with_suffix(".console")
    command = ("systemd-nspawn", "--quiet", f"--directory={root}", "--boot", "--register=no", "--keep-unit")
    with log.open("wb") as console:
        process = subprocess.Popen(
            (*command, *(() if network else ("--private-network",)), "--console=pipe", "--link-journal=no"),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
        )
    try:

        def leader() -> int | None:
            assert process.poll() is None, log.read_text(errors="replace")[-2000:]
            return _init_below(process.pid)

        found = wait_until(leader, timeout=30, describe="the init")
        assert found
        machine = Machine(release=release, root=root, leader=found)
        wait_until(
            lambda: machine.attempt("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"),
            timeout=90,
            describe=f"{release} to boot",
        )
        yield machine
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _init_below(pid: int) -> int | None:
    """Return the child of *pid* that became the init of a machine; nspawn has helpers for a while, too."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        # The read fails with ESRCH where the process ends in between.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return int(child)
    return None

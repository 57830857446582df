"""What `check` and `rollback` print is typed into a shell as it stands, whatever the files are called."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import pki
from tests.support.running import environment
from tests.support.scenarios import BACKDATED, LEAD, install, stamp

NAMES = [
    "--apply",
    "a 'b' \"c\" $(touch injected) `touch injected` \\ \\x41 ; touch injected & | * ~ #",
    "-é证\x9b\u202e\x7f\u061c \udcff\n\t\u2028",
]


def run(root: Path, line: str) -> "subprocess.CompletedProcess[str]":
    """Run a line in bash, in *root*, with the program on the PATH."""
    program = root / "bin" / "kubepki-exporter"
    if not program.exists():
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m kubepki "$@"\n')
        program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", os.fsencode(line)],
        cwd=root,
        env=environment(PATH=path, LC_ALL="C.UTF-8", COLUMNS="120"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def printed(output: str) -> list[str]:
    """Return the commands of the program in *output*; this test may not be root, and needs no sudo."""
    lines = [line.strip().removeprefix("sudo ") for line in output.splitlines()]
    return [line for line in lines if line.startswith("kubepki-exporter ")]


@pytest.mark.parametrize("prefix", NAMES, ids=["a flag", "shell", "bytes"])
def test_pasted_line_repairs_the_link(prefix: str, tmp_path: Path) -> None:
    """The line of `check` repairs the link; so does the one of `rollback`, with the file's name; nothing else runs."""
    directory = tmp_path / f"dir {prefix}"
    now = time.time()
    old, ahead = now - 40 * pki.DAY, now + LEAD
    ca = pki.authority()
    for moment in (old, ahead):
        install(directory, pki.client(ca, not_before=moment - BACKDATED), moment, prefix=prefix)
    link = directory / f"{prefix}-current.pem"
    future, good = (f"{prefix}-{stamp(moment)}.pem" for moment in (ahead, old))
    flags = shlex.join([f"--pki.directory={directory}", "--no-clock.apiserver", f"--at={now:.0f}"])
    for command, status in (("check", 2), ("rollback", 0)):
        link.unlink()
        link.symlink_to(future)
        told = run(tmp_path, f"kubepki-exporter {command} {flags}")
        assert told.returncode == status, told.stderr
        (line,) = printed(told.stdout)
        assert " --apply" in line
        done = run(tmp_path, f"{line} --shared-directory")
        assert (done.returncode, link.readlink().name) == (0, good), done.stderr
    assert not (tmp_path / "injected").exists()

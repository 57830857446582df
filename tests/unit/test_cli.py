"""The command line of a process whose working directory is gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running import environment


@pytest.mark.parametrize(("arguments", "status"), [(["--config.check"], 2), (["check"], 3)])
def test_a_removed_working_directory_is_one_line_and_no_traceback(
    tmp_path: Path, arguments: list[str], status: int
) -> None:
    """What is relative cannot be found any more, and that is said."""
    program = "import os, sys; os.rmdir(os.getcwd()); from kubepki.cli import main; sys.exit(main(sys.argv[1:]))"
    gone = tmp_path / "gone"
    gone.mkdir()
    found = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=gone,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert found.returncode == status
    assert "Traceback" not in found.stderr
    assert "the working directory is gone" in found.stderr
    assert not os.path.lexists(gone)


@pytest.mark.parametrize(
    ("text", "flags", "begins"),
    [
        ("pki:\n  password_file: absent\n", (), "{file}:2: pki.password_file: the password file"),
        ("pki:\n  password_file: absent\n", ("--pki.password-file=other",), "--pki.password-file: the password file"),
        ("web:\n  listen_addresses:\n  - 192.0.2.1:1\n", (), "{file}:2: web.listen_addresses: cannot listen on"),
    ],
)
def test_mistake_in_the_file_is_told_with_its_line(
    tmp_path: Path, text: str, flags: tuple[str, ...], begins: str
) -> None:
    """What turns out only after the file was read names its line and key all the same; a flag that won names itself."""
    file = tmp_path / "config.yml"
    file.write_text(text)
    found = subprocess.run(
        [sys.executable, "-m", "kubepki", f"--config.file={file}", *flags],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert found.returncode == 2
    assert found.stderr.splitlines()[-1].startswith("kubepki-exporter: " + begins.format(file=file)), found.stderr

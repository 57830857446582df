"""Printed commands start the program that printed them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kubepki.commands.hands import Hands
from kubepki.commands.typed import typed_program


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory that is alone in the path."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory


def executable(path: Path) -> Path:
    """Write a file that can be started."""
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_installed_program_is_typed_by_its_name(path: Path) -> None:
    """What the path finds is typed short, however it was started this time."""
    program = executable(path / "kubepki-exporter")
    assert typed_program("kubepki-exporter") == "kubepki-exporter"
    assert typed_program(str(program)) == "kubepki-exporter"


def test_downloaded_file_is_typed_by_its_path(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beside the path is typed whole, also where another version is installed, and however it is named."""
    monkeypatch.chdir(tmp_path)
    program = executable(tmp_path / "kubepki-exporter-1.2.0-linux-x86_64")
    assert typed_program(f"./{program.name}") == str(program)
    executable(path / "kubepki-exporter")
    assert typed_program(str(program)) == str(program)
    assert Hands(program=str(program)).own("rollback", "/a b").startswith(f"{program} rollback ")


def test_within_another_program_it_has_its_name(path: Path) -> None:  # noqa: ARG001 - the path is empty
    """Started as a module, or by a test, its file is nothing to type."""
    assert typed_program("/usr/lib/python3/dist-packages/kubepki/__main__.py") == "kubepki-exporter"
    assert typed_program("") == "kubepki-exporter"


def test_check_prints_what_can_be_pasted(tmp_path: Path) -> None:
    """The script of a virtual environment that is not in the path names itself in the commands that it prints."""
    script = Path(sys.executable).with_name("kubepki-exporter")
    if not script.exists():
        pytest.skip("the package is not installed in this environment")
    (tmp_path / "kubelet-client-current.pem").symlink_to("gone.pem")
    done = subprocess.run(
        (script, "check", "--no-clock.apiserver", tmp_path),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 2
    assert f"{script} check " in done.stdout

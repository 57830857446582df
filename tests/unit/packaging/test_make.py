"""The Makefile as a newcomer meets it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

SUPPORT = ROOT / "tests" / "support"


@pytest.fixture(autouse=True)
def _make_is_there() -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")


def test_bare_make_prints_the_targets() -> None:
    """Make alone starts nothing: it names the targets with what they do."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    done = subprocess.run(("make", "-C", str(ROOT)), capture_output=True, text=True, check=True, env=environment)
    described = re.findall(r"^([a-z-]+):[^#\n]*## (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"run", "test", "deb"} <= {target for target, _ in described}
    for target, text in described:
        assert re.search(rf"^  {target} +{re.escape(text)}$", done.stdout, re.MULTILINE), target


def make_venv(directory: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run the script that makes the environment `.venv` in *directory*."""
    return subprocess.run(
        ("sh", str(SUPPORT / "make-venv.sh"), python, ".venv"),
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


def test_half_made_environment_heals(tmp_path: Path) -> None:
    """An environment without pip, as an interrupted run leaves it, is made anew; one that works stays."""
    python = shutil.which("python3") or "python3"
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(python)
    assert make_venv(tmp_path, python).returncode == 0
    pip = tmp_path / ".venv" / "bin" / "pip"
    assert pip.exists()
    assert (tmp_path / ".venv" / ".made").read_text() == str(tmp_path / ".venv")
    kept = pip.stat().st_ino
    assert make_venv(tmp_path, python).returncode == 0
    assert pip.stat().st_ino == kept
    moved = tmp_path / "moved"
    moved.mkdir()
    (tmp_path / ".venv").rename(moved / ".venv")
    assert make_venv(moved, python).returncode == 0
    assert str(moved) in (moved / ".venv" / "bin" / "pip").read_text().splitlines()[0]


def test_missing_python_is_one_line(tmp_path: Path) -> None:
    """Without a Python that will do, the message names what to install."""
    done = make_venv(tmp_path, "")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Python 3.11" in done.stderr


@pytest.mark.parametrize(
    ("body", "said"),
    [("echo Python 3.10; exit 1", "is Python 3.10; "), (None, "is no Python that starts; ")],
    ids=["too old", "not there"],
)
def test_a_named_python_that_will_not_do_is_one_line(tmp_path: Path, body: str | None, said: str) -> None:
    """What PYTHON names is looked at before anything is made with it."""
    python = tmp_path / "python"
    if body is not None:
        python.write_text(f"#!/bin/sh\n{body}\n")
        python.chmod(0o755)
    done = make_venv(tmp_path, str(python))
    assert done.returncode == 1
    assert done.stderr.startswith(f"{python} {said}kubepki-exporter needs Python 3.11 or newer")
    assert done.stderr.count("\n") == 1


def test_target_names_the_one_command(tmp_path: Path) -> None:
    """What a target needs and cannot install is told with the command that does."""
    listing = tmp_path / "packages.txt"
    listing.write_text("# package  target…\nkubepki-no-such-package deb\nother-package rpm\n")
    # A program in front of the path says who asks; the script itself runs as it is.
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "id").write_text("#!/bin/sh\necho 1000\n")
    (programs / "id").chmod(0o755)
    for asked, named, packages in (
        (("deb",), "deb", "kubepki-no-such-package"),
        (("deb", "image"), "image", "kubepki-no-such-package"),
        (("all", "walk"), "walk", "kubepki-no-such-package other-package"),
    ):
        done = subprocess.run(
            ("sh", str(SUPPORT / "install-packages.sh"), str(listing), *asked),
            env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr == (
            f"make {named} needs packages that are not installed; as root: apt-get install {packages}\n"
        )


@pytest.mark.parametrize("asked", ["install", "uninstall"])
def test_installing_needs_root(tmp_path: Path, asked: str) -> None:
    """An ordinary user is told so in one line, before anything is written."""
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DESTDIR": "", "PREFIX": ""}
    script = ROOT / "systemd" / "packaging" / "install.sh"
    done = subprocess.run((str(script), asked), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(f"make {asked} needs root, for it writes to .*; run it with sudo, or .*\n", done.stderr)


def test_missing_program_is_told_truly(tmp_path: Path) -> None:
    """The list of what is missing says which package lacks the program, and the tests repeat it."""
    if shutil.which("apt-get") is None:
        pytest.skip("apt-get is not installed")
    listing = tmp_path / "packages.txt"
    listing.write_text("kubepki-no-such-package no-such-program\ncoreutils ls\n")
    tools = tmp_path / "tools"
    done = subprocess.run(
        ("sh", str(SUPPORT / "fetch-programs.sh"), str(listing), str(tools)), capture_output=True, text=True, check=True
    )
    told = (tools / "missing.txt").read_text()
    assert told.startswith("no-such-program\tapt-get cannot download the package kubepki-no-such-package: ")
    assert "ls\t" not in told
    assert "no-such-program" in done.stderr


def test_oldest_libraries_are_tried_where_they_are_used() -> None:
    """Each room that imports a library, and the suites that need one, are among what `make test-oldest` runs."""
    libraries = "bcrypt|cryptography|ntplib|prometheus_client|watchdog|yaml"
    uses = re.compile(rf"^\s*(?:import|from) (?:{libraries})\b", re.MULTILINE)
    package = ROOT / "exporter" / "kubepki"
    using = [path.relative_to(package) for path in package.rglob("*.py") if uses.search(path.read_text())]
    assert using
    listed = (ROOT / "Makefile").read_text().partition("OLDEST :=")[2].partition("OLDEST_ALONE")[0]
    words = set(re.split(r"[\s,()\\]+", listed))
    for path in using:
        room, name = path.parts[0], f"test_{path.name}"
        assert room in words or name in words, f"{path}: add its tests to OLDEST in the Makefile"


def test_what_root_left_is_told(tmp_path: Path) -> None:
    """A directory that a run with sudo left is named with the command that removes it, and nothing else is tried."""
    script = SUPPORT / "mine.sh"
    left = tmp_path / "build" / "wheel"
    left.mkdir(parents=True)
    # Root may write everything: what `find` says of a directory that is not writable stands in.
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "find").write_text("#!/bin/sh\necho $1/wheel\n")
    (programs / "find").chmod(0o755)
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    asked = ("sh", str(script), "absent", "build")
    done = subprocess.run(asked, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "build/wheel cannot be written: another user made it (make with sudo?); remove it: sudo rm -rf build\n"
    )
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("package", ["deb", "rpm", "image"])
def test_a_path_with_blanks_is_refused_before_the_build(tmp_path: Path, package: str) -> None:
    """The tools of the distributions split it: that is told in one line, and nothing is built."""
    tree = tmp_path / "my tree"
    shutil.copytree(ROOT / "systemd" / "packaging", tree / "systemd" / "packaging")
    (tree / "exporter" / "kubepki").mkdir(parents=True)
    shutil.copy(ROOT / "exporter" / "kubepki" / "__init__.py", tree / "exporter" / "kubepki")
    script = tree / "systemd" / "packaging" / f"build-{package}.sh"
    done = subprocess.run((str(script),), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("packages cannot be built below a path with blanks")
    assert done.stderr.count("\n") == 1
    assert not (tree / "build").exists()

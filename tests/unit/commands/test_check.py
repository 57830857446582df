"""The command `check`: sources, statuses, and what it does for whom."""

import ctypes
import io
import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kubepki.cli import main
from kubepki.commands.check import check, style_of
from kubepki.config.flags import Command, Invocation
from kubepki.settings import ConfigError, PkiSettings
from tests.support import pki
from tests.support.commands import own_logging, run_check, settings_of
from tests.support.scenarios import CLIENT, LEAD, NEW, NOW, OLD, SCENARIOS, looking_at, node, stamp, write

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
# linux/capability.h
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
# prctl(2), capabilities(7).
PR_GET_SECUREBITS, PR_SET_SECUREBITS, SECBIT_NOROOT = 27, 28, 1
NOWHERE = settings_of(PkiSettings(directories=(), kubeconfigs=()))


@pytest.mark.parametrize(
    ("name", "status"), [("healthy_kubeadm", 0), ("target_ahead_by_name", 1), ("incident_all_corrected", 2)]
)
def test_status_of_the_program(name: str, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The program's exit status is that of the worst finding."""
    directory = BY_NAME[name].build(tmp_path).directories[0].path
    arguments = ["check", directory, "--json", f"--at={NOW:.0f}", "--pki.timezone=UTC"]
    with own_logging():
        assert main(arguments) == status
    document = json.loads(capsys.readouterr().out)
    assert document["exit_status"] == status
    assert document["assumed_time"] is True


@pytest.mark.parametrize("arguments", [["/nonexistent"], ["--at=noon"], ["--no-such-flag"]])
def test_could_not_look(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be looked at is 3 and one line on stderr, and never looks like a finding."""
    with own_logging():
        assert main(["check", *arguments]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1


def test_paths_replace_all_sources(tmp_path: Path) -> None:
    """A directory, a file and a kubeconfig are each taken for what they are, and nothing else is looked at."""
    directory = tmp_path / "pki"
    ca = node(directory, OLD, NEW)
    pair = pki.client(ca, not_before=NEW)
    certificate = write(tmp_path / "other.crt", pair.certificate_pem)
    user = pki.User(certificate=pair.certificate_pem, key=pair.key_pem)
    config = write(tmp_path / "admin.conf", pki.kubeconfig(users=[user]))
    broken = settings_of(looking_at(tmp_path / "absent"))
    for path, expected in (
        (directory, {str(directory / CLIENT), str(directory / f"kubelet-client-{stamp(OLD)}.pem"), str(directory)}),
        (certificate, {str(certificate)}),
        (config, {str(config)}),
    ):
        code, text = run_check(broken, at=NOW, json=True, paths=(str(path),))
        assert code == 0
        assert {each["path"] for each in json.loads(text)["paths"]} == expected
    assert run_check(broken, at=NOW)[0] == 2


def test_a_link_brings_its_fallbacks_and_nothing_else(tmp_path: Path) -> None:
    """One link is judged with the files that could replace it, whatever else its directory holds."""
    directory = tmp_path / "pki"
    node(directory, OLD, NOW + LEAD)
    write(directory / "broken.pem", b"")
    code, text = run_check(NOWHERE, at=NOW, json=True, paths=(str(directory / CLIENT),))
    document = json.loads(text)
    assert code == 2
    assert {each["path"].rpartition("/")[2] for each in document["findings"]} == {CLIENT}
    link = next(each for each in document["paths"] if each["standing"] == "current")
    assert link["fallback"] == str(directory / f"kubelet-client-{stamp(OLD)}.pem")


def test_at(tmp_path: Path) -> None:
    """Another time gives another judgement of the same disk."""
    directory = tmp_path / "pki"
    node(directory, OLD, NOW + LEAD)
    settings = settings_of(looking_at(directory))
    assert run_check(settings, at=NOW)[0] == 2
    assert run_check(settings, at=NOW + LEAD)[0] == 0
    assert run_check(settings, now=NOW)[0] == 2
    assert run_check(settings, now=NOW + LEAD)[0] == 0


def test_nothing_is_written(tmp_path: Path) -> None:
    """A look leaves the disk as it was, the state directory too."""
    directory = tmp_path / "pki"
    node(directory, OLD, NEW)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.json").write_bytes(b"damaged")
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    run_check(settings_of(looking_at(directory), state=tmp_path / "state"), now=NOW)
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


def test_the_service_remembers_for_it(tmp_path: Path) -> None:
    """A link that the service saw and that is gone is missing for `check`, too."""
    directory = tmp_path / "pki"
    directory.mkdir()
    link = str(directory / CLIENT)
    state = tmp_path / "state"
    state.mkdir()
    links = {link: {"target": "/x", "clock_synchronized": None}}
    (state / "state.json").write_text(json.dumps({"version": 1, "last_synchronized": None, "links": links}))
    code, text = run_check(settings_of(looking_at(directory), state=state), at=NOW)
    assert code == 2
    assert f"{CLIENT} is broken: missing" in text


@pytest.fixture
def readable_root() -> Iterator[Path]:
    """Return a directory that every user may enter."""
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    yield root
    shutil.rmtree(root)


@contextmanager
def without_reading_everything() -> Iterator[None]:
    """Take root's right to read any file from this thread and what it starts, and give it back (capabilities(7))."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    # Otherwise a program that root starts has all rights again.
    secure_bits = libc.prctl(PR_GET_SECUREBITS)
    assert libc.prctl(PR_SET_SECUREBITS, secure_bits | SECBIT_NOROOT) == 0
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    # Effective, permitted and inheritable of the first 32 capabilities, then of the others.
    data = (ctypes.c_uint32 * 6)()
    assert libc.capget(ctypes.byref(header), ctypes.byref(data)) == 0
    before = data[0]
    data[0] &= ~((1 << CAP_DAC_OVERRIDE) | (1 << CAP_DAC_READ_SEARCH))
    assert libc.capset(ctypes.byref(header), ctypes.byref(data)) == 0
    try:
        yield
    finally:
        data[0] = before
        assert libc.capset(ctypes.byref(header), ctypes.byref(data)) == 0
        assert libc.prctl(PR_SET_SECUREBITS, secure_bits) == 0


def test_as_an_ordinary_user(readable_root: Path) -> None:
    """What may not be read is listed; what may be read is judged; with nothing to judge it could not look."""
    directory = readable_root / "pki"
    node(directory, OLD, NOW + LEAD)
    serving = pki.self_signed(not_before=NEW)
    write(directory / "kubelet.crt", serving.certificate_pem).chmod(0o644)
    settings = settings_of(looking_at(directory))
    run_check(settings, at=NOW)
    for path in directory.glob("kubelet-client-2*"):
        path.chmod(0)
    # An ordinary user might not be allowed to start the interpreter of this test, which parses in a process of its own.
    with without_reading_everything():
        code, text = run_check(settings, at=NOW)
        alone = run_check(settings, at=NOW, paths=(str(directory / CLIENT),))[0]
    assert code == 1
    assert "Could not be read" in text
    assert str(directory / CLIENT) in text
    assert "kubelet.crt" in text
    assert alone == 3


def test_style() -> None:
    """Colours are for a terminal without NO_COLOR; ASCII is for a locale without UTF-8."""
    buffer = io.BytesIO()
    assert not style_of(io.TextIOWrapper(buffer, encoding="ascii"), {}).unicode
    assert style_of(io.TextIOWrapper(io.BytesIO(), encoding="UTF-8"), {}).unicode
    leader, follower = pty.openpty()
    with os.fdopen(leader, "rb"), os.fdopen(follower, "w", encoding="utf-8") as terminal:
        assert style_of(terminal, {}).colour
        assert style_of(terminal, {"NO_COLOR": ""}).colour
        assert not style_of(terminal, {"NO_COLOR": "1"}).colour
        assert not style_of(terminal, {"TERM": "dumb"}).colour
    assert not style_of(io.StringIO(), {}).colour


def test_a_bad_path_is_named() -> None:
    """The error names the path."""
    with pytest.raises(ConfigError, match="/nonexistent: there is no such file or directory"):
        run_check(NOWHERE, at=NOW, paths=("/nonexistent",))


class Broken(io.StringIO):
    """A stream that stands for a bug."""

    def isatty(self) -> bool:
        """Fail as no stream does."""
        msg = "a bug"
        raise ZeroDivisionError(msg)


def test_what_cannot_be_written_is_no_finding(tmp_path: Path) -> None:
    """A full disk behind the output gives 3 and a line on stderr."""
    program = "import sys; from kubepki.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "check", str(tmp_path), f"--at={NOW:.0f}"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 3
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_bug_is_no_finding(capfd: pytest.CaptureFixture[str]) -> None:
    """A bug of ours gives 3, and its traceback is in the log."""
    with own_logging():
        assert check(Invocation(command=Command.CHECK, settings=NOWHERE, at=NOW), out=Broken()) == 3
    assert "ZeroDivisionError" in capfd.readouterr().err

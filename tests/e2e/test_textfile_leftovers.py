"""The command that a timer runs, while a mount is dead: one process is left behind, not one for each run."""

import fcntl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kubepki.disk.calls import NO_ANSWER
from kubepki.disk.disk import AskedHere
from kubepki.disk.leftovers import MOST, Avoiding, Leftovers
from kubepki.settings import ConfigError
from tests.support import pki
from tests.support.hanging import hanging
from tests.support.running import environment, parse_scrape
from tests.support.waiting import wait_until

_COMMAND = (sys.executable, "-m", "kubepki", "textfile")


def _run(tmp_path: Path) -> tuple[int, str, str]:
    """Write the file once; return the status, what is in it, and the log."""
    file = tmp_path / "kubepki.prom"
    file.unlink(missing_ok=True)
    flags = [f"--pki.directory={tmp_path / each}" for each in ("pki", "remote")]
    flags += ["--no-clock.apiserver", f"--state.directory={tmp_path / 'state'}", "--scan.file-budget=500ms"]
    ran = subprocess.run(
        [*_COMMAND, str(file), *flags], env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    return ran.returncode, file.read_text() if file.exists() else "", ran.stderr


def _left(tmp_path: Path) -> int:
    """Return how many files of the state directory are held by a process that looks, or still looked."""
    held = 0
    for path in (tmp_path / "state").glob("looking-*.json"):
        with path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                held += 1
    return held


def test_runs_leave_one_process_behind_and_none_when_the_mount_is_back(tmp_path: Path) -> None:
    """Each run writes its file, with what lies elsewhere, and names what does not answer."""
    for each in ("pki", "state"):
        (tmp_path / each).mkdir()
    authority = pki.authority(not_before=time.time() - pki.DAY)
    (tmp_path / "pki" / "a.pem").write_bytes(pki.client(authority, not_before=time.time() - pki.HOUR).pem)
    with hanging(tmp_path / "remote", {"hung.pem": authority.certificate_pem, "good.pem": authority.pem}) as remote:
        remote.hangs.add("hung.pem")
        for _ in range(3):
            status, text, log = _run(tmp_path)
            assert status == 0, log
            scrape = parse_scrape(text)
            assert scrape.reasons(tmp_path / "remote" / "hung.pem") == {"too_costly"}
            for good in ("pki/a.pem", "remote/good.pem"):
                assert scrape.find("kubepki_certificate_info", path=str(tmp_path / good))
            wait_until(lambda: _left(tmp_path) == 1, timeout=60)
        remote.revive()
        wait_until(lambda: _left(tmp_path) == 0, timeout=60)
        assert parse_scrape(_run(tmp_path)[1]).reasons(tmp_path / "remote" / "hung.pem") == set()
        wait_until(lambda: _left(tmp_path) == 0, timeout=60)


def test_what_is_avoided(tmp_path: Path) -> None:
    """One path with what lies below it; after two of a directory the directory."""
    first = Leftovers(str(tmp_path))
    assert first.silent == frozenset()
    first.note({"/a/b.pem", "/c\udcff"})
    second = Leftovers(str(tmp_path))
    assert second.silent == {"/a/b.pem", "/c\udcff"}
    second.note({"/a/d.pem"})
    third = Leftovers(str(tmp_path))
    assert third.silent == {"/a/b.pem", "/a/d.pem", "/a", "/c\udcff"}
    asked = Avoiding(AskedHere(), second.silent)
    calls = [("exists", path) for path in ("/a/b.pem", "/a/b.pem/x", "/a/x", "/", "/c\udcff")]
    assert asked.ask(calls) == [NO_ANSWER, NO_ANSWER, False, True, NO_ANSWER]
    for each in (first, second, third):
        each.close()
    assert Leftovers(str(tmp_path)).silent == frozenset()


def test_there_is_an_end_to_what_may_be_left(tmp_path: Path) -> None:
    """The run says what they wait for, and starts no other."""
    held = [Leftovers(str(tmp_path)) for _ in range(MOST)]
    held[3].note({"/mnt/x.pem"})
    with pytest.raises(ConfigError, match=r"^/mnt/x\.pem: 8 processes of earlier runs still wait"):
        Leftovers(str(tmp_path))
    held[0].close()
    assert Leftovers(str(tmp_path)).silent == {"/mnt/x.pem"}


def test_a_directory_that_cannot_be_written_keeps_nothing_in_mind(tmp_path: Path) -> None:
    """As without one."""
    for directory in (None, str(tmp_path / "none")):
        found = Leftovers(directory)
        found.note({"/a"})
        assert (found.silent, found.held) == (frozenset(), ())
        found.close()

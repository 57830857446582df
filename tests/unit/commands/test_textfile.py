"""The command `textfile`: the real process, its file, and what it does when it cannot write."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kubepki.commands.textfile import replace_file
from tests.support.incident import build_incident
from tests.support.waiting import wait_until

NOT_BEFORE = "kubepki_certificate_not_before_timestamp_seconds"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a PKI directory in the incident."""
    path = tmp_path / "pki"
    path.mkdir()
    build_incident(path, time.time())
    return path


def command(file: Path, directory: Path, *flags: str) -> tuple[str, ...]:
    """Return the command line that writes *file*."""
    sources = (f"--pki.directory={directory}", "--no-clock.apiserver")
    return (sys.executable, "-m", "kubepki", "textfile", str(file), *sources, *flags)


def run(file: Path, directory: Path) -> subprocess.CompletedProcess[str]:
    """Write *file* once."""
    return subprocess.run(command(file, directory), capture_output=True, text=True, check=False, timeout=60)


def test_file_is_what_promtool_and_the_collector_take(
    tmp_path: Path, directory: Path, program: Callable[[str], Path]
) -> None:
    """One run writes the families of a scrape, readable for everybody, without those that node_exporter has itself."""
    file = tmp_path / "kubepki.prom"
    done = run(file, directory)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert file.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["kubepki.prom", "pki"]
    text = file.read_text()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert all(name.startswith("kubepki_") for name in families)
    current = str(directory / "kubelet-client-current.pem")
    assert any(sample.labels["path"] == current for sample in families[NOT_BEFORE].samples)
    # The collector refuses a file with timestamps.
    assert all(sample.timestamp is None for family in families.values() for sample in family.samples)
    linted = subprocess.run(
        (program("promtool"), "check", "metrics"), input=text, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stderr


def test_every_period_a_new_file_and_the_end_by_a_signal(tmp_path: Path, directory: Path) -> None:
    """A rotation is in the file after a period, counted; SIGTERM ends it with 0 and the last file stays."""
    file = tmp_path / "kubepki.prom"
    with subprocess.Popen(command(file, directory, "--every=5s"), stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(file.exists, timeout=15, describe="the first file")
            link = directory / "kubelet-client-current.pem"
            older = next(path for path in directory.glob("kubelet-client-2*.pem") if path.name != link.readlink().name)
            link.unlink()
            link.symlink_to(older)
            moved = f'kubepki_symlink_changes_total{{path="{link}"}} 1.0'
            wait_until(lambda: moved in file.read_text(), timeout=20, describe="the rotation in the file")
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    assert file.exists()


def test_what_cannot_be_written_is_one_line(tmp_path: Path, directory: Path) -> None:
    """A directory that is not there ends a single run with 1 and says so once."""
    done = run(tmp_path / "absent" / "kubepki.prom", directory)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "kubepki.prom cannot be written: No such file or directory" in done.stderr


def test_name_that_nobody_would_read_is_refused(tmp_path: Path, directory: Path) -> None:
    """node_exporter reads *.prom alone."""
    done = run(tmp_path / "kubepki.txt", directory)
    assert done.returncode == 2
    assert "ends in .prom; write " in done.stderr
    assert not (tmp_path / "kubepki.txt").exists()


def test_reader_sees_the_old_or_the_new_file(tmp_path: Path) -> None:
    """The file is another inode each time; neither an interrupted write's rest nor a trap is in the way."""
    file = tmp_path / "kubepki.prom"
    replace_file(str(file), b"one\n")
    held = file.open("rb")
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / ".kubepki.prom.tmp").symlink_to(victim)
    replace_file(str(file), b"two\n")
    with held:
        assert held.read() == b"one\n"
    assert file.read_bytes() == b"two\n"
    assert victim.read_text() == "untouched"
    assert not os.path.lexists(tmp_path / ".kubepki.prom.tmp")


def test_file_that_is_in_the_way_stays_whole(tmp_path: Path) -> None:
    """Where the last step fails nothing is left behind."""
    target = tmp_path / "kubepki.prom"
    (target / "full").mkdir(parents=True)
    with pytest.raises(OSError, match=r"directory|not empty"):
        replace_file(str(target), b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["kubepki.prom"]

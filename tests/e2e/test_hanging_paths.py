"""A path that never answers holds up itself: a FUSE file system whose server reads the question and is silent."""

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import pki
from tests.support.hanging import Hanging, hanging
from tests.support.running import Exporter, Scrape, running
from tests.support.scenarios import CLIENT
from tests.support.waiting import wait_until

CA = pki.authority()
PAIR = pki.client(CA)
STAMPS = tuple(f"2026-0{month}-01-00-00-00" for month in range(1, 7))
NOT_BEFORE = "kubepki_certificate_not_before_timestamp_seconds"
PATIENCE = 30.0
# Of a busy machine; everything is looked at each 30 s only.
MOMENT = 8.0


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a healthy directory."""
    path = tmp_path / "pki"
    path.mkdir()
    pki.install(path, "kubelet-client", PAIR.pem, STAMPS[0])
    return path


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Hanging]:
    """Return another directory, of which one file never answers."""
    files = {"good.pem": CA.certificate_pem, "hung.pem": CA.certificate_pem}
    with hanging(tmp_path / "remote", files) as made:
        made.hangs.add("hung.pem")
        yield made


def when(exporter: Exporter, wanted: str, **labels: str) -> Scrape:
    """Return the first scrape that has the series *wanted*."""

    def look() -> Scrape | None:
        if exporter.get("/-/ready")[0] != 200:
            return None
        scrape = exporter.scrape()
        return scrape if scrape.find(wanted, **labels) else None

    found = wait_until(look, timeout=PATIENCE, describe=f"{wanted}{labels}")
    assert found is not None
    return found


def rotate(exporter: Exporter, directory: Path, stamp: str) -> float:
    """Rotate as client-go does; return the seconds until a scrape tells of it."""
    pki.install(directory, "kubelet-client", PAIR.pem, stamp)
    started = time.monotonic()
    target = str(directory / f"kubelet-client-{stamp}.pem")
    when(exporter, "kubepki_symlink_info", path=str(directory / CLIENT), target=target)
    return time.monotonic() - started


def told_slow(exporter: Exporter, path: Path) -> None:
    """Wait until a scrape tells that *path* has been looked at for more than a second."""
    value = when(exporter, "kubepki_scan_path_seconds", path=str(path)).value(
        "kubepki_scan_path_seconds", path=str(path)
    )
    assert value is not None
    assert value > 1


def test_one_file_that_hangs_holds_up_only_itself(directory: Path, remote: Hanging, tmp_path: Path) -> None:
    """It has its fault, is named in the log and in a metric, and its neighbour and a rotation elsewhere are seen."""
    sources = (f"--pki.directory={directory}", f"--pki.directory={remote.mount}", "--log.level=debug")
    with running(*sources, log=tmp_path / "log") as exporter:
        hung = remote.mount / "hung.pem"
        scrape = when(exporter, "kubepki_fault", path=str(hung), reason="too_costly")
        assert scrape.find(NOT_BEFORE, path=str(remote.mount / "good.pem"))
        told_slow(exporter, hung)
        assert f"path={hung}" in exporter.log()
        for stamp in STAMPS[1:]:
            assert rotate(exporter, directory, stamp) < MOMENT
        assert remote.waiting == 1
        remote.revive()
        when(exporter, NOT_BEFORE, path=str(hung))
        assert not exporter.scrape().find("kubepki_scan_path_seconds")
        assert not exporter.scrape().reasons(hung)


def test_a_dead_file_system_holds_up_nothing_else(directory: Path, remote: Hanging, tmp_path: Path) -> None:
    """Nothing of it answers: its directory has the fault; rotations, scrapes, pings and the end do not wait."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        variables = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1500000"}
        remote.dead = True
        sources = (
            f"--pki.directory={directory}",
            f"--pki.directory={remote.mount}",
            f"--pki.file={remote.mount}/**/*.pem",
            f"--pki.kubeconfig={remote.mount}/kubelet.conf",
            "--scan.interval=1s",
        )
        with running(*sources, log=tmp_path / "log", variables=variables) as exporter:
            when(exporter, "kubepki_fault", path=str(remote.mount), reason="too_costly")
            told_slow(exporter, remote.mount)
            for stamp in STAMPS[1:]:
                assert rotate(exporter, directory, stamp) < MOMENT
                exporter.scrape()
            scans = exporter.scrape().value("kubepki_scans_total")
            assert scans is not None
            wait_until(lambda: (exporter.scrape().value("kubepki_scans_total") or 0) > scans + 2, timeout=PATIENCE)
            messages = [manager.recv(4096) for _ in range(5)]
            assert b"WATCHDOG=1" in messages
            threads = len(list(Path(f"/proc/{exporter.process.pid}/task").iterdir()))
            assert threads < 20
            exporter.signal(signal.SIGTERM)
            assert exporter.process.wait(MOMENT) == 0


def test_a_file_system_that_dies_while_it_is_watched(directory: Path, remote: Hanging, tmp_path: Path) -> None:
    """What it held has its fault, and again its certificates when it comes back."""
    sources = (f"--pki.directory={directory}", f"--pki.directory={remote.mount}", "--scan.interval=1s")
    remote.hangs.clear()
    with running(*sources, log=tmp_path / "log") as exporter:
        when(exporter, NOT_BEFORE, path=str(remote.mount / "hung.pem"))
        remote.dead = True
        when(exporter, "kubepki_fault", path=str(remote.mount), reason="too_costly")
        assert rotate(exporter, directory, STAMPS[1]) < MOMENT
        remote.revive()
        when(exporter, NOT_BEFORE, path=str(remote.mount / "hung.pem"))
        assert rotate(exporter, directory, STAMPS[2]) < MOMENT


def test_the_first_look_is_interrupted(directory: Path, remote: Hanging, tmp_path: Path) -> None:
    """SIGTERM while the first look waits for a path."""
    remote.dead = True
    sources = (f"--pki.directory={directory}", f"--pki.directory={remote.mount}", "--scan.file-budget=1m")
    with running(*sources, log=tmp_path / "log") as exporter:
        wait_until(lambda: remote.waiting, timeout=PATIENCE, describe="the first question")
        assert exporter.get("/-/ready")[0] == 503
        exporter.signal(signal.SIGTERM)
        assert exporter.process.wait(MOMENT) == 0


def test_a_reload_of_a_configuration_that_does_not_answer(directory: Path, tmp_path: Path) -> None:
    """It is refused in one line, the scans go on, and so does the next reload."""
    with hanging(tmp_path / "config", {"c.yml": b"log: {level: info}\n"}) as remote:
        sources = (f"--pki.directory={directory}", f"--config.file={remote.mount / 'c.yml'}")
        with running(*sources, log=tmp_path / "log") as exporter:
            when(exporter, "kubepki_symlink_info", path=str(directory / CLIENT))
            remote.dead = True
            exporter.signal(signal.SIGHUP)
            wait_until(lambda: "did not answer in time" in exporter.log(), timeout=PATIENCE, describe="the refusal")
            rotate(exporter, directory, STAMPS[1])
            assert exporter.scrape().value("kubepki_config_last_reload_successful") == 0
            remote.revive()
            exporter.signal(signal.SIGHUP)
            wait_until(lambda: "was read again" in exporter.log(), timeout=PATIENCE, describe="the reload")
            remote.dead = True
            exporter.signal(signal.SIGHUP)
            assert exporter.end() == 0

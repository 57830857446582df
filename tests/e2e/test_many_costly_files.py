"""Files of which each costs less than its budget, and all together minutes: a scan has an end before theirs."""

import itertools
import os
from pathlib import Path

from tests.support import costly, pki
from tests.support.running import running
from tests.support.scenarios import CLIENT, stamp
from tests.support.waiting import wait_until

_FILES = 60
# About a quarter of a second of CPU time.
_ROUNDS = 500_000


def test_a_rotation_is_seen_before_all_are_read(tmp_path: Path) -> None:
    """Each scan reads some of them and publishes what it knows, with what components present looked at first."""
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir()
    bad.mkdir()
    authority = pki.authority()
    pki.install(good, "kubelet-client", pki.client(authority).pem, stamp(pki.NEW_YEAR))
    for number in range(_FILES):
        (bad / f"{number}.p12").write_bytes(costly.pkcs12(_ROUNDS + number))
    link = str(good / CLIENT)
    sources = [f"--pki.directory={each}" for each in (bad, good)]
    with running(*sources, "--scan.interval=2s", "--scan.file-budget=500ms", log=tmp_path / "log") as exporter:
        wait_until(lambda: exporter.get("/-/ready")[0] == 200, timeout=120)
        for day in (1, 2):
            dated = pki.install(good, "kubelet-client", pki.client(authority).pem, stamp(pki.NEW_YEAR + day * pki.DAY))
            target = str(dated)
            wait_until(
                lambda target=target: exporter.scrape().find("kubepki_symlink_info", path=link, target=target),  # type: ignore[misc]
                timeout=120,
            )
            scrape = exporter.scrape()
            read = {labels["path"] for labels, _ in scrape.find("kubepki_path_ok") if labels["path"].endswith(".p12")}
            assert len(read) < _FILES
        assert exporter.end(timeout=60) == 0


def test_all_are_read_in_the_end(tmp_path: Path) -> None:
    """Those that wait come before those that have changed again meanwhile, and nothing counts as missed."""
    directory = tmp_path / "pki"
    directory.mkdir()
    pki.install(directory, "kubelet-client", pki.client(pki.authority()).pem, stamp(pki.NEW_YEAR))
    names = [f"{number}.p12" for number in range(12)]
    for number, name in enumerate(names):
        (directory / name).write_bytes(costly.pkcs12(_ROUNDS + number))
    flags = ("--scan.interval=1s", "--scan.file-budget=500ms")
    with running(f"--pki.directory={directory}", *flags, log=tmp_path / "log") as exporter:
        wait_until(lambda: exporter.get("/-/ready")[0] == 200, timeout=120)
        moments = itertools.count(1)

        def all_read() -> bool:
            for name in names[:3]:
                os.utime(directory / name, (next(moments),) * 2)
            told = exporter.scrape().find("kubepki_path_ok")
            return {str(directory / name) for name in names} <= {labels["path"] for labels, _ in told}

        wait_until(all_read, timeout=120)
        assert exporter.scrape().value("kubepki_watch_missed_changes_total") == 0
        assert exporter.scrape().value("kubepki_scan_failures_total") == 0

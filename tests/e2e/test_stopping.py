"""Ending the service while it works."""

import signal
import time
from pathlib import Path

from tests.support import pki
from tests.support.running import running

FILES = 10_000


def test_a_scan_of_many_files_does_not_delay_the_end(tmp_path: Path) -> None:
    """SIGTERM leaves the first scan, and the process ends in order within a second."""
    directory = tmp_path / "pki"
    directory.mkdir()
    data = pki.client(pki.authority()).pem
    for number in range(FILES):
        (directory / f"{number}.pem").write_bytes(data)
    with running(f"--pki.directory={directory}", log=tmp_path / "log") as exporter:
        assert exporter.get("/-/ready")[0] == 503
        started = time.monotonic()
        exporter.signal(signal.SIGTERM)
        assert exporter.process.wait(10) == 0
        assert time.monotonic() - started < 1
        assert "msg=stopped" in exporter.log()

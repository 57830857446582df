"""A journal that is stopped, or whose disk hangs, stops nothing: not the watch, not a scrape, not the end."""

import fcntl
import os
import signal
import subprocess
from pathlib import Path

from tests.support import pki
from tests.support.running import Exporter, command, environment
from tests.support.scenarios import CLIENT, stamp
from tests.support.waiting import wait_until

_FULL = 1 << 16


def test_a_log_that_nobody_reads_any_more(tmp_path: Path) -> None:
    """After its first lines; then a rotation is seen, each scrape answers and SIGTERM ends the process."""
    directory = tmp_path / "pki"
    directory.mkdir()
    authority = pki.authority()
    pki.install(directory, "kubelet-client", pki.client(authority).pem, stamp(pki.NEW_YEAR))
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _FULL)
    arguments = (f"--pki.directory={directory}", "--log.level=debug")
    with subprocess.Popen(command(arguments), env=environment(), stderr=writer, cwd=tmp_path) as process:
        try:
            with os.fdopen(os.dup(reader), "rb") as lines:
                port = next(int(line.split(b"127.0.0.1:")[1].split()[0]) for line in lines if b"msg=listening" in line)
            os.set_blocking(writer, False)
            _fill(writer)
            os.set_blocking(writer, True)
            exporter = Exporter(process, tmp_path / "log", port)
            wait_until(lambda: exporter.get("/-/ready")[0] == 200, timeout=60)
            dated = pki.install(directory, "kubelet-client", pki.client(authority).pem, stamp(pki.NEW_YEAR + pki.DAY))
            path = str(directory / CLIENT)
            wait_until(
                lambda: (
                    [each["target"] for each, _ in exporter.scrape().find("kubepki_symlink_info", path=path)]
                    == [str(dated)]
                ),
                timeout=60,
            )
            exporter.close()
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
            os.close(reader)
            os.close(writer)


def _fill(writer: int) -> None:
    try:
        while True:
            os.write(writer, b"x" * 1_024)
    except BlockingIOError:
        return

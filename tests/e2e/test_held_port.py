"""A port that systemd holds: scrapes wait for the first scan, none is refused."""

import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.support import pki
from tests.support.running import environment

FILES = 1_500
# systemd passes descriptors from 3 on and tells which process they are for (sd_listen_fds(3)).
LAUNCH = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.executable, [sys.executable, "-m", "kubepki", *sys.argv[2:]])
"""


def test_scrape_during_the_start_waits_for_the_first_scan(tmp_path: Path) -> None:
    """A scrape that is queued before the process lives gets the complete first scan, not 503."""
    directory = tmp_path / "pki"
    directory.mkdir()
    content = pki.client(pki.authority(not_before=time.time() - pki.YEAR), not_before=time.time() - pki.DAY).pem
    for number in range(FILES):
        (directory / f"{number}.pem").write_bytes(content)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = http.client.HTTPConnection("127.0.0.1", listener.getsockname()[1], timeout=60)
        connection.request("GET", "/metrics")
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                LAUNCH,
                str(listener.fileno()),
                f"--pki.directory={directory}",
                "--no-clock.apiserver",
            ],
            env=environment(),
            pass_fds=(listener.fileno(),),
            stderr=subprocess.DEVNULL,
            cwd=os.sep,
        )
        try:
            response = connection.getresponse()
            body = response.read().decode()
        finally:
            process.terminate()
            process.wait(10)
            connection.close()
    assert response.status == http.client.OK
    assert body.count("kubepki_path_ok{") >= FILES

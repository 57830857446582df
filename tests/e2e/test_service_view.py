"""`check` as root compares what it sees with what a running service with another view exports."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import pki
from tests.support.running import ROOT
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root: a mount namespace with another view"
)
HIDDEN = "mount -t tmpfs none {place} && exec {python} -m kubepki {flags}"


def configuration(directory: Path) -> Path:
    """Return a configuration that service and `check` share, with a port of loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    path = directory / "kubepki.yml"
    path.write_text(f"web:\n  listen_addresses: ['127.0.0.1:{port}']\n")
    return path


def checked(*flags: str) -> tuple[int, dict[str, object]]:
    """Return the status and the JSON of `check` with *flags*."""
    done = subprocess.run(
        (sys.executable, "-m", "kubepki", "check", "--json", *flags),
        env=os.environ | {"PYTHONPATH": str(ROOT / "exporter")},
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("hidden", [True, False])
def test_a_service_that_sees_less(tmp_path: Path, *, hidden: bool) -> None:
    """A link to a directory that the service's namespace masks: dangling there, healthy here, and check says so."""
    data, etc = tmp_path / "data", tmp_path / "etc"
    data.mkdir()
    etc.mkdir()
    pair = pki.self_signed(not_before=pki.NEW_YEAR, lifetime=30 * pki.YEAR)
    (data / "kubelet.crt").write_bytes(pair.certificate_pem)
    (data / "kubelet.key").write_bytes(pair.key_pem)
    (etc / "kubelet.crt").symlink_to(data / "kubelet.crt")
    (etc / "kubelet.key").symlink_to(data / "kubelet.key")
    flags = (
        f"--pki.file={etc}/kubelet.crt",
        "--pki.preset=kubeadm",
        "--no-clock.apiserver",
        f"--config.file={configuration(tmp_path)}",
    )
    script = HIDDEN.format(place=data if hidden else "/mnt", python=sys.executable, flags=" ".join(flags))
    with subprocess.Popen(
        ("unshare", "--mount", "--propagation=private", "sh", "-c", script),
        env=os.environ | {"PYTHONPATH": str(ROOT / "exporter")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as service:
        try:

            def asked() -> bool:
                found = checked(*flags)[1]["service"]
                return isinstance(found, dict) and found["problem"] is None

            wait_until(asked, timeout=60, describe="an answer of the service")
            status, said = checked(*flags)
        finally:
            service.terminate()
            service.wait(timeout=30)
    view = said["service"]
    assert isinstance(view, dict)
    wanted = [{"path": f"{etc}/kubelet.crt", "why": "it says dangling"}] if hidden else []
    assert view["unseen"] == wanted
    # Its clocks may be a warning of this machine.
    assert status == 1 or not hidden


def test_nobody_listens(tmp_path: Path) -> None:
    """Without a service there is nothing to compare."""
    flags = (f"--pki.directory={tmp_path}", f"--config.file={configuration(tmp_path)}")
    assert checked(*flags)[1]["service"] is None

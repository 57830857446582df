"""`check` as root compares what it sees with what a running service with another view exports."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kubepki.commands.ask_service import ask_service
from kubepki.commands.service_view import ServiceView
from kubepki.pki.scan import Scanner
from kubepki.settings import FilePattern, PkiSettings, ScanSettings, Settings, WebSettings
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


# The hash of `secret` (bcrypt, the lowest cost).
HASH = "$2y$04$0JsMNZnGlRuz5o6t3oE6hOKfdQXZfBHsEXJ7UYQ8Wk4zU1cqJmA7y"


def link(directory: Path) -> Path:
    """Return a link to a certificate in a directory of its own."""
    data, etc = directory / "data", directory / "etc"
    data.mkdir()
    etc.mkdir()
    (data / "ca.crt").write_bytes(pki.authority(lifetime=30 * pki.YEAR).certificate_pem)
    (etc / "ca.crt").symlink_to(data / "ca.crt")
    return etc / "ca.crt"


def web_config(directory: Path, *, password: bool) -> str:
    """Return the flag of a web configuration with TLS, and with a password where it is asked for."""
    pair = pki.self_signed()
    (directory / "tls.crt").write_bytes(pair.certificate_pem)
    (directory / "tls.key").write_bytes(pair.key_pem)
    text = "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n"
    text += f"basic_auth_users: {{prometheus: '{HASH}'}}\n" if password else ""
    (directory / "web.yml").write_text(text)
    return f"--web.config.file={directory}/web.yml"


@contextmanager
def running(directory: Path, file: Path, *flags: str, masked: Path) -> Iterator[str]:
    """Yield the process of a service on a port that nobody told, which sees nothing in *masked*."""
    own = (f"--pki.file={file}", "--pki.preset=eks", "--no-clock.apiserver", "--web.listen-address=127.0.0.1:0", *flags)
    script = HIDDEN.format(place=masked, python=sys.executable, flags=" ".join(own))
    with (directory / "log").open("wb") as log:
        service = subprocess.Popen(
            ("unshare", "--mount", "--propagation=private", "sh", "-c", script),
            env=os.environ | {"PYTHONPATH": str(ROOT / "exporter")},
            stderr=log,
        )
    try:
        yield str(service.pid)
    finally:
        service.terminate()
        service.wait(timeout=30)


def view(file: Path, pid: str) -> ServiceView | None:
    """Return what `ask_service` says of a unit whose process is *pid*, by settings that name another port."""
    settings = Settings(
        pki=PkiSettings(directories=(), files=(FilePattern(pattern=str(file), wildcard=False),), presets=()),
        web=WebSettings(listen_addresses=("127.0.0.1:1",)),
    )
    snapshot = Scanner(settings.pki, ScanSettings()).scan().snapshot
    return ask_service(snapshot, settings, {"MainPID": pid, "LoadState": "loaded"})


@pytest.mark.parametrize("how", ["plain", "tls", "password"])
@pytest.mark.parametrize("hidden", [True, False])
def test_a_service_is_asked_where_it_listens(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, hidden: bool
) -> None:
    """On any port, with TLS too; with a password, what its unit hides is told without asking."""
    monkeypatch.delenv("INVOCATION_ID", raising=False)
    file = link(tmp_path)
    flags = () if how == "plain" else (web_config(tmp_path, password=how == "password"),)
    wanted = "it wants a password" if how == "password" else ""
    masked = tmp_path / "data" if hidden else Path("/mnt")
    with running(tmp_path, file, *flags, masked=masked) as pid:

        def asked() -> ServiceView | None:
            found = view(file, pid)
            return found if found is not None and found.problem == wanted else None

        found = wait_until(asked, timeout=60, describe=f"an answer with {wanted or 'metrics'}")
    assert found is not None
    assert not found.address.endswith((":0", ":1"))
    assert [each.path for each in found.hidden] == ([str(file)] if hidden else [])
    assert not found.unnamed


def test_two_services_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one of the unit is asked, not another that somebody runs beside it."""
    monkeypatch.delenv("INVOCATION_ID", raising=False)
    file = link(tmp_path)
    with (
        running(tmp_path, file, masked=tmp_path / "data") as blind,
        running(tmp_path, file, masked=Path("/mnt")) as seeing,
    ):

        def both() -> tuple[ServiceView, ServiceView] | None:
            found = view(file, blind), view(file, seeing)
            return found if found[0] and found[1] and not (found[0].problem or found[1].problem) else None  # type: ignore[return-value]

        found = wait_until(both, timeout=60, describe="answers of both")
    assert found
    assert found[0].address != found[1].address
    assert [len(each.hidden) for each in found] == [1, 0]


def test_a_unit_that_is_stopped_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed and not running: nobody watches."""
    monkeypatch.delenv("INVOCATION_ID", raising=False)
    found = view(link(tmp_path), "0")
    assert found == ServiceView(address="", problem="its unit does not run, so nobody watches over this host")

"""sd_notify, socket activation and the watchdog's interval, with real sockets and a real child."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kubepki.service.systemd import listen_fds, notify, watchdog_seconds
from kubepki.settings import ConfigError

ADOPT = """
import os, sys
os.environ["LISTEN_PID"] = sys.argv[1] if sys.argv[1:] else str(os.getpid())
from kubepki.service.systemd import listen_fds
for passed in listen_fds():
    print(passed.name, passed.socket.getsockname()[1], os.get_inheritable(passed.socket.fileno()))
print(sorted(name for name in os.environ if name.startswith("LISTEN_")))
"""


@pytest.mark.parametrize("abstract", [False, True])
def test_notify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:  # noqa: FBT001 - a table
    """The state arrives at a socket in the file system and at an abstract one."""
    name = f"@kubepki-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0", 1))
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        assert notify("READY=1\nSTATUS=watching")
        assert manager.recv(100) == b"READY=1\nSTATUS=watching"


@pytest.mark.parametrize("value", ["", "relative", "/nonexistent/socket", "@kubepki-nobody-listens"])
def test_notify_without_manager(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Nobody to notify is no error."""
    monkeypatch.setenv("NOTIFY_SOCKET", value)
    assert notify("READY=1") is False
    monkeypatch.delenv("NOTIFY_SOCKET")
    assert notify("READY=1") is False


def _child(listeners: list[socket.socket], *arguments: str, names: str = "") -> list[str]:
    def pass_on() -> None:
        # Two steps, or a descriptor could be overwritten before it is copied.
        copies = [os.dup2(listener.fileno(), 100 + index) for index, listener in enumerate(listeners)]
        for index, copy in enumerate(copies):
            os.dup2(copy, 3 + index)

    result = subprocess.run(
        [sys.executable, "-c", ADOPT, *arguments],
        env={**os.environ, "LISTEN_FDS": str(len(listeners)), **({"LISTEN_FDNAMES": names} if names else {})},
        preexec_fn=pass_on,
        close_fds=False,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    return result.stdout.splitlines()


def test_listen_fds_adopts_what_systemd_passes() -> None:
    """A child takes two listening sockets with their names, sets close-on-exec and removes the variables."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        lines = _child([one, two], names="http:tls")
        ports = [listener.getsockname()[1] for listener in (one, two)]
    assert lines == [f"http {ports[0]} False", f"tls {ports[1]} False", "[]"]


def test_listen_fds_without_names() -> None:
    """Sockets without names are called unknown, as in sd_listen_fds_with_names(3)."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        assert _child([one])[0] == f"unknown {one.getsockname()[1]} False"


def test_listen_fds_for_another_process() -> None:
    """Descriptors that are meant for another process are left alone, the variables still go."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        assert _child([one], "1") == ["[]"]


def test_listen_fds_without_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variables there is nothing to adopt."""
    monkeypatch.delenv("LISTEN_PID", raising=False)
    monkeypatch.delenv("LISTEN_FDS", raising=False)
    assert listen_fds() == ()


def test_a_descriptor_that_does_not_listen_is_refused() -> None:
    """A datagram socket is refused with a hint for the socket unit."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        datagram.bind(("127.0.0.1", 0))
        with pytest.raises(subprocess.CalledProcessError) as caught:
            _child([datagram])
    assert ConfigError.__name__ in caught.value.stderr
    assert "Accept=no" in caught.value.stderr


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [
        ("30000000", None, 30.0),
        ("30000000", "own", 30.0),
        ("30000000", "1", None),
        ("0", None, None),
        ("x", None, None),
        (None, None, None),
    ],
)
def test_watchdog_seconds(
    monkeypatch: pytest.MonkeyPatch, usec: str | None, pid: str | None, seconds: float | None
) -> None:
    """The interval is in seconds, and none where the watchdog waits for another process."""
    for name, value in (("WATCHDOG_USEC", usec), ("WATCHDOG_PID", str(os.getpid()) if pid == "own" else pid)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert watchdog_seconds() == seconds

"""What the operator names for us may be anything: it is refused at once, in one line that names it."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from kubepki.cli import main
from kubepki.clocks.https import HttpsClock
from kubepki.clocks.net import Abort, UnreadableClockError
from kubepki.disk import own, view
from kubepki.disk.own import AskedNow, may_hang, read_own
from kubepki.settings import ConfigError
from tests.support import pki
from tests.support.hanging import hanging

PATIENCE = 60.0
WEB = "tls_server_config: {cert_file: %s, key_file: %s}\n"


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def ten_gigabytes(path: Path) -> None:
    path.touch()
    os.truncate(path, 10 << 30)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_loop(path: Path) -> None:
    path.symlink_to(path.name)


KINDS: dict[str, Callable[[Path], object]] = {
    "a FIFO, not a regular file": a_pipe,
    "larger than": ten_gigabytes,
    "a character device": a_device,
    "leads back to itself": a_loop,
    "it is a directory": Path.mkdir,
    "No such file": lambda _path: None,
}


def error_of(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line with which a command line ends, however long it takes where it hangs."""
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(main(argv)), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert statuses, "it hangs"
    assert statuses[0] in {2, 3}
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    return said


def command_lines(path: Path, beside: Path) -> dict[str, list[str]]:
    """Return a command line for each place in which *path* can be named."""
    good = pki.self_signed()
    (beside / "good.pem").write_bytes(good.pem)
    for name, pair in {"cert": (path, "good.pem"), "key": ("good.pem", path)}.items():
        (beside / f"{name}.yml").write_text(WEB % pair)
    (beside / "ca.yml").write_text(
        WEB.rstrip("}\n") % ("good.pem", "good.pem")
        + f", client_ca_file: {path}, client_auth_type: RequireAndVerifyClientCert}}\n"
    )
    return {
        "config": ["check", f"--config.file={path}"],
        "password": ["check", f"--pki.password-file={path}", str(beside)],
        "rollback's password": ["rollback", f"--pki.password-file={path}", str(beside)],
        "service's password": ["--config.check", f"--pki.password-file={path}"],
        "web": ["--config.check", f"--web.config.file={path}"],
        "certificate": ["--config.check", f"--web.config.file={beside / 'cert.yml'}"],
        "key": ["--config.check", f"--web.config.file={beside / 'key.yml'}"],
        "authorities": ["--config.check", f"--web.config.file={beside / 'ca.yml'}"],
        "site": ["rules", f"--site={path}"],
    }


@pytest.mark.parametrize("said", KINDS)
def test_whatever_lies_there(said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe, a huge file, a device, a loop, a directory: each is named, in each place."""
    path = tmp_path / "it"
    KINDS[said](path)
    for name, argv in command_lines(path, tmp_path).items():
        line = error_of(argv, capsys)
        assert said in line, (name, line)
        assert str(path) in line or "--pki.password-file" in line, (name, line)


def test_a_clocks_ca_may_be_a_pipe(tmp_path: Path) -> None:
    """The clock is unreadable, and the next ones are asked."""
    a_pipe(tmp_path / "ca.pem")
    clock = HttpsClock(source="https/x", url="https://127.0.0.1:1", ca_file=str(tmp_path / "ca.pem"))
    with pytest.raises(UnreadableClockError, match="ca_file cannot be read: it is a FIFO"):
        clock.read(lambda: 0.0, Abort())


def test_a_dead_mount_ends_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each place is left after a moment, and the line says what does not answer."""
    monkeypatch.setattr(AskedNow, "seconds", 0.2)
    with hanging(tmp_path / "mount", {"it": b"scan: {}\n"}) as remote:
        assert read_own(str(remote.mount / "it"), 100) == b"scan: {}\n"
        remote.dead = True
        for name, argv in command_lines(remote.mount / "it", tmp_path).items():
            assert "its file system did not answer" in error_of(argv, capsys), name
        assert main(["check", "--scan.file-budget=200ms", str(remote.mount / "it")]) == 1
        assert "did not answer" in capsys.readouterr().out
        link = str(remote.mount / "kubelet-client-current.pem")
        assert main(["rollback", "--scan.file-budget=200ms", link]) in {1, 3}


@pytest.mark.parametrize(
    ("line", "hangs"),
    [
        ("36 35 98:0 / / rw,noatime - ext4 /dev/root rw", False),
        ("36 35 98:0 / /mnt rw,noatime master:1 - nfs4 server:/ rw", True),
        ("36 35 98:0 / /mnt rw shared:2 master:1 - fuse.sshfs server: rw", True),
        ("36 35 98:0 / /sys/fs/fuse/connections rw - fusectl fusectl rw", False),
        ("36 35 98:0 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw", False),
        ("36 35 98:0 / /net rw - autofs systemd-1 rw", True),
        ("36 35 98:0 / /mnt\\040- rw - xfs /dev/a rw", False),
        ("", False),
    ],
)
def test_which_mounts_may_hang(line: str, hangs: bool) -> None:  # noqa: FBT001 - a table
    """What another host or a daemon answers for; systemd's automount of every host does not count."""
    assert may_hang(f"{line}\n".encode()) is hangs


@pytest.mark.parametrize(
    "name", ["config.file", "pki.password-file", "web.config.file", "certificate"], ids=lambda name: name
)
def test_what_the_unit_hides_is_not_called_absent(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says that it is hidden, and which command writes the drop-in that shows it."""
    path = tmp_path / "hidden" / "it"
    monkeypatch.setenv(view.EMPTIED, view.spelled([str(path.parent)]))
    monkeypatch.setenv(view.VISIBLE, "")
    if name == "certificate":
        (tmp_path / "web.yml").write_text(WEB % (path, path))
        argv = ["--config.check", f"--web.config.file={tmp_path / 'web.yml'}"]
    else:
        argv = ["--config.check", f"--{name}={path}"]
    line = error_of(argv, capsys)
    assert "the service's unit hides it; `kubepki-exporter unit-paths` with the service's flags" in line
    assert "No such file" not in line


def test_a_process_that_cannot_be_started_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then this one reads."""
    monkeypatch.setattr(own, "may_hang", lambda _mounts: True)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    (tmp_path / "it").write_bytes(b"x")
    assert read_own(str(tmp_path / "it"), 10) == b"x"
    with pytest.raises(ConfigError, match="larger than 0 KiB"):
        read_own(str(tmp_path / "it"), 0)


def test_what_is_read_here_and_there_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process of its own says what this one would have said."""
    for make in KINDS.values():
        path = tmp_path / str(len(list(tmp_path.iterdir())))
        make(path)
        said: list[str] = []
        for hangs in (False, True):
            monkeypatch.setattr(own, "may_hang", _always(hangs))
            with pytest.raises(ConfigError) as found:
                read_own(str(path), 100)
            said.append(str(found.value))
        assert said[0] == said[1]


def _always(answer: bool) -> Callable[[bytes], bool]:  # noqa: FBT001 - a plain answer
    return lambda _mounts: answer

"""`rollback` on real directories: what it does, refuses and tells."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kubepki.settings import ConfigError, PkiSettings, Settings
from tests.support import pki
from tests.support.commands import contents, run_rollback, settings_of
from tests.support.scenarios import BACKDATED, CLIENT, LEAD, NEW, NOW, OLD, SCENARIOS, install, looking_at, stamp, write

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
OLDEST = NOW - 340 * pki.DAY
DATED = f"kubelet-client-{stamp(OLD)}.pem"


@pytest.fixture
def node(tmp_path: Path) -> Settings:
    """Build the incident with its kubeconfig and three older files; return settings with a state directory."""
    return settings_of(sources(tmp_path), state=tmp_path / "state")


def sources(root: Path) -> PkiSettings:
    directory = root / "pki"
    ca = pki.authority()
    for moment in (OLDEST, OLD, NOW + LEAD):
        install(directory, pki.client(ca, not_before=moment - BACKDATED), moment)
    expired = pki.client(ca, not_before=OLDEST - pki.DAY, lifetime=30 * pki.DAY)
    write(directory / f"kubelet-client-{stamp(OLDEST - pki.DAY)}.pem", expired.pem)
    write(directory / f"kubelet-client-{stamp(OLDEST - 2 * pki.DAY)}.pem", b"")
    stranger = pki.client(pki.authority(), not_before=NEW)
    write(directory / f"kubelet-client-{stamp(NEW)}.pem", stranger.pem)
    other = pki.client(ca, "node31", not_before=NEW)
    write(directory / f"kubelet-client-{stamp(NEW + 1)}.pem", other.pem)
    link = str(directory / CLIENT)
    config = root / "kubelet.conf"
    cluster = pki.Cluster(ca=ca.certificate_pem)
    write(config, pki.kubeconfig(clusters=[cluster], users=[pki.User(certificate=link, key=link)]))
    return looking_at(directory, kubeconfigs=(config,))


def target(root: Path) -> str:
    return (root / "pki" / CLIENT).readlink().name


def test_plan_names_the_best_and_the_reasons(node: Settings, tmp_path: Path) -> None:
    """The longest valid file that passes is chosen; each other file has its reason; nothing changes."""
    before = target(tmp_path)
    code, text = run_rollback(node, now=NOW)
    words = " ".join(text.split())
    assert code == 0
    assert f"back at {DATED}." in words
    assert "it was not issued by a CA that the kubeconfig trusts" in words
    assert "its subject differs" in words
    assert "not valid after" in words
    assert "Nothing was changed" in words
    assert target(tmp_path) == before


@pytest.mark.parametrize("by", ["sources", "directory", "link"])
def test_apply(node: Settings, tmp_path: Path, by: str) -> None:
    """The link is replaced, whichever way it is named, and no file is touched."""
    before = contents(tmp_path / "pki")
    named = {"sources": (), "directory": (tmp_path / "pki",), "link": (tmp_path / "pki" / CLIENT,)}[by]
    code, _ = run_rollback(node, now=NOW, apply=True, paths=tuple(str(path) for path in named))
    assert code == 0
    assert target(tmp_path) == DATED
    assert contents(tmp_path / "pki") == before


def test_a_second_run_changes_nothing(node: Settings, tmp_path: Path) -> None:
    """After the repair there is nothing to do; for the same `--to` that is success."""
    run_rollback(node, now=NOW, apply=True)
    inode = (tmp_path / "pki" / CLIENT).lstat().st_ino
    assert run_rollback(node, now=NOW, apply=True)[0] == 1
    assert run_rollback(node, now=NOW, apply=True, to=DATED)[0] == 0
    assert (tmp_path / "pki" / CLIENT).lstat().st_ino == inode


def test_to(node: Settings, tmp_path: Path) -> None:
    """Another file that passes may be chosen by name or path, one that does not pass may not."""
    stranger = f"kubelet-client-{stamp(NEW)}.pem"
    code, text = run_rollback(node, now=NOW, apply=True, to=stranger)
    assert code == 1
    assert "not issued by a CA" in " ".join(text.split())
    code, text = run_rollback(node, now=NOW, apply=True, to="/etc/passwd")
    assert code == 1
    chosen = f"kubelet-client-{stamp(OLDEST)}.pem"
    code, text = run_rollback(node, now=NOW, apply=True, to=str(tmp_path / "pki" / chosen))
    assert code == 0
    assert target(tmp_path) == chosen


def test_it_is_noted(node: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The old target is in the state directory, on stderr and in syslog."""
    path = str(tmp_path / "log")
    old = str(tmp_path / "pki" / f"kubelet-client-{stamp(NOW + LEAD)}.pem")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(path)
        receiver.settimeout(5)
        run_rollback(node, now=NOW, apply=True, edges={"syslog": path})
        line = receiver.recv(4096).decode()
    assert f"old_target={old}" in line
    assert f"old_target={old}" in capfd.readouterr().err
    document = json.loads((tmp_path / "state" / "rollbacks.json").read_bytes())
    assert document["rollbacks"][0]["old_target"] == old
    assert not (tmp_path / "state" / "state.json").exists()


def test_restart(node: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    """The kubelet is restarted where asked for; a failure of that is told together with what was done."""
    asked: list[tuple[str, ...]] = []
    edges = {"restart": asked.append}
    code, text = run_rollback(node, now=NOW, apply=True, restart_kubelet=True, edges=edges)
    assert (code, asked) == (0, [("systemctl", "restart", "kubelet")])
    assert "The kubelet was restarted." in text
    with pytest.raises(ConfigError):
        run_rollback(node, now=NOW, restart_kubelet=True)
    capfd.readouterr()


def test_a_failed_restart_is_told(node: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The link is replaced and the status says that not all was done."""
    edges = {"restart": lambda _: "no such unit"}
    code, text = run_rollback(node, now=NOW, apply=True, restart_kubelet=True, edges=edges)
    assert code == 3
    assert "systemctl restart kubelet" in text
    assert "the link is replaced, but the kubelet was not restarted: no such unit" in capfd.readouterr().err
    assert target(tmp_path) == DATED


@pytest.mark.parametrize(
    "change",
    [
        lambda pki_directory: (pki_directory / "new.pem").write_bytes(b""),
        lambda pki_directory: (pki_directory / "kubelet-client-updated.pem").symlink_to("x"),
        lambda pki_directory: (pki_directory / DATED).write_bytes(b""),
    ],
    ids=["a new file", "a rotation", "the fallback emptied"],
)
def test_a_change_after_planning(
    node: Settings, tmp_path: Path, change: Callable[[Path], None], capfd: pytest.CaptureFixture[str]
) -> None:
    """A directory that is not what it was at planning is left alone."""
    before = target(tmp_path)
    edges = {"before_change": lambda: change(tmp_path / "pki")}
    code, _ = run_rollback(node, now=NOW, apply=True, edges=edges)
    assert code == 3
    assert "has changed since" in capfd.readouterr().err
    assert target(tmp_path) == before


@pytest.mark.parametrize("name", sorted(name for name in BY_NAME if name.startswith(("healthy", "expiring", "target"))))
def test_a_good_certificate_stays(name: str, tmp_path: Path) -> None:
    """Nothing is done where the current certificate works."""
    settings = settings_of(BY_NAME[name].build(tmp_path))
    code, text = run_rollback(settings, now=NOW, apply=True)
    assert code == 1
    assert "Nothing was changed." in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("interrupted_rotation", "a rotation was interrupted"),
        ("interrupted_rotation", "Restart the kubelet: at its start it takes up the link"),
        ("not_symlink", "it is a file and no link"),
        ("expired", "no superseded file passes every check"),
    ],
)
def test_refusals(name: str, words: str, tmp_path: Path) -> None:
    """A rotation, a regular file and the lack of a good file each stop it."""
    settings = settings_of(BY_NAME[name].build(tmp_path))
    now = NOW if name != "not_symlink" else NOW + 400 * pki.DAY
    code, text = run_rollback(settings, now=now, apply=True)
    assert code == 1
    assert words in " ".join(text.split())


@pytest.mark.parametrize(
    "name", ["dangling", "symlink_loop", "empty", "nul_filled", "truncated_key", "no_private_key", "key_mismatch"]
)
def test_broken_links_are_repaired(name: str, tmp_path: Path) -> None:
    """A link that leads to nothing usable is pointed at the older file; the broken file stays as it is."""
    settings = settings_of(BY_NAME[name].build(tmp_path))
    before = contents(tmp_path / "pki")
    assert run_rollback(settings, now=NOW, apply=True)[0] == 0
    # Of a loop, the file that the link led to before is as good as it was.
    assert target(tmp_path) == (f"kubelet-client-{stamp(NEW)}.pem" if name == "symlink_loop" else DATED)
    assert contents(tmp_path / "pki") == before


def test_what_is_no_link(node: Settings, tmp_path: Path) -> None:
    """A path that is neither a directory nor a current link cannot be looked at."""
    with pytest.raises(ConfigError, match=r"neither a directory nor a -current\.pem link; name "):
        run_rollback(node, now=NOW, paths=(str(tmp_path / "kubelet.conf"),))
    with pytest.raises(ConfigError, match="there is no such file or directory; name "):
        run_rollback(node, now=NOW, paths=(str(tmp_path / "nothing"),))


def test_without_a_ca_the_issuer_must_be_the_same(node: Settings, tmp_path: Path) -> None:
    """Without any CA to prove it by, a file of another issuer is no fallback, and the plan says what is unproved."""
    bare = replace(node, pki=replace(node.pki, kubeconfigs=()))
    code, text = run_rollback(bare, now=NOW)
    assert code == 0
    assert "no kubeconfig gives its CA" in " ".join(text.split())
    current = pki.client(pki.authority("another"), not_before=NOW + LEAD)
    write(tmp_path / "pki" / f"kubelet-client-{stamp(NOW + LEAD)}.pem", current.pem)
    code, text = run_rollback(bare, now=NOW)
    assert code == 1
    assert "its issuer is not the current one's" in " ".join(text.split())


def test_what_may_not_be_read_is_no_good_certificate(tmp_path: Path) -> None:
    """Of a link that cannot be read nobody knows whether it needs a rollback."""
    settings = settings_of(BY_NAME["unreadable"].build(tmp_path))
    with pytest.raises(ConfigError, match="it cannot be read"):
        run_rollback(settings, now=NOW)


@pytest.mark.parametrize("command", ["rollback", "check"])
@pytest.mark.parametrize("way", ["link", "directory", "sources"])
def test_an_ordinary_user(node: Settings, tmp_path: Path, command: str, way: str) -> None:
    """Who may not read the directory is told so, with status 3, however it is asked."""
    directory = tmp_path / "pki"
    link = str(directory / CLIENT)
    del node
    asked = {"link": [link], "directory": [str(directory)], "sources": [f"--pki.directory={directory}"]}[way]
    words = [sys.executable, "-m", "kubepki", command, "--no-clock.apiserver", *asked]
    if os.geteuid() == 0:
        # Its loader still finds an interpreter below /root, where `user=` of subprocess does not.
        other = shutil.which("setpriv")
        if other is None:
            pytest.skip("only setpriv makes an ordinary user of root")
        words = [other, "--reuid=65534", "--regid=65534", "--clear-groups", *words]
    # Not 000, which is how systemd masks a directory.
    directory.chmod(0o200)
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, cwd="/")
    finally:
        directory.chmod(0o700)
    said = done.stdout + done.stderr
    assert done.returncode == 3, said
    assert "Permission denied" in said
    assert "needs no rollback" not in said

"""The drop-in that lets the unit see the settings' own paths alone."""

import io
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kubepki.commands.unit_paths import PINNED, SYSTEM, drop_in, escaped, unit_paths, visible
from kubepki.config.commands import Command
from kubepki.config.flags import Invocation
from kubepki.config.presets import AUTO, NAMES, expand
from kubepki.disk import view
from kubepki.model import Reason
from kubepki.settings import ClockSettings, Directory, FilePattern, HttpsReference, PkiSettings, Settings, WebSettings
from tests.unit.service.test_unit_file import SYSTEMD, verify

LINES = ("#", "[", "Environment=KUBEPKI_", "TemporaryFileSystem=", "BindReadOnlyPaths=", "Wants=kubepki-exporter-")
SECRETS = (
    "/etc/shadow",
    "/etc/ssh",
    "/var/lib/vault",
    "/var/lib/etcd",
    "/srv/secret",
    "/opt/secret",
    "/etc/ssl/private",
)


def seen(settings: Settings, *further: str, links: dict[str, str] | None = None) -> tuple[str, ...]:
    """Return what the unit would see; *links* resolves."""
    known = links or {}
    return visible(settings, further, exists=lambda _path: False, resolve=lambda path: known.get(path, path))


@pytest.mark.parametrize("preset", [name for name in NAMES if name != AUTO])
def test_presets_are_seen_and_little_else(preset: str) -> None:
    """Each path of a preset is below a visible directory; no secret of another service is."""
    found = seen(Settings(pki=PkiSettings(directories=(), kubeconfigs=(), presets=(preset,))))
    sources = expand((preset,), lambda _path: True)
    paths = [
        *(each.path for each in sources.directories),
        *(each.pattern for each in sources.files),
        *(each.path for each in sources.kubeconfigs),
    ]
    for path in paths:
        assert any(path == each or path.startswith(f"{each}/") for each in found), path
    for secret in SECRETS:
        assert not any(secret == each or secret.startswith(f"{each}/") for each in (*found, *SYSTEM)), secret


def test_parent_is_seen_where_it_is_not_too_wide() -> None:
    """A directory that is created again is seen through its parent; one directly below /etc is bound itself."""
    directories = (Directory(path="/var/lib/kubelet/pki", explicit=True), Directory(path="/etc/certs", explicit=True))
    files = (
        FilePattern(pattern="/opt/app/tls/**/*.crt", wildcard=True),
        FilePattern(pattern="/opt/app/one.pem", wildcard=False),
    )
    pki = PkiSettings(directories=directories, files=files, kubeconfigs=(), presets=())
    assert seen(Settings(pki=pki)) == ("/etc/certs", "/opt/app", "/var/lib/kubelet")


def test_everything_that_the_settings_name_is_seen() -> None:
    """The web configuration, the password file, CAs of clocks, and where links and kubeconfigs lead."""
    settings = Settings(
        pki=PkiSettings(directories=(), kubeconfigs=(), presets=(), password_file="/etc/keys/one"),  # noqa: S106 - a path
        web=WebSettings(config_file="/etc/web/web.yml"),
        clock=ClockSettings(references=(HttpsReference(name="a", url="https://a", ca_file="/etc/clocks/ca.pem"),)),
    )
    found = seen(settings, "/etc/conf/kubelet.pem", links={"/etc/conf/kubelet.pem": "/var/lib/far/away.pem"})
    assert found == ("/etc/clocks", "/etc/conf", "/etc/keys", "/etc/web", "/var/lib/far")


def test_a_key_in_a_masked_directory_is_shown_alone(tmp_path: Path) -> None:
    """The web configuration's own files are seen; what lies beside a key of others stays hidden."""
    (tmp_path / "web.yml").write_text(
        "tls_server_config: {cert_file: cert.pem, key_file: /etc/ssl/private/exporter.key}\n"
    )
    out = io.StringIO()
    settings = Settings(
        pki=PkiSettings(directories=(), kubeconfigs=(), presets=()),
        web=WebSettings(config_file=str(tmp_path / "web.yml")),
    )
    assert unit_paths(Invocation(command=Command.UNIT_PATHS, settings=settings), out=out) == 0
    assert "BindReadOnlyPaths=-/etc/ssl/private\n" in out.getvalue()
    masks = ["-/etc/ssl/private", "-/etc/shadow"]
    paths = visible(
        Settings(pki=PkiSettings(directories=(), kubeconfigs=(), presets=())),
        ("/etc/ssl/private/exporter.key",),
        exists=lambda _path: False,
        resolve=lambda path: path,
        masks=masks,
    )
    text = drop_in(paths, masks)
    assert paths == ("/etc/ssl/private/exporter.key",)
    assert "InaccessiblePaths=-/etc/shadow\n" in text
    assert "TemporaryFileSystem=/etc:ro /var:ro /etc/ssl/private:ro\n" in text
    assert "BindReadOnlyPaths=-/etc/ssl/private/exporter.key\n" in text


def test_a_directory_that_is_masked_itself_is_shown() -> None:
    """Where the settings name it the mask is lifted, and nothing is emptied for it."""
    text = drop_in(("/srv/pki",), ["-/srv/pki", "-/mnt"])
    assert "InaccessiblePaths=-/mnt\n" in text
    assert "TemporaryFileSystem=/etc:ro /var:ro\n" in text


def test_systemd_takes_the_drop_in(program: Callable[[str], Path], tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say of it, also with names that need quotes."""
    (tmp_path / "some.service").write_text("[Service]\nExecStart=/bin/true\n")
    (tmp_path / "some.service.d").mkdir()
    text = drop_in(("/var/lib/kubelet", "/etc/a b", '/etc/a"b', "/etc/100%"))
    (tmp_path / "some.service.d" / "paths.conf").write_text(text)
    assert verify(program("systemd-analyze"), tmp_path, "some.service") == ""
    assert "BindReadOnlyPaths=-/var/lib/kubelet\n" in text


def test_no_name_becomes_a_directive(program: Callable[[str], Path], tmp_path: Path) -> None:
    """Whatever a directory is called, it is one word of one line, and systemd reads its very bytes."""
    names = ["/etc/a\nExecStartPre=/bin/true", "/etc/b\x9b\u202e\x7f\t", "/etc/c\udcff", "/etc/-d", "/etc/e\\f:g'h#;%n"]
    text = drop_in(names)
    assert all(not line or line.startswith(LINES) for line in text.splitlines())
    assert "".join(text.split("\n")).isprintable()
    (tmp_path / "some.service").write_text("[Service]\nExecStart=/bin/true\n")
    (tmp_path / "some.service.d").mkdir()
    (tmp_path / "some.service.d" / "paths.conf").write_text(text)
    assert verify(program("systemd-analyze"), tmp_path, "some.service") == ""


def test_mask_above_a_watched_path_is_lifted_alone() -> None:
    """What is bound below a mask is dropped by systemd: that mask goes, its place is emptied, the others stay."""
    text = drop_in(("/opt/app", "/var/lib/kubelet"), ["-/etc/shadow", "-/opt", "-/var/lib/kubelet/pods"])
    assert "InaccessiblePaths=\nInaccessiblePaths=-/etc/shadow -/var/lib/kubelet/pods\n" in text
    assert "TemporaryFileSystem=/etc:ro /var:ro /opt:ro\n" in text
    assert "BindReadOnlyPaths=-/opt/app\n" in text
    assert "InaccessiblePaths" not in drop_in(("/var/lib/kubelet",), ["-/opt", "-/var/lib/kubelet/pods"])


def test_command_prints_what_the_host_has(tmp_path: Path) -> None:
    """A whole run writes the drop-in and nothing else."""
    out = io.StringIO()
    settings = Settings(pki=PkiSettings(directories=(Directory(path=str(tmp_path), explicit=True),), kubeconfigs=()))
    assert unit_paths(Invocation(command=Command.UNIT_PATHS, settings=settings), out=out) == 0
    lines = out.getvalue().splitlines()
    assert lines[1] == "[Service]"
    assert all(not line or line.startswith(LINES) for line in lines)


def test_the_packages_view_is_that_of_the_presets() -> None:
    """Every path of every preset that lies in what is emptied is below a directory that the package's drop-in binds."""
    text = (SYSTEMD / "kubepki-exporter.service.d" / "10-view.conf").read_text()
    bound = re.findall(r"^BindReadOnlyPaths=-(\S+)$", text, re.MULTILINE)
    sources = expand([name for name in NAMES if name != AUTO], lambda _path: True)
    paths = [
        *(each.path for each in sources.directories),
        *(each.pattern for each in sources.files),
        *(each.path for each in sources.kubeconfigs),
    ]
    emptied = [path for path in paths if path.startswith(("/etc/", "/var/"))]
    assert len(emptied) > 30
    for path in emptied:
        assert any(path.startswith(f"{place}/") for place in bound), path
    for secret in (*SECRETS, "/var/lib/mysql/x", "/etc/sudoers", "/etc/NetworkManager/system-connections"):
        assert not any(secret == place or secret.startswith(f"{place}/") for place in bound), secret
    watched = set(re.findall(r"^Wants=kubepki-exporter-remask@(.*)\.path$", text, re.MULTILINE))
    assert watched == {escaped(path) for path in (*PINNED, *(path for path in bound if path not in SYSTEM))}
    textfile = (SYSTEMD / "kubepki-exporter-textfile.service.d" / "10-view.conf").read_text()
    assert textfile.startswith(text.partition("\n\n[Unit]")[0])
    assert "Wants=" not in textfile


@pytest.mark.parametrize("name", ["kubepki-exporter.service", "kubepki-exporter-textfile.service"])
def test_systemd_takes_the_packages_view(name: str, program: Callable[[str], Path], tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say of the units with their drop-ins."""
    shutil.copytree(SYSTEMD / f"{name}.d", tmp_path / f"{name}.d")
    text = (SYSTEMD / name).read_text().replace("/usr/bin/kubepki-exporter", "/bin/true")
    (tmp_path / name).write_text(text.replace("Wants=kubepki-exporter-remask.path\n", ""))
    assert verify(program("systemd-analyze"), tmp_path, name) == ""


def test_what_the_view_hides_is_not_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In what the unit empties a path that it does not name is hidden; one that it names is missing or there."""
    text = drop_in((str(tmp_path / "seen %"),), note="")
    values = dict(re.findall(r"^Environment=(\w+)=(.*)$", text, re.MULTILINE))
    assert values["KUBEPKI_EMPTIED"] == "/etc:/var"
    monkeypatch.setenv("KUBEPKI_EMPTIED", f"/etc:{tmp_path}")
    monkeypatch.setenv("KUBEPKI_VISIBLE", view.spelled([str(tmp_path / "seen %")]))
    (tmp_path / "seen %").mkdir()
    found = {name: view.hidden(str(tmp_path / name)) for name in ("seen %/x", "seen %", "other/x", "seen")}
    assert {name: fault and fault.reason for name, fault in found.items()} == {
        "seen %/x": None,
        "seen %": None,
        "other/x": Reason.HIDDEN,
        "seen": Reason.HIDDEN,
    }


@pytest.mark.parametrize("path", ["/var/lib/kubelet", "/etc/a-b", "/etc/.hidden/x", "/etc/é%s \\", "/etc/a:b_c.d"])
def test_names_of_instances(program: Callable[[str], Path], path: str) -> None:
    """Each is what systemd-escape makes of the path."""
    done = subprocess.run([program("systemd-escape"), "--path", path], capture_output=True, text=True, check=True)
    assert escaped(path) == done.stdout.strip()

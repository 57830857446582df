"""Globs find files, within a component and across components, and never fail."""

from pathlib import Path

import pytest

from kubepki.disk.disk import Disk
from kubepki.pki import globs
from kubepki.pki.sources import find_sources
from kubepki.settings import FilePattern, Kubeconfig, PkiSettings
from tests.support.below import Below

FILES = ("a.pem", "b.crt", "sub/a.pem", "sub/deep/a.pem", "sub/deep/b.pem", "[x].pem", ".hidden.pem")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a small tree with a link to a directory and one that leads to itself."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "linked").symlink_to("sub")
    (tmp_path / "loop").symlink_to("loop")
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.pem", {"a.pem", "[x].pem"}),
        (".*.pem", {".hidden.pem"}),
        ("?.pem", {"a.pem"}),
        ("[ab].*", {"a.pem", "b.crt"}),
        ("[[]x].pem", {"[x].pem"}),
        ("s*/*.pem", {"sub/a.pem"}),
        ("*/a.pem", {"sub/a.pem", "linked/a.pem"}),
        ("**/a.pem", {"a.pem", "sub/a.pem", "sub/deep/a.pem"}),
        ("sub/**/b.pem", {"sub/deep/b.pem"}),
        ("sub/**", {"sub/a.pem", "sub/deep/a.pem", "sub/deep/b.pem"}),
        ("absent/**/*.pem", set()),
        ("a.pem/*", set()),
    ],
)
def test_matches(tree: Path, pattern: str, found: set[str]) -> None:
    """`**` does not follow links to directories, a named component does; what is not there matches nothing."""
    assert set(globs.matches(f"{tree}/{pattern}", Disk())) == {f"{tree}/{name}" for name in found}


@pytest.mark.parametrize(
    ("pattern", "base"),
    [("/a/b/*.pem", "/a/b"), ("/a/*/b/c.pem", "/a"), ("/*.pem", "/"), ("/a/**/b.pem", "/a"), ("/a/b.pem", "/a")],
)
def test_base_directory(pattern: str, base: str) -> None:
    """The directory below which everything lies that can match."""
    assert globs.base_directory(pattern) == base


def test_directories_nested_deeper_than_calls(tmp_path: Path) -> None:
    """Python ends at a thousand calls within each other, and a file system does not."""
    deep = tmp_path
    for _ in range(990):
        deep /= "d"
        deep.mkdir()
    (deep / "a.pem").touch()
    assert list(globs.matches(f"{tmp_path}/**/*.pem", Disk())) == [str(deep / "a.pem")]
    assert list(globs.matches(f"{tmp_path}/**/d/**/d/**/*.pem", Disk())) == [str(deep / "a.pem")]
    # pytest removes what is left with a call for each level.
    (deep / "a.pem").unlink()
    while deep != tmp_path:
        deep.rmdir()
        deep = deep.parent


def test_copies_of_kubeconfigs_are_nobodys(tmp_path: Path) -> None:
    """A glob of kubeconfigs finds what a component reads; an operator's own glob of files finds what he asked for."""
    for name in ("admin.conf", "admin.bak.conf", "ca.crt", "ca.old.crt"):
        (tmp_path / name).touch()
    settings = PkiSettings(
        directories=(),
        files=(FilePattern(pattern=f"{tmp_path}/*.crt", wildcard=True),),
        kubeconfigs=(Kubeconfig(path=f"{tmp_path}/*.conf", optional=True),),
        presets=(),
    )
    found = find_sources(settings, Disk(), max_files=100)
    assert [each.path for each in found.kubeconfigs] == [f"{tmp_path}/admin.conf"]
    assert {each.path for each in found.files} == {f"{tmp_path}/ca.crt", f"{tmp_path}/ca.old.crt"}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("agent/client-kubelet.crt", True),
        ("agent/client-kubelet.bak.crt", False),
        ("agent/~client-kubelet.crt", False),
        ("agent/#client-kubelet.crt", False),
        ("server/tls/etcd/client.crt", True),
        ("server/tls/temporary-certs/apiserver-loopback-client__.crt", True),
        ("server/tls/backup/client-admin.crt", False),
        ("server/tls/etcd.old/client.crt", False),
        ("server/tls/bak/2025/client-admin.crt", False),
        ("server/tls-1699000000/client-admin.crt", False),
    ],
)
def test_what_was_put_aside_in_a_presets_tree(tmp_path: Path, name: str, found: bool) -> None:  # noqa: FBT001 - a table
    """A distribution's `**` reaches what its components read, and not what somebody kept beside it."""
    path = f"/var/lib/rancher/k3s/{name}"
    (tmp_path / path[1:]).parent.mkdir(parents=True)
    (tmp_path / path[1:]).touch()
    settings = PkiSettings(directories=(), kubeconfigs=(), presets=("k3s",))
    files = find_sources(settings, Disk(Below(tmp_path)), max_files=100).files
    assert (path in {each.path for each in files}) is found

"""The version of a build, from git where it is no release, and in trees without git."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

FILES = (
    "systemd/packaging/version.sh",
    "systemd/packaging/archived.txt",
    ".gitattributes",
    "exporter/kubepki/__init__.py",
)
COMMITTED = "2026-03-04T05:06:07+00:00"
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "t"), ("EMAIL", "t@localhost"), ("DATE", COMMITTED))
}


def git(tree: Path, *words: str) -> str:
    """Run git in *tree* and return what it printed."""
    environment = {**os.environ, **IDENTITY, "HOME": str(tree)}
    done = subprocess.run(("git", *words), cwd=tree, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def version(tree: Path, form: str = "deb", **environment: str) -> str:
    """Return what version.sh of *tree* prints."""
    base = {key: value for key, value in os.environ.items() if key != "VERSION"}
    script = tree / "systemd" / "packaging" / "version.sh"
    done = subprocess.run(
        ("sh", str(script), form), env=base | environment, capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Return a tree with what tells a version, at 1.2.0, without git."""
    tree = tmp_path / "tree"
    copy_to(tree)
    (tree / "exporter/kubepki/__init__.py").write_text('__version__ = "1.2.0"\n')
    return tree


def copy_to(tree: Path) -> None:
    """Copy what tells a version; where this tree is itself an unpacked archive, as it was before git filled it in."""
    for name in FILES:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    archived = tree / "systemd/packaging/archived.txt"
    archived.write_text(re.sub(r"^commit .*$", "commit $Format:%h %ct %D$", archived.read_text(), flags=re.MULTILINE))


@pytest.fixture
def clone(bare: Path) -> Path:
    """Return the tree as a clone with one commit and no tag."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    git(bare, "init", "-q")
    git(bare, "add", ".")
    git(bare, "commit", "-q", "-m", "first")
    return bare


def test_untagged_commit_is_a_build_on_the_way(clone: Path) -> None:
    """Without a tag the version says when and which commit, and sorts before the release in both worlds."""
    commit = git(clone, "rev-parse", "--short=7", "HEAD")
    assert version(clone) == f"1.2.0~dev20260304050607+g{commit}"
    assert version(clone, "python") == f"1.2.0.dev20260304050607+g{commit}"
    assert version(clone, "rpm") == version(clone, "deb")


def test_tagged_commit_is_the_release(clone: Path) -> None:
    """The tag of this very version makes a release; another tag does not."""
    git(clone, "tag", "v1.1.0")
    assert "~dev" in version(clone)
    git(clone, "tag", "v1.2.0")
    assert version(clone) == version(clone, "python") == "1.2.0"


def test_changed_work_tree_is_never_the_release(clone: Path) -> None:
    """A change that is not committed makes a later version than its commit, also on a tag."""
    clean = version(clone)
    git(clone, "tag", "v1.2.0")
    (clone / "exporter/kubepki/__init__.py").write_text('__version__ = "1.2.0"\nCHANGED = 1\n')
    assert version(clone).startswith(f"{clean}.d2")


def test_archive_tells_its_commit(clone: Path, tmp_path: Path) -> None:
    """A tarball of git archive has no history and tells the same version as its clone, tagged or not."""
    for name in ("untagged", "tagged"):
        if name == "tagged":
            git(clone, "tag", "v1.2.0")
        unpacked = tmp_path / name
        unpacked.mkdir()
        git(clone, "archive", "-o", f"{unpacked}.tar", "HEAD")
        subprocess.run(("tar", "-xf", f"{unpacked}.tar", "-C", str(unpacked)), check=True)
        assert version(unpacked) == version(clone), name


def test_tree_without_git_says_what_stands_in_it(bare: Path) -> None:
    """An unpacked source distribution says the version that was written into it, in each form."""
    (bare / "exporter/kubepki/__init__.py").write_text('__version__ = "1.2.0.dev5+gabc1234"\n')
    assert version(bare, "python") == "1.2.0.dev5+gabc1234"
    assert version(bare, "deb") == "1.2.0~dev5+gabc1234"


def test_tree_inside_another_repository_is_not_of_it(clone: Path) -> None:
    """A source distribution below somebody's own repository does not take that one's commit."""
    inner = clone / "vendor"
    copy_to(inner)
    (inner / "exporter/kubepki/__init__.py").write_text('__version__ = "0.9.0"\n')
    assert version(inner) == "0.9.0"


def test_given_version_wins(clone: Path) -> None:
    """VERSION is taken as it is given."""
    assert version(clone, VERSION="9.0") == "9.0"
    assert version(clone, "python", VERSION="9.0~dev1+gabc") == "9.0.dev1+gabc"


def test_later_commit_is_a_later_package(clone: Path) -> None:
    """Dpkg takes a build of a later commit for an upgrade, and the release for one of both."""
    if shutil.which("dpkg") is None:
        pytest.skip("dpkg is not installed")
    first = version(clone)
    git(clone, "-c", "user.name=t", "commit", "-q", "--allow-empty", "-m", "later")
    later = version(clone)
    moved = later.replace("20260304050607", "20260304050608")
    for older, newer in ((first, moved), (moved, "1.2.0"), ("1.1.9", first)):
        subprocess.run(("dpkg", "--compare-versions", older, "lt", newer), check=True)

"""The replacement of a link under every failure: old or new, never none, and nothing left behind."""

import contextlib
import errno
import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from kubepki.commands.link_calls import SELINUX, SYSTEM, System
from kubepki.commands.relink import RelinkError, relink, survey, temporary_name
from kubepki.commands.trusted_place import who_else_writes

OLD, NEW, LINK = "a-2020-01-01-00-00-00.pem", "a-2021-01-01-00-00-00.pem", "a-current.pem"
CALLS = [each.name for each in fields(System)]


class CrashError(BaseException):
    """The process is dead from here on."""


def failing(at: int, error: Callable[[], BaseException], *, dead: bool) -> tuple[System, list[str]]:
    """Return system calls of which number *at* fails, and if *dead* all later ones; and the list of calls made."""
    made: list[str] = []

    def wrap(name: str) -> Callable[..., Any]:
        real = getattr(SYSTEM, name)

        def call(*arguments: Any) -> Any:  # noqa: ANN401
            made.append(name)
            if len(made) - 1 == at or (dead and len(made) - 1 > at):
                raise error()
            if name == "getxattr":
                return b"system_u:object_r:cert_t:s0"
            return None if name == "setxattr" else real(*arguments)

        return call

    return System(**{name: wrap(name) for name in CALLS}), made


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Build two dated files and a link to the newer one."""
    for name in (OLD, NEW):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / LINK).symlink_to(tmp_path / NEW)
    return tmp_path


def calls_of_a_good_run(directory: Path) -> list[str]:
    link = str(directory / LINK)
    system, made = failing(-1, AssertionError, dead=False)
    relink(link, str(directory / OLD), survey(link), system)
    put_back(directory)
    return made


def put_back(directory: Path) -> None:
    (directory / LINK).unlink()
    (directory / LINK).symlink_to(directory / NEW)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def check_files(directory: Path) -> None:
    assert (directory / OLD).read_bytes() == OLD.encode()
    assert (directory / NEW).read_bytes() == NEW.encode()
    assert (directory / LINK).readlink() in {directory / OLD, directory / NEW}


def test_each_failing_call(directory: Path) -> None:
    """Whichever system call fails, the link is the old or the new one, the error says which, nothing stays."""
    link, old = str(directory / LINK), str(directory / OLD)
    made = calls_of_a_good_run(directory)
    assert {"symlink", "rename", "fsync", "getxattr", "setxattr", "lstat", "listdir"} <= set(made)
    for number, name in enumerate(made):
        system, _ = failing(number, lambda: OSError(errno.EIO, "I/O error"), dead=False)
        planned = survey(link)
        if name == "close":
            relink(link, old, planned, system)
        else:
            with pytest.raises(RelinkError) as caught:
                relink(link, old, planned, system)
            assert caught.value.changed == (Path(link).readlink() == directory / OLD), name
            assert caught.value.changed == (number > made.index("rename"))
        check_files(directory)
        assert names(directory) == [OLD, NEW, LINK]
        put_back(directory)


def test_each_moment_of_a_crash(directory: Path) -> None:
    """A process that dies at any call leaves the old link or the new one, and the next run cleans up."""
    link, old = str(directory / LINK), str(directory / OLD)
    for number in range(len(calls_of_a_good_run(directory))):
        system, _ = failing(number, CrashError, dead=True)
        with pytest.raises(CrashError):
            relink(link, old, survey(link), system)
        check_files(directory)
        relink(link, old, survey(link))
        assert Path(link).readlink() == directory / OLD
        assert names(directory) == [OLD, NEW, LINK]
        put_back(directory)


def test_owner_and_context_are_kept(directory: Path) -> None:
    """The new link gets the old one's owner and security context by its descriptor, before it takes its place."""
    link = str(directory / LINK)
    told: list[tuple[Any, ...]] = []
    old = os.lstat(link).st_ino

    def fstat(descriptor: int) -> os.stat_result:
        status = os.fstat(descriptor)
        if status.st_ino == old:
            return os.stat_result((status.st_mode, old, 1, 1, 1234, 5678, 0, 0, 0, 0))
        return status

    system = System(
        fstat=fstat,
        chown=lambda held, uid, gid: told.append((os.readlink("", dir_fd=held), uid, gid)),
        getxattr=lambda held, name: f"{os.fstat(held).st_ino} {name}".encode(),
        setxattr=lambda held, name, value: told.append((os.readlink("", dir_fd=held), name, value)),
    )
    relink(link, str(directory / OLD), survey(link), system)
    text = str(directory / OLD)
    assert told == [(text, 1234, 5678), (text, SELINUX, f"{old} {SELINUX}".encode())]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a link away")
def test_the_owner_of_the_held_link_is_changed(directory: Path) -> None:
    """The real call changes the link and never what it leads to."""
    link = directory / LINK
    os.lchown(link, 1234, 5678)
    relink(str(link), str(directory / OLD), survey(str(link)))
    assert (link.lstat().st_uid, link.lstat().st_gid) == (1234, 5678)
    assert (directory / OLD).stat().st_uid == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has something to lose")
@pytest.mark.parametrize("moment", ["symlink", "open", "fstat", "chown", "lstat"])
def test_a_swapped_name_gets_nothing(directory: Path, moment: str) -> None:
    """Whoever swaps the temporary name, at any call, gets neither the owner nor a file of root's at the link."""
    link = directory / LINK
    os.lchown(link, 1234, 5678)
    treasure = directory.parent / "treasure"
    treasure.write_bytes(b"root's own")
    temporary = Path(temporary_name(str(link)))
    planned = survey(str(link))

    def swapping(*arguments: Any) -> Any:  # noqa: ANN401
        done = getattr(SYSTEM, moment)(*arguments)
        if temporary.is_symlink() and not swapped:
            swapped.append(True)
            temporary.unlink()
            os.link(treasure, temporary)
            os.lchown(temporary, 0, 0)
        return done

    swapped: list[bool] = []
    system = System(**{moment: swapping})
    with contextlib.suppress(RelinkError):
        relink(str(link), str(directory / OLD), planned, system)
    assert link.readlink() in {directory / OLD, directory / NEW}
    assert swapped
    assert treasure.stat().st_uid == 0
    assert link.is_symlink()
    temporary.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("{real}/", "{real}/"),
        ("", ""),
        ("./", "./"),
        ("/", ""),
        ("{alias}/", "{alias}/"),
        ("/elsewhere/", ""),
    ],
)
def test_the_links_own_directory_is_kept(directory: Path, text: str, kept: str) -> None:
    """The text for the directory stays where it means this one; another one gives way to the bare name."""
    alias = directory.parent / f"{directory.name}-alias"
    alias.symlink_to(directory)
    names = {"real": str(directory), "alias": str(alias)}
    link = directory / LINK
    link.unlink()
    os.symlink(text.format(**names) + NEW, link)  # noqa: PTH211 - pathlib would change the text
    relink(str(link), str(directory / OLD), survey(str(link)))
    assert os.readlink(link) == kept.format(**names) + OLD  # noqa: PTH115 - as above


def test_a_host_seen_from_a_rescue_system(directory: Path) -> None:
    """Below /host the link still says what the host itself understands."""
    inside = directory / "host/var/lib/kubelet/pki"
    inside.mkdir(parents=True)
    for name in (OLD, NEW):
        (inside / name).write_bytes(b"")
    link = inside / LINK
    link.symlink_to(f"/var/lib/kubelet/pki/{NEW}")
    relink(str(link), str(inside / OLD), survey(str(link)))
    assert link.readlink() == Path(f"/var/lib/kubelet/pki/{OLD}")


def test_a_changed_directory_is_refused(directory: Path) -> None:
    """Any change since the survey, be it another file, stops the replacement."""
    link = str(directory / LINK)
    changes: list[Callable[[], object]] = [
        lambda: (directory / "b.pem").write_bytes(b""),
        lambda: (directory / OLD).write_bytes(b"longer than it was before, by far"),
        (directory / LINK).unlink,
        lambda: (directory / "a-updated.pem").symlink_to(directory / NEW),
    ]
    for change in changes:
        planned = survey(link)
        change()
        with pytest.raises(RelinkError) as caught:
            relink(link, str(directory / OLD), planned)
        assert not caught.value.changed
        assert not os.path.lexists(temporary_name(link))


def test_a_regular_file_is_never_replaced(directory: Path) -> None:
    """A `current` that is a file would be lost, so it stays."""
    link = directory / LINK
    link.unlink()
    link.write_bytes(b"precious")
    with pytest.raises(RelinkError, match="file and no link"):
        relink(str(link), str(directory / OLD), survey(str(link)))
    assert link.read_bytes() == b"precious"


def test_a_missing_link_is_made(directory: Path) -> None:
    """Where there is no link at all, one is made."""
    (directory / LINK).unlink()
    link = str(directory / LINK)
    relink(link, str(directory / OLD), survey(link))
    assert Path(link).resolve() == (directory / OLD).resolve()


def test_a_directory_that_others_can_write_to(tmp_path: Path) -> None:
    """It is told which place is open to whom; a sticky parent is none, and the group of root is no other."""
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    inside.chmod(0o755)
    inside.parent.chmod(0o755)
    assert who_else_writes(str(inside)) is None
    inside.chmod(0o777)
    assert who_else_writes(str(inside)) == f"{inside} is writable by everybody"
    inside.chmod(0o1777)
    assert who_else_writes(str(inside)) == f"{inside} is writable by everybody"
    inside.chmod(0o755)
    inside.parent.chmod(0o777)
    assert who_else_writes(str(inside)) == f"{inside.parent} is writable by everybody"
    inside.parent.chmod(0o1777)
    assert who_else_writes(str(inside)) is None

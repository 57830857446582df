"""The replacement of a link under every failure: old or new, never none, and nothing left behind."""

import errno
import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from kubepki.commands.relink import SELINUX, SYSTEM, RelinkError, System, relink, survey, temporary_name

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
            assert caught.value.changed == (name == "fsync")
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
    """The new link gets the old one's owner and security context before it takes its place."""
    link = str(directory / LINK)
    told: list[tuple[Any, ...]] = []
    owned = os.stat_result((0o120777, 1, 1, 1, 1234, 5678, 0, 0, 0, 0))
    before = survey(link)

    def lstat(path: str) -> os.stat_result:
        # The survey asks for real; the owner is asked for before it, of the link itself.
        asked.append(path)
        return owned if path == link and asked.count(link) == 1 else os.lstat(path)

    asked: list[str] = []
    system = System(
        lstat=lstat,
        lchown=lambda path, uid, gid: told.append((path, uid, gid)),
        getxattr=lambda path, name: f"{path} {name}".encode(),
        setxattr=lambda path, name, value: told.append((path, name, value)),
    )
    relink(link, str(directory / OLD), before, system)
    temporary = temporary_name(link)
    assert told == [(temporary, 1234, 5678), (temporary, SELINUX, f"{link} {SELINUX}".encode())]


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
    assert Path(link).readlink() == directory / OLD

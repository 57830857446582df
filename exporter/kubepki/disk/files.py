"""The only module that opens, stats or lists the files of others.

Every read is bounded, never blocks and takes only regular files, judged by an fstat of what was opened: a FIFO, a
socket, a device or a huge file costs one system call.
"""

import errno
import os
import stat
from collections.abc import Callable

from kubepki.disk.located import Identity, Located, Looked
from kubepki.disk.view import hidden, hidden_by, is_mask
from kubepki.model import Fault, Reason

_CHUNK = 16_384
MAX_LINKS = 40  # path_resolution(7)
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def locate(path: str) -> Located | Fault:
    """Return the regular file that *path* leads to, or the fault that keeps it from being read.

    The resolved path and not the link is what gets opened afterwards, so that target and content always agree.
    """
    resolved = path
    is_link = False
    try:
        status = os.lstat(path)
        is_link = stat.S_ISLNK(status.st_mode)
        if is_link:
            # The kernel follows 40 links and not more; realpath follows any number.
            os.stat(path)  # noqa: PTH116 - bytes that are no UTF-8 survive in str paths only
            resolved = os.path.realpath(path, strict=True)
            status = os.stat(resolved)  # noqa: PTH116 - as above
    except OSError as error:
        return hidden(path) or _fault_of(error, is_link=is_link)
    except ValueError:
        return Fault(reason=Reason.UNREADABLE, detail="the path holds a NUL byte")
    if not stat.S_ISREG(status.st_mode):
        return hidden(path) or Fault(
            reason=Reason.NOT_REGULAR, detail=f"it is {_kind(status.st_mode)}, not a regular file"
        )
    if is_mask(status):
        return hidden_by(resolved)
    return Located(resolved=resolved, is_link=is_link, identity=_identity(status))


def look(path: str, known: Identity | None, limit: int) -> Looked | Fault:
    """Return where *path* leads and its content, unless it is the *known* one; or the fault that hides the file."""
    located = locate(path)
    if isinstance(located, Fault):
        return located
    if located.identity == known:
        return Looked(located=located)
    outcome = read(located.resolved, limit)
    if isinstance(outcome, Fault):
        return Looked(located=located, fault=outcome)
    identity, data = outcome
    return Looked(located=Located(resolved=located.resolved, is_link=located.is_link, identity=identity), data=data)


def link_places(path: str) -> tuple[str, ...]:
    """Return the directory of each link's target on the way from *path*, as the links name it; none for a file."""
    places: dict[str, None] = {}
    for _ in range(MAX_LINKS):
        try:
            path = os.path.join(os.path.dirname(path), os.readlink(path))  # noqa: PTH115, PTH118, PTH120 - as above
        except (OSError, ValueError):
            break
        places[path.rpartition("/")[0] or "/"] = None
    return tuple(places)


def read(path: str, limit: int) -> tuple[Identity, bytes] | Fault:
    """Return the identity and the content of the regular file *path*, or why it was not read; at most *limit* bytes."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        return _fault_of(error, is_link=False)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return Fault(reason=Reason.NOT_REGULAR, detail=f"it is {_kind(status.st_mode)}, not a regular file")
        if status.st_size > limit:
            return _too_large(status.st_size, limit)
        chunks = []
        wanted = limit + 1
        # The files of /proc say that they are empty.
        size = max(status.st_size + 1, _CHUNK)
        while wanted > 0 and (chunk := os.read(descriptor, min(wanted, size))):
            chunks.append(chunk)
            wanted -= len(chunk)
        data = b"".join(chunks)
        return _too_large(len(data), limit) if len(data) > limit else (_identity(status), data)
    except OSError as error:
        return _fault_of(error, is_link=False)
    finally:
        os.close(descriptor)


def list_names(
    directory: str,
    limit: int,
    *,
    ours: Callable[[str], bool] = lambda _: True,
    first: Callable[[str], bool] = lambda _: False,
) -> tuple[frozenset[str], bool] | Fault:
    """Return the names in *directory* that are *ours* and no directories, or a fault.

    Those that are *first* are always among them; at most *limit* others, and whether there were more. Foreign names
    do not count.
    """
    cut = False
    others = 0
    names: set[str] = set()
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if not ours(entry.name) or entry.is_dir(follow_symlinks=False):
                    continue
                is_first = first(entry.name)
                if not is_first and others >= limit:
                    cut = True
                    continue
                others += not is_first
                names.add(entry.name)
    except NotADirectoryError:
        return Fault(reason=Reason.NOT_REGULAR, detail="it is no directory")
    except OSError as error:
        return hidden(directory) or _fault_of(error, is_link=False)
    if not names and (fault := hidden(directory)) is not None:
        return fault
    return frozenset(names), cut


def entry_names(directory: str, *, directories: bool, follow: bool) -> tuple[str, ...]:
    """Return the sorted names in *directory* that are directories, or those that are none; none where it has no list.

    *follow* says whether a link to a directory counts as one.
    """
    try:
        with os.scandir(directory) as entries:
            return tuple(sorted(entry.name for entry in entries if _is_directory(entry, follow=follow) is directories))
    except OSError:
        return ()


def _is_directory(entry: "os.DirEntry[str]", *, follow: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:
        return False


def guard(directory: str) -> tuple[int, ...] | None:
    """Return what tells whether *directory* is the same one with the same rights; None where it is not there."""
    try:
        status = os.stat(directory)  # noqa: PTH116 - as above
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_mode, status.st_uid, status.st_gid)


def identity(path: str) -> tuple[int, ...] | None:
    """Return what tells one content of the file that *path* leads to from another; None where it is not there."""
    try:
        return tuple(_identity(os.stat(path)))  # noqa: PTH116 - as above
    except (OSError, ValueError):
        return None


def kind(path: str) -> str:
    """Return what is at *path*: a `directory`, a `link` to one, something `other`, nothing (`absent`), or `refused`."""
    try:
        mode = os.lstat(path).st_mode
    except PermissionError:
        return "refused"
    except (OSError, ValueError):
        return "absent"
    if stat.S_ISLNK(mode):
        return "link" if os.path.isdir(path) else "other"  # noqa: PTH112 - as above
    return "directory" if stat.S_ISDIR(mode) else "other"


def exists(path: str) -> bool:
    """Return whether there is anything at *path*, be it a dangling link."""
    return os.path.lexists(path)


def is_file(path: str) -> bool:
    """Return whether there is anything at *path* but a directory, or a link to one."""
    return os.path.lexists(path) and not os.path.isdir(path)  # noqa: PTH112 - as above


def is_listed(path: str) -> bool | None:
    """Return whether `list_names` of its directory would find *path*; None where that cannot be told."""
    try:
        return not stat.S_ISDIR(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return None


def changed(path: str) -> float | None:
    """Return when what *path* leads to was last changed, in Unix seconds; None where it is not there."""
    try:
        return os.stat(path).st_mtime  # noqa: PTH116 - paths are str throughout
    except (OSError, ValueError):
        return None


def _identity(status: os.stat_result) -> Identity:
    return Identity(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _kind(mode: int) -> str:
    for test, name in (
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a character device"),
        (stat.S_ISBLK, "a block device"),
    ):
        if test(mode):
            return name
    return "something else"


def _too_large(size: int, limit: int) -> Fault:
    return Fault(
        reason=Reason.TOO_LARGE,
        detail=f"{size} bytes are more than the limit of {limit}; raise --scan.max-file-size if it is meant to be",
    )


def _fault_of(error: OSError, *, is_link: bool) -> Fault:
    if error.errno == errno.ELOOP:
        return Fault(reason=Reason.SYMLINK_LOOP, detail="the link leads back to itself or over too many links")
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        if is_link:
            return Fault(reason=Reason.DANGLING, detail="the link's target does not exist")
        return Fault(reason=Reason.MISSING, detail="there is no such file")
    return Fault(reason=Reason.UNREADABLE, detail=error.strerror or str(error.errno))

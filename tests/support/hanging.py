"""A file system in user space (FUSE) that answers, or does not: what a dead network file system looks like.

It is served by a thread over /dev/fuse; `include/uapi/linux/fuse.h` gives the structures. Who waits for an answer that
does not come cannot be ended, not even by SIGKILL, until the file system is closed.
"""

import ctypes
import errno
import os
import select
import stat
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_MNT_DETACH = 2
_ROOT = 1
_IN = struct.Struct("<IIQQIIII")
_OUT = struct.Struct("<IiQ")
_ATTR = struct.Struct("<QQQQQQIIIIIIIIII")
_LOOKUP, _FORGET, _GETATTR, _READLINK, _OPEN, _READ, _STATFS, _RELEASE = 1, 2, 3, 5, 14, 15, 17, 18
_FLUSH, _INIT, _OPENDIR, _READDIR, _RELEASEDIR, _ACCESS, _INTERRUPT, _BATCH_FORGET = 25, 26, 27, 28, 29, 34, 36, 42
_SILENT = frozenset({_FORGET, _BATCH_FORGET, _INTERRUPT})


class Hanging:
    """A mounted directory of files. Opening or reading one whose name is in `hangs` never ends; all, while `dead`."""

    def __init__(self, mount: Path, files: dict[str, bytes]) -> None:
        self.mount = mount
        self.files = files
        self.hangs: set[str] = set()
        self.dead = False
        self.waiting = 0
        self._names = sorted(files)
        self._held: list[tuple[int, int, int, bytes]] = []
        self._lock = threading.Lock()
        self._fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self._fd},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()},allow_other"
        if _LIBC.mount(b"hanging", os.fsencode(mount), b"fuse", 0, options.encode()) != 0:
            number = ctypes.get_errno()
            os.close(self._fd)
            raise OSError(number, os.strerror(number), str(mount))
        self._end = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._serve, name="fuse", daemon=True)
        self._thread.start()

    def revive(self) -> None:
        """Answer everything, also what waits."""
        with self._lock:
            self.hangs.clear()
            self.dead = False
            held, self._held = self._held, []
            self.waiting = 0
        for each in held:
            self._answer(*each)

    def close(self) -> None:
        """Give the file system up: what waits for it fails."""
        _LIBC.umount2(os.fsencode(self.mount), _MNT_DETACH)
        # The end of the descriptor aborts the connection.
        os.eventfd_write(self._end, 1)
        self._thread.join(10)
        assert not self._thread.is_alive(), "the FUSE server does not end"
        os.close(self._end)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                if self._end in select.select([self._fd, self._end], [], [])[0]:
                    break
                request = os.read(self._fd, 1 << 17)
                _, opcode, unique, node, *_ = _IN.unpack_from(request)
                body = request[_IN.size :]
                if opcode in _SILENT:
                    continue
                with self._lock:
                    if opcode != _INIT and (self.dead or self._hangs(opcode, node)):
                        self._held.append((opcode, unique, node, body))
                        self.waiting += 1
                        continue
                self._answer(opcode, unique, node, body)
        os.close(self._fd)

    def _hangs(self, opcode: int, node: int) -> bool:
        return opcode in {_OPEN, _READ} and node > _ROOT and self._names[node - 2] in self.hangs

    def _answer(self, opcode: int, unique: int, node: int, body: bytes) -> None:
        error, data = 0, b""
        try:
            data = self._reply(opcode, node, body)
        except OSError as refused:
            error = refused.errno or errno.EIO
        with suppress(OSError):
            os.write(self._fd, _OUT.pack(_OUT.size + len(data), -error, unique) + data)

    def _reply(self, opcode: int, node: int, body: bytes) -> bytes:  # noqa: PLR0911 - one for each kind of request
        if opcode == _INIT:
            return struct.pack("<IIIIHHIIHHI28x", 7, 31, 1 << 16, 0, 12, 10, 1 << 16, 1, 16, 0, 0)
        if opcode == _LOOKUP:
            name = os.fsdecode(body.rstrip(b"\0"))
            if name not in self.files:
                raise OSError(errno.ENOENT, "")
            found = self._names.index(name) + 2
            return struct.pack("<QQQQII", found, 0, 0, 0, 0, 0) + self._attributes(found)
        if opcode == _GETATTR:
            return struct.pack("<QII", 0, 0, 0) + self._attributes(node)
        if opcode in {_OPEN, _OPENDIR}:
            # FOPEN_DIRECT_IO: each read is asked of us.
            return struct.pack("<QII", 0, 1 if opcode == _OPEN else 0, 0)
        if opcode == _READ:
            offset, size = struct.unpack_from("<QI", body, 8)
            return self.files[self._names[node - 2]][offset : offset + size]
        if opcode == _READDIR:
            return self._listing(struct.unpack_from("<Q", body, 8)[0])
        if opcode == _STATFS:
            return bytes(80)
        if opcode in {_RELEASE, _RELEASEDIR, _FLUSH, _ACCESS}:
            return b""
        raise OSError(errno.ENOSYS, "")

    def _attributes(self, node: int) -> bytes:
        size = 0 if node == _ROOT else len(self.files[self._names[node - 2]])
        mode = stat.S_IFDIR | 0o755 if node == _ROOT else stat.S_IFREG | 0o644
        return _ATTR.pack(node, size, 1, *(1_700_000_000,) * 3, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def _listing(self, offset: int) -> bytes:
        entries = b""
        for position, name in enumerate(self._names[offset:], offset + 1):
            raw = os.fsencode(name)
            entry = struct.pack("<QQII", position + 1, position, len(raw), stat.S_IFREG >> 12) + raw
            entries += entry + bytes(-len(entry) % 8)
        return entries


@contextmanager
def hanging(mount: Path, files: dict[str, bytes]) -> Iterator[Hanging]:
    """Mount a file system with *files* at *mount*; it is gone afterwards, and what hung in it has failed.

    Skips the test where this host mounts none for us.
    """
    import pytest  # noqa: PLC0415 - a booted machine, in which this is run, has none

    mount.mkdir(parents=True, exist_ok=True)
    try:
        made = Hanging(mount, files)
    except OSError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(f"no FUSE file system can be mounted: {error}")
    try:
        yield made
    finally:
        made.close()

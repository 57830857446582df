"""Runs inside the service's sandbox and prints, as JSON, what succeeds there and what each refusal is."""

# It is copied into the machine and run there by the distribution's Python; nothing of ours can be imported.

import ctypes
import errno
import json
import mmap
import os
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER = 0x10000000


def attempt(action: Callable[[], object]) -> object:
    """Return what *action* returns, or the name of its errno."""
    try:
        return action()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))


def _call(name: str, *arguments: object) -> int:
    ctypes.set_errno(0)
    result = int(getattr(_LIBC, name)(*arguments))
    if result == -1:
        raise OSError(ctypes.get_errno(), name)
    return result


def _writable_code() -> str:
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()
    return "mapped"


def _socket(family: int) -> str:
    socket.socket(family, socket.SOCK_RAW if family == socket.AF_PACKET else socket.SOCK_DGRAM).close()
    return "opened"


def _libraries() -> str:
    import cryptography.hazmat.primitives.asymmetric.ec as curves  # noqa: PLC0415 - whether it loads is the question
    import prometheus_client  # noqa: F401, PLC0415
    import watchdog.observers  # noqa: F401, PLC0415
    import yaml  # noqa: F401, PLC0415

    curves.generate_private_key(curves.SECP256R1())
    return "loaded"


def _written(path: str) -> str:
    Path(path).write_text("x", encoding="ascii")
    return "written"


def _removed(path: str) -> str:
    Path(path).unlink()
    return "removed"


def _size(path: str) -> int:
    return len(Path(path).read_bytes())


def _names(path: str) -> list[str]:
    return sorted(child.name for child in Path(path).iterdir())


def _set_clock() -> str:
    time.clock_settime(time.CLOCK_REALTIME, time.time())
    return "set"


def main(paths: list[str]) -> None:
    """Print the results; *paths* are read, and the number of bytes or the errno is told."""
    current = paths[0]
    status = Path("/proc/self/status").read_text(encoding="ascii")
    results = {
        "read": {path: attempt(partial(_size, path)) for path in paths},
        "list": {path: attempt(partial(_names, path)) for path in ("/root", "/home", "/etc/ssh")},
        "through_init": attempt(lambda: len(Path("/proc/1/root/etc/shadow").read_bytes())),
        "write_pki": attempt(lambda: _written(f"{current}.new")),
        "overwrite_pki": attempt(lambda: _written(current)),
        "remove_pki": attempt(lambda: _removed(current)),
        "write_state": attempt(lambda: _written(f"{os.environ['STATE_DIRECTORY']}/probe")),
        "adjtimex": attempt(lambda: _call("adjtimex", ctypes.create_string_buffer(256))),
        "set_clock": attempt(_set_clock),
        "open_by_handle_at": attempt(lambda: _call("open_by_handle_at", -1, ctypes.create_string_buffer(64), 0)),
        "unshare": attempt(lambda: _call("unshare", CLONE_NEWUSER)),
        "writable_code": attempt(_writable_code),
        "libraries": attempt(_libraries),
        "inotify": attempt(lambda: _call("inotify_init1", 0) >= 0),
        "proc_stat": attempt(lambda: len(Path("/proc/stat").read_bytes()) > 0),
        "inet": attempt(lambda: _socket(socket.AF_INET)),
        "inet6": attempt(lambda: _socket(socket.AF_INET6)),
        "unix": attempt(lambda: _socket(socket.AF_UNIX)),
        "packet": attempt(lambda: _socket(socket.AF_PACKET)),
        "uid": os.getuid(),
        "capabilities": {
            line.split(":")[0]: int(line.split()[1], 16) for line in status.splitlines() if line.startswith("Cap")
        },
    }
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1:])

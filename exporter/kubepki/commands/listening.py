"""At which addresses of this host a process listens, as proc says, whatever its flags or its socket unit say."""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import suppress

# Documentation/networking/proc_net_tcp.rst of Linux: the local address in the host's byte order, the state, the inode.
_LISTENING = "0A"
_LOCAL, _STATE, _INODE = 1, 3, 9
_SOCKET = re.compile(r"socket:\[(\d+)\]")
_WORD = 8


def listening(pid: str, proc: str = "/proc") -> tuple[tuple[str, int], ...]:
    """Return host and port of each TCP socket on which the process *pid* listens, in order; nothing where unknown.

    The host of one that listens on all addresses is `0.0.0.0` or `::`.
    """
    found: list[tuple[str, int]] = []
    with suppress(OSError):
        inodes = frozenset(_inodes(f"{proc}/{pid}/fd"))
        for name in ("tcp", "tcp6"):
            with open(f"{proc}/{pid}/net/{name}", encoding="ascii") as table:  # noqa: PTH123 - of proc
                rows = [line.split() for line in table][1:]
            found += [_address(row[_LOCAL]) for row in rows if row[_STATE] == _LISTENING and row[_INODE] in inodes]
    return tuple(dict.fromkeys(found))


def _inodes(directory: str) -> Iterator[str]:
    for number in os.listdir(directory):  # noqa: PTH208 - of proc
        with suppress(OSError):
            match = _SOCKET.fullmatch(os.readlink(f"{directory}/{number}"))  # noqa: PTH115 - of proc
            if match:
                yield match[1]


def _address(text: str) -> tuple[str, int]:
    digits, _, port = text.partition(":")
    words = [int(digits[at : at + _WORD], 16) for at in range(0, len(digits), _WORD)]
    packed = b"".join(socket.ntohl(word).to_bytes(4, "big") for word in words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed), int(port, 16)

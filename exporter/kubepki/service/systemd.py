"""The service manager's protocols: readiness, watchdog and socket activation. Without systemd all of it is a no-op."""

import contextlib
import os
import socket
from dataclasses import dataclass

from kubepki.settings import ConfigError

_FIRST_DESCRIPTOR = 3
_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedSocket:
    """A listening socket that systemd passed, with its FileDescriptorName (`unknown` where it has none)."""

    name: str
    socket: socket.socket


def notify(state: str) -> bool:
    r"""Send *state* (`READY=1`, several separated by `\n`) as sd_notify(3) does; return whether it was sent.

    False without NOTIFY_SOCKET or when the socket refuses: an exporter does not end because of that.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    target = os.fsencode(address)
    if target.startswith(b"@"):
        target = b"\0" + target[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        # A manager that does not read must not hold up the watchdog's own thread.
        sender.settimeout(1.0)
        sender.sendto(state.encode(), target)
        return True
    return False


def listen_fds() -> tuple[PassedSocket, ...]:
    """Return the sockets of sd_listen_fds(3), and remove the variables so that no child takes them for its own.

    ConfigError where a descriptor is not a listening stream socket.
    """
    variables = {name: os.environ.pop(name, "") for name in _VARIABLES}
    if variables["LISTEN_PID"] != str(os.getpid()) or not variables["LISTEN_FDS"].isdecimal():
        return ()
    names = variables["LISTEN_FDNAMES"].split(":") if variables["LISTEN_FDNAMES"] else []
    count = int(variables["LISTEN_FDS"])
    return tuple(
        PassedSocket(name=names[index] if index < len(names) else "unknown", socket=_adopt(_FIRST_DESCRIPTOR + index))
        for index in range(count)
    )


def watchdog_seconds() -> float | None:
    """Return the interval of sd_watchdog_enabled(3) in seconds, None where no watchdog waits for this process.

    A ping is due at half of it.
    """
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or int(microseconds) == 0:
        return None
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000


def _adopt(descriptor: int) -> socket.socket:
    try:
        adopted = socket.socket(fileno=descriptor)
        # sd_listen_fds(3) sets close-on-exec too.
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - positional only
    except OSError as error:
        what = f"descriptor {descriptor} that systemd passed is no socket"
        raise ConfigError(what, hint="check LISTEN_FDS and the socket unit") from error
    if adopted.type != socket.SOCK_STREAM or not adopted.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        adopted.close()
        what = f"descriptor {descriptor} that systemd passed is not a listening stream socket"
        raise ConfigError(what, hint="the socket unit needs ListenStream= and Accept=no")
    return adopted

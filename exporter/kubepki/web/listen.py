"""Listening sockets for the configured addresses."""

import contextlib
import errno
import socket
from collections.abc import Iterable

from kubepki.config.addresses import split_listen_address
from kubepki.settings import ConfigError

BACKLOG = 256
_FLAG = "--web.listen-address"


def open_listeners(addresses: Iterable[str]) -> tuple[socket.socket, ...]:
    """Return a listening socket for each address; a name such as localhost may give several.

    An empty host means every address of the host: one IPv6 socket that takes IPv4 too, or an IPv4 socket where IPv6
    is off. ConfigError, with all sockets closed again, where one cannot be opened.
    """
    with contextlib.ExitStack() as stack:
        sockets = []
        for address in addresses:
            for opened in _open_address(address):
                stack.callback(opened.close)
                sockets.append(opened)
        stack.pop_all()
    return tuple(sockets)


def address_text(listener: socket.socket) -> str:
    """Return the real address of *listener* for the log: `127.0.0.1:10509`, `[::]:10509` or a socket's path."""
    name = listener.getsockname()
    if listener.family == socket.AF_INET6:
        return f"[{name[0]}]:{name[1]}"
    if listener.family == socket.AF_INET:
        return f"{name[0]}:{name[1]}"
    return f"unix:{name!s}"


def _open_address(address: str) -> list[socket.socket]:
    try:
        host, port = split_listen_address(address)
    except ValueError as error:
        what = f"the address {address!r} cannot be read"
        raise ConfigError(what, where=_FLAG, hint=str(error)) from error
    try:
        return [_open_any(port)] if not host else _open_host(host, port)
    except socket.gaierror as error:
        what = f"the host of {address} is not known: {error.strerror}"
        raise ConfigError(what, where=_FLAG, hint="give an IP address") from error
    except OSError as error:
        what = f"cannot listen on {address}: {error.strerror}"
        raise ConfigError(what, where=_FLAG, hint=_advice(error, port)) from error


def _open_any(port: int) -> socket.socket:
    try:
        return _listen(socket.AF_INET6, ("::", port), dual_stack=True)
    except OSError as error:
        # ipv6.disable=1 gives the first, net.ipv6.conf.all.disable_ipv6=1 the second.
        if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            raise
    return _listen(socket.AF_INET, ("0.0.0.0", port))  # noqa: S104 - the operator asked for every address


def _open_host(host: str, port: int) -> list[socket.socket]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    opened: list[socket.socket] = []
    refused: list[OSError] = []
    for family, _type, _protocol, _name, place in dict.fromkeys(found):
        # Port 0 is chosen once, for all addresses of a name.
        chosen = opened[0].getsockname()[1] if opened and port == 0 else port
        try:
            opened.append(_listen(family, (place[0], chosen, *place[2:])))
        except OSError as error:
            refused.append(error)
    real = [error for error in refused if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)]
    if real or not opened:
        for each in opened:
            each.close()
        raise (real or refused)[0]
    return opened


def _listen(family: int, place: tuple[str | int | bytes, ...], *, dual_stack: bool = False) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # After a restart the port is still in TIME_WAIT for a minute.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if dual_stack else 1)
        listener.bind(place)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _advice(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"another process has it (ss -ltnp 'sport = :{port}' names it); stop that or choose another address"
    if error.errno == errno.EACCES:
        return "ports below 1024 need a privilege; choose another port"
    if error.errno == errno.EADDRNOTAVAIL:
        return "no interface of this host has this address"
    return "choose another address"

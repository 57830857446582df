"""Listening sockets for addresses as operators write them."""

import socket

import pytest

from kubepki.settings import ConfigError
from kubepki.web.listen import address_text, open_listeners


def _ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _connects(host: str, listener: socket.socket) -> bool:
    with socket.create_connection((host, listener.getsockname()[1]), timeout=5):
        return True


def test_empty_host_takes_ipv4_and_ipv6() -> None:
    """`:PORT` answers on both families, on IPv4 alone where the host has no IPv6."""
    (listener,) = open_listeners([":0"])
    with listener:
        assert _connects("127.0.0.1", listener)
        if _ipv6():
            assert _connects("::1", listener)
            assert address_text(listener) == f"[::]:{listener.getsockname()[1]}"


@pytest.mark.skipif(not _ipv6(), reason="this host has no IPv6")
def test_bracketed_ipv6() -> None:
    """`[::1]:PORT` is IPv6 alone."""
    (listener,) = open_listeners(["[::1]:0"])
    with listener:
        assert _connects("::1", listener)
        with pytest.raises(ConnectionRefusedError):
            _connects("127.0.0.1", listener)
        assert address_text(listener).startswith("[::1]:")


def test_several_addresses_and_a_name() -> None:
    """Each address gets its socket; a name gets one for each of its addresses, all with one port."""
    listeners = open_listeners(["127.0.0.1:0", "localhost:0"])
    try:
        assert len(listeners) >= 2
        assert all(_connects(listener.getsockname()[0], listener) for listener in listeners)
        assert len({listener.getsockname()[1] for listener in listeners[1:]}) == 1
        assert address_text(listeners[0]) == f"127.0.0.1:{listeners[0].getsockname()[1]}"
    finally:
        for listener in listeners:
            listener.close()


def test_address_in_use_says_which_and_what_to_do() -> None:
    """One line names the address and how to find its owner, and the sockets opened before are closed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        first = free.getsockname()[1]
    (taken,) = open_listeners(["127.0.0.1:0"])
    with taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError) as caught:
            open_listeners([f"127.0.0.1:{first}", address])
    message = str(caught.value)
    assert address in message
    assert "Address already in use" in message
    assert "ss -ltnp" in message
    assert "\n" not in message
    (again,) = open_listeners([f"127.0.0.1:{first}"])
    again.close()


def test_taken_by_ipv4_alone_is_seen() -> None:
    """`:PORT` is refused where another process has the port on IPv4."""
    (taken,) = open_listeners(["127.0.0.1:0"])
    with taken, pytest.raises(ConfigError, match="already in use"):
        open_listeners([f":{taken.getsockname()[1]}"])


@pytest.mark.parametrize("text", ["", "9090", "127.0.0.1", ":x", ":70000", "::1:80", "[::1]", "a b:1", "http://x:1"])
def test_malformed_addresses(text: str) -> None:
    """What is no HOST:PORT is refused with the flag's name and an example."""
    with pytest.raises(ConfigError, match=r"--web\.listen-address"):
        open_listeners([text])


def test_address_of_no_interface() -> None:
    """An address that this host does not have is said to be so."""
    with pytest.raises(ConfigError, match="no interface of this host"):
        open_listeners(["192.0.2.1:0"])

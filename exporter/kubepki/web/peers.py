"""Who a connection belongs to: fairness is between addresses, for one client can open any number of connections."""

import socket
from dataclasses import dataclass

# A host chooses among 2**64 addresses of its own network (RFC 4291, section 2.5.1).
_NETWORK_BYTES = 8
_IPV4_MAPPED = bytes(10) + b"\xff\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The other end of a connection: `address` as text for the log, empty where it has none; `share` is what counts.

    All connections of one `share` are one client: an IPv4 address, an IPv6 network of 64 bits, or all Unix sockets.
    """

    address: str
    share: str


NOBODY = Peer(address="", share="")


def peer_of(accepted: socket.socket) -> Peer:
    """Return the peer of an accepted socket; NOBODY for a Unix socket and for a connection that is gone again."""
    if accepted.family not in (socket.AF_INET, socket.AF_INET6):
        return NOBODY
    try:
        return peer_at(accepted.getpeername()[0])
    except OSError:
        return NOBODY


def peer_at(text: str) -> Peer:
    """Return the peer with this address, as the kernel writes it."""
    if ":" not in text:
        return Peer(address=text, share=text)
    address = text.partition("%")[0]
    packed = socket.inet_pton(socket.AF_INET6, address)
    if packed.startswith(_IPV4_MAPPED):
        mapped = socket.inet_ntop(socket.AF_INET, packed[len(_IPV4_MAPPED) :])
        return Peer(address=mapped, share=mapped)
    network = socket.inet_ntop(socket.AF_INET6, packed[:_NETWORK_BYTES].ljust(len(packed), b"\0"))
    return Peer(address=address, share=f"{network}/{8 * _NETWORK_BYTES}")

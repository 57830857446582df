"""Who a connection belongs to: fairness is between addresses, for one client can open any number of connections."""

import ipaddress
import socket
from dataclasses import dataclass

# A host chooses among 2**64 addresses of its own network (RFC 4291, section 2.5.1).
_IPV6_PREFIX = 64


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
    """Return the peer with this address."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return Peer(address=str(address), share=str(address))
    if address.ipv4_mapped is not None:
        return Peer(address=str(address.ipv4_mapped), share=str(address.ipv4_mapped))
    network = ipaddress.ip_network((address, _IPV6_PREFIX), strict=False)
    return Peer(address=str(address), share=str(network))

"""Which names the CAs of a chain allow, as Go's crypto/x509 checks them (constraints.go). Pure."""

from collections.abc import Sequence

from kubepki.formats.go_members import Member, general_names, subtrees
from kubepki.formats.go_url import is_domain

_DNS, _IP = 0x82, 0x87


def names_are_allowed(chain: Sequence[Member]) -> bool:
    """Return whether each name of *chain*, leaf first, is one that those above it allow.

    Mail addresses and URIs below such a CA are refused, whatever it allows: no component has one.
    """
    constrained = [position for position, each in enumerate(chain) if each.name_constraints is not None]
    for position, each in enumerate(chain):
        names = [] if each.names is None else general_names(each.names)
        for above in constrained:
            value = chain[above].name_constraints
            if above > position and value is not None and not _are_allowed(names, subtrees(value)):
                return False
    return True


def _are_allowed(names: Sequence[tuple[int, bytes]], trees: Sequence[tuple[bool, int, bytes]]) -> bool:
    return all(_is_allowed(tag, name, trees) for tag, name in names)


def _is_allowed(tag: int, name: bytes, trees: Sequence[tuple[bool, int, bytes]]) -> bool:
    if tag in {0x81, 0x86}:
        return False
    if tag not in {_DNS, _IP}:
        return True
    if tag == _DNS and not is_domain(name.decode("ascii"), constraint=False):
        return False
    permitted = [content for permits, kind, content in trees if kind == tag and permits]
    excluded = [content for permits, kind, content in trees if kind == tag and not permits]
    inside = _is_in_network if tag == _IP else _is_below
    if permitted and not any(inside(name, each) for each in permitted):
        return False
    return not any(inside(name, each) or (tag == _DNS and _may_be(name, each)) for each in excluded)


def _is_in_network(address: bytes, network: bytes) -> bool:
    size = len(address)
    if len(network) != 2 * size:
        return False
    base, mask = network[:size], network[size:]
    return all((one ^ other) & bits == 0 for one, other, bits in zip(address, base, mask, strict=True))


def _is_below(name: bytes, domain: bytes) -> bool:
    name, domain = name.lower(), domain.lower()
    if not domain:
        return True
    return name.endswith(domain) and (domain[:1] == b"." or name[: -len(domain)][-1:] in {b"", b"."})


def _may_be(name: bytes, domain: bytes) -> bool:
    """Return whether a wild card stands for an excluded *domain*."""
    return name[:1] == b"*" and b"." in domain and name.lower().partition(b".")[2] == domain.lower().partition(b".")[2]

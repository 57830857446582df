"""The questions that need the X.509 or the YAML library, as functions from bytes to values. Pure; total."""

from collections.abc import Sequence

from kubepki.formats.anchor import self_signed_anchor
from kubepki.formats.components import Component
from kubepki.formats.components import read_component as named_by
from kubepki.formats.go_verify import CLIENT_AUTH, SERVER_AUTH
from kubepki.formats.go_verify import verify as verify_chain
from kubepki.formats.kubeconfig import Kubeconfig
from kubepki.formats.kubeconfig_reader import parse_kubeconfig
from kubepki.formats.parse import parse
from kubepki.formats.parsed import Container, Parsed, ParsedFile, Verified
from kubepki.model import Usage


def read_file(data: bytes, password: bytes | None, container: Container) -> ParsedFile:
    """Return what the file *data* holds; *password* is for PKCS#12."""
    parsed = parse(data, password=password, container=container)
    return ParsedFile(parsed=parsed, anchor=_anchor(parsed))


def read_kubeconfig(data: bytes) -> Kubeconfig:
    """Return what the kubeconfig *data* says."""
    return parse_kubeconfig(data)


def read_component(data: bytes) -> Component:
    """Return what the configuration of a component *data* names."""
    return named_by(data)


def verify(leaf: bytes, chain: Sequence[bytes], authorities: Sequence[bytes], *, server: bool) -> Verified:
    """Return when Go verifies *leaf* over any of *chain* by *authorities* (all DER): as a client, or a *server*."""
    return verify_chain(leaf, chain, authorities, SERVER_AUTH if server else CLIENT_AUTH)


def _anchor(parsed: Parsed) -> str | None:
    if parsed.leaf is None or parsed.leaf.certificate.usage not in {Usage.SERVER, Usage.PEER}:
        return None
    position = self_signed_anchor([each.der for each in parsed.certificates])
    return None if position is None else parsed.certificates[position].certificate.fingerprint_sha256

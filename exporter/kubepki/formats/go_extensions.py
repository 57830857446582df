"""Which values of known extensions Go's crypto/x509 takes (parser.go, processExtensions). Pure.

An unknown extension is taken as it is: also a critical one, which only a verification refuses.
"""

import ipaddress
from collections.abc import Callable

from kubepki.formats.go_der import BOOLEAN, INTEGER, OBJECT, OCTET_STRING, SEQUENCE, Reader, has_whole_arcs, refuse
from kubepki.formats.go_url import is_domain, is_mailbox, is_uri
from kubepki.formats.guard import Refusal, attempt

_AIA = bytes.fromhex("2b06010505070101")
_UNCRITICAL = {
    b"\x55\x1d\x0e": "subject key identifier",
    b"\x55\x1d\x23": "authority key identifier",
    _AIA: "authority info access",
}
_URI = 0x86
_IP_SIZES = {4, 16}
_NETWORK_SIZES = {8, 32}


def check_extension(name: bytes, value: bytes, *, critical: bool) -> None:
    """Read the value of the extension whose identifier's content is *name*; raises Refused as Go would."""
    if name in _UNCRITICAL and critical:
        refuse(f"x509: {_UNCRITICAL[name]} incorrectly marked critical")
    if name in _CHECKS:
        _CHECKS[name](Reader(value))


def _key_usage(whole: Reader) -> None:
    whole.bits("x509: invalid key usage")


def _authority_key(whole: Reader) -> None:
    identifier = whole.into(SEQUENCE, "x509: invalid authority key identifier")
    if identifier.peek(0x80):
        identifier.read(0x80, "x509: invalid authority key identifier")


def _subject_key(whole: Reader) -> None:
    whole.read(OCTET_STRING, "x509: invalid subject key identifier")


def _policy_constraints(whole: Reader) -> None:
    complaint = "x509: invalid policy constraints extension"
    constraints = whole.into(SEQUENCE, complaint)
    for tag in (0x80, 0x81):
        if constraints.peek(tag):
            _small(constraints.read(tag, complaint), complaint)


def _usages(whole: Reader) -> None:
    usages = whole.into(SEQUENCE, "x509: invalid extended key usages")
    while not usages.empty:
        usages.oid("x509: invalid extended key usages")


def _policy_mappings(whole: Reader) -> None:
    complaint = "x509: invalid policy mappings extension"
    mappings = whole.into(SEQUENCE, complaint)
    while not mappings.empty:
        pair = mappings.into(SEQUENCE, complaint)
        pair.read(OBJECT, complaint)
        pair.read(OBJECT, complaint)


def _inhibit_any_policy(whole: Reader) -> None:
    if not -(1 << 63) <= whole.integer("x509: invalid inhibit any policy extension") < 1 << 63:
        refuse("x509: invalid inhibit any policy extension")


def _small(content: bytes, complaint: str) -> None:
    encoded = bytes([INTEGER, len(content)]) + content
    if len(content) > 8:  # noqa: PLR2004 - octets of an int64
        refuse(complaint)
    Reader(encoded).integer(complaint)


def _basic_constraints(whole: Reader) -> None:
    complaint = "x509: invalid basic constraints"
    constraints = whole.into(SEQUENCE, complaint)
    if constraints.peek(BOOLEAN):
        constraints.boolean(complaint)
    if constraints.peek(INTEGER) and not 0 <= constraints.integer(complaint) < 1 << 63:
        refuse(complaint)


def _alternative_names(whole: Reader) -> None:
    names = whole.into(SEQUENCE, "x509: invalid subject alternative names")
    while not names.empty:
        tag, value, _ = names.any("x509: invalid subject alternative name")
        kind = {0x81: "rfc822Name", 0x82: "dNSName", _URI: "uniformResourceIdentifier"}.get(tag)
        if kind and not value.isascii():
            refuse(f"x509: SAN {kind} is malformed")
        if tag == _URI and not is_uri(value.decode("ascii")):
            refuse("x509: cannot parse URI")
        if tag == 0x87 and len(value) not in _IP_SIZES:  # noqa: PLR2004 - an iPAddress
            refuse(f"x509: cannot parse IP address of length {len(value)}")


def _name_constraints(whole: Reader) -> None:
    complaint = "x509: invalid NameConstraints extension"
    top = whole.into(SEQUENCE, complaint)
    trees = [top.into(tag, complaint) for tag in (0xA0, 0xA1) if top.peek(tag)]
    if not whole.empty or not top.empty:
        refuse(complaint)
    if all(tree.empty for tree in trees):
        refuse("x509: empty name constraints extension")
    for tree in trees:
        while not tree.empty:
            tag, value, _ = tree.into(SEQUENCE, complaint).any(complaint)
            _constraint(tag, value)


def _constraint(tag: int, value: bytes) -> None:
    if tag in {0x81, 0x82, _URI}:
        text = value.decode("latin-1")
        exact = tag == 0x81 and "@" in text  # noqa: PLR2004 - an rfc822Name
        valid = is_mailbox(text) if exact else is_domain(text, constraint=True)
        # An address with a zone is none to Go.
        address = (
            tag == _URI and "%" not in text and not isinstance(attempt(lambda: ipaddress.ip_address(text)), Refusal)
        )
        if not text.isascii() or not valid or address:
            refuse("x509: failed to parse a name constraint")
    if tag == 0x87:  # noqa: PLR2004 - an iPAddress
        half = len(value) // 2
        mask = int.from_bytes(value[half:], "big")
        inverted = mask ^ ((1 << 8 * half) - 1)
        if len(value) not in _NETWORK_SIZES or inverted & (inverted + 1):
            refuse("x509: IP constraint of a wrong length or with an invalid mask")


def _distribution_points(whole: Reader) -> None:
    points = whole.into(SEQUENCE, "x509: invalid CRL distribution points")
    complaint = "x509: invalid CRL distribution point"
    while not points.empty:
        point = points.into(SEQUENCE, complaint)
        if not point.peek(0xA0):
            continue
        names = point.into(0xA0, complaint).into(0xA0, complaint)
        while names.peek(_URI):
            names.read(_URI, complaint)


def _policies(whole: Reader) -> None:
    complaint = "x509: invalid certificate policies"
    policies = whole.into(SEQUENCE, complaint)
    seen: set[bytes] = set()
    while not policies.empty:
        name = policies.into(SEQUENCE, complaint).read(OBJECT, complaint)
        if name in seen or not has_whole_arcs(name):
            refuse(complaint)
        seen.add(name)


def _access(whole: Reader) -> None:
    complaint = "x509: invalid authority info access"
    descriptions = whole.into(SEQUENCE, complaint)
    while not descriptions.empty:
        description = descriptions.into(SEQUENCE, complaint)
        description.oid(complaint)
        if description.peek(_URI):
            description.read(_URI, complaint)


# RFC 5280, sections 4.2.1 and 4.2.2.1: contents of id-ce and of id-pe-authorityInfoAccess.
_CHECKS: dict[bytes, Callable[[Reader], None]] = {
    b"\x55\x1d\x0e": _subject_key,
    b"\x55\x1d\x0f": _key_usage,
    b"\x55\x1d\x11": _alternative_names,
    b"\x55\x1d\x13": _basic_constraints,
    b"\x55\x1d\x1e": _name_constraints,
    b"\x55\x1d\x1f": _distribution_points,
    b"\x55\x1d\x20": _policies,
    b"\x55\x1d\x21": _policy_mappings,
    b"\x55\x1d\x23": _authority_key,
    b"\x55\x1d\x24": _policy_constraints,
    b"\x55\x1d\x25": _usages,
    b"\x55\x1d\x36": _inhibit_any_policy,
    _AIA: _access,
}

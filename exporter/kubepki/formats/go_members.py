"""What Go's crypto/x509 looks at in a certificate when it verifies a chain. Pure; total."""

from dataclasses import dataclass, field

from kubepki.formats.by_hand import authority_key_in, subject_key_in
from kubepki.formats.go_certificate import go_reading
from kubepki.formats.go_der import BIT_STRING, BOOLEAN, INTEGER, SEQUENCE, Reader
from kubepki.formats.guard import attempt

_V3 = 3
_CONSTRAINTS, _KEY_USAGE, _PURPOSES = b"\x55\x1d\x13", b"\x55\x1d\x0f", b"\x55\x1d\x25"
_NAMES, _NAME_CONSTRAINTS = b"\x55\x1d\x11", b"\x55\x1d\x1e"
_POLICY_CONSTRAINTS, _MAPPINGS = b"\x55\x1d\x24", b"\x55\x1d\x21"
# Those of id-ce that processExtensions reads, and always understands.
_UNDERSTOOD = {bytes([0x55, 0x1D, number]) for number in (14, 15, 19, 31, 32, 33, 35, 36, 37, 54)}
# rfc822Name, dNSName, URI and iPAddress: Go reads no other kind of name.
NAME_KINDS = frozenset({0x81, 0x82, 0x86, 0x87})
_KEY_CERT_SIGN, _DECIPHER_ONLY = 0x04, 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A certificate of a chain; encodings and Unix seconds.

    `may_sign` is what CheckSignatureFrom demands of an issuer, `is_authority` what isValid demands of one that is no
    root, `path_length` how many others it allows below it (None: any). `unhandled` means that it has a critical
    extension that Go does not understand. `purposes` are those that it is limited to, None where it is to none.
    `names` and `name_constraints` are the values of these extensions. `explicit_policy` means that it demands policies,
    or maps them.
    """

    encoded: bytes = field(repr=False)
    issuer: bytes = field(repr=False)
    subject: bytes = field(repr=False)
    spki: bytes = field(repr=False)
    not_before: float
    not_after: float
    tbs: bytes = field(repr=False)
    algorithm: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    may_sign: bool
    is_authority: bool
    path_length: int | None
    unhandled: bool
    purposes: frozenset[bytes] | None
    names: bytes | None = field(repr=False)
    name_constraints: bytes | None = field(repr=False)
    explicit_policy: bool
    subject_key: str = field(repr=False)
    authority_key: str = field(repr=False)


def member(encoded: bytes) -> Member | None:
    """Return the DER certificate *encoded* as a member of a chain; None where Go refuses it. Never raises."""
    found = attempt(lambda: _member(encoded))
    return found if isinstance(found, Member) else None


def _member(encoded: bytes) -> Member | None:
    read = go_reading(encoded)
    if isinstance(read, str):
        return None
    outer = Reader(encoded).into(SEQUENCE, "")
    tbs = outer.whole(SEQUENCE, "")
    version, critical = _version_and_critical(tbs)
    values = read.extensions
    constrained, is_ca, path_length = _basic_constraints(values.get(_CONSTRAINTS))
    signs = _may_sign(values.get(_KEY_USAGE))
    return Member(
        encoded=encoded,
        issuer=read.issuer,
        subject=read.subject,
        spki=read.spki,
        not_before=read.not_before,
        not_after=read.not_after,
        tbs=tbs,
        algorithm=outer.whole(SEQUENCE, ""),
        signature=outer.bits(""),
        may_sign=signs and (is_ca if constrained else version != _V3),
        is_authority=constrained and is_ca,
        path_length=path_length,
        unhandled=any(_is_unhandled(name, values[name]) for name in critical),
        purposes=_purposes(values.get(_PURPOSES)),
        names=values.get(_NAMES),
        name_constraints=values.get(_NAME_CONSTRAINTS),
        explicit_policy=_demands_policies(values.get(_POLICY_CONSTRAINTS)) or _MAPPINGS in values,
        subject_key=subject_key_in(values),
        authority_key=authority_key_in(values),
    )


def _version_and_critical(encoded: bytes) -> tuple[int, tuple[bytes, ...]]:
    """Return the version, and which extensions are critical."""
    tbs = Reader(encoded).into(SEQUENCE, "")
    version = 1 + (tbs.into(0xA0, "").integer("") if tbs.peek(0xA0) else 0)
    if version != _V3:
        return version, ()
    while not tbs.empty and not tbs.peek(0xA3):
        tbs.any("")
    critical = []
    extensions = tbs.into(0xA3, "").into(SEQUENCE, "") if tbs.peek(0xA3) else Reader(b"")
    while not extensions.empty:
        extension = extensions.into(SEQUENCE, "")
        name = extension.oid("")
        if extension.peek(BOOLEAN) and extension.boolean(""):
            critical.append(name)
    return version, tuple(critical)


def _is_unhandled(name: bytes, value: bytes) -> bool:
    if name == _NAMES:
        return not NAME_KINDS & {tag for tag, _ in general_names(value)}
    if name == _NAME_CONSTRAINTS:
        return not {tag for _, tag, _ in subtrees(value)} <= NAME_KINDS
    return name not in _UNDERSTOOD


def general_names(value: bytes) -> list[tuple[int, bytes]]:
    """Return tag and content of each name of a subjectAltName (RFC 5280, section 4.2.1.6)."""
    names, found = Reader(value).into(SEQUENCE, ""), []
    while not names.empty:
        tag, content, _ = names.any("")
        found.append((tag, content))
    return found


def subtrees(value: bytes) -> list[tuple[bool, int, bytes]]:
    """Return of name constraints (RFC 5280, section 4.2.1.10) whether each permits, its tag and its content."""
    top, found = Reader(value).into(SEQUENCE, ""), []
    for tag in (0xA0, 0xA1):
        tree = top.into(tag, "") if top.peek(tag) else Reader(b"")
        while not tree.empty:
            kind, content, _ = tree.into(SEQUENCE, "").any("")
            found.append((tag == 0xA0, kind, content))  # noqa: PLR2004 - permittedSubtrees
    return found


def _basic_constraints(value: bytes | None) -> tuple[bool, bool, int | None]:
    if value is None:
        return False, False, None
    fields = Reader(value).into(SEQUENCE, "")
    is_ca = fields.peek(BOOLEAN) and fields.boolean("")
    return True, is_ca, fields.integer("") if fields.peek(INTEGER) else None


def _may_sign(value: bytes | None) -> bool:
    """Return whether it may by its key usage (RFC 5280, section 4.2.1.3): one without any bit is none to Go."""
    bits = (b"" if value is None else Reader(value).bits("")) + bytes(2)
    return bool(bits[0] & _KEY_CERT_SIGN) or not (bits[0] or bits[1] & _DECIPHER_ONLY)


def _purposes(value: bytes | None) -> frozenset[bytes] | None:
    found, usages = [], Reader(b"") if value is None else Reader(value).into(SEQUENCE, "")
    while not usages.empty:
        found.append(usages.oid(""))
    return frozenset(found) or None


def _demands_policies(value: bytes | None) -> bool:
    return value is not None and Reader(value).into(SEQUENCE, "").peek(0x80)


def rsa_bits(spki: bytes) -> int:
    """Return the size of an RSA key, 0 for another; raises ValueError where it is neither."""
    fields = Reader(spki).into(SEQUENCE, "")
    if fields.into(SEQUENCE, "").oid("") != bytes.fromhex("2a864886f70d010101"):
        return 0
    return Reader(Reader(fields.whole(BIT_STRING, "")).bits("")).into(SEQUENCE, "").integer("").bit_length()

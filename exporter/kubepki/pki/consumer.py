"""What the component that reads a file makes of it. Pure.

Kubernetes reads certificates by two ways: crypto/tls.LoadX509KeyPair for what a component presents, client-go's
util/cert for the CAs that it trusts.
"""

from kubepki.formats.parsed import Parsed
from kubepki.model import Fault, Reason, Usage

# A content that the consumer takes cannot be faulted for what only our own reader dislikes.
_OURS = frozenset({Reason.UNPARSABLE})
_NO_KEY = 'tls: failed to find a PEM block of a type ending in "PRIVATE KEY" in key input'
_DECISIVE = frozenset(
    {Reason.UNPARSABLE, Reason.EMPTY, Reason.NO_CERTIFICATE, Reason.NO_PRIVATE_KEY, Reason.KEY_MISMATCH}
)


def judged_by_consumer(faults: list[Fault], refusal: str) -> list[Fault]:
    """Return our *faults* of a content with the consumer's *refusal*, empty where it takes the content."""
    if any(fault.reason is Reason.TOO_COSTLY for fault in faults):
        return faults
    if not refusal:
        return [fault for fault in faults if fault.reason not in _OURS]
    if any(fault.reason in _DECISIVE for fault in faults):
        return faults
    return [*faults, Fault(reason=Reason.REFUSED, detail=f"Kubernetes refuses it: {refusal}")]


def certificate_refusal(parsed: Parsed, key: Parsed | None, *, pair: bool) -> str:
    """Return why the component refuses a file of certificates; empty where it takes it.

    *key* is the content of the key file beside it; *pair* says that the file holds its own key by nature.
    """
    consumed = parsed.consumed
    if consumed is None:
        return ""
    if key is not None and any(fault.reason is Reason.TOO_COSTLY for fault in key.faults):
        key = None
    keys = consumed if pair or consumed.has_key or key is None else key.consumed
    leaf = parsed.leaf.certificate if parsed.leaf else None
    is_authority = leaf is not None and leaf.usage is Usage.CA
    if keys is None or not (pair or keys.has_key or key is not None):
        # Nothing shows that it is presented: one reader that takes it is enough.
        return consumed.bundle if is_authority or not consumed.bundle else consumed.leaf
    refusal = (consumed.bundle if is_authority and not pair else "") or consumed.leaf
    if refusal:
        return refusal
    if not keys.has_key:
        return _NO_KEY
    presented = [each for each in parsed.certificates if each.certificate.fingerprint_sha256 == consumed.leaf_sha256]
    if not keys.key_refusal and presented and presented[0].spki_sha256 != keys.key:
        return "tls: private key does not match public key (the first private key counts)"
    return keys.key_refusal


def key_refusal(parsed: Parsed) -> str:
    """Return why the component refuses a file with a private key; empty where it takes it."""
    consumed = parsed.consumed
    if consumed is None:
        return ""
    if not consumed.has_key:
        return _NO_KEY
    return consumed.key_refusal

"""Whether Go's crypto/x509 verifies a chain, and when (verify.go of Go 1.26, Certificate.Verify). Pure; never raises.

Kubernetes verifies a client so (k8s.io/apiserver/pkg/authentication/request/x509): its CAs are the roots, and what
follows the leaf in the client's file comes with the TLS handshake. Times are left to who knows what time it is.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from kubepki.formats.go_members import Member, member, rsa_bits
from kubepki.formats.go_name_constraints import names_are_allowed
from kubepki.formats.go_signatures import is_signature_of
from kubepki.formats.guard import attempt, quiet
from kubepki.formats.parsed import Verified
from kubepki.model import Period

CLIENT_AUTH, SERVER_AUTH = bytes.fromhex("2b06010505070302"), bytes.fromhex("2b06010505070301")
_ANY = b"\x55\x1d\x25\x00"
# crypto/x509, maxChainSignatureChecks.
_MOST_CHECKS = 100
# crypto/tls reads no larger RSA key from the other side.
_MOST_RSA_BITS = 8_192
# AlgorithmIdentifier of a key on P-224, which TLS 1.3 has no signature for (RFC 8446, section 4.2.3).
_P224 = bytes.fromhex("301006072a8648ce3d020106052b81040021")

_Chain = tuple[Member, ...]
# The CAs of a host are the same for all its files.
_known = lru_cache(maxsize=256)(member)


def verify(leaf: bytes, intermediates: Sequence[bytes], roots: Sequence[bytes], purpose: bytes) -> Verified:
    """Return when a chain leads from *leaf* over any of *intermediates* to one of *roots* (all DER) for *purpose*.

    What is in *roots* is trusted, but limited by what it says of itself, as in Go.
    """
    with quiet():
        found = attempt(lambda: _verify(leaf, intermediates, roots, purpose))
    return found if isinstance(found, Verified) else Verified()


def _verify(leaf: bytes, intermediates: Sequence[bytes], roots: Sequence[bytes], purpose: bytes) -> Verified:
    presented = [member(leaf), *map(member, dict.fromkeys(intermediates))]
    known = [each for each in presented if each is not None]
    first = presented[0]
    if first is None or len(known) < len(presented) or any(rsa_bits(each.spki) > _MOST_RSA_BITS for each in known):
        return Verified(refusal="TLS refuses a certificate of the file")
    if _P224 in first.spki[:32]:
        return Verified(refusal="TLS 1.3 has no signature by a key on P-224")
    if first.unhandled:
        return Verified(refusal="it has a critical extension that Go does not know")
    pool = [each for each in map(_known, dict.fromkeys(roots)) if each is not None]
    search = _Search(pool, known[1:])
    chains = [(first,)] if leaf in roots else list(search.chains((first,)))
    allowed, refusal = [], search.refusal
    for chain in chains:
        against = _objection(chain, purpose)
        refusal = refusal or against
        if not against:
            allowed.append(_period(chain[1:] or chain))
    return Verified(periods=tuple(dict.fromkeys(allowed)), refusal="" if allowed else refusal)


class _Search:
    """Chains of signatures, as Go builds them; `refusal` is what stood against the first CA that did not fit."""

    def __init__(self, roots: Sequence[Member], intermediates: Sequence[Member]) -> None:
        self._pools = ((roots, True), (intermediates, False))
        self._checks = 0
        self.refusal = ""

    def chains(self, chain: _Chain) -> Iterator[_Chain]:
        """Yield each chain that continues *chain* to a root."""
        child = chain[-1]
        for pool, is_root in self._pools:
            for parent in _possible_parents(child, pool):
                self._checks += 1
                if self._checks > _MOST_CHECKS:
                    return
                if any(_is_same(parent, each) for each in chain):
                    continue
                against = _objection_to(parent, chain, is_root=is_root)
                if against is not None:
                    self.refusal = self.refusal or against
                elif is_root:
                    yield (*chain, parent)
                else:
                    yield from self.chains((*chain, parent))


def _possible_parents(child: Member, pool: Sequence[Member]) -> list[Member]:
    """Return who bears the issuer's name, those first whose key identifier is the one that *child* names."""

    def order(each: Member) -> int:
        if each.subject_key == child.authority_key:
            return 0
        return 2 if each.subject_key and child.authority_key else 1

    # Names are compared as encoded, as Go does.
    return sorted((each for each in pool if each.subject == child.issuer), key=order)


def _is_same(one: Member, other: Member) -> bool:
    return (one.subject, one.spki, one.names) == (other.subject, other.spki, other.names)


def _objection_to(parent: Member, chain: _Chain, *, is_root: bool) -> str | None:
    """Return what stands against *parent* as the issuer of the last of *chain*; None where nothing does.

    Empty where it is another CA of the same name, of which there is nothing to tell.
    """
    if not parent.may_sign:
        return "a CA of its chain says of itself that it signs no certificates"
    if not is_signature_of(chain[-1], parent):
        same_key = bool(parent.subject_key) and parent.subject_key == chain[-1].authority_key
        return "its signature is wrong, or of a kind that Go does not verify (SHA-1, MD5, DSA)" if same_key else ""
    if parent.unhandled:
        return "a CA of its chain has a critical extension that Go does not know"
    if not is_root and not parent.is_authority:
        return "a certificate of its chain is no CA"
    if parent.path_length is not None and len(chain) - 1 > parent.path_length:
        return "its chain is longer than one of its CAs allows"
    return None


def _objection(chain: _Chain, purpose: bytes) -> str:
    """Return what stands against a whole *chain*; empty where nothing does."""
    # Policies are not followed: no signer of Kubernetes demands any.
    if any(each.explicit_policy for each in chain[:-1]):
        return "its chain demands certificate policies"
    if any(each.purposes is not None and not each.purposes & {_ANY, purpose} for each in chain):
        whose = "client" if purpose == CLIENT_AUTH else "server"
        return f"its extended key usage, or that of a CA of its chain, does not allow {whose} authentication"
    return "" if names_are_allowed(chain) else "a CA of its chain does not allow its names"


def _period(chain: _Chain) -> Period:
    return Period(not_before=max(each.not_before for each in chain), not_after=min(each.not_after for each in chain))

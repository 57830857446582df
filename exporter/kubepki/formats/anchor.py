"""Where the chain of a file's leaf ends in the file itself: signatures and names only, never validity times.

Rules of this module: pure; total: what Go does not verify is not signed.
"""

from collections.abc import Sequence

from kubepki.formats.go_members import Member, member
from kubepki.formats.go_signatures import is_signature_of
from kubepki.formats.guard import quiet

# No component presents a longer chain, and a file with a bundle in it must not cost a square of signatures.
_MAX_CHAIN = 32


def self_signed_anchor(chain: Sequence[bytes]) -> int | None:
    """Return the position in *chain* (DER, leaf first) of the self-signed certificate at which the leaf's chain ends.

    0 where the leaf signed itself; None where the chain does not end in this file.
    """
    with quiet():
        return _anchor([member(each) for each in chain[:_MAX_CHAIN]])


def _anchor(chain: Sequence[Member | None]) -> int | None:
    position, seen = 0, set[int]()
    while position not in seen and position < len(chain):
        seen.add(position)
        if _is_issued(chain[position], chain[position]):
            return position
        unseen = (other for other in range(1, len(chain)) if other not in seen)
        position = next((other for other in unseen if _is_issued(chain[position], chain[other])), position)
    return None


def _is_issued(child: Member | None, issuer: Member | None) -> bool:
    # Names are compared as encoded, as Go does.
    if child is None or issuer is None or child.issuer != issuer.subject:
        return False
    return is_signature_of(child, issuer)

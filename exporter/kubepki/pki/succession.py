"""Which CAs of a file another one there has followed. Pure.

While a CA is replaced, the old and the new one stand in one file, and most programs that write it (OpenShift's
operators, kubeadm's by hand) leave the old one there until it has ended, or longer. Go passes over it then: what the
new one issued is verified. So its end is no event, unless something of this host that it issued would last longer.
"""

import re
from collections.abc import Callable, Collection, Sequence

from kubepki.formats.parsed import ParsedCertificate
from kubepki.model import Usage
from kubepki.pki.issued import Issued

# What a rotation changes in a name: `kube-csr-signer_@1700000000`, `etcd-ca-2025`.
_NUMBER = re.compile(r"[-_@. ]*[0-9]+(?=$|[,+])")


def followed(certificates: Sequence[ParsedCertificate], presented: Callable[[], Collection[Issued]]) -> frozenset[str]:
    """Return the fingerprints of the CAs among *certificates* of one file that have a successor there.

    *presented* is what is current on this host.
    """
    authorities = [each for each in certificates if each.certificate.usage is Usage.CA]
    found = set()
    for old in authorities if len(authorities) > 1 else ():
        successors = [new for new in authorities if _follows(new, old)]
        if any(_has_its_key(new, old) for new in successors) or (successors and not _is_needed(old, presented())):
            found.add(old.certificate.fingerprint_sha256)
    return frozenset(found)


def _follows(new: ParsedCertificate, old: ParsedCertificate) -> bool:
    one, other = new.certificate, old.certificate
    if _NUMBER.sub("", one.subject) != _NUMBER.sub("", other.subject):
        return False
    # There was no time between them, and it outlasts the old one.
    return other.not_before <= one.not_before <= other.not_after < one.not_after


def _has_its_key(new: ParsedCertificate, old: ParsedCertificate) -> bool:
    return new.certificate.subject == old.certificate.subject and new.spki_sha256 == old.spki_sha256


def _is_needed(old: ParsedCertificate, presented: Collection[Issued]) -> bool:
    """Return whether something would end with *old* that has not ended by itself: its own end is told anyway."""
    ca = old.certificate
    return any(
        each.issuer == ca.subject
        and each.not_after > ca.not_after
        and (not each.key or not old.subject_key or each.key == old.subject_key)
        for each in presented
    )

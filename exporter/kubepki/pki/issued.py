"""What needs its issuer, and until when. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kubepki.formats.parsed import ParsedCertificate
from kubepki.pki import layout
from kubepki.pki.kubeconfigs import LoadedKubeconfig
from kubepki.pki.states import Loaded


class Issued(NamedTuple):
    """A certificate that is presented, by its issuer's name and key identifier (empty where it does not say it)."""

    issuer: str
    key: str
    not_after: float


def issued(certificate: ParsedCertificate) -> Issued:
    """Return *certificate* by its issuer."""
    return Issued(certificate.certificate.issuer, certificate.authority_key, certificate.certificate.not_after)


def presented(loaded: Iterable[Loaded], kubeconfigs: Iterable[LoadedKubeconfig]) -> Iterator[Issued]:
    """Yield all that is current and has an issuer other than itself: leaves, CAs between, and users."""
    for each in loaded:
        old = each.wanted.superseded or (layout.dated_prefix(each.name) is not None and not each.wanted.expected)
        if each.parsed is not None and not old:
            yield from map(issued, filter(_has_issuer, each.parsed.certificates))
    for kubeconfig in kubeconfigs:
        if kubeconfig.content is not None:
            yield from map(issued, filter(_has_issuer, kubeconfig.content.read))


def _has_issuer(certificate: ParsedCertificate) -> bool:
    return certificate.certificate.issuer != certificate.certificate.subject

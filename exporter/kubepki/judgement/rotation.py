"""When a kubelet that starts asks for its next certificate. Pure.

Source: client-go's util/certificate/certificate_manager.go, nextRotationDeadline: at each start a point between 70 and
90 % of the certificate's life is drawn; one that is past is asked for at once.
"""

from kubepki.model import Certificate

EARLIEST = 0.7
LATEST = 0.9


def life_over(certificate: Certificate, now: float) -> float:
    """Return the share of the life of *certificate* that is over at *now*: below 0 before it, above 1 behind it."""
    life = certificate.not_after - certificate.not_before
    return (now - certificate.not_before) / life if life > 0 else 1.0


def earliest_request(certificate: Certificate) -> float:
    """Return the Unix time before which no kubelet asks for the successor of *certificate*."""
    return certificate.not_before + EARLIEST * (certificate.not_after - certificate.not_before)

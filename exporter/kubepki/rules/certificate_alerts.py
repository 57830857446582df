"""The alerts about certificates: short expressions over the latch.

Rules of this module: pure.
"""

from kubepki.model import Severity
from kubepki.rules import sentences
from kubepki.rules.certificates import certificate_records
from kubepki.rules.latch import alert_of
from kubepki.rules.rule import Alert, Group, promql
from kubepki.rules.series import CERTIFICATE_FINDING, CONFIRMED
from kubepki.rules.site import Site

_SEEN = f'{CERTIFICATE_FINDING}{{finding="ahead", clock=~"apiserver|host"}}'
_MINUTE = 60.0


def certificates(site: Site) -> Group:
    """Return the group of the certificates."""
    return Group(
        name="kubepki-certificates",
        rules=(
            *certificate_records(site),
            Alert(
                name="KubePKICertificateNotYetValid",
                severity=Severity.CRITICAL,
                expr=promql(f"""
                    {CONFIRMED}
                    and ignoring (clock, finding) {_SEEN}
                """),
                texts=sentences.not_yet_valid(site),
                why=(
                    "Step 3: the API server rejects it by its own clock, or the host and another clock agree. The two "
                    "alerts share out the same series at the same evaluation, so there is no moment without a critical "
                    "alert, in either direction."
                ),
            ),
            Alert(
                name="KubePKICertificateFutureDated",
                severity=Severity.CRITICAL,
                expr=promql(f"""
                    {CONFIRMED}
                    unless ignoring (clock, finding) {_SEEN}
                """),
                texts=sentences.future_dated(site),
                why="Step 2: neither the API server's clock nor the host's sees it yet.",
            ),
            Alert(
                name="KubePKIHostClockBehind",
                severity=Severity.WARNING,
                expr=promql(f"""
                    max without (clock, finding) ({CERTIFICATE_FINDING}{{finding="ahead", clock="host"}})
                    unless ignoring (clock, finding) {CERTIFICATE_FINDING}{{finding="ahead", clock!="host"}}
                """),
                wait=5 * _MINUTE,
                texts=sentences.host_behind(site),
                why="No clock agrees with the host. What was read decides what the text advises.",
            ),
            alert_of(
                CERTIFICATE_FINDING,
                "rotation",
                name="KubePKIRotatedWhileUnsynchronized",
                wait=10 * _MINUTE,
                texts=sentences.rotated(site),
            ),
            *(
                Alert(
                    name="KubePKICertificateExpired",
                    severity=severity,
                    expr=f"max without (level, finding) ({_found('expired', severity)})",
                    texts=sentences.expired(site),
                )
                for severity in Severity
            ),
            *(
                Alert(
                    name="KubePKICertificateExpiring",
                    severity=severity,
                    expr=f"min without (level, finding) ({_found('expiring', severity)})",
                    wait=_MINUTE,
                    texts=sentences.expiring(site),
                )
                for severity in (Severity.CRITICAL, Severity.WARNING)
            ),
        ),
    )


def _found(finding: str, level: Severity) -> str:
    return f'{CERTIFICATE_FINDING}{{finding="{finding}", level="{level}"}}'

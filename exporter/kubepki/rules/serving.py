"""The certificates that reference clocks themselves show, the API server's first of all. Once for a cluster.

Rules of this module: pure.
"""

from kubepki.model import Severity
from kubepki.rules.rule import Alert, number
from kubepki.rules.series import CLOCK_FINDING, HOST_TIME
from kubepki.rules.site import Site
from kubepki.rules.words import filled, fleet_texts

_NOT_BEFORE = "kubepki_reference_certificate_not_before_timestamp_seconds"
_NOT_AFTER = "kubepki_reference_certificate_not_after_timestamp_seconds"
_MINUTE = 60.0
_EXPIRING = """
    The certificate that {{ $labels.clock }}{{ with $labels.@cluster@ }} of {{ . }}{{ end }} shows to its clients
    {{ if gt $value 0.0 }}expires in {{ $value | humanizeDuration }}.
    {{- else }}expired {{ $value | humanizeDuration | reReplaceAll "^-" "" }} ago.{{ end }}
    {{ if eq $labels.clock "apiserver" }}No kubelet and no kubectl of the cluster talks to it after that.{{ end }}
"""
_FUTURE = """
    The certificate that {{ $labels.clock }}{{ with $labels.@cluster@ }} of {{ . }}{{ end }} shows to its clients is not
    valid for another {{ $value | humanizeDuration }}, by Prometheus' clock and by those of its hosts.
    {{ if eq $labels.clock "apiserver" }}No kubelet and no kubectl whose clock is right talks to it until then.{{ end }}
"""


def serving_findings(site: Site) -> dict[str, str]:
    """Return what the latch finds: seconds until the end, where they are few, and leads that two clocks see."""
    limits = site.thresholds
    life = f"({_NOT_AFTER} - {_NOT_BEFORE})"
    ends = {
        "serving_ends": (limits.leaf_warning, limits.leaf_warning_share),
        "serving_critical": (limits.leaf_critical, limits.leaf_critical_share),
    }
    return {
        **{
            name: f"{_NOT_AFTER} - time() < {number(most)} < {share:g} * {life}" for name, (most, share) in ends.items()
        },
        "serving_future": (f"({_NOT_BEFORE} > time() > ignoring (clock) group_left () {HOST_TIME}) - time()"),
    }


def serving_alerts(site: Site) -> tuple[Alert, ...]:
    """Return the alerts about serving certificates."""
    parts = {"cluster": site.cluster_label}
    expiring, future = "KubePKIReferenceCertificateExpiring", "KubePKIReferenceCertificateFutureDated"
    summary = "The serving certificate of the API server or of a reference expires soon."
    ahead = "The serving certificate of the API server or of a reference is not valid yet."
    levels = {Severity.CRITICAL: "serving_critical", Severity.WARNING: "serving_ends"}
    return (
        *(
            Alert(
                name=expiring,
                severity=severity,
                expr=f'min without (finding, {site.hosts}) ({CLOCK_FINDING}{{finding="{finding}"}})',
                wait=5 * _MINUTE,
                texts=fleet_texts(site, expiring, summary, filled(_EXPIRING, parts)),
            )
            for severity, finding in levels.items()
        ),
        Alert(
            name=future,
            severity=Severity.CRITICAL,
            expr=f'max without (finding, {site.hosts}) ({CLOCK_FINDING}{{finding="serving_future"}})',
            wait=_MINUTE,
            texts=fleet_texts(site, future, ahead, filled(_FUTURE, parts)),
        ),
    )

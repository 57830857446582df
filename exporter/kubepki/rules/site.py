"""What a site may choose about its rules, and what holds without a choice.

Rules of this module: pure. Durations are seconds, shares are parts of 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kubepki.model import Severity

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
RUNBOOK_URL = "https://github.com/kubepki/kubepki-exporter/blob/main/docs/runbooks/{alert}.md"
# Labels of our own series. A target label of the same name makes Prometheus rename ours.
OWN_LABELS = ("path", "entry", "standing", "usage", "clock", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The limits that decide."""

    lead_at_once: float = 5 * MINUTE
    """A lead above it pages at the first evaluation: no signer's habit makes that much."""
    clock_skew: float = 2 * MINUTE
    """What two clocks may differ by."""
    clock_step: float = MINUTE
    """A step of the host's clock beyond it is told."""
    clock_step_news: float = HOUR
    """For how long it is told."""
    rotation_news: float = DAY
    """For how long a rotation on a host that was never synchronised is told."""
    leaf_warning_share: float = 0.10
    leaf_warning: float = 30 * DAY
    leaf_critical_share: float = 0.03
    leaf_critical: float = 7 * DAY
    ca_warning_share: float = 0.10
    ca_warning: float = 180 * DAY
    ca_critical_share: float = 0.03
    ca_critical: float = 30 * DAY
    scan_age: float = 5 * MINUTE
    missed_changes: int = 3
    """Changes that only the periodic scan found, within an hour."""
    suspect_share: float = 0.5
    suspect_hosts: int = 3
    """Prometheus' clock is suspect when more than this share of at least so many hosts of a job differ in one
    direction."""
    memory: float = 10 * MINUTE
    """For how long a host without a good scrape is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site's choices."""

    job: str = "(.+/)?kubepki-exporter"
    """A regular expression for the scrape job."""
    cluster_label: str = "cluster"
    """The label that names the cluster in titles and links."""
    host_labels: tuple[str, ...] = (
        "instance",
        "node",
        "nodename",
        "host",
        "hostname",
        "pod",
        "kubernetes_io_hostname",
    )
    """The labels that differ from host to host; aggregates over a fleet drop them."""
    grouping_labels: tuple[str, ...] = ("job", "cluster")
    """What makes one notification of many hosts."""
    place_labels: tuple[str, ...] = (
        "datacenter",
        "dc",
        "region",
        "site",
        "zone",
        "environment",
        "env",
        "tenant",
    )
    """Further labels that two alerts must share before one silences the other; a label that neither has counts as
    equal."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Further labels of every alert."""
    severities: Mapping[Severity, str] = field(default_factory=lambda: {each: str(each) for each in Severity})
    receivers: Mapping[Severity, str] = field(
        default_factory=lambda: {
            Severity.CRITICAL: "kubepki-page",
            Severity.WARNING: "kubepki-ticket",
            Severity.INFO: "kubepki-log",
        }
    )
    thresholds: Thresholds = field(default_factory=Thresholds)
    waits: Mapping[tuple[str, Severity], float] = field(default_factory=dict)
    """`for` of an alert where it is not the default, in seconds."""
    disabled: tuple[str, ...] = ()
    """Alerts that are left out."""
    removed_hosts: float = 0.0
    """For how long a host that left the discovery is told of, in seconds; 0 is never."""
    exported_labels: tuple[str, ...] = ()
    """Our labels whose names target labels have."""
    exported_prefix: str = "exported_"
    """What the scraper puts before them."""
    runbook_url: str = RUNBOOK_URL
    grafana_url: str = "https://grafana.example.com"
    rule_name: str = "kubepki-exporter"
    rule_namespace: str = ""
    rule_labels: Mapping[str, str] = field(
        default_factory=lambda: {
            "app.kubernetes.io/name": "kubepki-exporter",
            "role": "alert-rules",
            "release": "kube-prometheus-stack",
        }
    )
    """What a Prometheus of the operator selects its rules by."""

    @property
    def hosts(self) -> str:
        """The host labels as PromQL lists them."""
        return ", ".join(self.host_labels)

    def severity(self, severity: Severity) -> str:
        """Return the site's name of *severity*."""
        return self.severities[severity]

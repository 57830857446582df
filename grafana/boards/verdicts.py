"""The numbers at the top of both boards: is anything future-dated, by how much, until when, what to do."""

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import look, trouble
from grafana.boards.panels import Words, verdict
from grafana.boards.promql import current, select

CERTIFICATE_BOOKS = (look.runbook("KubePKICertificateFutureDated"), look.runbook("KubePKICertificateNotYetValid"))


def future_dated() -> gf.Panel:
    """Return how many hosts have a future-dated certificate."""
    return verdict(
        Words(
            title="Hosts with a future-dated certificate",
            description=(
                "Hosts that present a certificate whose NotBefore is in the future by Prometheus' clock or by a "
                "reference clock. It may still work, as long as the API server's clock is wrong too."
            ),
            links=CERTIFICATE_BOOKS,
        ),
        trouble.hosts(trouble.future()),
        mappings=look.words({0: ("none", look.GREEN)}),
    )


def rejected_now() -> gf.Panel:
    """Return how many hosts the API server rejects."""
    return verdict(
        Words(
            title="Hosts rejected now",
            description=(
                "Hosts whose certificate is not valid yet by the API server's own clock; where that cannot be read, "
                "by the host's and Prometheus' clocks together. The API server answers them 401."
            ),
            links=CERTIFICATE_BOOKS,
        ),
        trouble.hosts(trouble.rejected()),
        mappings=look.words({0: ("none", look.GREEN)}),
    )


def lead() -> gf.Panel:
    """Return the largest lead."""
    return verdict(
        Words(
            title="Future-dated by at most",
            description="The largest lead of a NotBefore over the clock that it is most ahead of, not the host's.",
            links=CERTIFICATE_BOOKS,
        ),
        trouble.largest(trouble.future()),
        unit="dtdurations",
        mappings=look.words({0: ("nothing is ahead", look.GREEN)}),
    )


def valid_from() -> gf.Panel:
    """Return when the last future-dated certificate becomes valid."""
    not_before = f"max without (entry, usage, standing) ({current(trouble.NOT_BEFORE)}) and {trouble.future()}"
    return verdict(
        Words(
            title="All valid again at",
            description="The latest NotBefore of a future-dated certificate: it heals by itself when that has passed.",
            links=CERTIFICATE_BOOKS,
        ),
        f"1000 * ({trouble.largest(not_before)})",
        unit="dateTimeAsIso",
        mappings=look.words({0: ("now", look.GREEN)}),
    )


def what_to_do() -> gf.Panel:
    """Return the next step in words."""
    return verdict(
        Words(
            title="What to do",
            description=(
                "Roll back: run `kubepki-exporter rollback --apply` on the rejected hosts and restart their kubelets; "
                "each has a file that passes every check. Repair first: roll back or renew before any clock is "
                "corrected. Wait: a rejected host has no usable fallback; it heals at NotBefore."
            ),
            links=CERTIFICATE_BOOKS,
        ),
        trouble.what_to_do(),
        mappings=look.words(
            {
                0: ("nothing", look.GREEN),
                1: ("repair before clocks are corrected", look.RED),
                2: ("roll back", look.RED),
                3: ("a host has no fallback: renew or wait", look.RED),
            }
        ),
    )


def wrong_clock() -> gf.Panel:
    """Return which clock is wrong, in words."""
    return verdict(
        Words(
            title="Which clock is wrong",
            description=(
                "Hosts against Prometheus, more than 2 min apart. When more than half of at least three hosts differ "
                "in one direction, Prometheus itself or the whole room is wrong: compare with a clock outside both."
            ),
            links=(look.runbook("KubePKIHostClockSkewed"), look.runbook("KubePKIPrometheusClockSuspect")),
        ),
        trouble.wrong_clock(),
        mappings=look.words(
            {
                0: ("none", look.GREEN),
                1: ("single hosts", look.ORANGE),
                2: ("Prometheus or the whole room", look.RED),
            }
        ),
        steps=look.thresholds((None, look.GREEN), (1, look.ORANGE), (2, look.RED)),
    )


def skewed_hosts() -> gf.Panel:
    """Return how many hosts differ from Prometheus."""
    return verdict(
        Words(
            title="Hosts with a wrong clock",
            description="Hosts whose clock differs from Prometheus' by more than 2 min.",
            links=(look.runbook("KubePKIHostClockSkewed"),),
        ),
        f"count(abs({select(trouble.SKEW)}) > 120) or 0 * count({select(trouble.HOST_TIME)})",
        mappings=look.words({0: ("none", look.GREEN)}),
        steps=look.thresholds((None, look.GREEN), (1, look.ORANGE)),
    )


def broken_paths() -> gf.Panel:
    """Return how many current paths are unusable."""
    return verdict(
        Words(
            title="Broken paths",
            description="Current links and files with a fault that breaks whoever uses them.",
            links=(look.runbook("KubePKIPathBroken"),),
        ),
        f"count({trouble.broken()}) or 0 * count({select(trouble.HOST_TIME)})",
        mappings=look.words({0: ("none", look.GREEN)}),
    )


def exporters_down() -> gf.Panel:
    """Return how many exporters do not answer."""
    # The job variable may stand for every job, so the name of ours is asked for too.
    up = select("up", 'job=~"(.+/)?kubepki-exporter"')
    return verdict(
        Words(
            title="Exporters down",
            description="Scrape targets of the job kubepki-exporter that do not answer: nobody watches those hosts.",
            links=(look.runbook("KubePKIExporterDown"), look.runbook("KubePKIMetricsMissing")),
        ),
        f"count({up} == 0) or 0 * count({up})",
        mappings=look.words({0: ("all answer", look.GREEN)}),
    )


def no_fallback() -> gf.Panel:
    """Return how many future-dated paths have no fallback."""
    fallback = select("kubepki_fallback_certificates")
    return verdict(
        Words(
            title="Future-dated without a fallback",
            description="Future-dated paths for which no file on the host passes every check of `rollback`.",
            links=CERTIFICATE_BOOKS,
        ),
        f"count({trouble.future()} unless ({fallback} > 0)) or 0 * count({select(trouble.HOST_TIME)})",
        mappings=look.words({0: ("none", look.GREEN)}),
    )


def expired_paths() -> gf.Panel:
    """Return how many current paths have an expired certificate."""
    return verdict(
        Words(
            title="Expired",
            description="Current paths with a certificate whose NotAfter has passed by Prometheus' clock.",
            links=(look.runbook("KubePKICertificateExpired"),),
        ),
        f"count({trouble.expired()}) or 0 * count({select(trouble.HOST_TIME)})",
        mappings=look.words({0: ("none", look.GREEN)}),
    )


def hosts_watched() -> gf.Panel:
    """Return how many hosts report."""
    return verdict(
        Words(title="Hosts watched", description="Hosts whose exporter reports now."),
        f"count({select(trouble.HOST_TIME)})",
        mappings=[],
        steps=look.thresholds((None, look.BLUE)),
    )

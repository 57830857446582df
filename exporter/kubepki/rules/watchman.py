"""The watchman himself: exporters that do not answer, do not look, or whose series the rules cannot see.

Rules of this module: pure.
"""

from kubepki.config.durations import format_duration
from kubepki.model import Severity
from kubepki.rules import watchman_sentences as say
from kubepki.rules.latch import alert_of, held, latch
from kubepki.rules.renaming import renamed_label
from kubepki.rules.rule import Alert, Group, Record, number, promql
from kubepki.rules.series import CURRENT, EXPORTER_FINDING, HOST_TIME, HOSTS, NOT_BEFORE, REFUSED, SKEW
from kubepki.rules.site import OWN_LABELS, Site

_MINUTE = 60.0
# Six paths of seven end so; they are not looked at each time.
_CERTIFICATE_FILES = ".+[.](pem|crt|cer|der|p12|pfx)"
_SAMPLES_REFUSED = "KubePKISamplesRefused"
# What has each of our labels, with the fewest series.
_CARRIERS = (
    ("kubepki_certificate_not_before_timestamp_seconds", ("standing", "usage", "path", "entry")),
    ("kubepki_path_ok", ("standing", "path")),
    ("kubepki_reference_clock_up", ("clock",)),
    ("kubepki_fault", ("reason",)),
)


def watchman(site: Site) -> Group:
    """Return the group of the exporter."""
    return Group(
        name="kubepki-exporter",
        rules=(
            latch(
                EXPORTER_FINDING,
                {
                    "scan_stale": (
                        f"{HOST_TIME} - kubepki_last_scan_timestamp_seconds > {number(site.thresholds.scan_age)}"
                    ),
                    "watch": "kubepki_watch_up == 0",
                    "reload": "kubepki_config_last_reload_successful == 0",
                    "reference_down": "kubepki_reference_clock_up == 0",
                    "renamed": _renamed(site),
                    "nothing": _nothing(),
                    "short": _short(site),
                },
                OWN_LABELS,
                why=(
                    "What was found at the last good scrape. Scan and host are both host time, so that a wrong "
                    "clock does "
                    "not look like a stale scan."
                ),
            ),
            _refusals(site),
            *_absences(site),
            *_states(site),
        ),
    )


def _absences(site: Site) -> tuple[Alert, ...]:
    up = _of_job(site, "up")
    answered = "" if _SAMPLES_REFUSED in site.disabled else f" unless {REFUSED}"
    return (
        Alert(
            name="KubePKIExporterDown",
            severity=Severity.WARNING,
            expr=promql(f"""
                {up} == 0{answered}
                or absent({up})
            """),
            wait=5 * _MINUTE,
            texts=say.down(site),
        ),
        Alert(
            name="KubePKIMetricsMissing",
            severity=Severity.WARNING,
            expr=f"{up} == 1 unless {HOST_TIME} unless {SKEW}" + _removed(site, up),
            wait=15 * _MINUTE,
            texts=say.metrics_missing(site),
            why=(
                "A host that is no longer a target is not told of: one that was removed on purpose looks the same."
                if not site.removed_hosts
                else "Value 1: up, but without our metrics. Value 0: no longer a target; a removed host looks the same."
            ),
        ),
        _refused(site),
        alert_of(
            EXPORTER_FINDING,
            "renamed",
            name="KubePKISeriesMissing",
            wait=5 * _MINUTE,
            texts=say.series_missing(site),
            why="A label of the target took the name of ours, which Prometheus renamed: the rules match nothing.",
        ),
        alert_of(
            EXPORTER_FINDING,
            "nothing",
            name="KubePKINothingWatched",
            wait=10 * _MINUTE,
            texts=say.nothing_watched(site),
        ),
    )


def _refused(site: Site) -> Alert:
    """Return the alert about what was sent and is not there; its value says which: 0 all of it, else how many.

    Without an instance it is about Prometheus, whose own series of hosts has samples that are later than its present.
    """
    return Alert(
        name=_SAMPLES_REFUSED,
        severity=Severity.WARNING,
        expr=promql(f"""
            0 * {REFUSED}
            or {held(EXPORTER_FINDING, "short")}
            or max_over_time(timestamp({HOSTS})[1d:1m] offset -1d) - time() > {number(site.thresholds.clock_skew)}
        """),
        wait=5 * _MINUTE,
        texts=say.samples_refused(site),
        why=(
            "A whole scrape; certificates that the exporter counts and that are not there; everything, for what was "
            "recorded here has times that are still to come."
        ),
    )


def _refusals(site: Site) -> Record:
    up, answered = _of_job(site, "up"), _of_job(site, "scrape_samples_scraped")
    memory, too_long = site.thresholds.memory, _of_job(site, "scrape_body_size_bytes")
    return Record(
        name=REFUSED,
        expr=promql(f"""
            0 * ({up} == 0 and ({answered} > 0 or {too_long} == -1)) + time()
            or ({REFUSED} > time() - {number(memory)} and {up} == 0)
        """),
        why=(
            "When Prometheus refused the last answer of a target: it writes how many samples were in it, and that it "
            f"was too long where it is told to. Held over lost scrapes for {format_duration(memory)}."
        ),
    )


def _removed(site: Site, up: str) -> str:
    if not site.removed_hosts:
        return ""
    told = format_duration(site.removed_hosts)
    return (
        f"\nor (\n  0 * last_over_time({up}[10m] offset {told})\n  and last_over_time({up}[10m] offset 1d)\n"
        f"  unless last_over_time({up}[10m])\n)"
    )


def _nothing() -> str:
    """Return hosts without a current certificate, but for those that have another path.

    A path that is no directory is a kubeconfig that needs no certificate, or broken, and then told so. A file that is
    named as certificates are is broken or has one.
    """
    return promql(f"""
        group without (standing) (kubepki_certificates_watched{{{CURRENT}}} == 0)
        unless ignoring (path) group without (standing, reason) (
          kubepki_fault{{{CURRENT}}}
          or kubepki_path_ok{{{CURRENT}, path!~"{_CERTIFICATE_FILES}"}} unless ignoring (standing) kubepki_watch_up
        )
    """)


def _short(site: Site) -> str:
    """Return how many certificates of a host did not arrive with the labels that they are judged by."""
    of_certificates = _CARRIERS[0][1]
    ours = ", ".join((*of_certificates, *(_conflict(site, label) for label in of_certificates)))
    return promql(f"""
        sum without ({ours}) (
          kubepki_certificates_watched
          or - count without ({ours}) ({NOT_BEFORE}{{standing=~".+", usage=~".+"}})
        ) > 0
    """)


def _renamed(site: Site) -> str:
    series = [f'{name}{{{_conflict(site, label)}!=""}}' for name, labels in _CARRIERS for label in labels]
    return f"group without ({_ours(site)}) (\n  " + "\n  or ".join(series) + "\n)"


def _ours(site: Site) -> str:
    """Return our labels, also by what Prometheus calls them where a target has the same."""
    return ", ".join((*OWN_LABELS, *(_conflict(site, label) for label in OWN_LABELS)))


def _of_job(site: Site, name: str) -> str:
    return f'{name}{{job=~"{site.job}"}}'


def _conflict(site: Site, label: str) -> str:
    """Return what Prometheus calls *label* of ours where a target has one of the name that the rules know it by."""
    return f"{site.exported_prefix}{renamed_label(site, label)}"


def _states(site: Site) -> tuple[Alert, ...]:
    return (
        alert_of(
            EXPORTER_FINDING,
            "scan_stale",
            name="KubePKIScanStale",
            wait=2 * _MINUTE,
            texts=say.scan_stale(site),
        ),
        Alert(
            name="KubePKIWatchDegraded",
            severity=Severity.WARNING,
            expr=promql(f"""
                {held(EXPORTER_FINDING, "watch")}
                or floor(increase(kubepki_watch_missed_changes_total[1h])) > {site.thresholds.missed_changes}
            """),
            wait=15 * _MINUTE,
            texts=say.watch_degraded(site),
            why="A directory without events, or events that do not arrive: only the periodic scan sees changes.",
        ),
        alert_of(
            EXPORTER_FINDING,
            "reload",
            name="KubePKIConfigReloadFailed",
            wait=5 * _MINUTE,
            texts=say.reload_failed(site),
        ),
        alert_of(
            EXPORTER_FINDING,
            "reference_down",
            name="KubePKIReferenceClockDown",
            wait=15 * _MINUTE,
            texts=say.reference_down(site),
        ),
    )

"""What the alerts about the exporter say.

Rules of this module: pure.
"""

from kubepki.config.durations import format_duration
from kubepki.rules.site import Site
from kubepki.rules.words import filled, fleet_texts, host_texts


def down(site: Site) -> dict[str, str]:
    """Return the texts of KubePKIExporterDown; without an instance there is no target at all."""
    text = """
        {{ if $labels.instance -}}
        No scrape of {{ $labels.instance }} has succeeded for 5 minutes. Nobody watches the PKI of this host now.
        {{- else -}}
        There is no scrape target of kubepki-exporter at all, or this Prometheus takes no samples: after its own
        clock was set back it refuses them. Nobody watches the PKI of any host now.
        {{- end }}
    """
    of_host = host_texts(site, "KubePKIExporterDown", "kubepki-exporter cannot be scraped.", filled(text, {}))
    of_fleet = fleet_texts(site, "KubePKIExporterDown", "", "")["dashboard_url"]
    board = f"{{{{ if $labels.instance }}}}{of_host['dashboard_url']}{{{{ else }}}}{of_fleet}{{{{ end }}}}"
    return {**of_host, "dashboard_url": board}


def samples_refused(site: Site) -> dict[str, str]:
    """Return the texts of KubePKISamplesRefused."""
    text = """
        {{ if not $labels.instance -}}
        What was recorded of the job {{ $labels.job }} reaches {{ $value | humanizeDuration }} beyond the present of
        this Prometheus: its clock was set back. Until then it refuses what it scrapes, unless it takes samples out of
        order, and what its alerts say may be old.
        {{- else if $value -}}
        Of the certificates that {{ $labels.instance }} reports, {{ $value }} did not arrive as reported and nobody
        judges them: metric_relabel_configs drop their series, or a label by which they differ, so that one of several
        is kept.
        {{- else -}}
        {{ $labels.instance }} answers, but Prometheus refuses the answer: a limit of its scrape configuration is
        exceeded, or the answer is no metrics. Nobody watches the PKI of this host now. The page /targets of Prometheus
        names the limit.
        {{- end }}
    """
    alert = "KubePKISamplesRefused"
    of_host = host_texts(site, alert, "Samples of kubepki-exporter do not get into Prometheus.", filled(text, {}))
    of_fleet = fleet_texts(site, alert, "", "")["dashboard_url"]
    board = f"{{{{ if $labels.instance }}}}{of_host['dashboard_url']}{{{{ else }}}}{of_fleet}{{{{ end }}}}"
    return {**of_host, "dashboard_url": board}


def metrics_missing(site: Site) -> dict[str, str]:
    """Return the texts of KubePKIMetricsMissing."""
    text = """
        {{ $labels.instance }} answers scrapes of the job {{ $labels.job }}, but not with kubepki_host_time_seconds:
        another
        program listens there, or the scrape configuration drops our metrics.
    """
    if site.removed_hosts:
        text = (
            "{{ if eq $value 1.0 }}"
            + text.strip()
            + """
            {{- else -}}
            {{ $labels.instance }} is no longer a scrape target of the job {{ $labels.job }}, and it was one for at
            least a
            day. If the host was removed on purpose, ignore this: it ends by itself.
            {{- end }}
            """
        )
    return host_texts(site, "KubePKIMetricsMissing", "A host's kubepki metrics are missing.", filled(text, {}))


def series_missing(site: Site) -> dict[str, str]:
    """Return the texts of KubePKISeriesMissing."""
    text = """
        A target label of {{ $labels.instance }} in the job {{ $labels.job }} has the name of a label of this exporter
        (path,
        entry, standing, usage, clock or reason), so Prometheus renamed ours to @prefix@... and the rules do not see
        them.
        Rename the target label in the scrape configuration, or set honor_labels.
    """
    summary = "Certificates are reported under other labels than the rules judge. Nothing would fire."
    return host_texts(site, "KubePKISeriesMissing", summary, filled(text, {"prefix": site.exported_prefix}))


def nothing_watched(site: Site) -> dict[str, str]:
    """Return the texts of KubePKINothingWatched."""
    text = """
        {{ $labels.instance }} has no current certificate to watch: its sources are wrong, or this host has no
        Kubernetes.
        "kubepki-exporter check" on the host says where it looks.
    """
    summary = "A host reports, but watches no current certificate."
    return host_texts(site, "KubePKINothingWatched", summary, filled(text, {}))


def scan_stale(site: Site) -> dict[str, str]:
    """Return the texts of KubePKIScanStale."""
    text = """
        The latest scan of {{ $labels.instance }} is {{ $value | humanizeDuration }} old by the host's clock. What its
        metrics
        say about certificates may no longer be true.
    """
    age = format_duration(site.thresholds.scan_age)
    summary = f"kubepki-exporter answers, but has not looked at the disk for more than {age}."
    return host_texts(site, "KubePKIScanStale", summary, filled(text, {}))


def watch_degraded(site: Site) -> dict[str, str]:
    """Return the texts of KubePKIWatchDegraded."""
    text = """
        {{ if $labels.path }}{{ $labels.instance }} gets no file system events for {{ $labels.path }}.
        {{- else }}{{ $labels.instance }} missed the events of {{ $value | humanize }} changes within an hour.{{ end }}
        It still sees every change, but only at the next periodic scan.
    """
    summary = "Changes of the PKI are seen late, by the periodic scan only."
    return host_texts(site, "KubePKIWatchDegraded", summary, filled(text, {}))


def reload_failed(site: Site) -> dict[str, str]:
    """Return the texts of KubePKIConfigReloadFailed."""
    text = """
        {{ $labels.instance }} refused its configuration at the last reload and works on with the old one. Its journal
        names
        the line. After a restart it would not start.
    """
    summary = "kubepki-exporter refused its new configuration."
    return host_texts(site, "KubePKIConfigReloadFailed", summary, filled(text, {}))


def reference_down(site: Site) -> dict[str, str]:
    """Return the texts of KubePKIReferenceClockDown."""
    text = """
        {{ $labels.instance }} cannot read the clock {{ $labels.clock }}. A certificate that is future-dated for it
        {{- if eq $labels.clock "apiserver" }}, which is the one that judges,{{ end }} is not seen by this clock now.
    """
    return host_texts(site, "KubePKIReferenceClockDown", "A reference clock cannot be read.", filled(text, {}))

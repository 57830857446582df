"""What the alerts about clocks say. A direction is a word, never a sign: no clock "is behind by -2h".

Rules of this module: pure.
"""

from kubepki.config.durations import format_duration
from kubepki.rules.rule import number
from kubepki.rules.site import Site
from kubepki.rules.words import asked, filled, fleet_texts, host_texts

# Prometheus' templates cannot compute: the sign is cut off the text.
_AMOUNT = '{{ $value | humanizeDuration | reReplaceAll "^-" "" }}'
_SHARED = {"amount": _AMOUNT, "side": "{{ if gt $value 0.0 }}ahead of{{ else }}behind{{ end }}"}


def suspect(site: Site) -> dict[str, str]:
    """Return the texts of KubePKIPrometheusClockSuspect."""
    text = """
        More than @share@ of the hosts of the job {{ $labels.job }} are @side@ Prometheus' clock; the one in the
        middle by
        @amount@. Either Prometheus' own clock is wrong or the whole room is. This silences the warnings about single
        hosts' clocks, never an alert about a certificate: after a power cut the whole room may be ahead. Compare with a
        clock outside of both.
    """
    parts = {"share": f"{number(100 * site.thresholds.suspect_share)} %", **_SHARED}
    summary = "Most hosts differ from Prometheus' clock in one direction. Prometheus, or the whole room, is wrong."
    return fleet_texts(site, "KubePKIPrometheusClockSuspect", summary, filled(text, parts))


def reference_skewed(site: Site) -> dict[str, str]:
    """Return the texts of KubePKIReferenceClockSkewed."""
    text = """
        The clock {{ $labels.clock }}{{ with $labels.@cluster@ }} of {{ . }}{{ end }} is @side@ Prometheus' clock by
        @amount@, and @side@ the hosts that read it. Either it is wrong, or Prometheus and those hosts are, for a room
        is wrong together: compare with a clock outside before you correct one.
        {{ if eq $labels.clock "apiserver" -}}
        The API server judges each certificate by it, and what signs certificates usually runs on the same machine:
        {{ if gt $value 0.0 -}}
        what is signed there now is future-dated for the others. Correct what is wrong before a kubelet rotates; look at
        what was signed meanwhile.
        {{- else -}}
        what the others signed just now is rejected there, and what is signed there ends too early for them.
        {{- end }}
        {{- else -}}
        What follows the wrong one is wrong by as much.
        {{- end }}
    """
    summary = "A reference clock differs from Prometheus' and from its hosts' by more than {limit}."
    parts = {"cluster": site.cluster_label, **_SHARED}
    return fleet_texts(site, "KubePKIReferenceClockSkewed", summary.format(limit=_limit(site)), filled(text, parts))


def host_skewed(site: Site) -> dict[str, str]:
    """Return the texts of KubePKIHostClockSkewed."""
    text = """
        The clock of {{ $labels.instance }} is @side@ Prometheus' clock by @amount@. If a certificate of this host is
        future-dated, repair that before you correct the clock. node-exporter's NodeClockSkewDetected sees offsets of
        less
        than 0.5 s only.
    """
    summary = f"The host's clock and Prometheus' clock differ by more than {_limit(site)}."
    return host_texts(site, "KubePKIHostClockSkewed", summary, filled(text, _SHARED))


def unsynchronized(site: Site) -> dict[str, str]:
    """Return the texts of KubePKIHostClockUnsynchronized."""
    text = """
        @ask@
        The kernel of {{ $labels.instance }} says that its clock is not synchronised
        {{- range $r }}; it last was at {{ .Value | humanizeTimestamp }} by the host's own clock{{ end }}.
        A certificate that is issued now may carry a wrong NotBefore.
    """
    query = "kubepki_host_clock_last_synchronized_timestamp_seconds{%s}"
    summary = "The host's clock has lost its synchronisation."
    return host_texts(site, "KubePKIHostClockUnsynchronized", summary, filled(text, {"ask": asked(site, query, 1)}))


def stepped(site: Site) -> dict[str, str]:
    """Return the texts of KubePKIHostClockStepped."""
    text = """
        The clock of {{ $labels.instance }} was set {{ if gt $value 0.0 }}forward{{ else }}back{{ end }} by @amount@
        within
        the last @news@.
        {{ if gt $value 0.0 -}}
        If it was right before, a certificate that is signed by this host now is future-dated.
        {{- else -}}
        A certificate that was issued before a step back may be future-dated now.
        {{- end }}
    """
    parts = {**_SHARED, "news": format_duration(site.thresholds.clock_step_news)}
    summary = f"The host's clock was stepped by more than {format_duration(site.thresholds.clock_step)}."
    return host_texts(site, "KubePKIHostClockStepped", summary, filled(text, parts))


def _limit(site: Site) -> str:
    return format_duration(site.thresholds.clock_skew)

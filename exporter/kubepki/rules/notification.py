"""The templates of notifications, bounded: however many hosts there are, a text stays under 4,000 characters.

Rules of this module: pure.
"""

from kubepki.rules.renaming import renamed_text
from kubepki.rules.site import Site

_HOSTS, _RESOLVED = 20, 3
# How many characters of a description, a host and a path are shown.
_DESCRIPTION, _HOST, _PATH = 750, 40, 31
# A path that all share stands once, and has room.
_PLACE = 200
# A link that is cut leads nowhere, and the cluster comes last in it: a longer one is left out.
_LINK = 400
_TEMPLATE = """\
{{ define "kubepki.title" -}}
[{{ .Status | toUpper }}{{ if eq .Status "firing" }}: {{ .Alerts.Firing | len }}{{ end }}] {{ with .GroupLabels.alertname }}{{ . }}{{ else }}Certificates{{ end }}{{ with .CommonLabels.@cluster@ }} in {{ . }}{{ end }}{{ with .CommonLabels.instance }} on {{ . }}{{ end }}
{{- end }}

{{/* By how much and until when. lead_seconds is padded with zeros, so text order is its order. */}}
{{ define "kubepki.extent" -}}
{{ $lead := "" }}{{ $words := "" }}{{ $worst := "" -}}
{{ range .Alerts.Firing }}{{ if gt .Annotations.lead_seconds $lead }}{{ $lead = .Annotations.lead_seconds }}{{ $words = .Annotations.lead }}{{ $worst = .Annotations.description }}{{ end }}{{ end -}}
{{ if $words }} Longest lead: {{ $words }}.{{ if match ", until [0-9]" $worst }} Without repair the last one heals at {{ reReplaceAll "(?s)^.*?, until ([0-9][-0-9:. +]* UTC).*$" "$1" $worst }}.{{ end }}{{ end -}}
{{ end }}

{{/* First, in one line, what holds for all, then the worst in full with its clocks and its command, then the hosts by
     name. */}}
{{ define "kubepki.text" -}}
{{ $lead := "" }}{{ $worst := "" }}{{ $runbook := .CommonAnnotations.runbook_url }}{{ $board := "" -}}
{{ range .Alerts.Firing -}}
{{ if or (not $worst) (gt .Annotations.lead_seconds $lead) }}{{ $lead = .Annotations.lead_seconds }}{{ $worst = .Annotations.description }}{{ $board = .Annotations.dashboard_url }}{{ end -}}
{{ if not $runbook }}{{ $runbook = .Annotations.runbook_url }}{{ end -}}
{{ end -}}
{{ if .Alerts.Firing }}{{ len .Alerts.Firing }} firing{{ with .CommonLabels.@cluster@ }} in {{ . }}{{ end }}.{{ template "kubepki.extent" . }}
{{ end -}}
{{ with $worst }}The worst: {{ if gt (len .) @description@ }}{{ printf "%.@description@s" . }}...{{ else }}{{ . }}{{ end }}
{{ end -}}
{{ with $runbook }}Runbook: {{ . }}
{{ end -}}
{{ if and $board (le (len $board) @link@) }}Dashboard: {{ $board }}
{{ end -}}
{{ if .Alerts.Firing }}Firing{{ template "kubepki.place" .CommonLabels.path }}:
{{ range $i, $alert := .Alerts.Firing }}{{ if lt $i @hosts@ }}* {{ template "kubepki.line" . }}{{ if not $.CommonLabels.path }}{{ template "kubepki.path" . }}{{ end }}{{ with .Annotations.lead }}, {{ . }}{{ end }}
{{ else if eq $i @hosts@ }}and {{ len (slice $.Alerts.Firing @hosts@) }} more
{{ end }}{{ end }}{{ end -}}
{{ if and .Alerts.Resolved (ge (len .Alerts.Firing) @hosts@) }}Resolved: {{ len .Alerts.Resolved }}
{{ else if .Alerts.Resolved }}Resolved{{ template "kubepki.place" .CommonLabels.path }}:
{{ range $i, $alert := .Alerts.Resolved }}{{ if lt $i @resolved@ }}* {{ template "kubepki.line" . }}{{ if not $.CommonLabels.path }}{{ template "kubepki.path" . }}{{ end }}
{{ else if eq $i @resolved@ }}and {{ len (slice $.Alerts.Resolved @resolved@) }} more
{{ end }}{{ end }}{{ end -}}
{{ end }}

{{ define "kubepki.line" -}}
{{ .Labels.alertname | reReplaceAll "^KubePKI" "" }}{{ with .Labels.instance }} on {{ printf "%.@host@s" . }}{{ end }}
{{- end }}

{{ define "kubepki.path" -}}
{{ with .Labels.path }}: {{ if gt (len .) @path@ }}...{{ reReplaceAll "^.*(.{@path@})$" "$1" . }}{{ else }}{{ . }}{{ end }}{{ end }}
{{- end }}

{{/* The path that all have, once and in full. */}}
{{ define "kubepki.place" -}}
{{ with . }} at {{ if gt (len .) @place@ }}...{{ reReplaceAll "^.*(.{@place@})$" "$1" . }}{{ else }}{{ . }}{{ end }}{{ end }}
{{- end }}
"""  # noqa: E501 - a line end of a template is text


def templates(site: Site) -> str:
    """Return Alertmanager's template file: `kubepki.title`, `kubepki.extent` and `kubepki.text`."""
    parts = {
        "cluster": site.cluster_label,
        "hosts": _HOSTS,
        "resolved": _RESOLVED,
        "description": _DESCRIPTION,
        "host": _HOST,
        "path": _PATH,
        "place": _PLACE,
        "link": _LINK,
    }
    text = renamed_text(site, _TEMPLATE)
    for name, value in parts.items():
        text = text.replace(f"@{name}@", f"{value}")
    return text

{{- define "kubepki-exporter.labels" -}}
app.kubernetes.io/name: kubepki-exporter
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "kubepki-exporter.selector" -}}
app.kubernetes.io/name: kubepki-exporter
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The directories of the host that the presets need, as a list in JSON. */}}
{{- define "kubepki-exporter.mounts" -}}
{{- $known := .Files.Get "files/mounts.json" | fromJson -}}
{{- $found := list -}}
{{- range .Values.presets }}{{ $found = concat $found (index $known .) }}{{ end -}}
{{- $found | uniq | sortAlpha | toJson -}}
{{- end }}

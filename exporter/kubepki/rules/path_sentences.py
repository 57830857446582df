"""What the alerts about links and files say; no advice to roll back where `rollback` refuses.

Rules of this module: pure.
"""

from kubepki.model import Reason, Severity
from kubepki.rules.series import PATH_FINDING
from kubepki.rules.site import Site
from kubepki.rules.words import FALLBACK_INFO, NAMED, NOW, REFUSED, SHELL_PATH, asked, filled, host_texts

# `rollback` repairs a link, and one whose directory can be read.
ROLLBACK_REFUSES = "not_symlink|unreadable"
# What another file repairs: of the rest `rollback` says that the certificate needs none.
ROLLBACK_REPAIRS = "|".join(
    reason for reason in Reason if reason.severity_on("kubelet-client-current.pem") is Severity.CRITICAL
)
_BROKEN = """
    @ask@ @now@ @word@
    {{ $reasons := "" }}{{ $fallback := "" }}{{ $help := -1.0 }}{{ $obstacle := false }}{{ $repairs := false -}}
    {{ range $r | sortByLabel "reason" }}{{ if eq .Labels.finding "fault" -}}
    {{ $reasons = printf "%s, %s" $reasons .Labels.reason -}}
    {{ if match "^(@refuses@)$" .Labels.reason }}{{ $obstacle = true }}{{ end -}}
    {{ if match "^(@repairs@)$" .Labels.reason }}{{ $repairs = true }}{{ end -}}
    {{ else if eq .Labels.finding "fallback" }}{{ $help = .Value -}}
    {{ else -}} @named@ {{ end }}{{ end -}}
    {{ $labels.path }} on {{ $labels.instance }} has a fault:{{ with $reasons }}{{ slice . 1 }}{{ end }}.
    {{ if or $obstacle (not $repairs) (not (or $fallback (ge $help 0.0))) -}}
    "kubepki-exporter check" on the host says what is wrong and what to do.
    {{- else if eq $help 0.0 -}}
    @refused@
    {{- else -}}
    {{ if $fallback }}The best fallback on this host is {{ $fallback }}{{ else }}A fallback lies on this host{{ end }}:
    run "kubepki-exporter rollback --apply --at {{ $now }} {{ $word }}" and do what it prints, in its order.
    {{- end }}
"""
_DIVERGED = """
    @ask@
    {{ $labels.path }} on {{ $labels.instance }} does not follow the kubelet's current client certificate:
    {{- range $i, $fault := $r | sortByLabel "reason" }}{{ if $i }},{{ end }} {{ $fault.Labels.reason }}{{ end }}.
    The kubelet uses what the kubeconfig says, so a rotation does not help it.
"""
_TARGET = """
    @ask@
    {{ $labels.path }} on {{ $labels.instance }} points at
    {{- range $r }} {{ or (index .Labels "@exported@target") .Labels.target }},{{ end }}
    a file whose name or modification time is
    {{ $value | humanizeDuration }}
    ahead of the host's clock. It was written while that clock was ahead, so its certificate may be future-dated.
"""


def broken(site: Site) -> dict[str, str]:
    """Return the texts of KubePKIPathBroken."""
    names = f"{PATH_FINDING}|{FALLBACK_INFO}"
    parts = {
        "ask": asked(site, f'vector(time()) or {{%s__name__=~"{names}"}}', 1),
        "refuses": ROLLBACK_REFUSES,
        "repairs": ROLLBACK_REPAIRS,
        "now": NOW,
        "word": SHELL_PATH,
        "refused": REFUSED,
        "named": NAMED.replace("@exported@", site.exported_prefix),
    }
    return host_texts(site, "KubePKIPathBroken", "A link or file of the PKI is unusable.", filled(_BROKEN, parts))


def diverged(site: Site) -> dict[str, str]:
    """Return the texts of KubePKIKubeconfigDiverged."""
    parts = {"ask": asked(site, f'{PATH_FINDING}{{%sfinding="fault"}}', 1)}
    summary = "A kubeconfig presents another certificate than the current link."
    return host_texts(site, "KubePKIKubeconfigDiverged", summary, filled(_DIVERGED, parts))


def target_ahead(site: Site) -> dict[str, str]:
    """Return the texts of KubePKISymlinkTargetFutureDated."""
    parts = {"ask": asked(site, "kubepki_symlink_info{%s}", 1), "exported": site.exported_prefix}
    summary = "The file behind a current link was written in the host's future."
    return host_texts(site, "KubePKISymlinkTargetFutureDated", summary, filled(_TARGET, parts))

"""What the pages about certificates say: which clocks see it, which were read, which certificate, who presents it.

Each alert asks once: the latch holds what was found at the last good scrape, so that the words are as old as the alert
and never say that nothing is there because a scrape was lost.
Rules of this module: pure.
"""

from kubepki.rules.series import CERTIFICATE_FINDING, CURRENT, NOT_BEFORE, OBSTACLE
from kubepki.rules.site import Site
from kubepki.rules.words import FALLBACK_INFO, NAMED, NOW, REFUSED, SHELL_PATH, asked, filled, host_texts, selector

_LEAD = {"lead": "{{ $value | humanizeDuration }}", "lead_seconds": '{{ printf "%012.0f" $value }}'}
_SHARED = {
    "now": NOW,
    "word": SHELL_PATH,
    "named": NAMED,
    "presented": 'and $rejects $worst (match "^(client|peer)$" $worst.Labels.usage)',
    "nothing": "-2.0",
    "obstacle": f"{OBSTACLE:.1f}",
    "fallback": """
        {{ else if eq $f "fallback" }}{{ $help = .Value -}}
        {{ else -}} @named@ {{ end }}{{ end -}}
    """,
    # The entry of the path that is worst off: the last to begin. `$help` is what the latch says of a fallback.
    "starts": """
        @now@ {{ $worst := false }}{{ $clocks := "" }}{{ $judge := false }}{{ $rejects := false }}{{ $over := false -}}
        {{ $help := @nothing@ }}{{ $fallback := "" -}}
        {{ range $r }}{{ $f := .Labels.finding -}}
        {{ if eq $f "ahead" }}{{ if eq .Labels.clock "apiserver" }}{{ $rejects = true }}{{ end -}}
        {{ $clocks = printf "%s, %s by %s" $clocks .Labels.clock (humanizeDuration .Value) -}}
        {{ else if eq $f "not_before" }}{{ if or (not $worst) (gt .Value $worst.Value) }}{{ $worst = . }}{{ end -}}
        {{ else if eq $f "judge" }}{{ $judge = true -}}
        {{ else if eq $f "left" }}{{ if eq .Labels.clock "apiserver" }}{{ $over = lt .Value 0.0 }}{{ end -}}
        @fallback@
    """,
    # The first to end.
    "ends": """
        @now@ {{ $worst := false }}{{ $clocks := "" }}{{ $not := "" }}{{ $judge := false }}{{ $rejects := false -}}
        {{ $help := @nothing@ }}{{ $fallback := "" -}}
        {{ range $r }}{{ $f := .Labels.finding -}}
        {{ if eq $f "not_after" }}{{ if or (not $worst) (lt .Value $worst.Value) }}{{ $worst = . }}{{ end -}}
        {{ else if eq $f "left" }}{{ if ge .Value 0.0 }}{{ $not = printf "%s, %s" $not .Labels.clock -}}
        {{ else }}{{ $clocks = printf "%s, %s" $clocks .Labels.clock -}}
        {{ if eq .Labels.clock "apiserver" }}{{ $rejects = true }}{{ end }}{{ end -}}
        {{ else if eq $f "judge" }}{{ $judge = true -}}
        @fallback@
        {{ if and $judge (not $clocks) (not $not) }}{{ $rejects = true }}{{ end -}}
    """,
    # Only its own entry has this subject.
    "subject": """
        {{ $labels.path }} on {{ $labels.instance }}
        {{- if $worst }}{{ range $r }}{{ if eq (index .Labels "__name__") "kubepki_certificate_info" -}}
        {{ if eq .Labels.entry $worst.Labels.entry -}}
        {{- with or (index .Labels "@exported@subject") .Labels.subject }} ({{ . }}){{ end -}}
        {{ end }}{{ end }}{{ end }}{{ end }}
    """,
    "until": """
        {{ $value | humanizeDuration }}{{ if $worst }}, until {{ humanizeTimestamp $worst.Value }}{{ end }}.
        {{ if $clocks }}NotBefore is ahead of these clocks:{{ slice $clocks 1 }}. {{ end -}}
    """,
    "at": "{{ if $worst }}, at {{ humanizeTimestamp $worst.Value }}{{ end }}",
    "over": """
        By the API server's clock it has expired: it is refused now for that, until that clock is corrected.
    """,
    "command": """
        run "kubepki-exporter rollback --apply --at {{ $now }} {{ $word }}" and do what it prints, in its order.
    """,
    "refused": REFUSED,
    "repair": """
        @word@
        {{ if eq $help @obstacle@ -}}
        The path is not a link that rollback may change: see the runbook.
        {{- else if eq $help 0.0 -}}
        @refused@ Without repair it heals when NotBefore has passed.
        {{- else if or $fallback (gt $help 0.0) -}}
        {{ if $fallback }}The best fallback on this host is {{ $fallback }}
        {{- else }}A fallback lies on this host{{ end }}:
        @command@
        {{- else -}}
        No fallback that passes every check was seen at the last scrape:
        "kubepki-exporter check --at {{ $now }} {{ $word }}" says whether one does by that time. Without repair it heals
        when NotBefore has passed.
        {{- end }}
    """,
}
_NOT_YET_VALID = """
    @ask@ @starts@ @subject@ is not valid for another @until@
    {{ if @presented@ -}}
    The API server's own clock agrees: whoever presents this certificate is rejected now (401).
    {{- else if $rejects -}}
    The API server's own clock agrees: whoever checks it by that clock refuses it now.
    {{- else if $over -}}
    @over@
    {{- else if $judge -}}
    The API server's clock does not agree: it may accept the certificate until that clock is corrected.
    {{- else -}}
    The API server's clock was not read: whether it rejects the certificate now is not known.
    {{- end }} @repair@
"""
_FUTURE_DATED = """
    @ask@ @starts@ @subject@ is future-dated by @until@
    {{ if $over -}}
    @over@
    {{- else if $judge -}}
    The API server's clock does not see it: unless the clocks above are wrong, it works only as long as that one is.
    {{- else -}}
    The API server's clock was not read: whether it accepts the certificate now is not known.
    {{- end }} Repair it before any clock is corrected. @repair@
"""
_EXPIRED = """
    @ask@ @ends@ @subject@ expired {{ $value | humanizeDuration }} ago@at@.
    {{- if $not }} The clocks differ: it has passed by{{ slice $clocks 1 }}, not by{{ slice $not 1 }}.{{ end }}
    {{- if @presented@ }} The API server rejects whoever presents it (401).{{ end }}
    {{- if or (gt $help 0.0) (and $fallback (eq $help @nothing@)) }} A fallback that is still valid lies on this host
    {{- if $fallback }}, {{ $fallback }}{{ end }}: @word@ @command@
    {{- end }}
"""
_EXPIRING = """
    @ask@ {{ $worst := false }}{{ range $r }}{{ if eq .Labels.finding "not_after" -}}
    {{ if or (not $worst) (lt .Value $worst.Value) }}{{ $worst = . }}{{ end }}{{ end }}{{ end -}}
    @subject@ expires in {{ $value | humanizeDuration }}@at@.
    {{ if and $worst (match "^(client|server|peer)$" $worst.Labels.usage) -}}
    The kubelet renews its own at 70 to 90 % of their life, so something stops it, or nobody renews this one.
    {{- else -}}
    No kubelet renews it: somebody has to.
    {{- end }}
"""
_HOST_BEHIND = """
    @ask@
    By the clock of {{ $labels.instance }}, {{ $labels.path }} is not valid for another {{ $value | humanizeDuration }}.
    {{ with printf "kubepki_reference_clock_offset_seconds{%s}" $m | query -}}
    By Prometheus' clock and by
    {{- range $i, $clock := . | sortByLabel "clock" }}{{ if $i }},{{ end }} {{ $clock.Labels.clock }}{{ end }} NotBefore
    has passed: either the host's clock is behind by at least that much, or all of them are ahead, for a room is wrong
    together. Compare with a clock outside. If it is the host's, correct it and leave the certificate alone.
    {{- else -}}
    Only Prometheus' clock says otherwise; no other clock could be read. Compare with a clock outside of both before you
    touch the clock or the certificate.
    {{- end }}
"""
_ROTATED = """
    @ask@
    {{ $labels.path }} on {{ $labels.instance }} changed while the kernel said that its clock was not synchronised,
    and that
    has not been put right since. If all clocks of the room are wrong together, this is the only sign of a future-dated
    certificate. Compare its NotBefore
    {{- range $r }}, {{ humanizeTimestamp .Value }},{{ end }} with a clock outside of the room. It ends when the clock
    has been synchronised and NotBefore has passed.
"""


def not_yet_valid(site: Site) -> dict[str, str]:
    """Return the texts of step 3: the API server rejects it, or the host and another clock agree that it should."""
    summary = "A current certificate is not valid yet, by the clocks that matter."
    return host_texts(site, "KubePKICertificateNotYetValid", summary, _words(site, _NOT_YET_VALID), _LEAD)


def future_dated(site: Site) -> dict[str, str]:
    """Return the texts of step 2: neither the API server's clock nor the host's sees it yet."""
    summary = "A current certificate is future-dated. It breaks the moment the clocks are corrected."
    return host_texts(site, "KubePKICertificateFutureDated", summary, _words(site, _FUTURE_DATED), _LEAD)


def expired(site: Site) -> dict[str, str]:
    """Return the texts where NotAfter has passed by the time that counts."""
    summary = "A current certificate has expired."
    return host_texts(site, "KubePKICertificateExpired", summary, _words(site, _EXPIRED))


def expiring(site: Site) -> dict[str, str]:
    """Return the texts where NotAfter is near by the time that counts."""
    summary = "A current certificate expires soon and was not renewed."
    return host_texts(site, "KubePKICertificateExpiring", summary, _words(site, _EXPIRING))


def host_behind(site: Site) -> dict[str, str]:
    """Return the texts where no clock agrees with the host; what was read decides what is advised."""
    text = filled(_HOST_BEHIND, {"ask": selector(site, "path")})
    summary = "The host's clock alone is behind NotBefore of a certificate."
    return host_texts(site, "KubePKIHostClockBehind", summary, text)


def rotated(site: Site) -> dict[str, str]:
    """Return the texts of the only sign where all clocks fail together."""
    summary = "A certificate was installed while the host's clock was not synchronised."
    text = filled(_ROTATED, {"ask": asked(site, f"max({NOT_BEFORE}{{%s{CURRENT}}})", 1)})
    return host_texts(site, "KubePKIRotatedWhileUnsynchronized", summary, text)


def _words(site: Site, text: str) -> str:
    # One selector of several names: each costs about as much as all of them do.
    names = f"{CERTIFICATE_FINDING}|kubepki_certificate_info|{FALLBACK_INFO}"
    query = f'vector(time()) or {{%s__name__=~"{names}",standing=~"|current"}}'
    return filled(text, {"exported": site.exported_prefix, "ask": asked(site, query, 1), **_SHARED})

"""What the pages about certificates say: which clocks see it, which were read, which certificate, who presents it.

Each alert asks once: the latch holds what was found at the last good scrape, so that the words are as old as the alert
and never say that nothing is there because a scrape was lost.
Rules of this module: pure.
"""

from kubepki.rules.series import CERTIFICATE_FINDING, CURRENT, NOT_BEFORE
from kubepki.rules.site import Site
from kubepki.rules.words import REFUSED, SHELL_PATH, asked, filled, host_texts, selector

_LEAD = {"lead": "{{ $value | humanizeDuration }}", "lead_seconds": '{{ printf "%012.0f" $value }}'}
_SHARED = {
    "common": """
        {{ $entry := "" }}{{ $usage := "" }}{{ $subject := "" }}{{ $clocks := "" }}{{ $not := "" -}}
        {{ $judge := false }}{{ $rejects := false }}{{ $now := "" }}{{ $fallback := "" }}{{ $some := false -}}
        {{ $obstacle := false }}{{ $refused := false -}}
    """,
    "rest": """
        {{ else if eq $f "judge" }}{{ $judge = true -}}
        {{ else if eq $f "fallback" }}{{ $some = true }}{{ $refused = not .Value -}}
        {{ else if .Labels.fallback }}{{ $fallback = .Labels.fallback -}}
        {{ else if eq $f "obstacle" }}{{ $obstacle = true -}}
        {{ else if and (eq $f "") (not .Labels.subject) -}}
        {{ $now = (.Value | toTime).Format "2006-01-02T15:04:05Z07:00" }}{{ end }}{{ end -}}
        {{ range $r }}{{ if and .Labels.subject (eq .Labels.entry $entry) -}}
        {{ $subject = .Labels.subject }}{{ end }}{{ end -}}
    """,
    # Of the entries of the path, the one that is worst off: the last to begin.
    "starts": """
        @common@ {{ $until := 0.0 }}{{ $over := false -}}
        {{ range $r }}{{ $f := .Labels.finding -}}
        {{ if eq $f "ahead" }}{{ if eq .Labels.clock "apiserver" }}{{ $rejects = true }}{{ end -}}
        {{ $by := humanizeDuration .Value -}}
        {{ $clocks = printf "%s%s %s by %s" $clocks (or (and $clocks ",") "") .Labels.clock $by -}}
        {{ else if eq $f "not_before" -}}
        {{ if gt .Value $until }}{{ $until = .Value }}{{ $entry = .Labels.entry }}{{ $usage = .Labels.usage }}{{ end -}}
        {{ else if and (eq $f "left") (eq .Labels.clock "apiserver") }}{{ $over = lt .Value 0.0 -}}
        @rest@
    """,
    # The first to end.
    "ends": """
        @common@ {{ $at := 0.0 }}{{ $differ := false -}}
        {{ range $r }}{{ $f := .Labels.finding -}}
        {{ if eq $f "left" }}{{ $differ = true -}}
        {{ if ge .Value 0.0 }}{{ $not = printf "%s%s %s" $not (or (and $not ",") "") .Labels.clock -}}
        {{ else }}{{ $clocks = printf "%s%s %s" $clocks (or (and $clocks ",") "") .Labels.clock -}}
        {{ if eq .Labels.clock "apiserver" }}{{ $rejects = true }}{{ end }}{{ end -}}
        {{ else if eq $f "not_after" -}}
        {{ if or (not $at) (lt .Value $at) -}}
        {{ $at = .Value }}{{ $entry = .Labels.entry }}{{ $usage = .Labels.usage }}{{ end -}}
        @rest@
        {{ if and $judge (not $differ) }}{{ $rejects = true }}{{ end -}}
    """,
    "subject": "{{ $labels.path }} on {{ $labels.instance }}{{ if $subject }} ({{ $subject }}){{ end }}",
    "path_word": SHELL_PATH,
    "until": """
        {{ $value | humanizeDuration }}{{ if $until }}, until {{ humanizeTimestamp $until }}{{ end }}.
        {{ if $clocks }}NotBefore is ahead of these clocks:{{ $clocks }}. {{ end -}}
    """,
    "over": """
        By the API server's clock it has expired: it is refused now for that, until that clock is corrected.
    """,
    "command": """
        run "kubepki-exporter rollback --apply --at {{ $now }} @path_word@" and do what it prints, in its order.
    """,
    "refused": REFUSED,
    "repair": """
        {{ if $obstacle -}}
        The path is not a link that rollback may change: see the runbook.
        {{- else if $refused -}}
        @refused@ Without repair it heals when NotBefore has passed.
        {{- else if or $fallback $some -}}
        {{ if $fallback }}The best fallback on this host is {{ $fallback }}
        {{- else }}A fallback lies on this host{{ end }}:
        @command@
        {{- else -}}
        No fallback that passes every check was seen at the last scrape:
        "kubepki-exporter check --at {{ $now }} @path_word@" says whether one does by that time. Without repair it heals
        when NotBefore has passed.
        {{- end }}
    """,
}
_NOT_YET_VALID = """
    @ask@ @starts@ @subject@ is not valid for another @until@
    {{ if and $rejects (match "^(client|peer)$" $usage) -}}
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
    @ask@ @ends@ @subject@ expired {{ $value | humanizeDuration }} ago{{ if $at }}, at
    {{ humanizeTimestamp $at }}{{ end }}.
    {{- if $not }} The clocks differ: it has passed by{{ $clocks }}, not by{{ $not }}.{{ end }}
    {{- if and $rejects (match "^(client|peer)$" $usage) }} The API server rejects whoever presents it (401).{{ end }}
    {{- if and (or $fallback $some) (not $obstacle) (not $refused) }} A fallback that is still valid lies on this host
    {{- if $fallback }}, {{ $fallback }}{{ end }}: @command@
    {{- end }}
"""
_EXPIRING = """
    @ask@ @ends@ @subject@ expires in {{ $value | humanizeDuration }}{{ if $at }}, at
    {{ humanizeTimestamp $at }}{{ end }}.
    {{ if match "^(client|server|peer)$" $usage -}}
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
    told = f"kubepki_certificate_info{{%s{CURRENT}}} or kubepki_fallback_info{{%s}}"
    query = f"{CERTIFICATE_FINDING}{{%s}} or {told} or vector(time())"
    return filled(text, {"ask": asked(site, query, 3), **_SHARED})

"""What every alert's texts share: links, the selector of its own labels, and how parts become one line.

The texts are templates of Prometheus (Go's text/template). `@part@` stands for a text that several share. One query at
most for each alert: it costs about 0.4 ms, and five thousand hosts may fire together.
Rules of this module: pure.
"""

import re
from collections.abc import Mapping

from kubepki.rules.site import Site

# Labels that are no labels of the host's series: Prometheus', vmalert's, and those of the rules.
_NOT_OF_SERIES = ("__name__", "alertname", "alertgroup", "severity")

# `$word`: the path as one word of a POSIX shell, whatever its name holds, for a page's command is pasted as root.
SHELL_PATH = """
    {{ $word := $labels.path }}{{ if not (match "^[A-Za-z0-9_@%+=:,./-]+$" $word) -}}
    {{ $word = reReplaceAll "'" `'\\''` $word | printf "'%s'" }}{{ end -}}
"""

# What stands in the place of a command that would be refused.
REFUSED = """
    The best fallback on this host{{ if $fallback }}, {{ $fallback }},{{ end }}
    is not valid by Prometheus' clock, so rollback would refuse it:
    "kubepki-exporter check --at {{ $now }} {{ $word }}" says whether another file helps.
"""
# A series is known by its name, for a target may have a label of any other, and then ours is called exported_...
FALLBACK_INFO = "kubepki_fallback_info"
NAMED = f"""
    {{{{ if eq (index .Labels "__name__") "{FALLBACK_INFO}" -}}}}
    {{{{ $fallback = or (index .Labels "@exported@fallback") .Labels.fallback }}}}{{{{ end -}}}}
"""
_STRING = re.compile(r"""("(?:[^"\\]|\\.)*"|`[^`]*`)""")
_ACTION = re.compile(r"""\{\{(?:[^"`}]|"(?:[^"\\]|\\.)*"|`[^`]*`)*\}\}""")
# `$now`: the time of the answer `$r`, which begins with it.
NOW = """
    {{ $now := ((first $r).Value | toTime).Format "2006-01-02T15:04:05Z07:00" -}}
"""


def host_texts(
    site: Site, alert: str, summary: str, description: str, further: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the annotations of *alert* about one host."""
    return {
        "summary": summary,
        "description": description,
        **(further or {}),
        "runbook_url": site.runbook_url.replace("{alert}", alert),
        "dashboard_url": _board(site, "kubepki-host", "job", "instance"),
    }


def fleet_texts(site: Site, alert: str, summary: str, description: str) -> dict[str, str]:
    """Return the annotations of *alert* about more than one host."""
    return {**host_texts(site, alert, summary, description), "dashboard_url": _board(site, "kubepki-fleet", "job")}


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Return *text* with *parts* in the place of `@name@`, as one line; parts may hold parts that stand before them."""
    return _terse(_joined(text, parts))


def selector(site: Site, *without: str, name: str = "$m") -> str:
    """Return a template that sets the variable *name* to matchers for all labels of the alert's series but *without*.

    Not by the name, which some expressions keep and which would then stand twice in the selector.
    """
    left_out = " ".join(f'"{label}"' for label in (*_NOT_OF_SERIES, *site.labels, *without))
    text = """
        {{ @name@ := "" }}{{ range $n, $v := $labels }}{{ if not (eq $n @left_out@) -}}
        {{ @name@ = printf "%s%s=%q," @name@ $n $v }}{{ end }}{{ end -}}
    """
    return _joined(text, {"name": name, "left_out": left_out})


def asked(site: Site, query: str, times: int) -> str:
    """Return a template that sets `$r` to the answer of *query*, whose *times* `%s` are the alert's labels."""
    quoted = query.replace('"', '\\"')
    return f'{selector(site)}\n{{{{ $r := printf "{quoted}" {" ".join(["$m"] * times)} | query -}}}}'


def _joined(text: str, parts: Mapping[str, str]) -> str:
    for name in reversed(tuple(parts)):
        text = text.replace(f"@{name}@", parts[name])
    return " ".join(part.strip() for part in text.split("\n") if part.strip())


def _terse(text: str) -> str:
    """Return a template without the spaces that it would take out itself: it is parsed again for each alert."""
    text = re.sub(r"\s*\{\{-\s|\{\{\s", "{{", text)
    text = re.sub(r"\s-\}\}\s*|\s\}\}", "}}", text)
    return _ACTION.sub(lambda action: "".join(_closer(each) for each in _STRING.split(action[0])), text)


def _closer(part: str) -> str:
    return part if _STRING.fullmatch(part) else re.sub(r"\s*([|,]|:=)\s*|(?<==)\s+", r"\1", part)


def _board(site: Site, board: str, *labels: str) -> str:
    variables = "&".join(f"var-{label}={{{{ $labels.{label} | urlquery }}}}" for label in labels)
    cluster = f"{{{{ with $labels.{site.cluster_label} }}}}&var-cluster={{{{ . | urlquery }}}}{{{{ end }}}}"
    return f"{site.grafana_url}/d/{board}?{variables}{cluster}"

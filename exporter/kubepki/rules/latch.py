"""The memory of a group: what held at the last good scrape of each host.

A recording rule that refers to itself: what is found now, or, while a host has no good scrape, what the rule said at
the evaluation before. `kubepki_host_time_seconds` is in every good scrape. A lost scrape neither resolves an alert nor
restarts its `for`, a repair resolves it at once, and what had healed while scrapes were good never comes back: an
instant selector of the rule itself finds the sample of the evaluation before, or its stale marker.

What memory is for is a target that does not answer, and `up` says so of it. One that is no target any more, for its
host was taken out or has other labels now, has none: it is forgotten at the next evaluation, or a host that was
replaced would page on beside the one in its place.

The gate stands inline, for vmalert would write a rule for it one round late. The bound (a host is forgotten some
minutes after its last good scrape) is the first latch's alone, the skew of the host: the others ask whether that still
remembers the host, and need no look back of their own.
"""

from collections.abc import Mapping

from kubepki.config.durations import format_duration
from kubepki.model import Severity
from kubepki.rules.rule import Alert, Record, indented, promql
from kubepki.rules.series import HOST_TIME, SKEW
from kubepki.rules.site import Site


def latch(name: str, findings: Mapping[str, str], further: tuple[str, ...], *, why: str = "") -> Record:
    """Return the latch *name* of expressions, by what they find. *further* are their labels beside those of a host."""
    found = [_found(promql(expr), finding) for finding, expr in findings.items()]
    ignoring = f"ignoring ({', '.join(('finding', *further))})"
    before = f"(\n  {name}\n  unless {ignoring} {HOST_TIME}\n  and {ignoring} {SKEW}\n)"
    return Record(name=name, expr="\nor ".join([*found, before]), why=why)


def held(name: str, finding: str) -> str:
    """Return what the latch *name* holds of *finding*."""
    return f'max without (finding) ({name}{{finding="{finding}"}})'


def alert_of(  # noqa: PLR0913 - the parts of an alert, each by its name
    latch_name: str,
    finding: str,
    *,
    name: str,
    texts: Mapping[str, str],
    wait: float = 0.0,
    severity: Severity = Severity.WARNING,
    why: str = "",
) -> Alert:
    """Return the alert *name* for each host or path of which the latch holds *finding*; *wait* is in seconds."""
    return Alert(name=name, severity=severity, expr=held(latch_name, finding), wait=wait, texts=texts, why=why)


def skew_latch(site: Site) -> Record:
    """Return the first latch: host time minus Prometheus' time of the scrape, held while a host has no good scrape."""
    memory, up = format_duration(site.thresholds.memory), f'up{{job=~"{site.job}"}}'
    return Record(
        name=SKEW,
        expr=promql(f"""
            {HOST_TIME} - timestamp({HOST_TIME})
            or (
              {SKEW} unless {HOST_TIME} and last_over_time({HOST_TIME}[{memory}])
              unless (last_over_time({up}[{memory}]) unless {up})
            )
        """),
        why=(
            "Host time minus Prometheus' time of the scrape, in seconds: above 0 the host is ahead. timestamp() "
            "and not "
            "time(), so that neither the scrape interval nor a late evaluation counts as skew. Held for "
            f"{memory} after the last good scrape, for as long as it is a target, and then the host is forgotten by "
            "every latch."
        ),
    )


def _found(expr: str, finding: str) -> str:
    if "\n" not in expr:
        return f'label_replace({expr}, "finding", "{finding}", "", "")'
    return f'label_replace(\n{indented(expr)},\n  "finding", "{finding}", "", ""\n)'

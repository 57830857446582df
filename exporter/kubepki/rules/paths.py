"""Faults of links and files, and links whose target was written in the host's future.

Rules of this module: pure.
"""

from kubepki.model import Reason, Severity
from kubepki.rules import path_sentences as say
from kubepki.rules.latch import alert_of, latch
from kubepki.rules.rule import Alert, Group, Record, promql
from kubepki.rules.series import CURRENT, FALLBACK, LINK_AHEAD, LINK_CANDIDATE, PATH_FINDING
from kubepki.rules.site import Site

_MINUTE = 60.0
_LINK = "-current.pem"
OF_KUBECONFIGS = "|".join(each for each in Reason if each.startswith("kubeconfig_"))
CRITICAL_REASONS = "|".join(each for each in Reason if each.severity is Severity.CRITICAL)
_FAULT = f'{PATH_FINDING}{{finding="fault"'
# Only a fault has a reason.
BY_REASON = f"{PATH_FINDING}{{reason"
# This exporter's limits hide what a component presents.
HIDING = " or ".join(
    f'{BY_REASON}="{each}", path=~".+-current[.]pem"}}'
    for each in Reason
    if each.severity is not Severity.CRITICAL is each.severity_on(f"x{_LINK}")
)


def paths(site: Site) -> Group:
    """Return the group of the paths."""
    faults = f"group without (standing) (kubepki_fault{{{CURRENT}}})"
    return Group(
        name="kubepki-paths",
        rules=(
            Record(
                name=LINK_CANDIDATE,
                expr="kubepki_symlink_target_offset_seconds > 0",
                why="Candidates. Offset and age together are the stamp in the name minus the mtime.",
            ),
            Record(
                name=LINK_AHEAD,
                expr=promql(f"""
                    (
                      (
                        {LINK_CANDIDATE}
                        unless abs((({LINK_CANDIDATE} + kubepki_symlink_target_age_seconds) % 900 + 1350) % 900 - 450)
                        <= 5
                      )
                      or - (kubepki_symlink_target_age_seconds < 0)
                    )
                    unless ignoring (standing) kubepki_path_ok{{standing="superseded"}}
                """),
                why=(
                    "Seconds by which the stamp in the target's name, or its mtime, is ahead of the host. A "
                    "difference of "
                    "whole quarter-hours between the two (900 s, give or take 5 s for writing the file) is a "
                    "time zone: "
                    "then only the mtime counts."
                ),
            ),
            latch(
                PATH_FINDING,
                {
                    "fault": faults,
                    "symlink_ahead": LINK_AHEAD,
                    "fallback": f"{FALLBACK} and group without (reason) ({faults})",
                },
                ("path", "reason"),
                why="What was found at the last good scrape.",
            ),
            Alert(
                name="KubePKIPathBroken",
                severity=Severity.CRITICAL,
                expr=promql(f"""
                    group without (reason, finding) (
                      {BY_REASON}=~"{CRITICAL_REASONS}"}}
                      or {HIDING}
                    )
                """),
                wait=2 * _MINUTE,
                texts=say.broken(site),
                why=(
                    "The reasons that break whoever uses the path. A reason that is not in this list is a "
                    "warning, also one "
                    "that a newer exporter brings. The two kubeconfig_* reasons have an alert of their own."
                ),
            ),
            Alert(
                name="KubePKIPathBroken",
                severity=Severity.WARNING,
                expr=promql(f"""
                    group without (reason, finding) (
                      {_FAULT}, reason!~"{CRITICAL_REASONS}|{OF_KUBECONFIGS}"}}
                      unless ({HIDING})
                    )
                """),
                wait=10 * _MINUTE,
                texts=say.broken(site),
            ),
            Alert(
                name="KubePKIKubeconfigDiverged",
                severity=Severity.WARNING,
                expr=f'group without (reason, finding) ({BY_REASON}=~"{OF_KUBECONFIGS}"}})',
                wait=10 * _MINUTE,
                texts=say.diverged(site),
            ),
            alert_of(
                PATH_FINDING,
                "symlink_ahead",
                name="KubePKISymlinkTargetFutureDated",
                wait=5 * _MINUTE,
                texts=say.target_ahead(site),
            ),
        ),
    )

"""What is wrong with certificates, by each clock: candidates first, then the few that remain.

The beginning and the end of validity are judged by the same clocks.
Rules of this module: pure.
"""

from kubepki.rules.ends import end_details, end_records
from kubepki.rules.latch import latch
from kubepki.rules.latest import latest_records
from kubepki.rules.path_sentences import ROLLBACK_REFUSES
from kubepki.rules.rule import Record, number, promql
from kubepki.rules.series import (
    AHEAD,
    CERTIFICATE_FINDING,
    CONFIRMED,
    CURRENT,
    ENTRY,
    EXPIRED,
    FALLBACK,
    HOST_TIME,
    JUDGED_BY,
    NOT_BEFORE,
    OBSTACLE,
    OFFSET,
    ONE_HOST,
    ONE_PATH,
    OTHERS,
    REFERENCE,
    REMAINING,
    ROTATED,
    STARTS,
    UNSYNCHRONIZED,
)
from kubepki.rules.site import Site

_TROUBLED = (
    f"(group without (clock) ({AHEAD}) or group without (level) ({EXPIRED}) or group without (level) ({REMAINING}))"
)


def certificate_records(site: Site) -> tuple[Record, ...]:
    """Return the records of the group: clocks, candidates, what is found, the latch, and which leads count."""
    found = {"ahead": AHEAD, "expired": EXPIRED, "expiring": REMAINING, "rotation": ROTATED}
    return (
        *_starts(),
        *latest_records(site),
        *end_records(site),
        *_rotations(site),
        latch(
            CERTIFICATE_FINDING,
            {**found, **_details()},
            ("path", "clock", "level", "entry", "usage", "reason"),
            why=(
                "What was found at the last good scrape of each host: what the alerts read, and what their texts "
                "say of "
                "it. `finding` says what a series is about."
            ),
        ),
        _confirmed(site),
    )


def _starts() -> tuple[Record, ...]:
    by_host = f"max without ({ENTRY}) ({OFFSET})"
    return (
        Record(
            name=STARTS,
            expr=f"{NOT_BEFORE}{{{CURRENT}}} > time()",
            why="Candidates: a NotBefore that is ahead of Prometheus' clock.",
        ),
        Record(
            name=OFFSET,
            expr=promql(f"""
                kubepki_certificate_not_before_offset_seconds{{{CURRENT}}}
                > scalar(clamp_max(min({REFERENCE}), 0) or vector(0))
            """),
            why="Candidates: one that is ahead of some other clock of the fleet, as an offset to its host.",
        ),
        Record(
            name=AHEAD,
            labels={"clock": "prometheus"},
            expr=f"max without ({ENTRY}) ({STARTS}) - time()",
            why=(
                "How far NotBefore lies in the future (seconds, only above 0), for each clock that says so. "
                "clock=reference is the earliest of the reference clocks other than the API server's."
            ),
        ),
        Record(name=AHEAD, labels={"clock": "host"}, expr=f"{by_host} > 0"),
        Record(
            name=AHEAD,
            labels={"clock": "apiserver"},
            expr=f"{by_host} - ignoring (path, clock) group_left () {JUDGED_BY} > 0",
        ),
        Record(name=AHEAD, labels={"clock": "reference"}, expr=f"{by_host} - {ONE_PATH} {OTHERS} > 0"),
    )


def _rotations(site: Site) -> tuple[Record, ...]:
    zero, age = UNSYNCHRONIZED, number(site.thresholds.rotation_news)
    synchronized = "kubepki_host_clock_last_synchronized_timestamp_seconds"
    return (
        Record(
            name=zero,
            expr="kubepki_rotation_clock_synchronized == 0",
            why="Candidates: links that changed while the clock was not synchronised.",
        ),
        Record(
            name=ROTATED,
            expr=promql(f"""
                (
                  (
                    {zero}
                    unless ignoring (path) (kubepki_host_clock_synchronized == 1)
                    unless (
                      (kubepki_symlink_target_mtime_timestamp_seconds and {zero})
                      < ignoring (path) group_left () ({synchronized} or {HOST_TIME} - {age})
                    )
                  )
                  or ({zero} and ignoring (clock) {AHEAD})
                ) == bool 0
            """),
            why=(
                "The fact is never cleared; this decides when it no longer matters: the clock has been "
                "synchronised since "
                "(it is now, or was after the target was written) and no clock sees a lead. A host that was never "
                "synchronised (a VM without NTP) is told for a day after the rotation, then no more."
            ),
        ),
    )


def _details() -> dict[str, str]:
    """Return what the texts say beside the leads: dates of each entry, the judge, a fallback, what stops `rollback`."""
    return {
        "not_before": promql(f"""
            max without (standing) (
              ({STARTS} or {OFFSET} + {ONE_HOST} {HOST_TIME})
              and ignoring (clock, {ENTRY}) {AHEAD}
            )
        """),
        **end_details(),
        # A target may have a label `level`, which what has ended or ends soon does not keep.
        "judge": f"{_TROUBLED} and ignoring (path, clock, level) {JUDGED_BY}",
        "fallback": promql(f"""
            (
              {OBSTACLE} * group without (standing, reason) (kubepki_fault{{{CURRENT}, reason=~"{ROLLBACK_REFUSES}"}})
              or {FALLBACK}
            )
            and ignoring (level) (group without (clock) ({AHEAD}) or {EXPIRED} or {REMAINING})
        """),
    }


def _confirmed(site: Site) -> Record:
    lead = f'max without (clock, finding) ({CERTIFICATE_FINDING}{{finding="ahead", clock!="host"}})'
    before = f'group without (clock, finding) ({CERTIFICATE_FINDING}{{finding="ahead", clock!="host"}} offset 1m)'
    return Record(
        name=CONFIRMED,
        expr=promql(f"""
            ({lead} > {number(site.thresholds.lead_at_once)})
            or (
              {lead}
              and (
                {before}
                or {CONFIRMED}
              )
            )
        """),
        why=(
            "The leads that count: large ones at the first evaluation that sees them, for no signer backdates or "
            "advances "
            "by that much; smaller ones after a minute; and what counted goes on to count until it has ended."
        ),
    )

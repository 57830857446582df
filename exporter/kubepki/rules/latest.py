"""The latest time that counts for the end of validity, where the clocks of a host differ.

Rules of this module: pure.
"""

from kubepki.rules.rule import Record, promql
from kubepki.rules.series import ENDS_BY, HOST_TIME, HOSTS_BEHIND, LATEST, LATEST_SERVER, OFF, REFERENCE
from kubepki.rules.site import Site

# Clocks that differ by less say the same of every end of validity.
_AGREE_SECONDS = 5


def latest_records(site: Site) -> tuple[Record, ...]:
    """Return the hosts whose clocks differ, and by how much the time that counts is ahead of Prometheus' there."""
    skew = f"({HOST_TIME} - timestamp({HOST_TIME}))"
    judge = f"({OFF} + ignoring (clock) {ENDS_BY})"
    each = f'({OFF} + ignoring (clock) group_right () {REFERENCE}{{clock!="apiserver"}})'
    told = f'ignoring (clock) {REFERENCE}{{clock!="apiserver"}}'
    # What Prometheus and the host both have is never later than what two of them and the references have.
    return (
        Record(
            name=OFF,
            expr=promql(f"""
                {skew}
                and (
                  abs({skew}) > {_AGREE_SECONDS}
                  or group without (clock) (abs({REFERENCE}) > {_AGREE_SECONDS})
                  or group without (clock) ({LATEST_SERVER})
                )
            """),
            why="Candidates: hosts of which some clock differs. Host time minus Prometheus' time of the scrape.",
        ),
        Record(
            name=LATEST,
            expr=promql(f"""
                max without (clock) (
                  label_replace({judge}, "clock", "judge", "", "")
                  or label_replace(clamp_max({OFF}, 0), "clock", "both", "", "")
                  or min without (clock) (
                    topk without (clock) (
                      2,
                      label_replace(0 * {OFF} and {told}, "clock", "prometheus", "", "")
                      or label_replace({OFF} and {told}, "clock", "host", "", "")
                      or {each}
                    )
                  )
                  or label_replace(
                    0 * {OFF}
                    unless ignoring (clock) {REFERENCE}
                    unless ignoring ({site.hosts}) ({HOSTS_BEHIND} > {site.thresholds.suspect_share:g}),
                    "clock", "alone", "", ""
                  )
                )
            """),
            why=(
                "The latest time that counts, in seconds ahead of Prometheus': the API server's, which judges "
                "(of several the latest); else what "
                "two of Prometheus, the host and the references say. Prometheus alone counts where no other clock was "
                "read and most "
                "hosts of the job agree with it."
            ),
        ),
    )

"""The host board: what one host presents, what the clocks say, what happened, and what a rollback could use."""

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import frame, look, trouble, verdicts
from grafana.boards.clocks import history_row, incident_row
from grafana.boards.exporter import exporter_row
from grafana.boards.files import files_row
from grafana.boards.frame import Row
from grafana.boards.panels import Query, Words, timeline


def host() -> gf.Dashboard:
    """Return the host board."""
    return frame.board(
        uid=frame.HOST,
        title="Kubernetes PKI / Host",
        description="The certificates, links and clocks of one host, as they were and as they are.",
        time_from="now-24h",
        rows=(
            Row(
                title="Verdict",
                panels=(
                    verdicts.future_dated(),
                    verdicts.rejected_now(),
                    verdicts.lead(),
                    verdicts.valid_from(),
                    verdicts.what_to_do(),
                    verdicts.broken_paths(),
                ),
            ),
            Row(title="Validity", panels=(_validity(),)),
            incident_row(),
            history_row(),
            files_row(),
            exporter_row(),
        ),
        variables=frame.variables(every_host=False),
        annotations=(
            frame.firing_alerts("alertname, severity, instance"),
            frame.link_changes(),
            frame.clock_steps(),
        ),
    )


def _validity() -> gf.Panel:
    return timeline(
        Words(
            title="Validity of what is presented",
            description=(
                "One line for each current path, its worst state. Future-dated: NotBefore is ahead of Prometheus or of "
                "a reference clock. Rejected now: ahead of the API server's clock; where that cannot be read, of the "
                "host's and Prometheus'."
            ),
            links=(*verdicts.CERTIFICATE_BOOKS, look.runbook("KubePKICertificateExpired")),
        ),
        (Query(expr=trouble.state(), legend="{{instance}} {{path}}"),),
        mappings=look.words(trouble.STATES),
    )

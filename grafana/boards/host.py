"""The host board: what one host presents, what to do there, what happened, and what a rollback could use."""

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import clocks, files, frame, look, paths, todo, trouble, verdicts
from grafana.boards.exporter import exporter_row
from grafana.boards.frame import Row
from grafana.boards.panels import Query, Words, tile
from grafana.boards.promql import HOST_TIME, select
from grafana.boards.timelines import timeline

NOBODY = "no such host"
WIDTH, HEIGHT = 5, 4
_ALARMS: dict[float, tuple[str, str]] = {
    trouble.ALARMED: ("CRITICAL", look.RED),
    trouble.WARNED: ("WARNING", look.ORANGE),
}


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
                headed=False,
                panels=(
                    _this_host(),
                    verdicts.lead(NOBODY, width=WIDTH),
                    verdicts.valid_again("Valid again (UTC)", NOBODY, width=6),
                    _first_to_expire(),
                    _clock(),
                    todo.what_to_do(f"{NOBODY}: choose another above, or let Prometheus scrape it", size=(24, 7)),
                    paths.of_one_host(),
                    files.rollback_files(),
                ),
            ),
            Row(
                title="What happened",
                panels=(_validity(), clocks.link_history(), clocks.synchronized()),
            ),
            Row(
                title="Clocks",
                panels=(clocks.three_lines(), clocks.against_others(), clocks.error_and_steps()),
            ),
            exporter_row(),
        ),
        variables=frame.variables(every_host=False),
        annotations=(
            frame.critical_alerts("alertname, severity, instance"),
            frame.link_changes(),
            frame.clock_steps(),
        ),
    )


def _this_host() -> gf.Panel:
    said = {number: (text.upper() if number > 1 else text, color) for number, (text, color) in trouble.STATES.items()}
    return tile(
        Words(
            title="This host",
            description=(
                "The worst state of what this host presents. Future-dated: NotBefore is ahead of Prometheus or of a "
                "reference clock. Rejected now: ahead of the API server's clock; where that cannot be read, of the "
                "host's and Prometheus'. Critical or warning: its certificates are well, What to do says what is not."
            ),
        ),
        (Query(expr=f"max({trouble.troubled()}) or {trouble.one_host_warned()}"),),
        mappings=look.words({**said, 0: ("healthy", look.GREEN), **_ALARMS, **trouble.ABSENCES}),
        steps=look.thresholds((None, look.ORANGE)),
        no_value=NOBODY,
        size=(WIDTH, HEIGHT),
    )


def _first_to_expire() -> gf.Panel:
    left = f"min({trouble.not_after()}) - time() and {trouble.rules()}"
    return tile(
        Words(
            title="First expiry",
            description="Until the first current certificate expires, by Prometheus' clock.",
        ),
        (Query(expr=f"({left}) >= 0 or 0 * ({left}) - 4 or {trouble.one_host_well()}"),),
        unit="dtdurations",
        mappings=look.words({**trouble.ABSENCES, -4: ("EXPIRED", look.RED)}),
        steps=look.thresholds(
            (None, look.ORANGE), (0, look.RED), (7 * look.DAY, look.ORANGE), (30 * look.DAY, look.GREEN)
        ),
        no_value=NOBODY,
        size=(4, HEIGHT),
    )


def _clock() -> gf.Panel:
    """Return by how much the host differs from Prometheus; a clock that is behind is shown as minus."""
    # The rules hold a skew over lost scrapes for minutes: that keeps an alert, and must not keep a tile green.
    skew = f"max({select(trouble.SKEW)} and {select(HOST_TIME)})"
    band = clocks.BAND
    return tile(
        Words(
            title="Clock",
            description=(
                "This host's clock against Prometheus'; 2 min are allowed. Which of the two is wrong: see the clocks "
                "below, or Which clock is wrong on the fleet's board."
            ),
        ),
        (Query(expr=f"({skew}) > {band} or 0 * (({skew}) < -{band}) - 4 or 0 * ({skew}) or {trouble.absent()}"),),
        unit="dtdurations",
        mappings=look.words({0: ("agrees", look.GREEN), -4: ("behind", look.RED), **trouble.ABSENCES}),
        no_value=NOBODY,
        size=(4, HEIGHT),
    )


def _validity() -> gf.Panel:
    by_file = f'label_replace({trouble.state()}, "file", "$1", "path", ".*/([^/]+)")'
    return timeline(
        Words(
            title="Validity of what is presented",
            description="One line for each current path, by the name of its file: its worst state at the time.",
            links=paths.STATE_BOOKS,
        ),
        (Query(expr=by_file, legend="{{file}}"),),
        mappings=look.words(trouble.STATES),
        no_value="no such host, or its exporter is down",
    )

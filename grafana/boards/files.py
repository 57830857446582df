"""Host board: the files as tables: faults, and what a rollback could use."""

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import look
from grafana.boards.frame import Row
from grafana.boards.panels import Words
from grafana.boards.promql import as_date, current, named, select
from grafana.boards.tables import DATE, Column, coloured, table
from grafana.boards.trouble import CRITICAL_REASONS, NOT_AFTER, NOT_BEFORE

FAULT = "kubepki_fault"

CLUSTER = Column(title="Cluster", label="cluster", width=120)
INSTANCE = Column(title="Host", label="instance", width=200)
PATH = Column(title="Path", label="path")


def files_row() -> Row:
    """Return the state of each path, and the superseded files."""
    return Row(title="Files", panels=(_faults(), _superseded()))


def _faults() -> gf.Panel:
    superseded = select(FAULT, 'standing="superseded"')
    critical = f'reason=~"{CRITICAL_REASONS}"'
    state = " or ".join(
        (
            f"2 * {current(FAULT, critical)}",
            current(FAULT),
            f"-1 * {superseded}",
            named(f"0 * ({current('kubepki_path_ok')} == 1)", "reason", "none"),
        )
    )
    return table(
        Words(
            title="Paths and their faults",
            description=(
                "Each path that a component presents now, with its faults. A fault of a superseded file is shown, but "
                "no alert ever fires for it: the kubelet never deletes old files, and a power cut leaves empty ones."
            ),
            links=(look.runbook("KubePKIPathBroken"), look.runbook("KubePKIKubeconfigDiverged")),
        ),
        (
            coloured(
                "State",
                state,
                mappings=look.words(
                    {
                        2: ("broken", look.RED),
                        1: ("warning", look.ORANGE),
                        0: ("ok", look.GREEN),
                        -1: ("superseded", look.BLUE),
                    }
                ),
                width=110,
            ),
            CLUSTER,
            INSTANCE,
            PATH,
            Column(title="Standing", label="standing", width=110),
            Column(title="Fault", label="reason", width=170),
        ),
        sort=("State", True),
        no_value="this host reports no path",
        size=(12, 9),
    )


def _superseded() -> gf.Panel:
    leaf = ('standing="superseded"', 'entry="0"')
    not_before, not_after = select(NOT_BEFORE, *leaf), select(NOT_AFTER, *leaf)
    chosen = f'label_replace({select("kubepki_fallback_info")}, "path", "$1", "fallback", "(.+)")'
    would_work = " or ".join(
        (
            f"(0 * {not_before} + 2 and ignoring (entry, standing, usage, fallback) {chosen})",
            f"(0 * {not_before} + 1 and {not_before} <= time() and {not_after} > time())",
            f"0 * {not_before}",
        )
    )
    return table(
        Words(
            title="Superseded files: what a rollback could use",
            description=(
                "The dated files that no link points at any more. Yes: `kubepki-exporter rollback` would choose this "
                "one, it passes every check. Dates fit: it is valid now by Prometheus' clock, but it is not the first "
                "choice, or another check fails (key, subject, issuer, another clock); `rollback` says which."
            ),
            links=(look.runbook("KubePKICertificateNotYetValid"),),
        ),
        (
            coloured(
                "Would work as fallback",
                would_work,
                mappings=look.words(
                    {2: ("yes", look.GREEN), 1: ("dates fit", look.YELLOW), 0: ("no: not valid now", look.GREY)}
                ),
                width=170,
            ),
            CLUSTER,
            INSTANCE,
            PATH,
            Column(title="Valid from", expr=as_date(not_before), unit=DATE, width=170),
            Column(title="Valid until", expr=as_date(not_after), unit=DATE, width=170),
        ),
        sort=("Valid from", True),
        no_value="no superseded file",
        size=(12, 9),
    )

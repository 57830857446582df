"""What to do, the most urgent first: how many hosts, what to type there, and the runbook."""

from collections.abc import Sequence

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import look, trouble
from grafana.boards.panels import Words
from grafana.boards.promql import HOST_TIME, named, select
from grafana.boards.tables import NOTHING, Column, coloured, painted, table
from grafana.boards.tasks import DOWN, NO_COMMAND, OF_PATHS, WARNING, Task, alerts, tasks

BOOK = look.data_link("Runbook", f"{look.RUNBOOKS}/${{__value.raw}}.md")
OURS = 'alertname=~"KubePKI.+"'
# What stands where there is no task, with the rank that sorts it last.
BEGINS, NO_RULES, PARTLY, WELL = 96, 97, 98, 99
CLOSING = {
    BEGINS: ("begins", look.ORANGE),
    NO_RULES: ("no rules", look.ORANGE),
    PARTLY: ("none seen", look.BLUE),
    WELL: ("healthy", look.GREEN),
}


def what_to_do(nobody: str, *, size: tuple[int, int]) -> gf.Panel:
    """Return the table; *nobody* is what it says where there is no target at all."""
    every = tasks()
    lines = [
        _line(rank, f"count({task.hosts})", task.what, task.command, task.book)
        for rank, task in enumerate(every, start=1)
    ]
    urgencies = dict(enumerate((*(task.urgency for task in every), WARNING), start=1)) | CLOSING
    return table(
        Words(
            title="What to do, the most urgent first",
            description=(
                "How many hosts need it, what to type on each of them, and the runbook. One host may stand in more "
                "than one line: begin with the first. Paths in trouble has the hosts and the file to roll back to. "
                "TIME is the true time in UTC, as `date -u` says it on a machine outside of the room."
            ),
            links=tuple(look.runbook(alert) for alert in dict.fromkeys((*OF_PATHS, *(task.book for task in every)))),
        ),
        (
            # The rank sorts, its words are shown.
            painted(
                "Urgency",
                "rank",
                mappings=look.labels({f"{rank:02}": said for rank, said in urgencies.items()}),
                width=90,
            ),
            coloured(
                "Hosts",
                " or ".join((*lines, _unknown(every), *_closing())),
                mappings=look.words({0: (NOTHING, look.NONE)}),
                steps=look.thresholds((None, look.NONE)),
                width=65,
            ),
            Column(title="What", label="what"),
            Column(title="Command", label="command", width=445),
            Column(
                title="Runbook", label="book", link=BOOK, width=85, mappings=tuple(look.pattern("KubePKI.+", "open"))
            ),
        ),
        sort=("Urgency", False),
        no_value=nobody,
        size=size,
    )


def _unknown(every: Sequence[Task]) -> str:
    """Return the alerts of ours that these boards do not know, each by its name."""
    known = "|".join(dict.fromkeys((*OF_PATHS, *(task.book for task in every))))
    fired = alerts(OURS, f'alertname!~"{known}"')
    named_by = named(named(f"count by (alertname) ({fired})", "rank", f"{len(every) + 1:02}"), "command", NO_COMMAND)
    return _from_name(_from_name(named_by, "what"), "book")


def _from_name(expr: str, label: str) -> str:
    return f'label_replace({expr}, "{label}", "$1", "alertname", "(.+)")'


def _closing() -> Sequence[str]:
    anything = f"count({select(trouble.TROUBLE)}) or count({alerts(OURS)})"
    seen, unseen, rules = f"count({select(HOST_TIME)})", f"count({select(trouble.UNSEEN)})", trouble.rules()
    of_paths = alerts(f'alertname=~"{"|".join(OF_PATHS)}"')
    return (
        # The group that records what an alert is about is judged beside that of the alert, or a round later.
        _line(
            BEGINS,
            f"(0 * count({of_paths}) unless count({select(trouble.TROUBLE)}))",
            "An alert begins: look again in a minute",
            NO_COMMAND,
            NO_COMMAND,
        ),
        _line(
            NO_RULES,
            f"(0 * {seen} unless {rules})",
            "No rule judges: load rules/kubepki.rules.yml",
            "promtool check rules kubepki.rules.yml",
            "KubePKIMetricsMissing",
        ),
        _line(
            PARTLY,
            f"(0 * {unseen} unless ({anything}))",
            "Not every host is seen; no wrong is known",
            NO_COMMAND,
            DOWN,
        ),
        _line(
            WELL,
            f"(0 * {seen} and {rules} unless ({anything} or {unseen}))",
            "Nothing: every watched host is healthy",
            NO_COMMAND,
            NO_COMMAND,
        ),
    )


def _line(rank: int, expr: str, what: str, command: str, book: str) -> str:
    labels = {"what": what, "command": command, "book": book, "rank": f"{rank:02}"}
    for label, value in labels.items():
        expr = named(expr, label, value)
    return expr

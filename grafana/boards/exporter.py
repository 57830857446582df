"""Host board: the health of the exporter itself."""

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import look
from grafana.boards.frame import Row
from grafana.boards.panels import Query, Words, graph
from grafana.boards.promql import increase, select
from grafana.boards.timelines import timeline

BUILD_INFO = "kubepki_exporter_build_info"


def exporter_row() -> Row:
    """Return how the watchman himself does."""
    return Row(title="The exporter itself", panels=(_activity(), _scan_time(), _health(), _memory()), collapsed=True)


def _activity() -> gf.Panel:
    counters = {
        "kubepki_scans_total": "scans",
        "kubepki_watch_events_total": "events",
        "kubepki_watch_missed_changes_total": "missed changes",
        "kubepki_scan_failures_total": "failed scans",
    }
    return graph(
        Words(
            title="Scans and events",
            description=(
                "What the file system told and how often the PKI was scanned. Missed changes were found by the "
                "periodic rescan only: events do not flow as they should."
            ),
            links=(look.runbook("KubePKIWatchDegraded"),),
        ),
        tuple(Query(expr=increase(name), legend=f"{words} {{{{instance}}}}") for name, words in counters.items()),
        unit="short",
    )


def _scan_time() -> gf.Panel:
    age = f"{select('kubepki_host_time_seconds')} - {select('kubepki_last_scan_timestamp_seconds')}"
    return graph(
        Words(
            title="Duration and age of the latest scan",
            description="How long the latest scan took and how long ago it ended. By default one runs every 30 s.",
            links=(look.runbook("KubePKIScanStale"),),
        ),
        (
            Query(expr=select("kubepki_last_scan_duration_seconds"), legend="duration {{instance}}"),
            Query(expr=age, legend="age {{instance}}"),
        ),
        unit="s",
    )


def _health() -> gf.Panel:
    return timeline(
        Words(
            title="Events and configuration",
            description=(
                "Whether events flow for each configured directory (else it is only polled), whether each reference "
                "clock can be read, and whether the last reload of the configuration succeeded."
            ),
            links=(
                look.runbook("KubePKIWatchDegraded"),
                look.runbook("KubePKIReferenceClockDown"),
                look.runbook("KubePKIConfigReloadFailed"),
            ),
        ),
        (
            Query(expr=_with_end(select("kubepki_watch_up")), legend="events {{end}}"),
            Query(expr=select("kubepki_reference_clock_up"), legend="clock {{clock}}"),
            Query(expr=select("kubepki_config_last_reload_successful"), legend="configuration"),
        ),
        mappings=look.words({1: ("good", look.BLUE), 0: ("not", look.ORANGE)}),
        no_value="no such host, or its exporter is down",
    )


def _with_end(expr: str) -> str:
    """Return *expr* with the end of its path in the label `end`: Grafana cuts a line's name at its beginning."""
    return f'label_replace({expr}, "end", "$1", "path", "(?:.*?/)??(.{{1,40}})")'


def _memory() -> gf.Panel:
    # Other jobs have process metrics too; the product with build_info, which is 1, leaves ours.
    memory = f"{select('process_resident_memory_bytes')} * ignoring (version, python_version) {select(BUILD_INFO)}"
    return graph(
        Words(
            title="Resident memory",
            description=(
                "Memory of the exporter's own process, without its two helping ones. A steady rise would be a leak."
            ),
        ),
        (Query(expr=memory, legend="{{instance}}"),),
        unit="bytes",
        width=24,
    )

"""Host board: the clocks and the link, row by row in time."""

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import look
from grafana.boards.frame import Row
from grafana.boards.panels import Query, Words, graph, timeline
from grafana.boards.promql import current, named, select

# The skew that KubePKIHostClockSkewed allows.
BAND = 2 * look.MINUTE
# client-go takes the stamp in the name, then writes the file; more than this apart is not the same moment.
STAMP_TOLERANCE = 5
QUARTER_HOUR = 15 * look.MINUTE
FLOOR = 4 * look.HOUR

HOST_TIME = "kubepki_host_time_seconds"


def host_ahead_of_prometheus() -> str:
    """Return by how many seconds each host's clock is ahead of Prometheus' at the scrape."""
    time = select(HOST_TIME)
    return f"{time} - timestamp({time})"


def host_ahead_of_others() -> str:
    """Return by how many seconds the host is ahead of each other clock, by `clock`."""
    return " or ".join(
        (
            named(host_ahead_of_prometheus(), "clock", "prometheus"),
            f"-{select('kubepki_reference_clock_offset_seconds')}",
            named(f"-{select('kubepki_host_rtc_offset_seconds')}", "clock", "hardware clock"),
        )
    )


def target_name_offset() -> str:
    """Return the target's time stamp minus host time, a difference of whole quarter-hours to the mtime taken out.

    Such a difference is the time zone of the kubelet that wrote the name, and no fault.
    """
    offset = select("kubepki_symlink_target_offset_seconds")
    difference = (
        f"({select('kubepki_symlink_target_name_timestamp_seconds')}"
        f" - {select('kubepki_symlink_target_mtime_timestamp_seconds')})"
    )
    zone = f"{QUARTER_HOUR} * round({difference} / {QUARTER_HOUR})"
    same_moment = f"(abs({difference} - {zone}) <= bool {STAMP_TOLERANCE})"
    return f"{offset} - {zone} * {same_moment} or {offset}"


def incident_row() -> Row:
    """Return the three lines of a future-dated certificate, and what the clocks say beside them."""
    return Row(title="What is ahead of this host's clock", panels=(_three_lines(), _clocks()))


def history_row() -> Row:
    """Return what happened to the clock and to the link."""
    return Row(title="What happened", panels=(_link_history(), _synchronized(), _clock_error()))


def _three_lines() -> gf.Panel:
    def floored(expr: str) -> str:
        return f"clamp_min({expr}, -{FLOOR})"

    not_before = f"max without (entry, usage) ({current('kubepki_certificate_not_before_offset_seconds')})"
    age = select("kubepki_symlink_target_age_seconds")
    return graph(
        Words(
            title="NotBefore and the link's target against host time",
            description=(
                "Above 0 is in this host's future. NotBefore above 0: the certificate is not valid yet by this clock. "
                "Name or mtime above 0: the file was written by a clock that was ahead of the present one. All three "
                "rise by the same amount when the host's clock is set back. Lines lie flat at -4 h when older. A "
                "difference of whole quarter-hours between name and mtime is a time zone and is taken out."
            ),
            links=(
                look.runbook("KubePKICertificateNotYetValid"),
                look.runbook("KubePKISymlinkTargetFutureDated"),
            ),
        ),
        (
            Query(expr=floored(not_before), legend="NotBefore {{instance}} {{path}}"),
            Query(expr=floored(target_name_offset()), legend="target's name {{instance}} {{path}}"),
            Query(expr=floored(f"-{age}"), legend="target's mtime {{instance}} {{path}}"),
        ),
        unit="s",
        steps=look.thresholds((None, look.GREEN), (0, look.RED)),
    )


def _clocks() -> gf.Panel:
    return graph(
        Words(
            title="Host clock against the others",
            description=(
                "This host's time minus that of Prometheus, of the reference clocks (the API server, HTTPS and NTP) "
                "and of the hardware clock. Above 0 the host is ahead. The one line that lies apart from the others "
                "is the clock that is wrong; if all lie apart by the same amount, it is the host. The band is 2 min."
            ),
            links=(look.runbook("KubePKIHostClockSkewed"), look.runbook("KubePKIHostClockBehind")),
        ),
        (Query(expr=host_ahead_of_others(), legend="{{clock}} {{instance}}"),),
        unit="s",
        steps=band(),
        areas=True,
    )


def band() -> gf.ThresholdsConfig:
    """Return thresholds that mark 0 and the band of allowed skew around it."""
    return look.thresholds((None, look.RED), (-BAND, look.GREEN), (0, look.GREEN), (BAND, look.RED))


def _synchronized() -> gf.Panel:
    unknown = f"0 * {select(HOST_TIME)} - 1"
    no_rotation = f"0 * {select('kubepki_symlink_target_age_seconds')} - 1"
    return timeline(
        Words(
            title="Is the clock synchronized",
            description=(
                "The kernel's opinion of its own clock: synchronized while its maximum error is under 16 s. Second "
                "line: whether the clock was synchronized when the link last changed. No, and a certificate issued at "
                "that time may be future-dated although every clock agreed."
            ),
            links=(
                look.runbook("KubePKIHostClockUnsynchronized"),
                look.runbook("KubePKIRotatedWhileUnsynchronized"),
            ),
        ),
        (
            Query(expr=f"{select('kubepki_host_clock_synchronized')} or {unknown}", legend="now {{instance}}"),
            Query(
                expr=f"{select('kubepki_rotation_clock_synchronized')} or {no_rotation}",
                legend="at the rotation {{instance}} {{path}}",
            ),
        ),
        mappings=look.words(
            {1: ("synchronized", look.GREEN), 0: ("not synchronized", look.ORANGE), -1: ("unknown", look.BLUE)}
        ),
        width=12,
    )


def _clock_error() -> gf.Panel:
    max_error, step = select("kubepki_host_clock_max_error_seconds"), select("kubepki_host_clock_last_step_seconds")
    return graph(
        Words(
            title="Clock error and steps",
            description=(
                "The kernel's maximum error, and the signed size of the last step that this process saw (0 before "
                "the first). Annotations mark the moments of steps."
            ),
            links=(look.runbook("KubePKIHostClockStepped"),),
        ),
        (
            Query(expr=f"{max_error} or 0 * {select(HOST_TIME)}", legend="maximum error {{instance}}"),
            Query(expr=f"{step} or 0 * {select(HOST_TIME)}", legend="last step {{instance}}"),
        ),
        unit="s",
        steps=look.thresholds((None, look.GREEN), (0, look.GREY)),
    )


def _link_history() -> gf.Panel:
    # Each (host, link) becomes one line whose states are file names: the value of such a line is a label, so the
    # query's table is taken apart by host and link and everything but the time and the name is dropped.
    name = f'label_replace({select("kubepki_symlink_info")}, "file", "$1", "target", ".*/([^/]+)")'
    return timeline(
        Words(
            title="Which file the link points at",
            description=(
                "One line for each link; a new colour is a new target. Two colours that alternate are an operator's "
                "rollback and the kubelet's next rotation."
            ),
            links=(look.runbook("KubePKISymlinkTargetFutureDated"),),
        ),
        (Query(expr=name),),
        mappings=[],
        transformations=(
            gf.DataTransformerConfig(
                id_val="filterFieldsByName", options={"include": {"names": ["Time", "instance", "path", "file"]}}
            ),
            # The rows come one target after the other; a rollback would run back in time.
            gf.DataTransformerConfig(id_val="sortBy", options={"fields": {}, "sort": [{"field": "Time"}]}),
            gf.DataTransformerConfig(
                id_val="partitionByValues",
                options={"fields": ["instance", "path"], "keepFields": False, "naming": {"asLabels": True}},
            ),
        ),
        table=True,
        display_name="${__field.labels.instance} ${__field.labels.path}",
    )

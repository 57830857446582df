"""How the clocks went, in time."""

from grafana_foundation_sdk.models import dashboard as gf

from grafana.boards import look
from grafana.boards.panels import Query, Words, graph
from grafana.boards.promql import HOST_TIME, current, named, select
from grafana.boards.timelines import timeline
from grafana.boards.trouble import STATES, state

# The skew that KubePKIHostClockSkewed allows.
BAND = 2 * look.MINUTE
# client-go takes the stamp in the name, then writes the file; more than this apart is not the same moment.
STAMP_TOLERANCE = 5
QUARTER_HOUR = 15 * look.MINUTE
FLOOR = 4.0


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


def within(unit: int = 1) -> gf.ThresholdsConfig:
    """Return lines at the skew that is allowed each way, in seconds or in *unit* of them."""
    return look.thresholds((None, look.RED), (-BAND / unit, look.GREY), (BAND / unit, look.RED))


def three_lines() -> gf.Panel:
    """Return NotBefore and the link's target against host time."""

    def floored(expr: str) -> str:
        return f"clamp_min(({expr}) / {look.HOUR}, -{FLOOR:g})"

    not_before = f"max without (entry, usage) ({current('kubepki_certificate_not_before_offset_seconds')})"
    age = select("kubepki_symlink_target_age_seconds")
    return graph(
        Words(
            title="What is ahead of this host's clock",
            description=(
                "Above 0 is in this host's future, in hours. NotBefore above 0: the certificate is not valid yet by "
                "this clock. Name or mtime above 0: the file was written by a clock that was ahead of the present one. "
                "All three rise by the same amount when the host's clock is set back. Lines lie flat at -4 h when "
                "older. A difference of whole quarter-hours between name and mtime is a time zone and is taken out."
            ),
            links=(
                look.runbook("KubePKICertificateNotYetValid"),
                look.runbook("KubePKISymlinkTargetFutureDated"),
            ),
        ),
        (
            Query(expr=_by_file(floored(not_before)), legend="NotBefore {{file}} {{cluster}}"),
            Query(expr=_by_file(floored(target_name_offset())), legend="target's name {{file}} {{cluster}}"),
            Query(expr=_by_file(floored(f"-{age}")), legend="target's mtime {{file}} {{cluster}}"),
        ),
        unit="suffix: h",
        steps=look.thresholds((None, look.GREY), (0, look.RED)),
        decimals=2,
    )


def against_others() -> gf.Panel:
    """Return the host's clock against every other clock."""
    return graph(
        Words(
            title="This clock ahead of",
            description=(
                "This host's time minus that of Prometheus, of the reference clocks (the API server, HTTPS and NTP) "
                "and of the hardware clock, in hours. Above 0 the host is ahead. The one line that lies apart from the "
                "others is the clock that is wrong; if all lie apart by the same amount, it is the host. The dashed "
                "lines are 2 min."
            ),
            links=(look.runbook("KubePKIHostClockSkewed"), look.runbook("KubePKIHostClockBehind")),
        ),
        (Query(expr=f"({host_ahead_of_others()}) / {look.HOUR}", legend="{{clock}} {{cluster}}"),),
        unit="suffix: h",
        steps=within(look.HOUR),
        soft=(-0.1, 0.1),
        decimals=2,
    )


def synchronized() -> gf.Panel:
    """Return whether the clock was synchronised, now and when the link changed."""
    unknown = f"0 * {select(HOST_TIME)} - 1"
    no_rotation = f"0 * {select('kubepki_symlink_target_age_seconds')} - 1"
    rotation = f"1 * {select('kubepki_rotation_clock_synchronized')} or {no_rotation}"
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
            Query(expr=f"1 * {select('kubepki_host_clock_synchronized')} or {unknown}", legend="now"),
            Query(expr=_by_file(rotation), legend="at change: {{file}}"),
        ),
        mappings=look.words(
            {1: ("synchronized", look.BLUE), 0: ("not synchronized", look.ORANGE), -1: ("unknown", look.GREY)}
        ),
        no_value="no such host, or its exporter is down",
    )


def error_and_steps() -> gf.Panel:
    """Return the kernel's error and the steps."""
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
            Query(expr=f"1 * {max_error} or 0 * {select(HOST_TIME)}", legend="maximum error {{cluster}}"),
            Query(expr=f"1 * {step} or 0 * {select(HOST_TIME)}", legend="last step {{cluster}}"),
        ),
        unit="s",
        width=24,
    )


def link_history() -> gf.Panel:
    """Return one line for each target that the links had, coloured by the state of the link at the time."""
    info = select("kubepki_symlink_info")
    named_file = f'label_replace({info}, "file", "$1", "target", ".*/([^/]+?)([.]pem)?")'
    return timeline(
        Words(
            title="Which file the link points at",
            description=(
                "One line for each target; its colour and word are the state of the link while it pointed there. "
                "Lines that take turns are an operator's rollback and the kubelet's next rotation."
            ),
            links=(look.runbook("KubePKISymlinkTargetFutureDated"),),
        ),
        (
            Query(
                expr=f"0 * {named_file} + ignoring (file, target) group_left () ({state()})",
                legend="{{file}}",
            ),
        ),
        mappings=look.words(STATES),
        no_value="no link is known",
    )


def _by_file(expr: str) -> str:
    """Return *expr* with the name of the path's file in the label `file`."""
    return f'label_replace({expr}, "file", "$1", "path", ".*/([^/]+?)([.]pem)?")'

"""Every task that the boards can give, the most urgent first: for which hosts, what and why, and what to type there."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana.boards import look, trouble
from grafana.boards.promql import select_job

ROLL_BACK = "kubepki-exporter rollback --apply --restart-kubelet"
# The whole room's clocks are wrong then: the true time has to be given.
ROLL_BACK_AT = "kubepki-exporter rollback --at TIME --apply --restart-kubelet"
CHECK, CHECK_AT = "kubepki-exporter check", "kubepki-exporter check --at TIME"
JOURNAL = "journalctl -u kubepki-exporter"
NO_COMMAND = "-"
CRITICAL, WARNING, INFO = ("critical", look.RED), ("warning", look.ORANGE), ("info", look.BLUE)

NOT_YET_VALID, FUTURE_DATED = "KubePKICertificateNotYetValid", "KubePKICertificateFutureDated"
EXPIRED, EXPIRING, BROKEN = "KubePKICertificateExpired", "KubePKICertificateExpiring", "KubePKIPathBroken"
DOWN = "KubePKIExporterDown"
# Alerts about paths: their lines come from the troubles of the paths, some of them split.
OF_PATHS = (
    NOT_YET_VALID,
    FUTURE_DATED,
    EXPIRED,
    EXPIRING,
    BROKEN,
    "KubePKIKubeconfigDiverged",
    "KubePKISymlinkTargetFutureDated",
    "KubePKIRotatedWhileUnsynchronized",
)


_URGENCIES = {
    "ReferenceCertificateFutureDated": CRITICAL,
    "ReferenceCertificateExpiring": CRITICAL,
    "HostClockStepped": INFO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One line: which hosts it is for, as an expression with one series a host, and what to do there."""

    hosts: str
    what: str
    command: str
    book: str
    urgency: tuple[str, str] = WARNING


def tasks() -> Sequence[Task]:
    """Return every task, the most urgent first."""
    others = _of_alerts()
    urgent = [task for task in others if task.urgency is CRITICAL]
    return (*_critical(), *urgent, *_warnings(), *(task for task in others if task.urgency is not CRITICAL))


def alerts(*matchers: str) -> str:
    """Return the alerts that *matchers* select: from when they are pending, for a table must not lag."""
    return select_job("ALERTS", *matchers, 'alertstate=~"pending|firing"')


def _critical() -> Sequence[Task]:
    lines = (
        (trouble.with_fallback(trouble.REJECTED), "Rejected now: roll back", ROLL_BACK, NOT_YET_VALID),
        (trouble.without_fallback(trouble.REJECTED), "Rejected now, no fallback: renew, or wait", CHECK, NOT_YET_VALID),
        (
            trouble.with_fallback(trouble.FUTURE),
            "Before clocks are set: stop the signer, then",
            ROLL_BACK_AT,
            FUTURE_DATED,
        ),
        (
            trouble.without_fallback(trouble.FUTURE),
            "Before clocks are set: renew, no fallback",
            CHECK_AT,
            FUTURE_DATED,
        ),
        (trouble.with_fallback(trouble.BROKEN), "Broken: roll back", ROLL_BACK, BROKEN),
        (trouble.without_fallback(trouble.BROKEN), "Broken, no fallback: see what and why", CHECK, BROKEN),
        (trouble.with_fallback(trouble.EXPIRED), "Expired: roll back to one still valid", ROLL_BACK, EXPIRED),
        (trouble.without_fallback(trouble.EXPIRED), "Expired, no fallback: renew it", CHECK, EXPIRED),
        (trouble.trouble(trouble.ENDS_SOON), "Expires very soon: renew it", CHECK, EXPIRING),
    )
    return [
        Task(hosts=_hosts(expr), what=what, command=command, book=book, urgency=CRITICAL)
        for expr, what, command, book in lines
    ]


def _warnings() -> Sequence[Task]:
    lines = (
        (f"{trouble.exporters()} == 0", "Nobody watches these hosts", "systemctl status kubepki-exporter", DOWN),
        (_hosts(trouble.trouble(trouble.EXPIRING)), "Expires soon: see why it was not renewed", CHECK, EXPIRING),
        (_hosts(trouble.trouble(trouble.FAULTY)), "Faulty: see what and why", CHECK, BROKEN),
        (
            _hosts(trouble.trouble(trouble.DIVERGED)),
            "The kubeconfig has to name the current link",
            CHECK,
            "KubePKIKubeconfigDiverged",
        ),
        (
            _hosts(trouble.trouble(trouble.SUSPECT)),
            "Written by a wrong clock: compare Valid from",
            CHECK_AT,
            "KubePKISymlinkTargetFutureDated",
        ),
        (
            _hosts(trouble.trouble(trouble.UNSYNCHRONIZED)),
            "Rotated unsynchronized: compare Valid from",
            CHECK_AT,
            "KubePKIRotatedWhileUnsynchronized",
        ),
        (_hosts(trouble.trouble(trouble.MINOR)), "Expired, but nobody checks it: renew it", CHECK, EXPIRED),
    )
    return [Task(hosts=hosts, what=what, command=command, book=book) for hosts, what, command, book in lines]


def _of_alerts() -> Sequence[Task]:
    lines = (
        ("ReferenceCertificateFutureDated", "A server's certificate is from the future", CHECK),
        ("ReferenceCertificateExpiring", "A server's certificate ends soon: renew it", CHECK),
        ("PrometheusClockSuspect", "Prometheus or the room is wrong: compare", "date -u, outside of the room"),
        ("ReferenceClockSkewed", "An API server's or reference's clock is off", "date -u, there and elsewhere"),
        ("HostClockBehind", "Clock behind: correct it, not the certificate", "timedatectl"),
        ("HostClockSkewed", "Wrong clock: first certificates, then clock", "timedatectl"),
        ("HostClockUnsynchronized", "Clock not synchronized: see its time source", "timedatectl"),
        ("MetricsMissing", "Another program answers, or metrics dropped", "curl http://HOST:10509/metrics"),
        ("NothingWatched", "Nothing is watched: see where it looks", CHECK),
        ("SamplesRefused", "Prometheus refuses samples: see which, why", NO_COMMAND),
        ("SeriesMissing", "A target label took the name of one of ours", NO_COMMAND),
        ("ScanStale", "Old news: see what the scan hangs on", JOURNAL),
        ("WatchDegraded", "Changes are seen late: see why", JOURNAL),
        ("ConfigReloadFailed", "New configuration refused: see which line", "kubepki-exporter --config.check"),
        ("ReferenceClockDown", "A reference clock cannot be read: see why", JOURNAL),
        ("HostClockStepped", "Clock was stepped: see what that means", CHECK),
    )
    return [
        Task(
            hosts=f"max without (alertstate, severity, path, clock) ({fired})",
            what=what,
            command=command,
            book=f"KubePKI{name}",
            urgency=_URGENCIES.get(name, WARNING),
        )
        for name, what, command in lines
        for fired in [alerts(f'alertname="KubePKI{name}"')]
    ]


def _hosts(paths: str) -> str:
    return f"max without (path) ({paths})"

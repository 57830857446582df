"""Each kind of alert at once, on hosts of their own, until a second at which all of it is put right.

Each host has a cluster of its own, so that what is told of a whole fleet stays apart. Times are in seconds.
"""

from collections.abc import Callable

from tests.rules.timelines import Timeline, Values

Series = list[dict[str, str]]
Add = Callable[..., None]
CERTIFICATE = {"path": "/p", "entry": "0", "standing": "current", "usage": "client"}
NOT_BEFORE = "kubepki_certificate_not_before_timestamp_seconds"
NOT_AFTER = "kubepki_certificate_not_after_timestamp_seconds"
OFFSET = "kubepki_reference_clock_offset_seconds"
SHOWN = "kubepki_reference_certificate_not_"
APISERVER = {"clock": "apiserver"}

EXPECTED = {
    "KubePKICertificateExpired": 1,
    "KubePKICertificateExpiring": 1,
    "KubePKICertificateFutureDated": 1,
    "KubePKIHostClockBehind": 1,
    # The host ahead, the host behind, and the three of the suspect job.
    "KubePKIHostClockSkewed": 5,
    "KubePKIHostClockStepped": 1,
    "KubePKIHostClockUnsynchronized": 1,
    "KubePKIKubeconfigDiverged": 1,
    "KubePKINothingWatched": 1,
    "KubePKIPrometheusClockSuspect": 1,
    # By which a certificate has ended, by which one ends, and the one that is only wrong.
    "KubePKIReferenceClockSkewed": 3,
    "KubePKIReferenceCertificateExpiring": 1,
    "KubePKIReferenceCertificateFutureDated": 1,
    "KubePKIReferenceClockDown": 1,
    "KubePKIRotatedWhileUnsynchronized": 1,
    "KubePKIScanStale": 1,
    "KubePKIConfigReloadFailed": 1,
    # The scrape that is refused, and a certificate that does not arrive.
    "KubePKISamplesRefused": 2,
    "KubePKISeriesMissing": 1,
}


def sick_hosts(line: Timeline, heal: int) -> Series:
    """Return hosts on which every kind is wrong until *heal*, and nothing from then on."""
    return [
        series
        for ill in (_by_other_clocks, _future, _clocks, _shown, _watchman)
        for series in ill(line, lambda before, after: lambda now: before if now < heal else after)
    ]


Until = Callable[[float | None, float | None], Values]


def _add(line: Timeline, found: Series, kind: str) -> Add:
    def add(name: str, labels: dict[str, str], values: Values) -> None:
        found.append(line.series(name, {"cluster": kind, "instance": kind, **labels}, values))

    return add


def _host(line: Timeline, found: Series, kind: str, skew: Values, **labels: str) -> Add:
    add = _add(line, found, kind)
    add("up", labels, lambda _: 1)
    add("kubepki_host_time_seconds", labels, lambda now: now + (skew(now) or 0))
    return add


def _right(_now: int) -> float:
    return 0


def _by_other_clocks(line: Timeline, until: Until) -> Series:
    found: Series = []
    for kind, starts, ends in (("expired", 0, 90_000), ("expiring", -3_000_000, 400_000)):
        add = _host(line, found, kind, _right)
        add(NOT_BEFORE, CERTIFICATE, lambda _, starts=starts: starts)
        add(NOT_AFTER, CERTIFICATE, lambda _, ends=ends: ends)
        add(OFFSET, APISERVER, until(100_000, 0))
    return found


def _future(line: Timeline, until: Until) -> Series:
    found: Series = []
    for kind, skew, starts, judge in (("ahead", 9_000, 8_000, 0), ("behind", -9_000, -500, 9_000)):
        turned = until(skew, 0)
        add = _host(line, found, kind, turned)
        not_before = until(starts, -20_000)
        add(NOT_BEFORE, CERTIFICATE, not_before)
        add(
            "kubepki_certificate_not_before_offset_seconds",
            CERTIFICATE,
            lambda now, at=not_before, turned=turned: (at(now) or 0) - now - (turned(now) or 0),
        )
        add(OFFSET, APISERVER, until(judge, 0))
    return found


def _clocks(line: Timeline, until: Until) -> Series:
    found: Series = []
    for number in range(3):
        add = _add(line, found, "suspect")
        instance = {"instance": f"suspect{number}"}
        add("up", instance, lambda _: 1)
        add("kubepki_host_time_seconds", instance, lambda now: now + (until(300, 0)(now) or 0))
    _host(line, found, "judge", _right)(OFFSET, APISERVER, until(9_000, 0))
    add = _host(line, found, "unsynchronized", _right)
    add("kubepki_rotation_clock_synchronized", {"path": "/p"}, lambda _: 0)
    add("kubepki_symlink_target_mtime_timestamp_seconds", {"path": "/p"}, lambda _: -50)
    add("kubepki_host_clock_synchronized", {}, until(0, 1))
    add("kubepki_host_clock_last_synchronized_timestamp_seconds", {}, lambda _: -100)
    add = _host(line, found, "stepped", _right)
    add("kubepki_host_clock_last_step_seconds", {}, until(-7_200, None))
    add("kubepki_host_clock_last_step_timestamp_seconds", {}, until(0, None))
    return found


def _shown(line: Timeline, until: Until) -> Series:
    found: Series = []
    add = _host(line, found, "ends", _right)
    add(f"{SHOWN}before_timestamp_seconds", APISERVER, lambda _: -3_000_000)
    add(f"{SHOWN}after_timestamp_seconds", APISERVER, until(100_000, 9_000_000))
    add = _host(line, found, "starts", _right)
    add(f"{SHOWN}before_timestamp_seconds", APISERVER, until(90_000, -90_000))
    add(f"{SHOWN}after_timestamp_seconds", APISERVER, lambda _: 9_000_000)
    return found


def _watchman(line: Timeline, until: Until) -> Series:
    found: Series = []
    add = _host(line, found, "nothing", _right)
    add("kubepki_certificates_watched", {"standing": "current"}, until(0, None))
    add = _add(line, found, "refused")
    add("up", {}, until(0, 1))
    add("scrape_samples_scraped", {}, lambda _: 70)
    add("kubepki_host_time_seconds", {}, lambda now: until(None, now)(now))
    add = _host(line, found, "short", _right)
    add("kubepki_certificates_watched", {"standing": "current"}, lambda _: 1)
    add(NOT_BEFORE, CERTIFICATE, until(None, -20_000))
    add = _host(line, found, "renamed", _right, standing="worker")
    add("kubepki_path_ok", {"path": "/p", "standing": "worker", "exported_standing": "current"}, until(1, None))
    add = _host(line, found, "exporter", _right)
    add("kubepki_last_scan_timestamp_seconds", {}, lambda now: -9_000 if until(1, None)(now) else now)
    add("kubepki_config_last_reload_successful", {}, until(0, 1))
    add("kubepki_reference_clock_up", APISERVER, until(0, 1))
    add("kubepki_fault", {"path": "/c", "standing": "current", "reason": "kubeconfig_diverged"}, until(1, None))
    return found

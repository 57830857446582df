"""From the file on the disk to the words of the page: real exporter, real Prometheus, real Alertmanager.

The test shortens what would make it wait and nothing else: intervals are 1 s, each `for` is 2 s, groups wait for 1 s.
Expressions, annotations, routes, inhibition and templates are those that are shipped.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.grafana.prometheus import Prometheus
from tests.grafana.prometheus import running as running_prometheus
from tests.rules.alertmanager import Alertmanager, labels
from tests.rules.alertmanager import running as running_alertmanager
from tests.support import pki
from tests.support.running import running as running_exporter
from tests.support.scenarios import stamp
from tests.support.waiting import wait_until

Find = Callable[[str], Path]
AHEAD = 2 * pki.HOUR + 11 * 60
LEAD = AHEAD - 300
# One scrape, one evaluation, `for`, the evaluation that notices its end, and the group's wait: 1 + 1 + 2 + 1 + 1 s.
ALLOWED_SECONDS = 6.0
# What a busy machine may add to start a timer, scan, parse and send.
MACHINE_SECONDS = 30.0
LINK = "kubelet-client-current.pem"
DATED, INVALID = "KubePKICertificateFutureDated", "KubePKICertificateNotYetValid"


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host under watch, with a clock that the test sets and a good certificate behind its link."""

    instance: str
    directory: Path
    clock: Path
    ca: pki.Pair
    fallback: Path
    prometheus: Prometheus
    alertmanager: Alertmanager

    @property
    def link(self) -> str:
        """The path that every alert names."""
        return str(self.directory / LINK)

    def page(self, *words: str) -> str:
        """Return the page with all *words*; it must come in the time that the intervals allow."""
        return wait_until(
            lambda: self.alertmanager.pager.told(*words) or "",
            timeout=ALLOWED_SECONDS + MACHINE_SECONDS,
            describe=f"a page with {words} among {self.alertmanager.pager.slack}",
        )


def set_clock(file: Path, offset: float) -> None:
    """Set the exporter's clock to true time plus *offset*, in one step."""
    fresh = file.with_suffix(".new")
    fresh.write_text(f"{offset}", encoding="utf-8")
    fresh.replace(file)


def lead_in(text: str) -> float:
    """Return the longest lead that *text* tells, in seconds."""
    found = re.search(r"Longest lead: (\d+)h (\d+)m (\d+)s\.", text)
    assert found, text
    hours, minutes, seconds = (int(part) for part in found.groups())
    return hours * 3600.0 + minutes * 60 + seconds


@pytest.fixture
def host(program: Find, tmp_path: Path) -> Iterator[Host]:
    directory, clock = tmp_path / "pki", tmp_path / "clock"
    directory.mkdir()
    set_clock(clock, AHEAD)
    ca = pki.authority(not_before=time.time() - pki.YEAR)
    issued = time.time() - 30 * pki.DAY
    fallback = pki.install(directory, "kubelet-client", pki.client(ca, not_before=issued).pem, stamp(issued))
    exporter = running_exporter(str(directory), str(clock), log=tmp_path / "log", module="tests.e2e.stepped_exporter")
    with (
        exporter as exporting,
        running_alertmanager(program("prometheus-alertmanager"), tmp_path / "alertmanager") as alertmanager,
        running_prometheus(
            program("prometheus"),
            tmp_path / "prometheus",
            [f"127.0.0.1:{exporting.port}"],
            alertmanagers=[alertmanager.address],
        ) as prometheus,
    ):
        skewed = 'ALERTS{alertname="KubePKIHostClockSkewed", alertstate="firing"}'
        wait_until(lambda: prometheus.query(skewed), timeout=60, describe="the rules to see the host's clock")
        yield Host(
            instance=f"127.0.0.1:{exporting.port}",
            directory=directory,
            clock=clock,
            ca=ca,
            fallback=fallback,
            prometheus=prometheus,
            alertmanager=alertmanager,
        )


def assert_page_solves_it(text: str, host: Host, alert: str) -> None:
    """Check that the text names host, path, subject, lead, end and fallback."""
    assert f"The worst: {host.link} on {host.instance} (CN=system:node:node30,O=system:nodes) is " in text
    assert f"Firing at {host.link}:\n* {alert.removeprefix('KubePKI')} on {host.instance}, " in text
    assert f"The best fallback on this host is {host.fallback}: run " in text
    assert re.search(
        r'"kubepki-exporter rollback --apply --at \d{4}-\d\d-\d\dT\S+Z ' + re.escape(str(host.link)) + '"', text
    )
    assert LEAD - 60 < lead_in(text) <= LEAD + 1
    assert "Without repair the last one heals at 20" in text
    assert f"runbooks/{alert}.md" in text or "\nResolved" in text


def test_the_incident_is_paged_with_its_solution_and_resolves_when_repaired(host: Host) -> None:
    """Step 2 pages while all still works, step 3 updates the page without a gap, the link put back resolves it."""
    pager = host.alertmanager.pager
    assert pager.slack == []
    signed = time.time() + LEAD
    began = time.monotonic()
    bad = pki.client(host.ca, not_before=signed)
    pki.install(host.directory, "kubelet-client", bad.pem, stamp(time.time() + AHEAD))
    first = host.page(DATED)
    assert time.monotonic() - began < ALLOWED_SECONDS + MACHINE_SECONDS
    assert_page_solves_it(first, host, DATED)
    assert "Repair it before any clock is corrected." in first
    assert f"on {host.instance}" in pager.slack[0]["title"]

    set_clock(host.clock, 0)
    assert_page_solves_it(host.page(f"* {INVALID.removeprefix('KubePKI')}"), host, INVALID)
    warning = ("KubePKISymlinkTargetFutureDated", "warning", "", host.instance, host.link)
    wait_until(
        lambda: warning in host.alertmanager.suppressed(),
        timeout=ALLOWED_SECONDS + MACHINE_SECONDS,
        describe="the warning about the same path to be inhibited",
    )
    assert {page["status"] for page in pager.pages} == {"firing"}

    fresh = host.directory / ".link"
    fresh.symlink_to(host.fallback)
    fresh.replace(host.link)
    last = host.page(f"Resolved at {host.link}:\n* {INVALID.removeprefix('KubePKI')} on {host.instance}")
    assert "\nFiring" not in last
    wait_until(
        lambda: pager.pages[-1]["status"] == "resolved", timeout=MACHINE_SECONDS, describe="the webhook to be resolved"
    )
    paged = {alert["labels"]["alertname"] for page in pager.pages for alert in page["alerts"]}
    assert paged == {DATED, INVALID}


@pytest.fixture
def alertmanager(program: Find, tmp_path: Path) -> Iterator[Alertmanager]:
    with running_alertmanager(program("prometheus-alertmanager"), tmp_path / "alertmanager") as server:
        yield server


def await_suppressed(alertmanager: Alertmanager, expected: set[tuple[str, ...]]) -> None:
    """Wait until exactly *expected* is inhibited: Alertmanager's inhibitor hears of an alert a moment later."""
    wait_until(
        lambda: alertmanager.suppressed() == expected,
        timeout=10,
        describe=f"{expected} to be all that is inhibited of {alertmanager.alerts()}",
    )


def test_a_rejected_certificate_is_not_told_twice(alertmanager: Alertmanager) -> None:
    """NotYetValid inhibits FutureDated of its own instance and path, and of no other, nor in another cluster."""
    here = {"cluster": "a", "path": "/p"}
    alertmanager.post(
        labels(INVALID, **here),
        labels(DATED, **here),
        labels(DATED, cluster="a", path="/other"),
        labels(DATED, cluster="b", path="/p"),
    )
    await_suppressed(alertmanager, {(DATED, "critical", "a", "n", "/p")})

    def of_cluster_a() -> list[dict[str, Any]]:
        found = [page for page in alertmanager.pager.pages if page["groupLabels"]["cluster"] == "a"]
        return found if len(found) > 1 else []

    sent = wait_until(of_cluster_a, timeout=30, describe="the two pages of cluster a")
    told = {(alert["labels"]["alertname"], alert["labels"]["path"]) for page in sent for alert in page["alerts"]}
    assert told == {(INVALID, "/p"), (DATED, "/other")}


def test_a_critical_alert_silences_the_warnings_of_its_path(alertmanager: Alertmanager) -> None:
    """Critical inhibits warning of the same instance and path, and nothing that has another path or none."""
    alertmanager.post(
        labels("KubePKIPathBroken", path="/p"),
        labels("KubePKICertificateExpiring", "warning", path="/p"),
        labels("KubePKIRotatedWhileUnsynchronized", "warning", path="/p"),
        labels("KubePKICertificateExpiring", "warning", path="/other"),
        labels("KubePKIHostClockSkewed", "warning"),
    )
    await_suppressed(
        alertmanager,
        {
            ("KubePKICertificateExpiring", "warning", "", "n", "/p"),
            ("KubePKIRotatedWhileUnsynchronized", "warning", "", "n", "/p"),
        },
    )


def test_a_suspect_prometheus_never_silences_a_certificate(alertmanager: Alertmanager) -> None:
    """PrometheusClockSuspect inhibits the warnings about single hosts' clocks of its job and cluster, nothing else."""
    alertmanager.post(
        {"alertname": "KubePKIPrometheusClockSuspect", "severity": "warning", "job": "kubepki-exporter"},
        labels("KubePKIHostClockSkewed", "warning"),
        labels("KubePKIHostClockBehind", "warning", path="/p"),
        labels("KubePKIHostClockSkewed", "warning", cluster="b"),
        labels(DATED, path="/p"),
        labels("KubePKIRotatedWhileUnsynchronized", "warning", path="/q"),
    )
    await_suppressed(
        alertmanager,
        {
            ("KubePKIHostClockSkewed", "warning", "", "n", ""),
            ("KubePKIHostClockBehind", "warning", "", "n", "/p"),
        },
    )


def test_a_room_of_hosts_is_one_notification(alertmanager: Alertmanager) -> None:
    """Five hundred hosts in both states of the incident make one page for each state, which list them all."""
    alertmanager.post(*({**labels((DATED, INVALID)[n % 2], path="/p"), "instance": f"n{n}"} for n in range(500)))
    wait_until(lambda: len(alertmanager.pager.pages) > 1, timeout=30, describe="the pages")
    assert [len(page["alerts"]) for page in alertmanager.pager.pages] == [250, 250]

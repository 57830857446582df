"""The shipped rules under other rulers than Debian's Prometheus: Prometheus 3 and VictoriaMetrics' vmalert.

`make test-rulers` builds them once and says where they are.
"""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.grafana.prometheus import Prometheus, fast_rules, free_port, running
from tests.support.loopback import answering
from tests.support.waiting import wait_until

RULERS = os.environ.get("KUBEPKI_RULERS", "")
LEAD = 7_860.0
PATH = "/pki/kubelet-client-current.pem"
pytestmark = pytest.mark.skipif(not RULERS, reason="needs Prometheus 3 and vmalert: make test-rulers")


def scrape(_path: str, _body: bytes) -> bytes:
    """Return what a host says whose certificate is from the future by every clock."""
    now = time.time()
    leaf = f'path="{PATH}",entry="0",standing="current",usage="client"'
    lines = (
        f"kubepki_host_time_seconds {now}",
        f"kubepki_certificate_not_before_timestamp_seconds{{{leaf}}} {now + LEAD}",
        f"kubepki_certificate_not_before_offset_seconds{{{leaf}}} {LEAD}",
        f"kubepki_certificate_not_after_timestamp_seconds{{{leaf}}} {now + 31_536_000}",
        f'kubepki_certificate_info{{{leaf},subject="CN=system:node:node30"}} 1',
        f'kubepki_fallback_info{{path="{PATH}",fallback="/pki/older.pem"}} 1',
        'kubepki_reference_clock_offset_seconds{clock="apiserver"} 0',
    )
    return "\n".join((*lines, "")).encode()


def words(alerts: list[dict[str, Any]]) -> str:
    """Return the description of the alert of the incident, empty while it does not fire."""
    return next(
        (
            each["annotations"]["description"]
            for each in alerts
            if each["labels"]["alertname"] == "KubePKICertificateNotYetValid" and each["state"] == "firing"
        ),
        "",
    )


def assert_says_it_all(text: str) -> None:
    """Check that nothing of the texts' one query was lost."""
    assert f"{PATH} on 127.0.0.1:" in text
    assert "(CN=system:node:node30) is not valid for another 2h 1" in text or "is not valid for another 2h10m" in text
    assert "apiserver by 2h" in text
    assert "whoever presents this certificate is rejected now (401)" in text
    assert 'The best fallback on this host is /pki/older.pem: run "kubepki-exporter rollback --apply --at 20' in text


def alerts_of(url: str) -> list[dict[str, Any]]:
    """Return the alerts that a ruler tells of."""
    with urllib.request.urlopen(f"{url}/api/v1/alerts", timeout=30) as answer:  # noqa: S310 loopback
        found: list[dict[str, Any]] = json.load(answer)["data"]["alerts"]
        return found


def test_prometheus_3(tmp_path: Path) -> None:
    """The file loads and pages with all that it has to say."""
    with (
        answering(scrape) as address,
        running(Path(RULERS, "prometheus"), tmp_path / "prometheus", [address]) as prometheus,
    ):
        text = wait_until(lambda: words(alerts_of(prometheus.url)), timeout=60, describe="the page")
    assert_says_it_all(text)


@contextmanager
def vmalert(directory: Path, prometheus: Prometheus) -> Iterator[str]:
    """Run vmalert with the documented flags over *prometheus*, and yield its address."""
    port = free_port()
    arguments = [
        f"-rule={fast_rules(directory)}",
        f"-datasource.url={prometheus.url}",
        f"-remoteRead.url={prometheus.url}",
        f"-remoteWrite.url={prometheus.url}/api/v1/write",
        "-remoteWrite.disablePathAppend",
        "-remoteWrite.flushInterval=200ms",
        "-remoteWrite.concurrency=1",
        "-rule.evalDelay=0s",
        "-evaluationInterval=2s",
        "-notifier.blackhole",
        f"-httpListenAddr=127.0.0.1:{port}",
    ]
    with (directory / "vmalert.log").open("wb") as log:
        process = subprocess.Popen([Path(RULERS, "vmalert"), *arguments], stdout=log, stderr=log)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def test_vmalert(tmp_path: Path) -> None:
    """The same words, although vmalert adds labels to the alert and writes each rule one round late."""
    with (
        answering(scrape) as address,
        running(
            Path(RULERS, "prometheus"),
            tmp_path / "prometheus",
            [address],
            rules=False,
            arguments=("--web.enable-remote-write-receiver",),
        ) as prometheus,
        vmalert(tmp_path, prometheus) as ruler,
    ):
        wait_until(lambda: answers(ruler), timeout=30, describe="vmalert to answer")
        text = wait_until(lambda: words(alerts_of(ruler)), timeout=90, describe="the page")
        wait_until(
            lambda: prometheus.query('ALERTS{alertname="KubePKICertificateNotYetValid", alertstate="firing"}'),
            timeout=60,
            describe="vmalert to write what fires",
        )
        assert not prometheus.query('ALERTS{alertname="KubePKICertificateFutureDated", alertstate="firing"}')
    assert_says_it_all(text)


def answers(url: str) -> bool:
    """Return whether a ruler answers."""
    try:
        alerts_of(url)
    except OSError:
        return False
    return True

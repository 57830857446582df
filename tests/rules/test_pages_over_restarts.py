"""A page that is open while Prometheus is told of other targets, or is itself started anew, under a real Prometheus."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.grafana.prometheus import Prometheus, Target, free_port, running
from tests.support.loopback import answering
from tests.support.waiting import wait_until

Find = Callable[[str], Path]
LEAD = 7_860.0
PATH = "/pki/kubelet-client-current.pem"
OPEN = 'ALERTS{alertname="KubePKICertificateNotYetValid", alertstate="firing"}'


def scrape(_path: str, _body: bytes) -> bytes:
    """Return what a host says whose certificate is from the future by every clock."""
    leaf = f'path="{PATH}",entry="0",standing="current",usage="client"'
    now = time.time()
    lines = (
        f"kubepki_host_time_seconds {now}",
        f"kubepki_certificate_not_before_timestamp_seconds{{{leaf}}} {now + LEAD}",
        f"kubepki_certificate_not_before_offset_seconds{{{leaf}}} {LEAD}",
        f"kubepki_certificate_not_after_timestamp_seconds{{{leaf}}} {now + 31_536_000}",
        'kubepki_reference_clock_offset_seconds{clock="apiserver"} 0',
    )
    return "\n".join((*lines, "")).encode()


@pytest.fixture
def host() -> Iterator[str]:
    """Yield the address of the host."""
    with answering(scrape) as address:
        yield address


def nodes(prometheus: Prometheus) -> list[str]:
    """Return the nodes that are paged."""
    return sorted(series["metric"].get("node", "") for series in prometheus.query(OPEN))


def change(prometheus: Prometheus, directory: Path, target: str, node: str) -> None:
    """Have Prometheus scrape *target* as *node* from now on."""
    file = directory / "prometheus.yml"
    config = json.loads(file.read_text(encoding="utf-8"))
    config["scrape_configs"][0]["static_configs"] = [
        {"targets": [target], "labels": {"node": node, "instance": "node30:10509"}}
    ]
    file.write_text(json.dumps(config), encoding="utf-8")
    os.kill(prometheus.process, signal.SIGHUP)


@pytest.mark.parametrize("replaced", [False, True], ids=["other labels", "another host that does not answer yet"])
def test_a_page_goes_with_its_target(program: Find, tmp_path: Path, host: str, *, replaced: bool) -> None:
    """Where the target's labels are others the page is under those; where there is another host there it is none."""
    before = Target(address=host, labels={"node": "before", "instance": "node30:10509"})
    with running(program("prometheus"), tmp_path, [before]) as prometheus:
        wait_until(lambda: nodes(prometheus) == ["before"], timeout=60, describe="the page")
        change(prometheus, tmp_path, f"127.0.0.1:{free_port()}" if replaced else host, "after")
        expected = [] if replaced else ["after"]
        wait_until(lambda: nodes(prometheus) == expected, timeout=60, describe=f"the page of {expected}")


def test_a_page_outlives_prometheus_while_its_host_does_not_answer(program: Find, tmp_path: Path) -> None:
    """The memory is what was recorded last: after a restart it holds what no scrape can say, round after round.

    Prometheus forgets at its start whose series have ended, so the last scrape is seen for as long as it looks back.
    """
    back = ("--query.lookback-delta=30s",)
    with (
        answering(scrape) as host,
        running(program("prometheus"), tmp_path, [host], arguments=back) as prometheus,
    ):
        wait_until(lambda: len(nodes(prometheus)) == 1, timeout=60, describe="the page")
    with running(program("prometheus"), tmp_path, [host], arguments=back) as prometheus:
        wait_until(lambda: prometheus.number("up") == 0, timeout=60, describe="a scrape that fails")
        wait_until(
            lambda: not prometheus.query("kubepki_host_time_seconds"),
            timeout=90,
            describe="the end of what was scraped",
        )
        since = time.time()
        wait_until(
            lambda: (prometheus.number(f"timestamp({OPEN})") or 0) > since + 5, timeout=60, describe="rounds without it"
        )

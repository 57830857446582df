"""What a person reads, rendered by a real Alertmanager."""

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rules.alertmanager import running
from tests.support.waiting import wait_until

Find = Callable[[str], Path]
LIMIT = 4_000
HOSTS = 500
LONG = "/var/lib/kubelet/" + "p" * 300
DATED = "KubePKICertificateFutureDated"


def alert(number: int, *, sentences: int) -> dict[str, dict[str, str]]:
    """Return one alert as Prometheus posts it; its lead grows with its number."""
    lead = 3600 + number
    return {
        "labels": {
            "alertname": DATED,
            "severity": "critical",
            "job": "kubepki-exporter",
            "cluster": "east",
            "instance": f"node{number:03}.{'a' * 200}:10509",
            "path": LONG,
        },
        "annotations": {
            "description": f"number {number} is future-dated, until 2026-11-25 09:00:00 +0000 UTC. "
            + "Word. " * sentences,
            "lead": f"{lead} s",
            "lead_seconds": f"{lead:012}",
            "runbook_url": f"https://runbooks.example.com/{DATED}",
        },
    }


@pytest.mark.parametrize("sentences", [20, 2_000])
def test_five_hundred_hosts_fit_one_message(program: Find, tmp_path: Path, sentences: int) -> None:
    """The text says how many, how much, until when, where and what to do, and stays under 4,000 characters."""
    with running(program("prometheus-alertmanager"), tmp_path / "alertmanager") as server:
        body = json.dumps([alert(number, sentences=sentences) for number in range(HOSTS)]).encode()
        request = urllib.request.Request(
            f"http://{server.address}/api/v2/alerts", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310 loopback
            pass
        wait_until(lambda: server.pager.slack, timeout=60, describe="Slack's message")
        message = server.pager.slack[0]
    text = message["text"]
    assert len(text) < LIMIT
    assert text.startswith(f"{HOSTS} firing in east.\nLongest lead: 4099 s.")
    assert "Without repair the last one heals at 2026-11-25 09:00:00 +0000 UTC." in text
    assert "The worst: number 499 " in text
    assert "and 480 more" in text
    assert f"Runbook: https://runbooks.example.com/{DATED}" in text
    assert message["title"].startswith(f"[FIRING: {HOSTS}] ")
    assert " in east" in message["title"]

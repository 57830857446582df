"""What a person reads, rendered by a real Alertmanager for Slack, mail and PagerDuty."""

import datetime as dt
import json
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from tests.rules.alertmanager import Alertmanager, running
from tests.support.waiting import wait_until

Find = Callable[[str], Path]
LIMIT = 4_000
HOSTS, HOSTS_NAMED = 500, 20
# What PagerDuty takes of a summary.
SUMMARY = 1_024
LONG = "/var/lib/kubelet/" + "p" * 300
# The longest name that DNS knows.
LONGEST = f"{'a' * 63}." * 3 + "a" * 53
USUAL = "/var/lib/kubelet/pki/kubelet-client-current.pem"
DATED = "KubePKICertificateFutureDated"
RUNBOOK = f"https://runbooks.example.com/{DATED}"
UNTIL = "2026-11-25 09:00:00 +0000 UTC"
Alert = dict[str, dict[str, str]]


def alert(number: int, *, host: str, path: str, sentences: int) -> Alert:
    """Return one alert as Prometheus posts it; its lead grows with its number."""
    lead = 3600 + number
    instance = f"node{number:03}.{host}:10509"
    board = urllib.parse.urlencode({"var-job": "kubepki-exporter", "var-instance": instance, "var-cluster": "east"})
    return {
        "labels": {
            "alertname": DATED,
            "severity": "critical",
            "job": "kubepki-exporter",
            "cluster": "east",
            "instance": instance,
            "path": path,
        },
        "annotations": {
            "description": f"number {number} is future-dated, until {UNTIL}. " + "Word. " * sentences,
            "lead": f"{lead} s",
            "lead_seconds": f"{lead:012}",
            "runbook_url": RUNBOOK,
            "dashboard_url": f"https://grafana.example.com/d/kubepki-host?{board}",
        },
    }


def post(server: Alertmanager, alerts: Sequence[Mapping[str, object]]) -> None:
    """Raise *alerts*."""
    request = urllib.request.Request(
        f"http://{server.address}/api/v2/alerts", json.dumps(alerts).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 loopback
        pass


def texts_in(document: object) -> str:
    """Return all texts in a document, one after the other."""
    if isinstance(document, dict):
        return "".join(texts_in(each) for each in document.values())
    return document if isinstance(document, str) else ""


@pytest.mark.parametrize(
    ("host", "path", "sentences", "hosts"),
    [("example.com", USUAL, 80, HOSTS), (LONGEST, LONG, 20, 5_000), (LONGEST, LONG, 2_000, HOSTS)],
    ids=["usual", "long names of five thousand", "long words"],
)
def test_however_many_hosts_fit_one_message(  # noqa: PLR0913, PLR0917 - what a message may be made of
    program: Find, tmp_path: Path, host: str, path: str, sentences: int, hosts: int
) -> None:
    """The first line says how many, where, how much and until when; the text says what to do, and stays short."""
    with running(program("prometheus-alertmanager"), tmp_path / "alertmanager", mailed=True) as server:
        post(server, [alert(number, host=host, path=path, sentences=sentences) for number in range(hosts)])
        wait_until(
            lambda: server.pager.slack and server.pager.pagerduty and server.pager.mail,
            timeout=60,
            describe="the message of each receiver",
        )
        ended = dt.datetime.now(dt.UTC).isoformat()
        repaired = [alert(number, host=host, path=path, sentences=sentences) for number in range(3)]
        post(server, [{**each, "endsAt": ended} for each in repaired])
        later = wait_until(lambda: server.pager.told("Resolved: 3\n"), timeout=60, describe="the repaired hosts") or ""
        assert later.startswith(f"{hosts - 3} firing in east. ")
        assert len(later) < LIMIT
        slack, event, mail = server.pager.slack[0], server.pager.pagerduty[0], server.pager.mail[0]
    title = f"[FIRING: {hosts}] {DATED} in east"
    extent = f"Longest lead: {3599 + hosts} s. Without repair the last one heals at {UNTIL}."
    assert slack["title"] == mail["Subject"] == title
    # What a telephone shows of it at night.
    assert event["payload"]["summary"] == f"{title}. {extent}"
    assert event["payload"]["severity"] == "critical"
    # All that is sent, not what is ours of it alone: what a receiver adds by itself is read as well.
    assert len(texts_in(slack)) < LIMIT + len(title) * 2 + SUMMARY
    assert len(texts_in(event)) < LIMIT + SUMMARY
    (only,) = (part for part in mail.walk() if not part.is_multipart())
    assert only.get_content_type() == "text/plain"
    for text in (slack["text"], event["payload"]["custom_details"]["text"], only.get_content().replace("\r\n", "\n")):
        assert len(text) < LIMIT
        lines = text.splitlines()
        assert lines[0] == f"{hosts} firing in east. {extent}"
        assert f"The worst: number {hosts - 1} " in text
        assert f"and {hosts - HOSTS_NAMED} more" in lines
        # All have the same path: it stands once, and no line repeats it.
        assert f"Firing at {path if path == USUAL else f'...{path[-200:]}'}:" in lines
        listed = [line for line in lines if line.startswith("* ")]
        assert len(listed) == HOSTS_NAMED
        assert not any("/" in line for line in listed)
        assert f"Runbook: {RUNBOOK}" in lines
        (board,) = (line for line in lines if line.startswith("Dashboard: "))
        link = urllib.parse.parse_qs(urllib.parse.urlsplit(board.removeprefix("Dashboard: ")).query)
        assert link["var-cluster"] == ["east"]
        assert link["var-instance"] == [f"node{hosts - 1}.{host}:10509"]


def test_paths_that_differ_stand_with_their_hosts(program: Find, tmp_path: Path) -> None:
    """Each line says its own path, the end of it where it is long, and the text stays short at every name."""
    paths = [f"{LONG}/{number:03}.pem" for number in range(HOSTS)]
    with running(program("prometheus-alertmanager"), tmp_path / "alertmanager") as server:
        alerts = [alert(number, host=LONGEST, path=path, sentences=2_000) for number, path in enumerate(paths)]
        post(server, [*alerts[:-1], alert(HOSTS - 1, host=LONGEST, path="/own.pem", sentences=2_000)])
        wait_until(lambda: server.pager.slack, timeout=60, describe="the message")
        text = server.pager.slack[0]["text"]
    assert len(text) < LIMIT
    listed = [line for line in text.splitlines() if line.startswith("* ")]
    assert "\nFiring:\n" in text
    assert len(listed) == HOSTS_NAMED
    assert listed[0].endswith(f": ...{paths[0][-31:]}, 3600 s")

"""The dashboards over a real Prometheus that scraped real exporters: healthy, then the incident."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.grafana.boards import board, filled, panel, targets
from tests.grafana.prometheus import Prometheus, free_port, running
from tests.support import pki
from tests.support.waiting import wait_until

LEAD = 2 * pki.HOUR + 11 * 60
GOOD_STAMP, BAD_STAMP = "2020-11-06-02-48-49", "2021-09-01-13-21-24"
FLEET, HOST = "kubepki-fleet", "kubepki-host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Two hosts under one Prometheus, the first of them with the incident's directory."""

    prometheus: Prometheus
    incident: str
    healthy: str
    directory: Path

    def verdict(self, title: str, *, uid: str = FLEET, instance: str = ".+") -> float | None:
        """Return the number that the panel *title* shows."""
        (target, *_) = panel(uid, title)["targets"]
        return self.prometheus.number(filled(target["expr"], instance=instance))


@contextmanager
def exporter(directory: Path, state: Path) -> Iterator[str]:
    state.mkdir()
    address = f"127.0.0.1:{free_port()}"
    arguments = [f"--web.listen-address={address}", f"--pki.directory={directory}", f"--state.directory={state}"]
    with (state / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "kubepki", *arguments], stdout=log, stderr=log)
        try:
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(scope="module")
def room(program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    top = tmp_path_factory.mktemp("room")
    ca = pki.authority(not_before=time.time() - pki.YEAR)
    with ExitStack() as stack:
        addresses = []
        for node in ("node30", "node31"):
            directory = top / node
            directory.mkdir()
            old = pki.client(ca, node, not_before=time.time() - 30 * pki.DAY)
            pki.install(directory, "kubelet-client", old.pem, "2020-01-01-00-00-00")
            recent = pki.client(ca, node, not_before=time.time() - pki.DAY)
            pki.install(directory, "kubelet-client", recent.pem, GOOD_STAMP)
            addresses.append(stack.enter_context(exporter(directory, top / f"{node}.state")))
        prometheus = stack.enter_context(running(program("prometheus"), top / "prometheus", addresses))
        made = Room(prometheus=prometheus, incident=addresses[0], healthy=addresses[1], directory=top / "node30")
        wait_until(lambda: made.verdict("Hosts watched") == 2, timeout=60, describe="both hosts to be scraped")
        recorded = 'sum(job:kubepki_hosts:count) and count(job_clock:kubepki_clock_skew_seconds:median{clock="hosts"})'
        wait_until(lambda: prometheus.number(recorded) == 2, timeout=60, describe="the recorded series")
        yield made


# What has no series while nothing is wrong, and has its words all the same.
ONLY_IN_TROUBLE = ("Paths in trouble, the 50 worst", "All valid again (UTC)", "Valid again (UTC)", "Hosts by verdict")
# Only superseded files and future-dated paths have it.
IF_ANY = ("Current certificates and links", "Healthy paths, the 50 that expire first")


def assert_every_target_answers(room: Room, instance: str) -> None:
    # An alert is pending one evaluation before the boards' own group has recorded what it is about.
    with suppress(AssertionError):
        wait_until(lambda: not _silent(room, instance), timeout=60)
    assert _silent(room, instance) == []


def _silent(room: Room, instance: str) -> list[tuple[str, str, str]]:
    silent = []
    for uid, title, target in targets():
        # Of a timeline, the line for when the host was not seen; and this room has no reference clock.
        if target["expr"].startswith(("vector(", "kubepki_reference_clock_up{")):
            continue
        if (uid == HOST or instance == ".+") and title not in (*ONLY_IN_TROUBLE, *IF_ANY):
            expr = filled(target["expr"], instance=instance)
            if not room.prometheus.query(expr, seconds=0 if target["instant"] else 60):
                silent.append((uid, title, target["refId"]))
    return silent


def test_a_healthy_room_is_all_green(room: Room) -> None:
    """Every target has data, every number is 0 and says so in words."""
    wait_until(lambda: room.prometheus.query("rate(kubepki_scans_total[1m])"), timeout=60, describe="two scrapes")
    assert_every_target_answers(room, ".+")
    for each in board(FLEET)["panels"]:
        if each["type"] == "stat" and each["title"] not in ("Hosts watched", "All valid again (UTC)"):
            assert room.verdict(each["title"]) == 0, each["title"]


def test_the_incident_is_told_in_numbers(room: Room) -> None:
    """One host of two is future-dated and rejected, by 2 h 11 min, until NotBefore, and has a fallback."""
    ca = pki.authority(not_before=time.time() - pki.YEAR)
    not_before = int(time.time() + LEAD)
    pki.install(room.directory, "kubelet-client", pki.client(ca, not_before=not_before).pem, BAD_STAMP)
    wait_until(lambda: room.verdict("Rejected now") == 1, timeout=60, describe="the host to be rejected")
    firing = f'ALERTS{{alertname="KubePKICertificateNotYetValid", alertstate="firing", instance="{room.incident}"}}'
    wait_until(lambda: room.prometheus.query(firing), timeout=60, describe="the alert to fire")
    assert room.verdict("Future-dated hosts") == 1
    assert room.verdict("All valid again (UTC)") == 1000 * not_before
    lead = room.verdict("Ahead by")
    assert lead is not None
    assert LEAD - 120 < lead <= LEAD
    assert room.verdict("Wrong clocks") == 0
    assert room.verdict("No fallback") == 0
    to_do = room.prometheus.query(filled(panel(FLEET, "What to do, the most urgent first")["targets"][0]["expr"]))
    first = min(to_do, key=lambda series: str(series["metric"]["rank"]))
    assert first["metric"]["what"] == "Rejected now: roll back"
    assert first["metric"]["command"] == "kubepki-exporter rollback --apply --restart-kubelet"
    rejected, suspect = 8, 1
    assert room.verdict("This host", uid=HOST, instance=room.incident) == rejected
    # Suspect where the clock of the machine that runs this is not synchronised.
    assert room.verdict("This host", uid=HOST, instance=room.healthy) in (0, suspect)
    for title in ONLY_IN_TROUBLE[:2]:
        assert all(room.prometheus.query(filled(target["expr"])) for target in panel(FLEET, title)["targets"]), title
    for instance in (".+", room.incident, room.healthy):
        assert_every_target_answers(room, instance)


def test_the_incident_stands_first_in_the_table(room: Room) -> None:
    """The worst path is the incident's link, in the range of its state, with the file to roll back to."""
    (state, *_) = panel(FLEET, "Paths in trouble, the 50 worst")["targets"]
    worst = max(room.prometheus.query(filled(state["expr"])), key=lambda series: float(series["value"][1]))
    assert worst["metric"]["instance"] == room.incident
    assert 8 <= float(worst["value"][1]) < 9
    assert worst["metric"]["file"] == f"kubelet-client-{GOOD_STAMP}.pem"


def test_the_links_history_names_both_files(room: Room) -> None:
    """The state timeline of the link has the old target and the new one."""
    target, _unseen = panel(HOST, "Which file the link points at")["targets"]
    history = room.prometheus.query(filled(target["expr"], instance=room.incident), seconds=60)
    files = {series["metric"]["file"] for series in history}
    assert files == {f"kubelet-client-{stamp}" for stamp in (GOOD_STAMP, BAD_STAMP)}


def test_a_rollback_candidate_is_named_in_the_table_of_old_files(room: Room) -> None:
    """Exactly the file that `rollback` would choose says yes."""
    (would_work, *_) = panel(HOST, "What a rollback could use")["targets"]
    found = room.prometheus.query(filled(would_work["expr"], instance=room.incident))
    chosen = [series["metric"]["path"] for series in found if series["value"][1] == "2"]
    assert chosen == [str(room.directory / f"kubelet-client-{GOOD_STAMP}.pem")]

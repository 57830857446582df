"""`make test-vm`: nights of a host whose hardware clock is wrong, each act with `check`'s first line and the page.

Runs in a network of its own. Prometheus stands outside with the right time; each `for` of its rules is 2 s.
"""

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import find_program
from tests.grafana.prometheus import Prometheus, running
from tests.support import pki
from tests.support.waiting import wait_until
from tests.vm.image import disk, packages
from tests.vm.machine import Machine, booted
from tests.vm.room import LEAD, Room, interrupt, open_room

_IN_NETWORK = "KUBEPKI_VM_NETWORK"
_CHRONYD = "systemd-run --unit=chronyd /opt/chrony/usr/sbin/chronyd -d -f /etc/chrony/night.conf"
_PAGE_SECONDS = 120.0
_CORRECT_SECONDS = 180.0


@dataclass(kw_only=True)
class Story:
    """What was seen, and what was not as it has to be."""

    started: float = field(default_factory=time.monotonic)
    wrong: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Print a line with the seconds since the start."""
        sys.stdout.write(f"{time.monotonic() - self.started:7.1f} s  {text}\n")
        sys.stdout.flush()

    def expect(self, what: str, text: str, *words: str) -> None:
        """Say *text* under the name *what*; note where a word of *words* is missing in it."""
        self.say(f"{what:<9}{text}")
        for word in words:
            if not re.search(word, text):
                self.wrong.append(f"{what}: {word!r} is not in {text!r}")
                self.say(f"  WRONG: {word!r} is missing")


@dataclass(frozen=True, kw_only=True)
class Act:
    """The tools of one night."""

    story: Story
    room: Room
    machine: Machine
    prometheus: Prometheus

    def check(self, *words: str, flags: tuple[str, ...] = ()) -> None:
        """Run `check` in the machine; its first sentence must have *words*."""
        _, first = self.machine.check(*flags)
        self.story.expect("check", first, *words)

    def page(self, alert: str) -> None:
        """Wait for *alert* to fire and say when it did."""
        began = time.monotonic()
        expr = f'ALERTS{{alertname="{alert}",alertstate="firing"}}'
        try:
            wait_until(lambda: self.prometheus.query(expr), timeout=_PAGE_SECONDS, describe=alert)
        except AssertionError:
            firing = sorted(
                {each["metric"]["alertname"] for each in self.prometheus.query('ALERTS{alertstate="firing"}')}
            )
            self.story.expect("page", f"none in {_PAGE_SECONDS:.0f} s; firing: {firing}", alert)
            return
        waited = time.monotonic() - began
        self.story.say(f"page     {alert}, " + (f"{waited:.0f} s after the act" if waited > 1 else "which was there"))

    def set_clock(self, offset: float) -> None:
        """Let somebody type `date -s` in the machine."""
        self.machine.run(f"date -u -s @{time.time() + offset:.0f}")

    def synchronized(self) -> None:
        """Wait until the machine's kernel holds its clock to be synchronised."""
        wait_until(
            lambda: "System clock synchronized: yes" in self.machine.attempt("timedatectl")[1],
            timeout=_CORRECT_SECONDS,
            describe="the machine to be synchronized",
        )


def whole_room_ahead(act: Act) -> None:
    """Boot ahead; then each way to correct the node first; then the API server first."""
    act.story.say("— booted 2 h 11 min ahead, API server ahead, certificate signed ahead")
    act.check("HEALTHY|WARNING")
    act.page("KubePKICertificateFutureDated")
    act.check("CRITICAL", "future-dated", flags=(f"--at={time.time():.0f}",))
    act.story.say("— the node corrected first, by `date -s`")
    act.set_clock(0)
    act.page("KubePKICertificateNotYetValid")
    act.check("future-dated|cannot be told")
    for daemon, command in (
        ("systemd-timesyncd", "systemctl start systemd-timesyncd"),
        (
            "chronyd",
            f"systemctl stop systemd-timesyncd; {_CHRONYD}",
        ),
    ):
        act.set_clock(LEAD)
        act.story.say(f"— set ahead again; the node corrected first, by {daemon}")
        act.machine.run(command)
        act.synchronized()
        act.check("CRITICAL", "future-dated", "which is synchronized", "still accepts it")
        act.page("KubePKICertificateNotYetValid")
    act.machine.run("systemctl stop chronyd")
    act.story.say("— set ahead again; the API server corrected first")
    act.set_clock(LEAD)
    act.room.ahead[0] = 0.0
    act.check("CRITICAL", "the API server rejects it now")
    act.page("KubePKICertificateNotYetValid")


def woken_in_1970(act: Act) -> None:
    """No kubeconfig, so no API server; and a rollback that must not be."""
    act.story.say("— booted in 1970 without a kubeconfig")
    act.check("what time it is cannot be told", "but it is later")
    _, said = act.machine.attempt("python3 -m kubepki rollback --apply; echo status $?")
    act.story.expect("rollback", " ".join(said.split()), "Nothing was changed", "status [13]")
    act.page("KubePKIHostClockSkewed")


def far_ahead(act: Act) -> None:
    """120 days, beside an API server that is right."""
    act.story.say("— booted 120 days ahead, API server right")
    act.check("cannot be told|WARNING|CRITICAL")
    act.page("KubePKIHostClockSkewed")
    act.check("HEALTHY|WARNING", flags=(f"--at={time.time():.0f}",))


def interrupted(act: Act) -> None:
    """Find no current link and an empty target: the power went in the middle of a rotation."""
    act.story.say("— booted ahead after an interrupted rotation with an empty target")
    act.check("CRITICAL", "missing")
    act.page("KubePKIPathBroken")


@dataclass(frozen=True, kw_only=True)
class Night:
    """One boot."""

    acts: Callable[[Act], None]
    hardware: Callable[[float], float]
    api_server: float = 0.0
    signed: float = -40 * pki.DAY
    kubeconfig: bool = True
    broken: bool = False


NIGHTS = {
    "room": Night(acts=whole_room_ahead, hardware=lambda now: now + LEAD, api_server=LEAD, signed=LEAD),
    "1970": Night(acts=woken_in_1970, hardware=lambda _: 0.0, kubeconfig=False),
    "far": Night(acts=far_ahead, hardware=lambda now: now + 120 * pki.DAY),
    "interrupted": Night(acts=interrupted, hardware=lambda now: now + LEAD, api_server=LEAD, signed=LEAD, broken=True),
}


def main(names: list[str]) -> int:
    """Play the nights *names*, or all; return 1 where something was not as it has to be."""
    if os.geteuid() != 0:
        sys.stderr.write("make test-vm needs root, for a network of its own\n")
        return 2
    if _IN_NETWORK not in os.environ:
        packages()  # they come from outside, where the network of our own does not lead
        os.environ[_IN_NETWORK] = "1"
        again = f"ip link set lo up && exec {sys.executable} -m tests.vm {' '.join(names)}"
        os.execvp("unshare", ["unshare", "--net", "sh", "-c", again])  # noqa: S606 - ourselves
    program = find_program("prometheus")
    if program is None or shutil.which("qemu-system-x86_64") is None:
        sys.stderr.write("make test-vm needs Prometheus (make programs) and qemu-system-x86_64\n")
        return 2
    story = Story()
    with tempfile.TemporaryDirectory(prefix="kubepki-vm-") as name:
        directory = Path(name)
        story.say("making the disk")
        image = disk(directory)
        for each in names or list(NIGHTS):
            play(NIGHTS[each], directory / each, image, program, story)
    for line in story.wrong:
        sys.stdout.write(f"WRONG: {line}\n")
    sys.stdout.write(f"{'as it has to be' if not story.wrong else 'NOT as it has to be'}\n")
    return 1 if story.wrong else 0


def play(night: Night, directory: Path, image: Path, program: Path, story: Story) -> None:
    """Boot one machine and play its acts."""
    directory.mkdir()
    with open_room(directory) as room:
        room.ahead[0] = night.api_server
        files = room.files(directory / "files", signed=time.time() + night.signed, kubeconfig=night.kubeconfig)
        if night.broken:
            interrupt(files)
        story.say(f"booting {directory.name}")
        with booted(image, files, hardware=night.hardware(time.time())) as machine:
            address = f"127.0.0.1:{machine.exporter}"
            with running(program, directory / "prometheus", [address], interval="5s") as prometheus:
                night.acts(Act(story=story, room=room, machine=machine, prometheus=prometheus))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The story on loopback, act by act with its time: `python -m tests.support.demo DIRECTORY [--stay]`.

Real exporters, a real Prometheus, a real Alertmanager and TLS servers in the place of the API servers; only the clocks
and the certificates are made. The repair is the command that the page orders, typed. Exit status 0 when every act
showed what it must.
"""

import argparse
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.conftest import find_program
from tests.grafana.boards import filled, panel
from tests.rules.alertmanager import Alertmanager
from tests.rules.alertmanager import running as running_alertmanager
from tests.support.running import environment
from tests.support.stage import HOPELESS, INCIDENT, Host, Stage, staged
from tests.support.told import Told, say
from tests.support.waiting import wait_until

PROGRAMS = ("prometheus", "prometheus-alertmanager")
PAGE_SECONDS = 60.0
HEALTHY = "healthy"
DATED, INVALID = "KubePKICertificateFutureDated", "KubePKICertificateNotYetValid"


def paged(pager: Alertmanager, *words: str) -> str:
    """Return the page with all *words*, once it has come."""
    return wait_until(
        lambda: pager.pager.told(*words) or "", timeout=PAGE_SECONDS, describe=f"a page with {', '.join(words)}"
    )


def this_host(stage: Stage, host: Host) -> str:
    """Return what the tile This host on the board of *host* says; "" as long as it says nothing."""
    tile = panel("kubepki-host", "This host")
    (target,) = tile["targets"]
    (words,) = (each["options"] for each in tile["fieldConfig"]["defaults"]["mappings"] if each["type"] == "value")
    number = stage.prometheus.number(filled(target["expr"], instance=host.instance, cluster=host.cluster.name))
    return "" if number is None else str(words[f"{number:g}"]["text"])


def wrong(stage: Stage, clocks: int) -> None:
    """Wait until the fleet's board counts so many wrong *clocks*."""
    (target,) = panel("kubepki-fleet", "Wrong clocks")["targets"]
    number = filled(target["expr"])
    wait_until(lambda: stage.prometheus.number(number) == clocks, timeout=60, describe=f"{clocks} wrong clocks")


def rollback(host: Host) -> None:
    """Type the command on *host*; raise AssertionError with its words where it refuses."""
    arguments = [f"--pki.directory={host.directory}", f"--pki.kubeconfig={host.kubeconfig}", "--apply"]
    done = subprocess.run(
        [sys.executable, "-m", "kubepki", "rollback", *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def tell(stage: Stage, pager: Alertmanager, told: Told) -> None:
    """Play the story."""
    host, hopeless = stage.host(INCIDENT), stage.host(HOPELESS)

    def shows(words: str) -> None:
        wait_until(lambda: this_host(stage, host) == words, timeout=60, describe=f"the board of node30 to say {words}")

    told.act("every host is healthy, on the boards too", lambda: shows(HEALTHY))
    stage.power_returns()
    told.act("the power is back: six clocks are wrong by 2 h 11 min, says the fleet's board", lambda: wrong(stage, 6))
    stage.certificates_rotate()
    told.act("two kubelets rotate: paged while all still works", lambda: paged(pager, DATED, host.name))
    stage.clocks_are_corrected()
    told.act("NTP corrects the clocks, nobody had repaired: rejected now", lambda: paged(pager, INVALID, host.name))
    told.act("the host's board says REJECTED NOW", lambda: shows("REJECTED NOW"))
    told.act("the command is typed on node30: kubepki-exporter rollback --apply", lambda: rollback(host))
    told.act("node30 is healthy again; node33, without a fallback, waits for NotBefore", lambda: shows(HEALTHY))
    assert this_host(stage, hopeless) != HEALTHY, "node33 has no file to roll back to, and must not be healthy"


def main() -> int:
    """Tell the story; return 1 where a program is missing or an act failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.demo", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--stay", action="store_true", help="leave everything running until Ctrl-C")
    asked = parser.parse_args()
    found = {name: find_program(name) for name in PROGRAMS}
    prometheus, alertmanager = (found[name] for name in PROGRAMS)
    if prometheus is None or alertmanager is None:
        missing = ", ".join(name for name, path in found.items() if path is None)
        sys.stderr.write(f"not there: {missing}; `make programs` fetches what apt can\n")
        return 1
    top = asked.directory.resolve()
    shutil.rmtree(top, ignore_errors=True)
    top.mkdir(parents=True)
    over = threading.Event()
    told = Told()
    began = time.monotonic()
    with (
        running_alertmanager(alertmanager, top / "alertmanager") as pager,
        staged(prometheus, top / "stage", alertmanagers=[pager.address]) as stage,
    ):
        say(f"Prometheus {stage.prometheus.url}  Alertmanager http://{pager.address}")
        try:
            tell(stage, pager, told)
        except AssertionError as error:
            sys.stderr.write(f"the story broke: {error}\n")
            return 1
        say(f"{len(told.lines)} acts in {time.monotonic() - began:.0f} s, {len(pager.pager.slack)} pages")
        if asked.stay:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda _number, _frame: over.set())
            say(f"everything stays until Ctrl-C; for Grafana, the data source is {stage.prometheus.url}")
            over.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Simulate healthy host-days: `python -m tests.rules.simulation [--hosts N] [--days N] [--seed N]`; 1 if one alerts."""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from tests.conftest import ROOT, find_program, why_missing
from tests.rules.simulation.fleet import DAY, MINUTE, Host
from tests.rules.timelines import ORDER

_PROCESSES = 2
FAULTS = {
    "future": "KubePKICertificateNotYetValid",
    "never renewed": "KubePKICertificateExpired",
    "clock ahead": "KubePKIHostClockSkewed",
    "down": "KubePKIExporterDown",
    "empty": "KubePKIPathBroken",
    "reference down": "KubePKIReferenceClockDown",
    "api server ahead": "KubePKIReferenceClockSkewed",
    "unsynchronized": "KubePKIHostClockUnsynchronized",
    "stepped": "KubePKIHostClockStepped",
    "scan stale": "KubePKIScanStale",
    "watch": "KubePKIWatchDegraded",
    "reload": "KubePKIConfigReloadFailed",
    "label taken": "KubePKISeriesMissing",
    "nothing": "KubePKINothingWatched",
}
"""What a host may suffer, and the alert that has to say it."""


def fired(promtool: Path, hosts: Sequence[Host], minutes: int) -> str:
    """Return what promtool says beside "nothing ever fires": empty where that holds."""
    test = {
        "interval": "1m",
        "input_series": [series for host in hosts for series in host.series()],
        "promql_expr_test": [
            {
                "expr": f'count by (alertname, instance) (count_over_time(ALERTS{{alertstate="firing"}}[{minutes}m]))',
                "eval_time": f"{minutes - 1}m",
                "exp_samples": [],
            }
        ],
    }
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "day.test.json"
        document = {
            "rule_files": [str(ROOT / "rules" / "kubepki.rules.yml")],
            "evaluation_interval": "1m",
            "group_eval_order": ORDER,
            "tests": [test],
        }
        file.write_text(json.dumps(document))
        command = (promtool, "test", "rules", file)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=7_200)
    return done.stderr if done.returncode else ""


def _play(promtool: Path, hosts: int, seed: int, day: int) -> tuple[str, Counter[str]]:
    """Return what fired on one day of a fleet, and what befell it."""
    minutes, events = DAY // MINUTE, Counter[str]()
    draw = Random(seed * 1_000_003 + day)
    fleet = [Host(name=f"node{number}", minutes=minutes, random=Random(draw.random())) for number in range(hosts)]
    for host in fleet:
        events.update(host.events)
    return fired(promtool, fleet, minutes), events


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, and say what it was and what it cost."""
    parser = argparse.ArgumentParser(prog="python -m tests.rules.simulation", description=__doc__)
    # Many hosts to a day: what an evaluation costs without any host is paid once for all of them.
    parser.add_argument("--hosts", type=int, default=200, help="hosts of the fleet")
    parser.add_argument("--days", type=int, default=50, help="days of each")
    parser.add_argument("--first", type=int, default=0, help="the first day, to go on where another run ended")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    promtool = find_program("promtool")
    if promtool is None:
        sys.stderr.write(f"promtool is not there: {why_missing('promtool')}\n")
        return 2
    began, events, bad = time.monotonic(), Counter[str](), 0
    days = range(chosen.first, chosen.first + chosen.days)
    with ThreadPoolExecutor(_PROCESSES) as pool:
        for day, (told, seen) in zip(
            days, pool.map(lambda day: _play(promtool, chosen.hosts, chosen.seed, day), days), strict=True
        ):
            events.update(seen)
            if told:
                bad += 1
                sys.stdout.write(f"day {day}: {told}\n")
                sys.stdout.flush()
    what = ", ".join(f"{count:,} times {event}" for event, count in sorted(events.items()))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    sys.stdout.write(
        f"{chosen.hosts * chosen.days:,} healthy host-days ({chosen.days} days of {chosen.hosts} hosts, scraped "
        f"and judged each minute): {what}\n"
        f"{bad} days with an alert; {time.monotonic() - began:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of CPU in "
        f"promtool, {used.ru_maxrss // 1024} MiB at most\n"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

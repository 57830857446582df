"""Simulate healthy host-days: `python -m tests.rules.simulation [--hosts N] [--days N] [--seed N]`; 1 if one alerts."""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from tests.conftest import ROOT, find_program, why_missing
from tests.rules.simulation.fleet import DAY, MINUTE, Host
from tests.rules.simulation.windows import windows
from tests.rules.timelines import ORDER

RULES = ROOT / "rules" / "kubepki.rules.yml"
_PROCESSES = 2
# Parts of days that are judged together: what an evaluation costs without any host is paid once for all of them.
_FLEET = 400
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


# That there is no target at all is no fleet's trouble: here the parts of its hosts' days end one after the other.
_SILENT = ('alertname!="KubePKIExporterDown"', 'alertname="KubePKIExporterDown", instance!=""')


def fired(promtool: Path, series: Iterable[Mapping[str, str]], minutes: int, rules: Path = RULES) -> str:
    """Return what promtool says beside "nothing ever fires": empty where that holds."""
    firing = " or ".join(
        f'count_over_time(ALERTS{{alertstate="firing", {matchers}}}[{minutes}m])' for matchers in _SILENT
    )
    test = {
        "interval": "1m",
        "input_series": list(series),
        "promql_expr_test": [
            {
                "expr": f"count by (alertname, instance) ({firing})",
                "eval_time": f"{minutes - 1}m",
                "exp_samples": [],
            }
        ],
    }
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "day.test.json"
        document = {
            "rule_files": [str(rules)],
            "evaluation_interval": "1m",
            "group_eval_order": ORDER,
            "tests": [test],
        }
        file.write_text(json.dumps(document))
        command = (promtool, "test", "rules", file)
        # Memory is there, and collecting garbage is a fifth of what promtool does.
        environment = {**os.environ, "GOGC": "800"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=7_200, env=environment)
    return (done.stderr or done.stdout) if done.returncode else ""


def fleets(hosts: Iterable[Host]) -> Iterator[tuple[list[dict[str, str]], int]]:
    """Yield the series of the parts of the days of *hosts*, those of about one length together, and their minutes.

    Each part is a host of its own, for what happened before it is forgotten when it begins.
    """
    parts = sorted(
        ((length, begin, host) for host in hosts for begin, length in windows(host.moments(), host.minutes)),
        key=lambda part: part[:2],
    )
    for start in range(0, len(parts), _FLEET):
        fleet = parts[start : start + _FLEET]
        series = [
            one
            for number, (length, begin, host) in enumerate(fleet)
            for one in host.series(begin, length, f"{host.name}-{number}")
        ]
        yield series, fleet[-1][0]


def _play(promtool: Path, hosts: int, seed: int, day: int) -> tuple[str, int, Counter[str]]:
    """Return what fired on one day of a fleet, how many minutes of hosts were judged, and what befell it."""
    minutes, events = DAY // MINUTE, Counter[str]()
    draw = Random(seed * 1_000_003 + day)
    fleet = [Host(name=f"node{number}", minutes=minutes, random=Random(draw.random())) for number in range(hosts)]
    for host in fleet:
        events.update(host.events)
    judged = sum(length for host in fleet for _, length in windows(host.moments(), minutes))
    return "\n".join(filter(None, (fired(promtool, *each) for each in fleets(fleet)))), judged, events


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, and say what it was and what it cost."""
    parser = argparse.ArgumentParser(prog="python -m tests.rules.simulation", description=__doc__)
    parser.add_argument("--hosts", type=int, default=200, help="hosts of the fleet")
    parser.add_argument("--days", type=int, default=50, help="days of each")
    parser.add_argument("--first", type=int, default=0, help="the first day, to go on where another run ended")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    promtool = find_program("promtool")
    if promtool is None:
        sys.stderr.write(f"promtool is not there: {why_missing('promtool')}\n")
        return 2
    began, events, judged, bad = time.monotonic(), Counter[str](), 0, 0
    days = range(chosen.first, chosen.first + chosen.days)
    with ThreadPoolExecutor(_PROCESSES) as pool:
        for day, (told, some, seen) in zip(
            days, pool.map(lambda day: _play(promtool, chosen.hosts, chosen.seed, day), days), strict=True
        ):
            events.update(seen)
            judged += some
            if told:
                bad += 1
                sys.stdout.write(f"day {day}: {told}\n")
                sys.stdout.flush()
    what = ", ".join(f"{count:,} times {event}" for event, count in sorted(events.items()))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    sys.stdout.write(
        f"{chosen.hosts * chosen.days:,} healthy host-days ({chosen.days} days of {chosen.hosts} hosts; {judged:,} "
        f"minutes in which something happens, scraped and judged each minute): {what}\n"
        f"{bad} days with an alert; {time.monotonic() - began:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of CPU in "
        f"promtool, {used.ru_maxrss // 1024} MiB at most\n"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

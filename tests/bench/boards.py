"""Measures what the boards ask for with 5,000 hosts behind them: `python -m tests.bench.boards [--future HOSTS]`.

The hosts are spread over ten clusters; the certificates of some of them are from the future. Prometheus scrapes and
judges them until the alerts fire; then it is told to do neither, so that only the queries are measured, at the last
moment that it knows.
"""

import argparse
import json
import os
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.rules import HOST_TIME, HOSTS, INTERVAL_SECONDS, LEAD, PATIENCE_SECONDS, SCAN_TIME, exposition, say
from tests.conftest import find_program
from tests.grafana.boards import Json, filled, panels
from tests.grafana.prometheus import Prometheus, running
from tests.support.loopback import answering

CLUSTERS = 10
DAY = 86_400.0
FLEET = "kubepki-fleet"
# What a person sees at 1080 lines without scrolling.
FIRST_SCREEN_ROWS = 22
RANGE_SECONDS, POINTS = 6 * 3_600, 720
REPEATS = 3
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one panel's queries cost together: seconds of the wall and of the processor, and series."""

    wall: float
    cpu: float
    series: int


def hosts(future: int) -> Callable[[str, bytes], bytes]:
    """Return an answer to scrapes: all hosts, the first *future* of them with certificates ahead."""
    own = [f'cluster="room-{number % CLUSTERS}",instance="node{number}:10509"' for number in range(HOSTS)]
    now = time.time()
    lines = []
    kinds = [_standing(exposition(now, lead, -DAY)) for lead in (LEAD, -DAY)]
    for number, labels in enumerate(own):
        for sample in kinds[number >= future]:
            name, _, value = sample.rpartition(" ")
            family, brace, rest = name.partition("{")
            lines.append(f"{family}{{{labels}{f',{rest}' if brace else '}'} {value}")
    standing = "\n".join(lines).encode()

    def answer(_path: str, _body: bytes) -> bytes:
        moment = time.time()
        fresh = [f"\n{name}{{{labels}}} {moment}" for name in (HOST_TIME, SCAN_TIME) for labels in own]
        up = [f'\nup{{job="kubepki-exporter",{labels}}} 1' for labels in own]
        return standing + "".join([*fresh, *up, "\n"]).encode()

    return answer


def _standing(samples: list[str]) -> list[str]:
    return [each for each in samples if not each.startswith((HOST_TIME, SCAN_TIME))]


@contextmanager
def judged(directory: Path, future: int) -> Iterator[tuple[Prometheus, float]]:
    """Yield a Prometheus that has judged the fleet and does nothing more, and the last moment that it knows."""
    program = find_program("prometheus")
    if program is None:
        sys.exit("prometheus is not installed (tests/support/apt-packages.txt names its package)")
    with (
        answering(hosts(future)) as address,
        running(program, directory, [address], honor_labels=True, interval=f"{INTERVAL_SECONDS}s") as prometheus,
    ):
        wanted = 'count(ALERTS{alertname="KubePKICertificateNotYetValid", alertstate="firing"}) or vector(0)'
        watched = "sum(job:kubepki_hosts:count)"
        _await(lambda: prometheus.number(watched) == HOSTS and prometheus.number(wanted) == future)
        # A further evaluation: what reads the alerts is recorded before them.
        seen = _evaluated(prometheus)
        _await(lambda: min(_evaluated(prometheus)) > max(seen))
        moment = time.time()
        file = directory / "prometheus.yml"
        config = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps({**config, "rule_files": [], "scrape_configs": []}), encoding="utf-8")
        os.kill(prometheus.process, 1)
        _await(lambda: not _get(prometheus, "rules")["groups"] and not _get(prometheus, "targets")["activeTargets"])
        yield prometheus, moment


def cost(prometheus: Prometheus, panel: Json, moment: float) -> Cost:
    """Return what the queries of *panel* cost at *moment*, the cheapest of some tries of each."""
    wall = cpu = 0.0
    series = 0
    for target in panel["targets"]:
        tries = [_asked(prometheus, target, moment) for _ in range(REPEATS)]
        best = min(tries, key=lambda each: each.wall)
        wall, cpu, series = wall + best.wall, cpu + min(each.cpu for each in tries), series + best.series
    return Cost(wall=wall, cpu=cpu, series=series)


def _asked(prometheus: Prometheus, target: Json, moment: float) -> Cost:
    expr = filled(target["expr"])
    if target["instant"]:
        kind, when = "query", {"time": f"{moment}"}
    else:
        begin, step = moment - RANGE_SECONDS, RANGE_SECONDS / POINTS
        kind, when = "query_range", {"start": f"{begin}", "end": f"{moment}", "step": f"{step}"}
    before, began = _cpu(prometheus.process), time.monotonic()
    found = _get(prometheus, kind, {"query": expr, **when})["result"]
    return Cost(wall=time.monotonic() - began, cpu=_cpu(prometheus.process) - before, series=len(found))


def _cpu(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def _get(prometheus: Prometheus, what: str, values: dict[str, str] | None = None) -> Json:
    body = urllib.parse.urlencode(values).encode() if values else None
    with urllib.request.urlopen(f"{prometheus.url}/api/v1/{what}", body, timeout=120) as answer:  # noqa: S310 loopback
        data: Json = json.load(answer)["data"]
    return data


def _evaluated(prometheus: Prometheus) -> list[str]:
    return [group["lastEvaluation"] for group in _get(prometheus, "rules")["groups"]]


def _await(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            message = "the fleet was never judged; the machine may be too busy"
            raise TimeoutError(message)
        time.sleep(2)


def main() -> None:
    """Print what each panel of the fleet's board costs, and the first screen together."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.boards", description=__doc__)
    parser.add_argument("--future", type=int, default=HOSTS // 10, help="hosts with certificates from the future")
    future = parser.parse_args().future
    say(f"fleet board, {HOSTS} hosts in {CLUSTERS} clusters, {future} of them future-dated:")
    with tempfile.TemporaryDirectory(prefix="kubepki-bench-") as root, judged(Path(root), future) as (server, moment):
        costs = [(panel, cost(server, panel, moment)) for panel in panels(FLEET)]
        first = [each for panel, each in costs if panel["gridPos"]["y"] < FIRST_SCREEN_ROWS]
        wall, cpu = sum(each.wall for each in first), sum(each.cpu for each in first)
        say(f"{'first screen together':<58}{wall:>7.2f} s  < 2 s (processor {cpu:.2f} s)")
        for panel, each in sorted(costs, key=lambda pair: -pair[1].wall):
            say(f"    {panel['title'][:50]:<54}{each.wall:>7.2f} s  {each.series} series")


if __name__ == "__main__":
    main()

"""A year on a healthy host of each distribution through the rules: what the exporter writes, judged by Prometheus' own.

`make test` asks each ninth day, `make year` each day. At a step of a day an alert that is pending would fire, so that
counts as well.
"""

import json
import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from kubepki.metrics.collector import Collector, View
from kubepki.model import Health, Reading, Rotation
from kubepki.pki.scan import Scanner
from tests.conftest import ROOT
from tests.rules.simulation.series import Value, notation
from tests.rules.timelines import ORDER
from tests.support.openshift_year import OpenShiftMaster
from tests.support.pki import DAY
from tests.support.scenarios import NOW
from tests.support.year import HABITS, YearlyHost
from tests.unit.config.test_preset_layouts import LAYOUTS

DAYS = 365
STEP = 1 if os.environ.get("KUBEPKI_WHOLE_YEAR") else 9
# promtool's time begins with 1970; certificates are older than the year.
BEFORE = 200 * STEP
# What nobody renews: it is told, and never a page.
# Beside the layout of OpenShift's preset a master with its signers, bundles and revisions.
MASTER = "openshift-master"
OWN_PAIR = ".*/kubelet/pki/kubelet.crt"
Page = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def page(scanner: Scanner, now: float, root: Path) -> Page:
    """Return the samples of a scrape at *now*; moments are moved to promtool's time."""
    result = scanner.scan()
    rotations = tuple(
        Rotation(path=state.path, target=state.link.target, clock_synchronized=True)
        for state in result.snapshot.paths
        if state.link
    )
    health = Health(
        version="0.0.0",
        python_version="3.11.0",
        scans=1,
        last_scan_time=now,
        last_reload_success_time=now,
        watch_up=tuple((path, True) for path in result.configured),
        symlink_changes=tuple((each.path, 0) for each in rotations),
    )
    reading = Reading(host_time=now, synchronized=True, kept=True, last_synchronized=now, rotations=rotations)
    families = Collector(lambda: View(snapshot=result.snapshot, reading=reading, health=health)).collect()
    moved = BEFORE * DAY - NOW
    return {
        (sample.name, tuple(sorted((key, value.replace(str(root), "")) for key, value in sample.labels.items()))): (
            sample.value + (moved if re.search("_timestamp_seconds$|^kubepki_host_time_seconds$", sample.name) else 0)
        )
        for family in families
        for sample in family.samples
    }


def year(name: str, root: Path, *, renews: bool = True) -> list[dict[str, str]]:
    """Return the input series of a year on a host of the distribution *name*."""
    days = range(DAYS)
    host = OpenShiftMaster(root) if name == MASTER else YearlyHost(name, LAYOUTS[name], root)
    scanner = host.scanner()
    found: defaultdict[tuple[str, tuple[tuple[str, str], ...]], list[Value]] = defaultdict(list)
    steps = 0
    for number in days:
        if renews:
            host.day(number)
        if number % STEP:
            continue
        for key, value in page(scanner, NOW + number * DAY, root).items():
            found[key] += [None] * (steps - len(found[key])) + [round(value)]
        steps += 1
    found["up", ()] = [1] * steps
    blank = f"_x{BEFORE // STEP} "
    own = {"job": "kubepki-exporter", "instance": name}
    return [
        {"series": f"{metric}{json_labels(own | dict(labels))}", "values": blank + notation(values)}
        for (metric, labels), values in found.items()
    ]


def json_labels(labels: dict[str, str]) -> str:
    """Return *labels* as PromQL writes them."""
    return "{" + ", ".join(f"{key}={json.dumps(value)}" for key, value in labels.items()) + "}"


def told(promtool: Path, series: Sequence[dict[str, str]], directory: Path) -> str:
    """Return what promtool says beside "nothing pages, and nothing but the kubelet's own pair is a warning"."""
    last = (DAYS - 1) // STEP * STEP
    # Before the first page nothing is scraped, which is told.
    whole, end = f"{last * 24 - 1}h", f"{(BEFORE + last) * 24}h"
    loud = 'severity="critical"', f'severity!="info", path!~"{OWN_PAIR}"'
    test = {
        "interval": f"{STEP * 24}h",
        "input_series": list(series),
        "promql_expr_test": [
            {
                "expr": f"count by (alertname, instance, path) (count_over_time(ALERTS{{{which}}}[{whole}]))",
                "eval_time": end,
                "exp_samples": [],
            }
            for which in loud
        ],
    }
    document = {
        "rule_files": [str(ROOT / "rules" / "kubepki.rules.yml")],
        "evaluation_interval": f"{STEP * 24}h",
        "group_eval_order": ORDER,
        "tests": [test],
    }
    file = directory / "year.test.json"
    file.write_text(json.dumps(document))
    done = subprocess.run((promtool, "test", "rules", file), capture_output=True, text=True, check=False, timeout=1_800)
    return done.stderr + done.stdout if done.returncode else ""


def test_a_year_pages_nobody(program: Callable[[str], Path], tmp_path: Path) -> None:
    """Each of the layouts as an instance, with the rotations of its components."""
    series = [each for name in (*HABITS, MASTER) for each in year(name, tmp_path / name)]
    assert len(series) > 1_000
    assert told(program("promtool"), series, tmp_path) == ""


def test_a_year_without_renewal_pages(program: Callable[[str], Path], tmp_path: Path) -> None:
    """The year can be heard: where nothing is renewed, what ends pages."""
    said = told(program("promtool"), year("k3s", tmp_path / "k3s", renews=False), tmp_path)
    assert "KubePKICertificateExpired" in said

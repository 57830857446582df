"""What the exporter finds and what the rules raise is the same: alert, path and severity, minute by minute.

Each case is scanned and its clocks run on for some minutes. The samples go to promtool, with true time as Prometheus'
clock; the findings of the same minutes say what has to fire. An alert that waits fires once its finding has stood for
that long. Lost scrapes, and with them the rules' memory, are in `rules/tests/lost_scrapes.test.yml`.
"""

import json
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from kubepki.config.durations import parse_duration
from kubepki.judgement.evaluate import Code, Finding, evaluate
from kubepki.metrics.collector import Collector, View
from kubepki.model import Health, Reading, Rotation, Severity, Snapshot
from kubepki.pki.scan import Scanner
from kubepki.settings import ScanSettings
from kubepki.texts import label_text
from tests.rules.clock_cases import CASES, OF_CLOCKS, Case, with_prometheus
from tests.rules.test_consistency import ALERTS, NAMES, RULES
from tests.rules.timelines import ORDER
from tests.support.scenarios import CLIENT, NOW

Alert = tuple[str, Severity, str]
MINUTES = 13

NOT_JUDGED_BY_EVALUATE = {
    "KubePKIHostClockSkewed": "compares with Prometheus' own clock",
    "KubePKIPrometheusClockSuspect": "compares all hosts of a job with Prometheus' own clock",
    "KubePKIExporterDown": "nobody is there to find it",
    "KubePKIMetricsMissing": "nobody is there to find it",
    "KubePKISamplesRefused": "made by Prometheus",
    "KubePKISeriesMissing": "made by the scrape configuration",
    "KubePKIScanStale": "about the exporter, not the PKI",
    "KubePKIWatchDegraded": "about the exporter, not the PKI",
    "KubePKIConfigReloadFailed": "about the exporter, not the PKI",
    "KubePKIReferenceClockDown": "about the exporter, not the PKI",
    "KubePKIReferenceCertificateExpiring": "about a server's certificate, not this host's",
    "KubePKIReferenceCertificateFutureDated": "about a server's certificate, not this host's",
}

WAITS = {
    (rule["alert"], Severity(rule["labels"]["severity"])): parse_duration(rule.get("for", "0s")) / 60 for rule in ALERTS
}
# As rules/alertmanager.yml does it: Expiring fires as a warning too where it is critical.
NOT_COMPARED = "|".join(sorted({*NOT_JUDGED_BY_EVALUATE, *(code.alert for code in OF_CLOCKS)}))
FIRING = f"""
count by (alertname, severity, instance, path) (
  ALERTS{{alertstate="firing", alertname!~"{NOT_COMPARED}", severity!="warning"}}
  or (
    ALERTS{{alertstate="firing", alertname!~"{NOT_COMPARED}", severity="warning"}}
    unless ignoring (severity) ALERTS{{alertstate="firing", severity="critical"}}
  )
)
"""


def test_findings_are_alerts(program: Callable[[str], Path], tmp_path: Path) -> None:
    """Each minute the alerts that fire are those whose findings have stood for the alerts' `for`."""
    groups = [_group(case, tmp_path / case.name) for case in CASES]
    for alert, severity in sorted(WAITS):
        fires = json.dumps(_labels(alertname=alert, severity=severity.value)[:-1])[1:-1] in json.dumps(groups)
        assert fires or alert in NOT_COMPARED.split("|"), f"{alert} is {severity} in no case, so nothing is compared"
    file = tmp_path / "findings.test.yml"
    document = {
        "rule_files": [str(RULES / "kubepki.rules.yml")],
        "evaluation_interval": "1m",
        "group_eval_order": ORDER,
        "tests": groups,
    }
    file.write_text(json.dumps(document), encoding="utf-8")
    command = (program("promtool"), "test", "rules", file)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr.replace(json.dumps(FIRING), "what fires")


def test_every_alert_is_found_or_excepted() -> None:
    """No alert is outside of both lists."""
    clocks = {code.alert for code in OF_CLOCKS}
    assert {*(code.alert for code in Code), *NOT_JUDGED_BY_EVALUATE} - clocks == set(NAMES) - clocks


def _group(case: Case, root: Path) -> dict[str, object]:
    """Return the unit test of one case: what is scraped, and what fires at each minute."""
    root.mkdir()
    snapshot = (
        Scanner(case.build(root), ScanSettings()).scan(frozenset(str(root / path) for path in case.remembered)).snapshot
    )
    readings = [_at(minute, case, root) for minute in range(MINUTES)]
    found = [_found(minute, snapshot, each) for minute, each in enumerate(readings)]
    return {
        "name": case.name,
        "interval": "1m",
        "input_series": [
            {"series": series, "values": " ".join(values)}
            for series, values in _scraped(case.name, snapshot, readings).items()
        ],
        "promql_expr_test": [
            {"expr": FIRING, "eval_time": f"{minute}m", "exp_samples": [_sample(case.name, alert) for alert in firing]}
            for minute, firing in enumerate(_firing(found))
        ],
    }


def _at(minute: int, case: Case, root: Path) -> Reading:
    """Return the case's reading *minute* minutes later: the host's and the reference clocks go on together."""
    first = case.reading
    now = first.host_time + 60 * minute
    latch = Rotation(path=str(root / "pki" / CLIENT), target="", clock_synchronized=False)
    return replace(
        first,
        host_time=now,
        last_synchronized=now if first.synchronized else first.last_synchronized,
        rotations=(latch,) if case.latched else first.rotations,
    )


def _found(minute: int, snapshot: Snapshot, now: Reading) -> frozenset[Alert]:
    """Return the findings as alerts, as a Prometheus with the right time has them."""
    found = {
        (finding.code, _fired(finding), label_text(finding.path or ""))
        for finding in evaluate(snapshot, with_prometheus(now, NOW + 60 * minute))
        if finding.code not in OF_CLOCKS
    }
    # What is critical was a warning before, and that alert goes on.
    found |= {(code, Severity.WARNING, path) for code, _, path in found if code is Code.CERTIFICATE_EXPIRING}
    return frozenset((code.alert, severity, path) for code, severity, path in found)


def _fired(finding: Finding) -> Severity:
    """Return the severity with which the rules fire: what is only told while it is fresh waits there for its `for`."""
    fresh = finding.code is Code.PATH_BROKEN and finding.severity is Severity.INFO
    return Severity.WARNING if fresh else finding.severity


def _firing(found: list[frozenset[Alert]]) -> Iterator[list[Alert]]:
    """Yield what fires at each minute, without the warnings of an alert that is critical for the same path."""
    for minute in range(len(found)):
        firing = {
            alert
            for alert in found[minute]
            if (since := minute - WAITS[alert[:2]]) >= 0 and all(alert in each for each in found[int(since) : minute])
        }
        yield sorted(
            (name, severity, path)
            for name, severity, path in firing
            if severity is not Severity.WARNING or (name, Severity.CRITICAL, path) not in firing
        )


def _scraped(instance: str, snapshot: Snapshot, readings: list[Reading]) -> dict[str, list[str]]:
    """Return the values of each series by the minute, with the true time of the first reading as 0.

    What is missing from a scrape is marked stale, as Prometheus does it.
    """
    values: defaultdict[str, list[str]] = defaultdict(lambda: ["_"] * len(readings))
    values[_series(instance, "up", {})] = ["1"] * len(readings)
    for minute, now in enumerate(readings):
        health = Health(version="1", python_version="3", last_scan_time=now.host_time)
        view = partial(View, snapshot=snapshot, reading=now, health=health)
        for metric in Collector(view).collect():
            for sample in metric.samples:
                moment = sample.name.endswith("_timestamp_seconds") or sample.name == "kubepki_host_time_seconds"
                value = sample.value - NOW if moment else sample.value
                values[_series(instance, sample.name, sample.labels)][minute] = f"{value:.6f}"
    return {series: _with_staleness(each) for series, each in values.items()}


def _with_staleness(values: list[str]) -> list[str]:
    following = zip(["_", *values], values, strict=False)
    return ["stale" if value == "_" != before else value for before, value in following]


def _series(instance: str, name: str, labels: dict[str, str]) -> str:
    return name + _labels(job="kubepki-exporter", instance=instance, **labels)


def _sample(instance: str, alert: Alert) -> dict[str, object]:
    name, severity, path = alert
    where = {"instance": instance} | ({"path": path} if path else {})
    return {"labels": _labels(alertname=name, severity=severity.value, **where), "value": 1}


def _labels(**labels: str) -> str:
    return "{" + ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items()) + "}"

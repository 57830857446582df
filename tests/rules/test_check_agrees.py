"""For each scenario, the alerts that the rules raise are the findings of `check`."""

import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from kubepki.commands.diagnosis import Look
from kubepki.judgement.belief import believe
from kubepki.judgement.evaluate import Code, evaluate
from kubepki.metrics.collector import clock_families, moment_families, snapshot_families
from kubepki.texts import label_text
from tests.rules.clock_cases import OF_CLOCKS, with_prometheus
from tests.rules.test_consistency import NAMES, RULES
from tests.rules.test_programs import Find, run
from tests.rules.timelines import ORDER
from tests.support.looks import look_at
from tests.support.scenarios import SCENARIOS, Scenario

MINUTES = 12
# What `check` does not judge: Prometheus' own clock, and the exporter itself.
EXCEPTIONS = {
    "KubePKIHostClockSkewed",
    "KubePKIPrometheusClockSuspect",
    "KubePKIExporterDown",
    "KubePKIMetricsMissing",
    "KubePKISamplesRefused",
    "KubePKISeriesMissing",
    "KubePKIScanStale",
    "KubePKIWatchDegraded",
    "KubePKIConfigReloadFailed",
    "KubePKIReferenceClockDown",
    "KubePKIReferenceCertificateExpiring",
    "KubePKIReferenceCertificateFutureDated",
}


def test_each_alert_is_a_finding_or_an_exception() -> None:
    """No alert and no finding is without its counterpart, but for the exceptions."""
    clocks = {code.alert for code in OF_CLOCKS}
    assert set(NAMES) - clocks == ({code.alert for code in Code} | EXCEPTIONS) - clocks


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_alerts_are_findings(scenario: Scenario, tmp_path: Path, program: Find) -> None:
    """What fires after twelve minutes is what `check` finds that may ask Prometheus, which agrees with the belief."""
    (tmp_path / "root").mkdir()
    seen = look_at(scenario, tmp_path / "root")
    expected = {
        (finding.code.alert, label_text(finding.path or ""))
        for finding in evaluate(seen.snapshot, with_prometheus(seen.reading, true_time(seen)))
        if finding.code not in OF_CLOCKS
    }
    exceptions = "|".join(sorted(EXCEPTIONS | {code.alert for code in OF_CLOCKS}))
    query = f'group by (alertname, path) (ALERTS{{alertstate="firing", alertname!~"{exceptions}"}})'
    samples = [
        {"labels": labels("", {"alertname": alert} | ({"path": path} if path else {})), "value": 1}
        for alert, path in sorted(expected)
    ]
    document = {
        "rule_files": [str(RULES / "kubepki.rules.yml")],
        "evaluation_interval": "1m",
        "group_eval_order": ORDER,
        "tests": [
            {
                "interval": "1m",
                "input_series": series(seen),
                "promql_expr_test": [{"expr": query, "eval_time": f"{MINUTES}m", "exp_samples": samples}],
            }
        ],
    }
    path = tmp_path / "agree.test.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    run(program("promtool"), "test", "rules", path)


def true_time(seen: Look) -> float:
    """Return what is believed, or what the host says where nothing is."""
    believed = believe(seen.snapshot, seen.reading).now
    return seen.reading.host_time if believed is None else believed


def series(seen: Look, now: float | None = None, job: str = "kubepki-exporter") -> list[dict[str, str]]:
    """Return what a Prometheus scrapes in the twelve minutes before the look; its time begins at 0.

    Its clock says *now* at the look, or what is believed.
    """
    reading = seen.reading
    now = true_time(seen) if now is None else now
    shift = now - MINUTES * 60
    table: dict[str, list[float]] = defaultdict(list)
    for minute in range(MINUTES + 1):
        ago = (MINUTES - minute) * 60
        moment = replace(reading, host_time=reading.host_time - ago)
        metrics = (
            *snapshot_families(seen.snapshot),
            *moment_families(seen.snapshot, moment),
            *clock_families(moment),
        )
        for told in metrics:
            for sample in told.library().samples:
                is_time = sample.name.endswith(("_timestamp_seconds", "_host_time_seconds"))
                name = sample.name + labels(job, sample.labels)
                table[name].append(sample.value - shift if is_time else sample.value)
    table["up" + labels(job, {})] = [1.0] * (MINUTES + 1)
    return [{"series": name, "values": " ".join(f"{value:.3f}" for value in values)} for name, values in table.items()]


def labels(job: str, pairs: dict[str, str]) -> str:
    """Return *pairs* as PromQL writes them, those of a target before them where it has a *job*."""
    every = ({"job": job, "instance": "node30"} if job else {}) | pairs
    return "{" + ",".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in every.items()) + "}"

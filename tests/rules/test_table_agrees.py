"""Over the table of clocks, the rules say of a certificate what `check` would say with Prometheus as one more clock."""

import os
from itertools import islice, product
from pathlib import Path

import yaml

from kubepki.commands.diagnosis import Look
from kubepki.judgement.evaluate import Code, evaluate
from tests.rules.clock_cases import with_prometheus
from tests.rules.test_check_agrees import MINUTES, labels
from tests.rules.test_check_agrees import series as scraped
from tests.rules.test_consistency import RULES
from tests.rules.test_programs import Find, run
from tests.rules.timelines import ORDER
from tests.support.clock_table import API_SERVER, CURRENT, LINK, NODE, SYNCHRONIZED, TRUE, Clocks, Night

CODES = (
    Code.CERTIFICATE_FUTURE_DATED,
    Code.CERTIFICATE_NOT_YET_VALID,
    Code.HOST_CLOCK_BEHIND,
    Code.CERTIFICATE_EXPIRED,
)
# It divides the length of no axis, so that each value of each comes.
STRIDE = 1 if os.environ.get("KUBEPKI_WHOLE_TABLE") else 3


def expected(night: Night, seen: Look) -> set[str]:
    """Return the alerts about the certificate that `check` would find, had it asked Prometheus for the time.

    Of the end of validity Prometheus is not believed alone: one that is half an hour ahead would page at each rotation
    of certificates that live for an hour.
    """
    reading = with_prometheus(seen.reading, TRUE)
    found = {each.code for each in evaluate(seen.snapshot, reading) if each.path == LINK and each.code in CODES}
    if max(night.host, night.judge or 0.0) <= night.leaf.not_after:
        found.discard(Code.CERTIFICATE_EXPIRED)
    return {code.alert for code in found}


def test_the_rules_follow_the_table(program: Find, tmp_path: Path) -> None:
    """Prometheus has the right time: what fires after twelve minutes is what is true, by the same words."""
    series, samples = [], []
    every = product(API_SERVER, NODE, SYNCHRONIZED, CURRENT)
    for number, (api_server, node, synchronized, current) in enumerate(islice(every, 0, None, STRIDE)):
        clocks = Clocks(api_server=api_server, node=node, synchronized=synchronized, outside="none", hardware="none")
        night = Night(clocks=clocks, current=current, fallbacks="good")
        seen = night.look()
        # A job of its own, so that the nights are no fleet; its name says which night it is.
        job = f"{number} api {api_server} node {node} {synchronized} {current}/kubepki-exporter"
        series += scraped(seen, TRUE, job)
        samples += [
            {"labels": labels("", {"alertname": alert, "path": LINK, "job": job}), "value": 1}
            for alert in sorted(expected(night, seen))
        ]
    alerts = "|".join(code.alert for code in CODES)
    firing = f'group by (alertname, job, path) (ALERTS{{alertstate="firing", alertname=~"{alerts}"}})'
    document = {
        "rule_files": [str(RULES / "kubepki.rules.yml")],
        "evaluation_interval": "1m",
        "group_eval_order": ORDER,
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [{"expr": firing, "eval_time": f"{MINUTES}m", "exp_samples": samples}],
            }
        ],
    }
    path = tmp_path / "table.test.yml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    run(program("promtool"), "test", "rules", path)

"""Over the table of clocks, the rules say of a certificate what `check` would say with Prometheus as one more clock."""

from itertools import islice, product
from pathlib import Path

import yaml

from kubepki.commands.diagnosis import Look
from kubepki.judgement.evaluate import Code, evaluate
from tests.rules.clock_cases import with_prometheus
from tests.rules.test_check_agrees import MINUTES, labels, series
from tests.rules.test_consistency import RULES
from tests.rules.test_programs import Find, run
from tests.rules.timelines import ORDER
from tests.support.clock_table import API_SERVER, CURRENT, LINK, NODE, TRUE, Clocks, Night

CODES = (
    Code.CERTIFICATE_FUTURE_DATED,
    Code.CERTIFICATE_NOT_YET_VALID,
    Code.HOST_CLOCK_BEHIND,
    Code.CERTIFICATE_EXPIRED,
)
# It divides the length of no axis.
STRIDE = 3


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
    every = product(API_SERVER, NODE, ("yes", "no"), CURRENT)
    tests = []
    for api_server, node, synchronized, current in islice(every, 0, None, STRIDE):
        clocks = Clocks(api_server=api_server, node=node, synchronized=synchronized, outside="none", hardware="none")
        night = Night(clocks=clocks, current=current, fallbacks="good")
        seen = night.look()
        alerts = "|".join(code.alert for code in CODES)
        tests.append(
            {
                "name": f"API server {api_server}, node {node}, synchronized {synchronized}, {current}",
                "interval": "1m",
                "input_series": series(seen, TRUE),
                "promql_expr_test": [
                    {
                        "expr": f'group by (alertname, path) (ALERTS{{alertstate="firing", alertname=~"{alerts}"}})',
                        "eval_time": f"{MINUTES}m",
                        "exp_samples": [
                            {"labels": labels("", {"alertname": alert, "path": LINK}), "value": 1}
                            for alert in sorted(expected(night, seen))
                        ],
                    }
                ],
            }
        )
    document = {
        "rule_files": [str(RULES / "kubepki.rules.yml")],
        "evaluation_interval": "1m",
        "group_eval_order": ORDER,
        "tests": tests,
    }
    path = tmp_path / "table.test.yml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    run(program("promtool"), "test", "rules", path)

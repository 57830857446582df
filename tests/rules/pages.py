"""Asks promtool which pages the shipped rules send, and what they say."""

import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.rules.test_consistency import RULES
from tests.rules.timelines import ORDER

Series = Sequence[dict[str, str]]
_ALERT = re.compile(r"Labels:\{(?P<labels>[^}]*)\}\s*Annotations:\{(?P<texts>.*)\}")
_DESCRIPTION = re.compile(r'description=("(?:[^"\\]|\\.)*")')


def fired(
    promtool: Path, directory: Path, fleets: Iterable[tuple[Series, int]], alerts: Iterable[str]
) -> Iterator[tuple[dict[str, str], str]]:
    """Yield labels and description of each of *alerts* that fires over one of *fleets* at its second."""
    names = tuple(alerts)
    document = {
        "rule_files": [str(RULES / "kubepki.rules.yml")],
        "evaluation_interval": "1m",
        "group_eval_order": ORDER,
        "tests": [
            {
                "interval": "1m",
                "input_series": some,
                # Where none is expected, promtool prints each that fires.
                "alert_rule_test": [{"alertname": name, "eval_time": f"{second}s", "exp_alerts": []} for name in names],
            }
            for some, second in fleets
        ],
    }
    file = directory / "pages.test.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    done = subprocess.run((promtool, "test", "rules", file), capture_output=True, text=True, check=False, timeout=600)
    for match in _ALERT.finditer(done.stderr + done.stdout):
        (description,) = _DESCRIPTION.findall(match["texts"])
        yield dict(re.findall(r'(\w+)="([^"]*)"', match["labels"])), json.loads(description)

"""What a page says is true at the second it is read, at every combination of clocks.

A sample of the table; `make table` reads the pages of all of it.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.rules.sentences.claims import CLAIMS
from tests.rules.sentences.proof import unproved
from tests.rules.sentences.table import NOW, Host, hosts, series
from tests.rules.test_consistency import RULES
from tests.rules.timelines import ORDER

Find = Callable[[str], Path]
WHOLE = bool(os.environ.get("KUBEPKI_WHOLE_TABLE"))
# It divides the length of no axis, so that each value of each comes.
STRIDE = 1 if WHOLE else 37
# What promtool holds in memory at once.
BATCH = 300
_ALERT = re.compile(r"Labels:\{(?P<labels>[^}]*)\}\s*Annotations:\{(?P<texts>.*)\}")
_DESCRIPTION = re.compile(r'description=("(?:[^"\\]|\\.)*")')


def pages(promtool: Path, directory: Path, some: Sequence[Host]) -> Iterator[tuple[str, str, Host]]:
    """Yield each alert of *some* hosts that fires, its description, and whom it is about."""
    document = {
        "rule_files": [str(RULES / "kubepki.rules.yml")],
        "evaluation_interval": "1m",
        "group_eval_order": ORDER,
        "tests": [
            {
                "interval": "1m",
                "input_series": [one for host in some for one in series(host)],
                # Where none is expected, promtool prints each that fires.
                "alert_rule_test": [{"alertname": alert, "eval_time": f"{NOW}s", "exp_alerts": []} for alert in CLAIMS],
            }
        ],
    }
    file = directory / "sentences.test.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    done = subprocess.run((promtool, "test", "rules", file), capture_output=True, text=True, check=False, timeout=600)
    by_job = {f"{host.number}/kubepki-exporter": host for host in some}
    for match in _ALERT.finditer(done.stderr + done.stdout):
        labels = dict(re.findall(r'(\w+)="([^"]*)"', match["labels"]))
        (description,) = _DESCRIPTION.findall(match["texts"])
        yield labels["alertname"], json.loads(description), by_job[labels["job"]]


def test_every_sentence_is_true(program: Find, tmp_path: Path) -> None:
    """Each part of each page is one that is known, and its truth holds for the host."""
    told: set[str] = set()
    wrong: dict[str, str] = {}
    picked = list(hosts())[::STRIDE]
    for start in range(0, len(picked), BATCH):
        for alert, text, host in pages(program("promtool"), tmp_path, picked[start : start + BATCH]):
            told.add(alert)
            if part := unproved(CLAIMS[alert], text, host):
                wrong.setdefault(f"{alert}: {part}", f"{host}\n    {text}")
    assert told == CLAIMS.keys()
    assert not wrong, "\n".join(f"{part}\n    of {where}" for part, where in wrong.items())

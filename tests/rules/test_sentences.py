"""What a page says is true at the second it is read, at every combination of clocks.

A sample of the table; `make table` reads the pages of all of it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.rules.pages import fired
from tests.rules.sentences.claims import CLAIMS
from tests.rules.sentences.proof import unproved
from tests.rules.sentences.table import NOW, Host, hosts, series

Find = Callable[[str], Path]
WHOLE = bool(os.environ.get("KUBEPKI_WHOLE_TABLE"))
# It divides the length of no axis, so that each value of each comes.
STRIDE = 1 if WHOLE else 37
# What promtool holds in memory at once.
BATCH = 300


def pages(promtool: Path, directory: Path, some: Sequence[Host]) -> Iterator[tuple[str, str, Host]]:
    """Yield each alert of *some* hosts that fires, its description, and whom it is about."""
    by_job = {f"{host.number}/kubepki-exporter": host for host in some}
    fleet = [one for host in some for one in series(host)]
    for labels, description in fired(promtool, directory, [(fleet, NOW)], CLAIMS):
        yield labels["alertname"], description, by_job[labels["job"]]


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

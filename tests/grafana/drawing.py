"""What a panel shows, in words and colours: its queries' answers, through Grafana's own code in Node."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.grafana.boards import Json, filled, panels
from tests.grafana.prometheus import Prometheus
from tests.support.exclusive import exclusive

JUDGE = ROOT / "tests" / "grafana" / "judge"
# What may be painted where something is good.
GOOD = "green"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One number, cell or block: its row, the name of its column or line, what it says, and its colour if any."""

    row: int
    field: str
    text: str
    color: str | None
    # What the text stands for, and when, in milliseconds.
    value: float | str | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Node with Grafana's own code, which answers a line for each line."""

    process: subprocess.Popen[str]
    log: Path

    def ask(self, line: str) -> str:
        """Return the answer to *line*."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, self.log.read_text(encoding="utf-8")
        return answer


@contextmanager
def judge() -> Iterator[Judge]:
    """Yield the judge, with its packages beside it; skip the test by name, or fail it with CI=true."""
    node, npm = shutil.which("node"), shutil.which("npm")
    reason = "node and npm are not installed (Grafana's own code judges the boards)"
    installed = JUDGE / "node_modules" / "@grafana" / "data"
    with exclusive("judge"):
        if node and npm and not installed.is_dir():
            done = subprocess.run([npm, "ci", "--silent"], cwd=JUDGE, capture_output=True, text=True, check=False)
            reason = f"npm cannot install the packages of tests/grafana/judge: {done.stderr}"
    if not node or not installed.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="kubepki-judge-") as root:
        log = Path(root, "log")
        with (
            log.open("wb") as written,
            subprocess.Popen(
                [node, JUDGE / "judge.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=written, text=True
            ) as process,
        ):
            try:
                yield Judge(process=process, log=log)
            finally:
                process.kill()


def drawn(node: Judge, asked: Sequence[tuple[Json, dict[str, list[Any]]]]) -> list[list[Drawn]]:
    """Return what each (panel, answers by refId) shows."""
    answers = json.loads(node.ask(json.dumps([{"panel": panel, "series": series} for panel, series in asked])))
    return [[Drawn(**each) for each in answer] for answer in answers]


def board_drawn(  # noqa: PLR0913 - the choices of a person before the board
    node: Judge,
    prometheus: Prometheus,
    uid: str,
    *,
    instance: str = ".+",
    cluster: str = ".+",
    job: str = ".+",
    seconds: int = 10,
    curves: bool = False,
) -> dict[str, list[Drawn]]:
    """Return what the panels of *uid* show over the last *seconds*, by title; graphs of lines only with *curves*."""
    asked = []
    chosen = [panel for panel in panels(uid) if curves or panel["type"] != "timeseries"]
    for panel in chosen:
        series = {
            target["refId"]: prometheus.query(
                filled(target["expr"], instance=instance, cluster=cluster, job=job),
                seconds=0 if target["instant"] else seconds,
            )
            for target in panel["targets"]
        }
        asked.append((panel, series))
    return dict(zip([panel["title"] for panel in chosen], drawn(node, asked), strict=True))


def texts(found: Sequence[Drawn], field: str | None = None) -> list[str]:
    """Return what is said in the column or line *field*, or in all."""
    return [each.text for each in found if field is None or each.field.strip() == field]


def colours(found: Sequence[Drawn]) -> set[str | None]:
    """Return the colours of *found*."""
    return {each.color for each in found}


def assert_no_green(shown: Mapping[str, Sequence[Drawn]], *, but: tuple[str, ...] = ()) -> None:
    """Each panel has a word, and none is green, *but* what is a fact or history."""
    for title, found in shown.items():
        assert found, title
        assert all(each.text and not each.text.startswith("No data") for each in found), (title, found)
        if title not in but:
            assert GOOD not in colours(found), (title, found)

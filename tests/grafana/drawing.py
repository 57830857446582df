"""What a panel shows, in words and colours: its queries' answers, through Grafana's own code in Node."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.grafana.boards import Json, filled, panels
from tests.grafana.prometheus import Prometheus

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


def judge() -> Path:
    """Return Node, with the judge's packages beside it; skip the test by name, or fail it with CI=true."""
    node, npm = shutil.which("node"), shutil.which("npm")
    reason = "node and npm are not installed (Grafana's own code judges the boards)"
    if node and npm:
        if not (JUDGE / "node_modules" / "@grafana" / "data").is_dir():
            done = subprocess.run([npm, "ci", "--silent"], cwd=JUDGE, capture_output=True, text=True, check=False)
            reason = f"npm cannot install the packages of tests/grafana/judge: {done.stderr}"
        if (JUDGE / "node_modules" / "@grafana" / "data").is_dir():
            return Path(node)
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def drawn(node: Path, asked: Sequence[tuple[Json, dict[str, list[Any]]]]) -> list[list[Drawn]]:
    """Return what each (panel, answers by refId) shows."""
    given = [{"panel": panel, "series": series} for panel, series in asked]
    done = subprocess.run(
        [node, JUDGE / "judge.mjs"], input=json.dumps(given), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return [[Drawn(**each) for each in answer] for answer in json.loads(done.stdout)]


def board_drawn(  # noqa: PLR0913 - the choices of a person before the board
    node: Path,
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

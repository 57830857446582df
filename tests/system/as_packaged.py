"""What the package carries for other programs, given to them from where it was installed."""

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.grafana.drawing import drawn, judge
from tests.rules import alertmanager
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.grafana.boards import Json

TITLE = "[FIRING: 1] "
ALERT = "KubePKICertificateFutureDated"


def assert_rules_load(promtool: Path, amtool: Path, rules: Path) -> None:
    """Prometheus' and Alertmanager's own checks take the rules and the routing, which finds its template."""
    subprocess.run((promtool, "check", "rules", rules / "kubepki.rules.yml"), check=True, capture_output=True)
    done = subprocess.run(
        (amtool, "check-config", rules / "alertmanager.yml"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " - 1 templates" in done.stdout


def assert_alertmanager_sends(program: Path, directory: Path, rules: Path) -> None:
    """Let a real Alertmanager with that routing render and send a message."""
    with alertmanager.running(program, directory, rules) as server:
        server.post(alertmanager.labels(ALERT, path="/p", cluster="c"))
        wait_until(lambda: server.pager.slack, timeout=60, describe="the message")
        assert server.pager.slack[0]["title"].startswith(TITLE)
        assert "a test" in server.pager.slack[0]["text"]


def assert_boards_are_drawn(boards: Path) -> None:
    """Grafana's own code draws each panel of each board, without data."""
    with judge() as node:
        for file in sorted(boards.glob("*.json")):
            board = json.loads(file.read_text(encoding="utf-8"))
            panels = [each for each in board["panels"] if each.get("targets")]
            assert panels, file
            empty: list[tuple[Json, dict[str, list[Any]]]] = [
                (each, {target["refId"]: [] for target in each["targets"]}) for each in panels
            ]
            assert len(drawn(node, empty)) == len(panels), file

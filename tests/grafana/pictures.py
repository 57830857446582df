"""Writes the pictures of the documentation: `python -m tests.grafana.pictures DIRECTORY`.

It sets the stage, plays the incident up to the rejection and the other troubles, and draws both boards as they are.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import find_program
from tests.grafana.boards import UIDS, board
from tests.grafana.drawing import board_drawn, judge
from tests.grafana.picture import board_picture
from tests.support.stage import DARK, INCIDENT, Stage, staged

FLEET, HOST = UIDS
# How much of each board, in rows of the grid: up to the end of its history.
HEIGHTS = {FLEET: 44, HOST: 46}
ACT_SECONDS = 30.0


def played(stage: Stage, pause: float) -> int:
    """Play the story, *pause* seconds for each act; return how many seconds it took."""
    began = time.monotonic()
    for act in (
        stage.nothing_happens,
        stage.power_returns,
        stage.certificates_rotate,
        stage.clocks_are_corrected,
        stage.other_troubles,
    ):
        act()
        time.sleep(pause)
    return int(time.monotonic() - began)


def main() -> int:
    """Draw the boards into the directory that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.grafana.pictures", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--pause", type=float, default=ACT_SECONDS, help="seconds for each act")
    asked = parser.parse_args()
    prometheus = find_program("prometheus")
    if prometheus is None or not (shutil.which("node") and shutil.which("npm")):
        sys.stderr.write("pictures need prometheus (`make programs`), node and npm\n")
        return 1
    asked.directory.mkdir(parents=True, exist_ok=True)
    with (
        judge() as node,
        tempfile.TemporaryDirectory(prefix="kubepki-pictures-") as root,
        staged(prometheus, Path(root), interval="5s") as stage,
    ):
        seconds = played(stage, asked.pause)
        for uid, instance, cluster in ((FLEET, ".+", ".+"), (HOST, stage.host(INCIDENT).instance, DARK)):
            drawn = board_drawn(
                node, stage.prometheus, uid, instance=instance, cluster=cluster, seconds=seconds, curves=True
            )
            file = asked.directory / f"{uid}.svg"
            file.write_text(board_picture(board(uid), drawn, height=HEIGHTS[uid]), encoding="utf-8")
            sys.stdout.write(f"{file}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`make demo` tells the whole story and ends well."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.conftest import ROOT
from tests.support.running import environment


def test_the_story_is_told_to_its_end(program: Callable[[str], Path], tmp_path: Path) -> None:
    """Each act has a line with its time; the rollback is typed and the host is healthy again."""
    for name in ("prometheus", "prometheus-alertmanager"):
        program(name)
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.demo", tmp_path / "demo"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the command is typed on node30" in done.stdout
    assert "node30 is healthy again" in done.stdout
    assert "7 acts in " in done.stdout

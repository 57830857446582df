"""The command line of a process whose working directory is gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running import environment


@pytest.mark.parametrize(("arguments", "status"), [(["--config.check"], 2), (["check"], 3)])
def test_a_removed_working_directory_is_one_line_and_no_traceback(
    tmp_path: Path, arguments: list[str], status: int
) -> None:
    """What is relative cannot be found any more, and that is said."""
    program = "import os, sys; os.rmdir(os.getcwd()); from kubepki.cli import main; sys.exit(main(sys.argv[1:]))"
    gone = tmp_path / "gone"
    gone.mkdir()
    found = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=gone,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert found.returncode == status
    assert "Traceback" not in found.stderr
    assert "the working directory is gone" in found.stderr
    assert not os.path.lexists(gone)

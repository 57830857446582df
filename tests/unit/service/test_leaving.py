"""The process ends within its time, whatever a part of it waits for."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

_HANGS = """
import logging, sys, threading
from kubepki.service.leaving import leaving
logging.basicConfig(format="%(message)s")
with leaving(int(sys.argv[1]), seconds=0.2):
    threading.Event().wait(float(sys.argv[2]))
print("in order")
"""


def _run(status: int, seconds: float) -> tuple[int, str, str]:
    command = [sys.executable, "-c", _HANGS, str(status), str(seconds)]
    ran = subprocess.run(command, cwd=ROOT / "exporter", capture_output=True, text=True, timeout=60, check=False)
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize("status", [0, 1])
def test_what_hangs_is_left_with_the_status_of_what_was_done(status: int) -> None:
    """And with a word of it."""
    assert _run(status, 600) == (status, "", "the end took too long: what hangs is left\n")


def test_an_end_in_time_is_left_alone() -> None:
    """It goes on as if nobody had looked."""
    assert _run(1, 0) == (0, "in order\n", "")

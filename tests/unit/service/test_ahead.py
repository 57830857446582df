"""The processes that are started before the service is loaded are those that it asks later."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from kubepki.disk.process import LookingProcess
from kubepki.disk.start import LOOKING, start, start_ahead
from kubepki.pki.parsing_process import ParsingProcess
from kubepki.service.ahead import start_processes
from kubepki.settings import ScanSettings
from tests.support.waiting import wait_until


@contextmanager
def started() -> Iterator[int]:
    """Start the looking process; give its id, and end it."""
    process, connection = start(LOOKING)
    with connection:
        yield process.pid
        process.kill()


def test_who_asks_gets_the_process_that_was_started_ahead() -> None:
    """Once: the next one gets another."""
    start_ahead(LOOKING)
    with started() as first, started() as second:
        assert first != second
    with started() as third:
        assert third not in {first, second}


def test_the_first_look_starts_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the service asks is what was started, by the same names and arguments."""
    settings = ScanSettings()
    start_processes(settings)
    with ExitStack() as ended:
        monkeypatch.setattr(subprocess, "Popen", None)
        looking = LookingProcess(seconds=settings.file_budget)
        ended.callback(looking.close)
        parsing = ParsingProcess(budget=settings.file_budget, max_file_size=settings.max_file_size)
        ended.callback(parsing.close)
        looking.begin()
        parsing.begin()
        assert looking.ask([("exists", "/")]) == [True]


def test_they_end_with_a_service_that_does_not_start() -> None:
    """A bad listen address, say: nobody is left behind."""
    program = "from kubepki.disk.start import *; start_ahead(LOOKING); start_ahead(PARSING, '1000')\n"
    program += "from kubepki.disk import start; print(*[process.pid for process, _ in start._ahead.values()])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    left = done.stdout.split()
    assert len(left) == 2

    def ended() -> bool:
        return not any(os.path.exists(f"/proc/{each}/exe") for each in left)  # noqa: PTH110 - a zombie has none

    wait_until(ended, timeout=60, describe="both to end")

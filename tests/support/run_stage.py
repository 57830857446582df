"""Sets the stage and plays the story: `python -m tests.support.run_stage DIRECTORY [--pause SECONDS] [--stay]`.

Prints the URL of Prometheus. With `--stay` everything is left running until Ctrl-C.
"""

import argparse
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

from tests.conftest import find_program
from tests.support.stage import Stage, staged

PAUSE_SECONDS = 20.0


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S', time.gmtime())} UTC  {text}\n")
    sys.stdout.flush()


def play(stage: Stage, over: threading.Event, pause: float) -> None:
    """Play the story, one act after the other, *pause* seconds apart, or until *over*."""
    acts = (
        ("every host is healthy", stage.nothing_happens),
        ("the power is back in prod-fra: every clock there is 2 h 11 min ahead", stage.power_returns),
        ("node30 and node33 rotate: their certificates are from the future", stage.certificates_rotate),
        ("NTP corrects the clocks: the API server rejects node30 and node33", stage.clocks_are_corrected),
        ("node29 expires, node32 is about to, node34's link dangles", stage.other_troubles),
    )
    for text, act in acts:
        if over.is_set():
            return
        act()
        say(text)
        over.wait(pause)


def main() -> int:
    """Play, and stay if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.run_stage", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--pause", type=float, default=PAUSE_SECONDS, help="seconds between two acts")
    parser.add_argument("--stay", action="store_true", help="leave everything running until Ctrl-C")
    asked = parser.parse_args()
    prometheus = find_program("prometheus")
    if prometheus is None:
        sys.stderr.write("prometheus is not there: install Debian's package prometheus, or run `make programs`\n")
        return 1
    shutil.rmtree(asked.directory, ignore_errors=True)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: over.set())
    with staged(prometheus, asked.directory.resolve()) as stage:
        say(f"Prometheus is at {stage.prometheus.url}")
        play(stage, over, asked.pause)
        if asked.stay:
            say("everything stays until Ctrl-C")
            over.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A story told act by act, each with the seconds that it took."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Told:
    """The lines that were told, each with the seconds that its act took."""

    lines: list[tuple[float, str]] = field(default_factory=list)

    def act(self, text: str, play: Callable[[], T]) -> T:
        """Play an act, and tell it with its time."""
        began = time.monotonic()
        outcome = play()
        self.lines.append((time.monotonic() - began, text))
        say(f"{self.lines[-1][0]:5.1f} s  {text}")
        return outcome


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()

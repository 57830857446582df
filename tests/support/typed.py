"""Types a command line of ours as it is written, by clocks that a test holds."""

import io
import shlex
from collections.abc import Callable
from pathlib import Path

from kubepki.commands.check import check
from kubepki.commands.host import PLAIN_HOST
from kubepki.commands.link_watch import Pace
from kubepki.commands.rollback import Edges, rollback
from kubepki.commands.verdict import Status
from kubepki.config.flags import load
from kubepki.settings import ConfigError, PkiSettings
from tests.support.commands import hands_at, own_logging

PROGRAM = "kubepki-exporter"


def flags_of(settings: PkiSettings) -> list[str]:
    """Return the command line that leads to *settings*."""
    return [
        "--no-clock.apiserver",
        *(f"--pki.directory={each.path}" for each in settings.directories),
        *(f"--pki.file={each.pattern}" for each in settings.files),
        *(f"--pki.kubeconfig={each.path}" for each in settings.kubeconfigs),
        *(f"--pki.preset={each}" for each in settings.presets),
        *([f"--pki.timezone={settings.timezone}"] if settings.timezone else []),
    ]


def typed(*words: str, now: float) -> tuple[int, str]:
    """Return the status and the output of one command line of `rollback` or `check`, on a host whose clock says *now*.

    What restarts the kubelet does nothing, and nobody rotates afterwards.
    """
    out = io.StringIO()
    invocation = load(words, {}, "/")
    clock = hands_at(now).host_clock()
    with own_logging():
        if words[0] == "check":
            return _ended(lambda: check(invocation, clock=clock, out=out)), out.getvalue()
        edges = Edges(
            clock=clock,
            host=PLAIN_HOST,
            syslog="/nonexistent/log",
            restart=lambda _: None,
            pace=Pace(seconds=0.0),
        )
        return _ended(lambda: rollback(invocation, out=out, edges=edges)), out.getvalue()


def _ended(command: Callable[[], int]) -> int:
    """Return the status that a command ends with; what it could not look at it says on the standard error."""
    try:
        return command()
    except ConfigError:
        return Status.COULD_NOT_LOOK


def own_words(line: str) -> list[str] | None:
    """Return the words behind our program's name in a line that is to be typed, None where it is not ours."""
    words = shlex.split(line)
    names = [place for place, word in enumerate(words) if Path(word).name == PROGRAM]
    return words[names[0] + 1 :] if names and names[0] <= 1 else None


def printed(text: str) -> list[list[str]]:
    """Return the words of each command of ours that a report prints on a line of its own, in its order."""
    lines = (line.strip() for line in text.splitlines() if line.startswith("    "))
    found = (own_words(line) for line in lines if PROGRAM in line and line.split()[0] in {"sudo", PROGRAM})
    return [words for words in found if words is not None]

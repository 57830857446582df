"""Runs `check` and `rollback` in the test's process, with clocks moved by hand."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubepki import logs
from kubepki.commands.check import check
from kubepki.commands.host import PLAIN_HOST
from kubepki.commands.link_watch import Pace
from kubepki.commands.rollback import Edges, rollback
from kubepki.config.flags import Command, Invocation
from kubepki.settings import ClockSettings, PkiSettings, Settings, StateSettings
from tests.support.clocks import SYNCHRONIZED, Hands


@contextmanager
def own_logging() -> Iterator[None]:
    """Take back what a command does to the loggers of the process."""
    import logging  # noqa: PLC0415 - only to restore

    loggers = [logging.getLogger(name) for name in (logs.ROOT, "watchdog")]
    before = [(logger, logger.handlers, logger.propagate, logger.level) for logger in loggers]
    try:
        yield
    finally:
        for logger, handlers, propagate, level in before:
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)


def settings_of(pki: PkiSettings, *, state: Path | None = None) -> Settings:
    """Return settings that ask no other clock."""
    directory = None if state is None else str(state)
    return Settings(pki=pki, clock=ClockSettings(apiserver=False), state=StateSettings(directory=directory))


def hands_at(moment: float) -> Hands:
    """Return synchronized clocks at *moment*, long after the boot."""
    return Hands(host=moment, boot=1e6, kernel=SYNCHRONIZED)


def run_check(settings: Settings, *, now: float | None = None, **given: Any) -> tuple[int, str]:  # noqa: ANN401
    """Return the status and the output of `check`."""
    out = io.StringIO()
    # A time that is given is judged beside the host's own, by which a kubelet starts.
    moment = given.get("at") if now is None else now
    clock = None if moment is None else hands_at(moment).host_clock()
    with own_logging():
        code = check(Invocation(command=Command.CHECK, settings=settings, **given), clock=clock, out=out)
    return code, out.getvalue()


def run_rollback(
    settings: Settings,
    *,
    now: float,
    edges: dict[str, Any] | None = None,
    **given: Any,  # noqa: ANN401
) -> tuple[int, str]:
    """Return the status and the output of `rollback`."""
    out = io.StringIO()
    chosen = {
        "syslog": "/nonexistent/log",
        "clock": hands_at(now).host_clock(),
        "host": PLAIN_HOST,
        "pace": Pace(seconds=0.0),
        **(edges or {}),
    }
    with own_logging():
        invocation = Invocation(command=Command.ROLLBACK, settings=settings, **given)
        code = rollback(invocation, out=out, edges=Edges(**chosen))
    return code, out.getvalue()


def contents(directory: Path) -> dict[str, bytes]:
    """Return the content of each regular file of *directory*."""
    return {path.name: path.read_bytes() for path in directory.iterdir() if not path.is_symlink() and path.is_file()}

"""The command `check`: one look at the host, a diagnosis on standard output."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TextIO

from kubepki import logs
from kubepki.clocks.host import HostClock
from kubepki.commands.ask_service import ask_service
from kubepki.commands.failsafe import failsafe
from kubepki.commands.hands import Hands
from kubepki.commands.host import Host
from kubepki.commands.host_finder import find_host
from kubepki.commands.look import beside, look, only, sources_of
from kubepki.commands.report import report
from kubepki.commands.report_json import report_json
from kubepki.commands.terminal import Style
from kubepki.commands.typed import typed_program
from kubepki.commands.verdict import status
from kubepki.config.flags import Invocation
from kubepki.config.moments import spell_moment

_PIPE_WIDTH = 100


def check(invocation: Invocation, *, clock: HostClock | None = None, out: TextIO | None = None) -> int:
    """Print the diagnosis to *out* (standard output) and return the exit status.

    *clock* takes the place of the host's clocks. Raises ConfigError for what cannot be looked at. Any other failure is
    logged and gives 3, for 1 and 2 only ever mean findings.
    """
    logs.set_up(invocation.settings.log)
    return failsafe(lambda: _check(invocation, clock, out or sys.stdout))


def _check(invocation: Invocation, clock: HostClock | None, stream: TextIO) -> int:
    settings = invocation.settings
    if invocation.paths:
        settings = replace(settings, pki=beside(settings.pki, sources_of(invocation.paths, settings)))
    seen = only(look(settings, at=invocation.at, clock=clock), invocation.paths, invocation.settings)
    if not invocation.paths and invocation.at is None and clock is None:
        seen = replace(seen, service=ask_service(seen.snapshot, settings))
    if invocation.json:
        text = report_json(seen)
    else:
        hands = hands_of(invocation)
        text = report(seen, style_of(stream, os.environ), hands)
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        # The reader has seen enough (`| head`); without this the interpreter complains once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return status(seen)


def style_of(stream: TextIO, environ: Mapping[str, str]) -> Style:
    """Return how to write to *stream*: colours on a terminal only and by NO_COLOR's rules (no-color.org)."""
    terminal = stream.isatty()
    encoding = (stream.encoding or "ascii").lower().replace("-", "").replace("_", "")
    return Style(
        width=shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns if terminal else _PIPE_WIDTH,
        colour=terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb",
        unicode=encoding.startswith("utf"),
    )


def hands_of(invocation: Invocation, host: Host | None = None) -> Hands:
    """Return how the next command is typed: it asks for the same judgement, on this host."""
    at = () if invocation.at is None else (f"--at={spell_moment(invocation.at)}",)
    flags = (*invocation.flags, *at)
    root = os.geteuid() == 0
    return Hands(root=root, program=typed_program(), flags=flags, host=host or find_host(), paths=invocation.paths)

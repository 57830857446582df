"""The command `kubepki-exporter`: command line in, exit status out."""

import logging
import os
import sys
from collections.abc import Callable, Sequence

from kubepki.config.commands import Command
from kubepki.config.flags import COULD_NOT_LOOK_STATUS, Invocation, failure_status, load
from kubepki.logs import is_journal, priority_prefix
from kubepki.settings import ConfigError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status; the statuses are in `--help`."""
    arguments = tuple(sys.argv[1:] if argv is None else argv)

    try:
        directory = _working_directory()

        def invocation() -> Invocation:
            return load(arguments, os.environ, directory)

        first = invocation()
        try:
            status = _run(first, invocation)
        except ConfigError as error:
            raise error.placed(first.settings.places) from None
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        # Who reads has had enough (`| head`); what Python would flush at its end has nowhere to go either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT_LOOK_STATUS
    except ConfigError as error:
        prefix = priority_prefix(logging.ERROR) if is_journal(sys.stderr) else ""
        print(f"{prefix}kubepki-exporter: {error}", file=sys.stderr)  # noqa: T201 - the one line of a usage error
        return failure_status(arguments)
    return status


def _working_directory() -> str:
    """Return what relative paths resolve against: once, for a reload must find it although it was removed."""
    try:
        return os.getcwd()  # noqa: PTH109 - paths are str throughout
    except OSError as error:
        what = f"the working directory is gone: {error.strerror}"
        raise ConfigError(what, hint="change to another directory first") from None


def _run(invocation: Invocation, reload: Callable[[], Invocation]) -> int:  # noqa: PLR0911 - one for each command
    if invocation.command is Command.CHECK:
        from kubepki.commands.check import check  # noqa: PLC0415 - what one command needs costs the others no start

        return check(invocation)
    if invocation.command is Command.ROLLBACK:
        from kubepki.commands.rollback import rollback  # noqa: PLC0415 - as above

        return rollback(invocation)
    if invocation.command is Command.TEXTFILE:
        from kubepki.commands.textfile import textfile  # noqa: PLC0415 - as above

        return textfile(invocation)
    if invocation.command is Command.FORGET:
        from kubepki.commands.forget import forget  # noqa: PLC0415 - as above

        return forget(invocation)
    if invocation.command is Command.UNIT_PATHS:
        from kubepki.commands.unit_paths import unit_paths  # noqa: PLC0415 - as above

        return unit_paths(invocation)
    if invocation.command is Command.RULES:
        from kubepki.commands.rules import rules  # noqa: PLC0415 - as above

        return rules(invocation)
    from kubepki.service.ahead import load_service, start_processes  # noqa: PLC0415 - as above

    if not invocation.config_check:
        start_processes(invocation.settings.scan)
    load_service()
    if invocation.config_check:
        from kubepki.service.configuration import check_config  # noqa: PLC0415 - as above

        return check_config(invocation.settings)
    from kubepki.service.serve import serve  # noqa: PLC0415 - as above

    return serve(invocation.settings, lambda: reload().settings)

"""The command `forget`: a path that was seen and is gone for good is no longer expected."""

import sys

from kubepki.clocks import forgotten
from kubepki.clocks.state import State
from kubepki.commands.look import state_directory
from kubepki.config.flags import Invocation
from kubepki.disk.disk import Disk
from kubepki.disk.own import AskedNow
from kubepki.settings import ConfigError
from kubepki.texts import label_text

FAILED_STATUS = 1


def forget(invocation: Invocation) -> int:
    """Ask the service to forget one path; return the exit status.

    0: it was asked, and does it at its next scan; 1: the request cannot be written. Raises ConfigError for a path that
    is not remembered or is there, and where there is no state directory.
    """
    (path,) = invocation.paths
    directory = state_directory(invocation.settings)
    if directory is None:
        what = "there is no state directory, so nothing is remembered over a restart"
        raise ConfigError(what, where="--state.directory", hint="a reload (SIGHUP) makes the service forget")
    state = State(directory, writable=False)
    if path not in {*state.links(), *state.sources()}:
        what = "it is not remembered"
        raise ConfigError(what, where=path, hint="`check` shows what is expected; a configured path is left out there")
    if Disk(AskedNow()).existing((path,)):
        what = "it is there, and what is there is expected"
        raise ConfigError(what, where=path, hint="remove it first, or leave it out with --pki.ignore")
    try:
        forgotten.ask(directory, path)
    except OSError as error:
        print(f"kubepki-exporter: {label_text(directory)}: {error.strerror or error}", file=sys.stderr)  # noqa: T201 - one line
        return FAILED_STATUS
    print(f"{label_text(path)} is no longer expected; the service takes it in at its next scan")  # noqa: T201 - answer
    return 0

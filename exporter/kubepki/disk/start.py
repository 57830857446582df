"""Starts a process of our own interpreter and our own code, with a connection to it and nothing else."""

import ctypes
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import kubepki
from kubepki.settings import ConfigError

# The first argument with which the single file, which is no Python interpreter, starts itself as such a process.
SINGLE_FILE_RUNS = "--own-process"
# linux/prctl.h, linux/capability.h
_PR_CAP_AMBIENT, _RAISE, _LOWER, _CAP_DAC_READ_SEARCH = 47, 2, 3, 2


class StartFailedError(ConfigError):
    """A process of ours cannot be started: a line for a person, as for a setting that cannot be used."""

    def __init__(self, what: str) -> None:
        super().__init__(what, hint=f"let this user run {sys.executable} and read the package")


def start(
    module: str, *arguments: str, what: str, may_read: bool = False
) -> tuple["subprocess.Popen[bytes]", socket.socket]:
    """Start `main` of *module*; return the process and our end of its standard input, a socket.

    With *may_read* it has this service's one privilege, to read what belongs to others; else none. *what* names it in
    the StartFailedError that is raised where it cannot be started.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            if may_read:
                _ambient(_RAISE)
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
                _command(module, arguments),
                env=_environment(),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            ours.close()
            message = f"the {what} cannot be started: {error.strerror or error}"
            raise StartFailedError(message) from error
        finally:
            if may_read:
                _ambient(_LOWER)
    # Collects its exit status when it leaves of itself, so that no zombie stands until the next question.
    threading.Thread(target=process.wait, name="process-end", daemon=True).start()
    return process, ours


def _command(module: str, arguments: tuple[str, ...]) -> list[str]:
    """Return what runs `main` of *module*: this interpreter, or the single file, which has it within."""
    if getattr(sys, "frozen", False):
        return [sys.executable, SINGLE_FILE_RUNS, module, *arguments]
    code = f"import sys; sys.path[:0] = sys.argv[2:]; from {module} import main; main()"
    paths = [str(Path(kubepki.__file__).parents[1]), *(each for each in sys.path if each)]
    return [sys.executable, "-I", "-S", "-c", code, *(arguments or ("",)), *paths]


def _environment() -> dict[str, str] | None:
    """Return the environment of our own processes, None for this one's: the single file's find its libraries by it."""
    unpacked = getattr(sys, "_MEIPASS", None)
    return None if unpacked is None else {**os.environ, "LD_LIBRARY_PATH": unpacked}


def _ambient(change: int) -> None:
    """Let programs that this thread starts read what belongs to others, or not any more (capabilities(7)).

    Refused where this process may not do so itself; then they may not either.
    """
    ctypes.CDLL(None).prctl(_PR_CAP_AMBIENT, change, _CAP_DAC_READ_SEARCH, 0, 0)

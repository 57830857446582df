"""Starts a process of our own interpreter and our own code, with a connection to it and nothing else."""

import contextlib
import ctypes
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import kubepki
from kubepki.settings import ConfigError

# The first argument with which the single file, which is no Python interpreter, starts itself as such a process.
SINGLE_FILE_RUNS = "--own-process"
# linux/prctl.h, linux/capability.h
_PR_CAP_AMBIENT, _RAISE, _LOWER, _CAP_DAC_READ_SEARCH = 47, 2, 3, 2


class Program(NamedTuple):
    """A process of ours: `main` of *module*. With *may_read* it has the service's one privilege, else none.

    That privilege is to read what belongs to others. *what* names it where it cannot be started.
    """

    module: str
    what: str
    may_read: bool = False


LOOKING = Program("kubepki.disk.child", "process that looks at the disk", may_read=True)
PARSING = Program("kubepki.pki.parsing_child", "parsing process")

_Started = tuple["subprocess.Popen[bytes]", socket.socket]
_ahead: dict[tuple[Program, tuple[str, ...]], _Started] = {}


class StartFailedError(ConfigError):
    """A process of ours cannot be started: a line for a person, as for a setting that cannot be used."""

    def __init__(self, what: str) -> None:
        super().__init__(what, hint=f"let this user run {sys.executable} and read the package")


def start_ahead(program: Program, *arguments: str) -> None:
    """Start *program* before anybody asks for it: it loads meanwhile, and the next `start` of the same returns it.

    One that cannot be started is not, and says so when it is asked for.
    """
    with contextlib.suppress(StartFailedError):
        _ahead[program, arguments] = _start(program, arguments)


def start(program: Program, *arguments: str, keeps: tuple[int, ...] = ()) -> _Started:
    """Start *program*, which *keeps* these descriptors; return the process and our end of its standard input, a socket.

    Raises StartFailedError where it cannot be started.
    """
    return _ahead.pop((program, arguments), None) or _start(program, arguments, keeps)


def _start(program: Program, arguments: tuple[str, ...], keeps: tuple[int, ...] = ()) -> _Started:
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            if program.may_read:
                _ambient(_RAISE)
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
                _command(program.module, arguments),
                env=_environment(),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=keeps,
            )
        except OSError as error:
            ours.close()
            message = f"the {program.what} cannot be started: {error.strerror or error}"
            raise StartFailedError(message) from error
        finally:
            if program.may_read:
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

"""The end of a command that found a bug of ours or could not write: status 3, never one that means a finding."""

import logging
import os
import sys
from collections.abc import Callable

from kubepki.settings import ConfigError

COULD_NOT_LOOK = 3

log = logging.getLogger(__name__)


def failsafe(run: Callable[[], int]) -> int:
    """Return what *run* returns and flush standard output; COULD_NOT_LOOK where either fails. ConfigError passes."""
    try:
        status = run()
        if sys.stdout is not None:
            sys.stdout.flush()
    except ConfigError:
        raise
    except OSError as error:
        _close_standard_output()
        log.error("the command failed: %s", error.strerror or error)  # noqa: TRY400 - the operator's trouble, no bug
        return COULD_NOT_LOOK
    except Exception:
        log.exception("the command failed")
        return COULD_NOT_LOOK
    return status


def _close_standard_output() -> None:
    """Take standard output away, or the interpreter would try to flush it once more and end with another status."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

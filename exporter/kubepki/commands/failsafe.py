"""The end of a command that found a bug of ours or could not write: status 3, never one that means a finding."""

import logging
import os
import sys
from collections.abc import Callable

from kubepki.config.flags import COULD_NOT_LOOK_STATUS
from kubepki.settings import ConfigError

log = logging.getLogger(__name__)


def failsafe(run: Callable[[], int]) -> int:
    """Return what *run* returns and flush standard output; COULD_NOT_LOOK_STATUS where either fails.

    ConfigError passes, and BrokenPipeError, for who reads has had enough.
    """
    try:
        status = run()
        if sys.stdout is not None:
            sys.stdout.flush()
    except (ConfigError, BrokenPipeError):
        raise
    except OSError as error:
        _close_standard_output()
        log.error("the command failed: %s", error.strerror or error)  # noqa: TRY400 - the operator's trouble, no bug
        return COULD_NOT_LOOK_STATUS
    except Exception:
        log.exception("the command failed")
        return COULD_NOT_LOOK_STATUS
    return status


def _close_standard_output() -> None:
    """Take standard output away, or the interpreter would try to flush it once more and end with another status."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

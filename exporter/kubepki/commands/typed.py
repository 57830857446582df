"""How this program is typed here: commands that are printed can be pasted where no package put it into the path."""

import os
import shutil
import sys

from kubepki.config.commands import PROGRAM


def typed_program(started: str | None = None) -> str:
    """Return the word that starts this program: its name where the path has it, else the path of its file.

    *started* is how it was started, by default this process' own: the single file, or the script.
    """
    if started is None:
        started = sys.executable if getattr(sys, "frozen", False) else (sys.argv or [""])[0]
    if not os.path.basename(started).startswith(PROGRAM):  # noqa: PTH119 - paths are str
        # As a module, or from within another program.
        return PROGRAM
    own = os.path.abspath(shutil.which(started) or started)  # noqa: PTH100 - links stay as they were typed
    found = shutil.which(PROGRAM)
    if found is not None and os.path.realpath(found) == os.path.realpath(own):
        return PROGRAM
    return own

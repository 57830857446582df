"""The command `rules`: a site's alert rules, PrometheusRule, Alertmanager routing and message templates."""

import os
import sys
from typing import TextIO

from kubepki.commands.textfile import replace_file
from kubepki.config.flags import Invocation
from kubepki.config.strict_yaml import MAX_BYTES
from kubepki.disk.own import read_own
from kubepki.rules.files import files
from kubepki.rules.site import Site
from kubepki.rules.site_file import parse_site
from kubepki.texts import label_text

FAILED_STATUS = 1


def rules(invocation: Invocation, *, out: TextIO | None = None) -> int:
    """Write the files of the site into the directory of *invocation*, or print one of them; return the exit status.

    0 is success, 1 a file that cannot be written. What was in the place of a file and differs is kept beside it. Raises
    ConfigError for a site's file that cannot be used.
    """
    stream = out or sys.stdout
    written = files(Site() if invocation.site is None else _site(invocation.site))
    if not invocation.paths:
        stream.write(written[invocation.show])
        return 0
    (directory,) = invocation.paths
    try:
        for name, text in written.items():
            stream.write(f"{_put(os.path.join(directory, name), text.encode())}\n")  # noqa: PTH118 - paths are str
    except OSError as error:
        hint = "name a directory that you may write to"
        print(f"kubepki-exporter: {directory}: cannot be written: {error.strerror}; {hint}", file=sys.stderr)  # noqa: T201
        return FAILED_STATUS
    return 0


def _site(path: str) -> Site:
    data = read_own(path, MAX_BYTES, hint="--site names the file with a site's parameters")
    return parse_site(data, source=label_text(path))


def _put(path: str, content: bytes) -> str:
    """Write a file whole and say what became of it; one that was edited by hand is not lost."""
    os.makedirs(path.rpartition("/")[0], exist_ok=True)  # noqa: PTH103 - paths are str throughout
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            before = file.read()
    except FileNotFoundError:
        before = None
    if before == content:
        return f"{label_text(path)}: unchanged"
    if before is not None:
        replace_file(f"{path}.before", before)
    replace_file(path, content)
    kept = "" if before is None else f"; what was there is kept as {label_text(path)}.before"
    return f"{label_text(path)}: written{kept}"

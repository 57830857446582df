"""What was done to a link, told where somebody looks later: the state directory, the log and syslog."""

import json
import logging
import os
import socket
from pathlib import Path
from typing import Any

from kubepki.clocks import state_file
from kubepki.logs import tell
from kubepki.texts import label_text

FILE_NAME = "rollbacks.json"
VERSION = 1
SYSLOG = "/dev/log"
_MOST_KEPT = 100
# Facility daemon, severity notice (RFC 5424, section 6.2.1).
_PRIORITY = 3 * 8 + 5

log = logging.getLogger(__name__)


def announce(message: str, *, syslog: str = SYSLOG, **fields: str | None) -> None:
    """Write *message* with *fields* to the log, and to syslog where its socket is there."""
    tell(log, logging.WARNING, message, **fields)
    told = " ".join(f"{key}={label_text(value)}" for key, value in fields.items() if value is not None)
    line = f"<{_PRIORITY}>kubepki-exporter[{os.getpid()}]: {message} {told}".encode()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(1.0)
            sender.connect(syslog)
            sender.send(line)
    except OSError:
        # A host without syslog has the line on stderr alone.
        log.debug("there is no syslog at %s", syslog)


def note(directory: str | None, entry: dict[str, Any]) -> None:
    """Append *entry* to DIRECTORY/rollbacks.json, of which the newest hundred stay; a failure is only logged."""
    if directory is None:
        return
    path = Path(directory) / FILE_NAME
    try:
        entries = [*_known(path), entry][-_MOST_KEPT:]
        state_file.write_atomically(path, json.dumps({"version": VERSION, "rollbacks": entries}, indent=1) + "\n")
    except OSError as error:
        tell(log, logging.WARNING, f"the rollback cannot be noted in the state directory: {error.strerror}")


def _known(path: Path) -> list[Any]:
    try:
        document = json.loads(state_file.read(path))
    except (FileNotFoundError, ValueError, RecursionError):
        return []
    known = document.get("rollbacks") if isinstance(document, dict) else None
    return known if isinstance(known, list) else []

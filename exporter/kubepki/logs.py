"""The log on stderr: one line an event, as logfmt or JSON, with fields that can be searched for.

Where stderr is the journal, each line begins with its priority (sd-daemon(3)), so that `journalctl -p err` finds it.
"""

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

from kubepki.settings import LogFormat, LogLevel, LogSettings
from kubepki.texts import safe_text

ROOT = "kubepki"
_LEVELS = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARN: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}
_NAMES = {logging.DEBUG: "debug", logging.INFO: "info", logging.WARNING: "warn", logging.ERROR: "error"}
# syslog(3): err, warning, info, debug.
_PRIORITIES = {logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
_NEEDS_QUOTES = frozenset(' "=\\')


class Stream(Protocol):
    """Where lines go; the descriptor tells whether it is the journal."""

    def write(self, text: str, /) -> object:
        """Take whole lines."""

    def flush(self) -> None:
        """Pass on what was taken."""

    def fileno(self) -> int:
        """Return the descriptor behind it."""


def set_up(settings: LogSettings, stream: Stream | None = None) -> None:
    """Send the exporter's log to *stream* (stderr) in the format and from the level of *settings*."""
    handler = logging.StreamHandler(stream or sys.stderr)
    formatter = JsonFormatter() if settings.format is LogFormat.JSON else LogfmtFormatter()
    handler.setFormatter(JournalFormatter(formatter) if is_journal(handler.stream) else formatter)
    for name in (ROOT, "watchdog"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
    logging.getLogger(ROOT).setLevel(_LEVELS[settings.level])
    logging.getLogger("watchdog").setLevel(logging.WARNING)


def tell(logger: logging.Logger, level: int, message: str, **fields: object) -> None:
    """Log *message* with *fields*; those that are None are left out."""
    logger.log(
        level, "%s", message, extra={"fields": {key: value for key, value in fields.items() if value is not None}}
    )


class LogfmtFormatter(logging.Formatter):
    """`ts=… level=… msg=… KEY=…`, as Prometheus' own servers write."""

    def format(self, record: logging.LogRecord) -> str:
        """Return *record* as one line."""
        return " ".join(f"{key}={_logfmt(value)}" for key, value in _entries(record).items())


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the same keys."""

    def format(self, record: logging.LogRecord) -> str:
        """Return *record* as one line."""
        return json.dumps(_entries(record), ensure_ascii=False)


class JournalFormatter(logging.Formatter):
    """The line of another formatter behind the priority that journald takes from it."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """Return *record* as one line that begins with `<PRIORITY>`."""
        return priority_prefix(record.levelno) + self._inner.format(record)


def priority_prefix(level: int) -> str:
    """Return the priority of a level of `logging` as journald reads it from the beginning of a line."""
    known = max((each for each in _PRIORITIES if each <= level), default=logging.DEBUG)
    return f"<{_PRIORITIES[known]}>"


def is_journal(stream: Stream | None) -> bool:
    """Return whether *stream* is connected to the journal: systemd names its device and inode (systemd.exec(5))."""
    named = os.environ.get("JOURNAL_STREAM", "")
    try:
        status = os.fstat(stream.fileno()) if stream is not None else None
    except (OSError, ValueError):
        # A stream without a descriptor, or a closed one.
        return False
    return status is not None and named == f"{status.st_dev}:{status.st_ino}"


def _entries(record: logging.LogRecord) -> Mapping[str, object]:
    when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    entries: dict[str, object] = {
        "ts": when,
        "level": _NAMES.get(record.levelno, record.levelname.lower()),
        "msg": _clean(record.getMessage()),
    }
    for key, value in getattr(record, "fields", {}).items():
        entries[key] = value if isinstance(value, bool | int | float) else _clean(str(value))
    if record.exc_info and record.exc_info[0] is not None:
        entries["exception"] = _clean(logging.Formatter().formatException(record.exc_info))
    return entries


def _clean(text: str) -> str:
    # Both formats write the end of a line as two characters.
    return "\n".join(map(safe_text, text.split("\n")))


def _logfmt(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if text and text.isprintable() and not _NEEDS_QUOTES.intersection(text):
        return text
    return json.dumps(text, ensure_ascii=False)

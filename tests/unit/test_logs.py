"""One line an event, in logfmt or JSON, whatever is in it."""

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubepki import logs
from kubepki.settings import LogFormat, LogLevel, LogSettings

log = logging.getLogger("kubepki.test_logs")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Return where the log goes; afterwards the loggers are as before."""
    loggers = [logging.getLogger(name) for name in ("kubepki", "watchdog")]
    before = [(logger, list(logger.handlers), logger.propagate, logger.level) for logger in loggers]
    yield io.StringIO()
    for logger, handlers, propagate, level in before:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def test_logfmt(stream: io.StringIO) -> None:
    """Fields follow the message; text with a space is quoted, None is left out, booleans are lower case."""
    logs.set_up(LogSettings(), stream)
    logs.tell(log, logging.WARNING, "fault appeared", path="/a b", reason="empty", ok=True, gone=None, size=3)
    line = stream.getvalue()
    assert line.startswith("ts=2")
    assert line.endswith('Z level=warn msg="fault appeared" path="/a b" reason=empty ok=true size=3\n')


def test_json(stream: io.StringIO) -> None:
    """The same keys as one object, numbers as numbers."""
    logs.set_up(LogSettings(format=LogFormat.JSON), stream)
    logs.tell(log, logging.ERROR, "stepped", step_seconds=-7860.0, path='/q"q')
    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert entry.pop("ts").endswith("Z")
    assert entry == {"level": "error", "msg": "stepped", "step_seconds": -7860.0, "path": '/q"q'}


@pytest.mark.parametrize("form", list(LogFormat))
def test_an_event_is_one_line(stream: io.StringIO, form: LogFormat) -> None:
    """Line ends in names and in tracebacks are escaped, bytes that are no UTF-8 shown as such."""
    logs.set_up(LogSettings(format=form), stream)
    try:
        raise ValueError("two\nlines")  # noqa: EM101, TRY003, TRY301 - the exception is what is logged
    except ValueError:
        log.exception("a\nb %s", "caf\udce9.pem")
    (line,) = stream.getvalue().splitlines()
    assert line.encode().count(b"\\xe9") == 1
    assert "Traceback" in line


def test_the_level_is_kept(stream: io.StringIO) -> None:
    """What is below the level is not written, and a second set-up replaces the first."""
    logs.set_up(LogSettings(level=LogLevel.DEBUG), stream)
    logs.set_up(LogSettings(level=LogLevel.ERROR), stream)
    log.warning("not this")
    log.error("this")
    assert [line.split(" ", 1)[1] for line in stream.getvalue().splitlines()] == ["level=error msg=this"]


@pytest.mark.parametrize("form", list(LogFormat))
def test_the_journal_gets_the_priority_of_each_line(
    stream: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: LogFormat
) -> None:
    """`journalctl -p err` shows what is critical; systemd says which stream is its own by device and inode."""
    del stream
    with (tmp_path / "journal").open("w+", encoding="utf-8") as journal:
        status = os.fstat(journal.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        logs.set_up(LogSettings(format=form, level=LogLevel.DEBUG), journal)
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
            logs.tell(log, level, "a")
        journal.seek(0)
        assert [line[:3] for line in journal] == ["<7>", "<6>", "<4>", "<3>", "<3>"]


def test_a_terminal_gets_no_priority(stream: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is inherited by what the unit starts; only the stream that it names is the journal."""
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    with (tmp_path / "other").open("w") as other:
        assert not logs.is_journal(other)
    assert not logs.is_journal(other)
    assert not logs.is_journal(stream)
    assert not logs.is_journal(None)

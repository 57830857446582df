"""Whatever a name holds, no output repeats what a terminal, a log or a reader would take for something else."""

import io
import json
import logging
import shlex
import subprocess
import unicodedata

import pytest
from prometheus_client import CollectorRegistry

from kubepki.commands.outcome import _quoted
from kubepki.commands.terminal import Style, clean
from kubepki.logs import set_up, tell
from kubepki.metrics.collector import Collector, View
from kubepki.metrics.exposition import render
from kubepki.model import (
    Certificate,
    Health,
    Link,
    PathState,
    Reading,
    Snapshot,
    Standing,
    Usage,
    label_text,
    safe_text,
)
from kubepki.settings import ConfigError, LogFormat, LogSettings

WHOLE = "".join(map(chr, range(0x110000)))
# All that is assigned, and one each of what is for private use or not assigned: a million alike would only take time.
EVERY = "".join(each for each in WHOLE if unicodedata.category(each) not in {"Co", "Cn"}) + "\ue000\U0010ffff"
NAMED = "\x00\x07\x1b\x7f\x80\x9b\u061c\u200b\u200e\u202e\u2028\u2029\u2066\ufeff\U000e0041"


def unsafe(text: str) -> set[str]:
    """Return the characters of *text* that are neither printable nor a space."""
    return {each for each in text if not each.isprintable()}


def test_what_is_unsafe() -> None:
    """By the kinds of Unicode: controls, marks without a shape, surrogates, ends of lines and paragraphs."""
    assert unsafe(NAMED) == set(NAMED)
    kinds = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert all(not each.isprintable() for each in WHOLE if unicodedata.category(each) in kinds)


def test_every_code_point_becomes_printable() -> None:
    """Nothing raises, nothing is lost: the bytes are there."""
    assert not unsafe(safe_text(WHOLE))
    assert not unsafe(label_text(EVERY))
    assert safe_text("a\x9b\u202e\udcff\ud800\n") == r"a\xc2\x9b\xe2\x80\xae\xff\xed\xa0\x80\x0a"
    assert label_text("a\\\x1b") == r"a\\\x1b"


def test_what_is_safe_stays() -> None:
    """Letters of all scripts, signs, spaces."""
    text = "/p/Prüfung 証明書 сертификат…→.pem"
    assert safe_text(text) == label_text(text) == text


@pytest.mark.parametrize("kind", LogFormat)
def test_logs(kind: LogFormat) -> None:
    """One line in ASCII control of nothing: as message, as field, and in an exception."""
    stream = io.StringIO()
    set_up(LogSettings(format=kind), stream)
    logger = logging.getLogger("kubepki.test")
    tell(logger, logging.ERROR, EVERY, path=EVERY)
    logger.error("failed", exc_info=OSError(EVERY))
    lines = stream.getvalue().split("\n")
    assert len(lines) == 3
    assert not unsafe("".join(lines))
    if kind is LogFormat.JSON:
        assert [json.loads(line)["level"] for line in lines if line] == ["error", "error"]


@pytest.mark.parametrize("style", [Style(), Style(unicode=False)], ids=["unicode", "ascii"])
def test_terminals(style: Style) -> None:
    """Also where the terminal knows ASCII only."""
    text = clean(EVERY, style)
    assert not unsafe(text)
    assert style.unicode or text.isascii()


def test_messages() -> None:
    """What the command line answers to a mistake is one line."""
    assert not unsafe(str(ConfigError(EVERY, where=EVERY, hint=EVERY)))


def test_labels() -> None:
    """Of paths, links, users, subjects and issuers; the document has its own line ends and no other control."""
    leaf = Certificate(
        entry=f"user/{EVERY}",
        usage=Usage.CLIENT,
        subject=EVERY,
        issuer=EVERY,
        serial="01",
        fingerprint_sha256="00",
        not_before=0.0,
        not_after=1.0,
    )
    link = Link(target=EVERY, target_mtime=0.0, target_name_time=None)
    state = PathState(path=EVERY, standing=Standing.CURRENT, certificates=(leaf,), link=link)
    health = Health(version="0", python_version="3", watch_up=((EVERY, True),), symlink_changes=((EVERY, 1),))
    view = View(snapshot=Snapshot(paths=(state,)), reading=Reading(host_time=0.0), health=health)
    registry = CollectorRegistry()
    registry.register(Collector(lambda: view))
    for accept in ("", "application/openmetrics-text;version=1.0.0"):
        assert not unsafe("".join(render(registry, accept).body.decode().split("\n")))


def test_words_of_a_shell() -> None:
    """Bash reads the very bytes back, and the line that is printed is safe."""
    names = [EVERY[1:0x300], NAMED[1:], "/p/it's \\ \"$(x)`", "/p/\udcff", "/p/a b", ""]
    for name in names:
        name = "".join(each for each in name if not 0xD800 <= ord(each) < 0xDC80)  # noqa: PLW2901 - no bytes of a name
        word = _quoted(name)
        assert not unsafe(word)
        done = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
        assert done.stdout == name.encode("utf-8", "surrogateescape")
    assert shlex.split(_quoted("/p/a b")) == ["/p/a b"]
